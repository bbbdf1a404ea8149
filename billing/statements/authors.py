"""An author's statement of a month: the payment as finance sees it, and what stands around it."""

import datetime as dt
from decimal import Decimal

from django.conf import settings
from django.contrib.auth.models import User
from django.db.models import QuerySet, Sum
from django.utils.functional import cached_property

from billing.books.parts import day_in
from billing.books.years import paid_in_year
from billing.models import Dispute, Finding, PaidPayee, Payment, PaymentResult, PayoutBatch
from billing.payees.copies import find_details
from billing.payouts.amounts import Amounts, add_up_payments
from billing.statements.payments import Payslip
from billing.statements.styles import Style

SIGNED = (PayoutBatch.Status.APPROVED, PayoutBatch.Status.PAID)


class MonthlyStatement(Payslip):
    """What an author is told about a month. The number of queries does not grow with the lines."""

    def __init__(self, payment: Payment, *, at: dt.datetime):
        super().__init__(payment)
        self.at = at

    @property
    def is_final(self) -> bool:
        return self.payment.batch.status in SIGNED

    @property
    def day(self) -> dt.date:
        """Return the day on which what it says came to be: the result's, or the batch's."""
        batch = self.payment.batch
        moment = self.result.at if self.result else batch.approved_at or batch.built_at
        return day_in(moment, batch.time_zone)

    @cached_property
    def paid_payee(self) -> PaidPayee | None:
        """Return the payee as of the submission, sealed with the payment."""
        return PaidPayee.objects.filter(payment=self.payment).first()

    @cached_property
    def style(self) -> Style:
        """Return the payee's language: that of the sealed copy, or of the details in force."""
        if self.paid_payee:
            return Style(self.paid_payee.language)
        return find_style(self.payment.author, at=self.at)

    @cached_property
    def result(self) -> PaymentResult | None:
        """Return what the bank did with the payment at last, or None."""
        return self.results[0] if self.results else None

    @cached_property
    def amounts(self) -> Amounts:
        """Return what became of the payment's amount, as all other pages tell it."""
        own = Payment.objects.filter(pk=self.payment.pk)
        return add_up_payments(own)[self.payment.batch_id]

    @property
    def is_by_hand(self) -> bool:
        """Whether somebody paid it past the bank, or says so; its last result may deny it."""
        if self.result:
            return bool(self.result.by_hand)
        return bool(self.is_final and self.by_hand)

    @property
    def paid_on(self) -> dt.date | None:
        """Return the bank's day, or that of the result where the bank named none."""
        return day_of_result(self.result, self.payment) if self.result else None

    @cached_property
    def exclusions(self) -> list[Finding]:
        """Return the decisions by which views of the month were excluded."""
        return list_exclusions(self.payment.author_id, self.payment.batch.month)

    @cached_property
    def disputes(self) -> list[Dispute]:
        """Return what the author asked about lines of this payment, the first first."""
        disputes = Dispute.objects.filter(
            batch=self.payment.batch_id, author=self.payment.author_id
        )
        return list(disputes.select_related("answer").order_by("pk"))

    @property
    def year(self) -> int:
        return (self.paid_on or self.payment.batch.month).year

    @cached_property
    def paid_in_year(self) -> Decimal:
        """Return what was paid in the year by this batch and those before it."""
        payments = paid_in_year(self.year, self.payment.batch.currency).filter(
            author=self.payment.author_id, batch__month__lte=self.payment.batch.month
        )
        return Decimal(payments.aggregate(sum=Sum("amount", default=0))["sum"])


def day_of_result(result: PaymentResult, payment: Payment) -> dt.date:
    return result.value_date or day_in(result.at, payment.batch.time_zone)


def list_exclusions(author: int, month: dt.date) -> list[Finding]:
    """Return the decisions by which an author's views of a month were excluded."""
    findings = Finding.objects.filter(author=author, month=month, status=Finding.Status.EXCLUDED)
    return list(findings.select_related("blog").order_by("pk"))


def find_style(author: User, *, at: dt.datetime) -> Style:
    """Return the writing of an author's payee as of now; the house's without a payee."""
    details = find_details([author.pk], at=at).get(author.pk)
    return Style(details.language if details else settings.LANGUAGE_CODE)


def list_statements(*, author: User | None = None) -> QuerySet[Payment]:
    """Return the payments with a statement, the latest first: those that no cancelled batch holds.

    One that is still a draft's, or waits for its approvers, has a preliminary statement.
    """
    payments = Payment.objects.standing()
    if author:
        payments = payments.filter(author=author)
    return payments.select_related("batch", "author").order_by("-batch__month", "author_name", "pk")
