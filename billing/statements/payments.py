"""The page of a payment: its lines, their days, and the bank's results."""

import datetime as dt
from decimal import Decimal
from typing import NamedTuple

from django.db.models import Count, Min, Sum
from django.utils.functional import cached_property

from billing.day_views import parse_days
from billing.models import DailyViewCount, Hold, Payment, PaymentLine, PayoutBatch
from billing.money import line_amount
from billing.payouts.outstanding import find_since
from billing.periods import next_month

Kind = PaymentLine.Kind
Status = Payment.Status


class DayOfViews(NamedTuple):
    day: dt.date
    views: int
    amount: Decimal  # exact


class Payslip:
    """The facts on a payment's page. The number of queries does not grow with the lines."""

    def __init__(self, payment: Payment):
        self.payment = payment

    @property
    def lines(self):
        return self.payment.lines.select_related("carried_from__batch").order_by("number")

    @cached_property
    def parts(self):
        """Return the number and the sum of the lines of each kind, in the lines' order."""
        sums = self.payment.lines.order_by().values("kind")
        return [
            row | {"label": Kind(row["kind"]).label}
            for row in sums.annotate(
                count=Count("pk"), amount=Sum("amount"), first=Min("number")
            ).order_by("first")
        ]

    @cached_property
    def batch_state(self) -> str:
        return PayoutBatch.objects.with_state().get(pk=self.payment.batch_id).state

    @cached_property
    def hold(self):
        """Return the author's open hold or payment in full, or None."""
        holds = Hold.objects.open().select_related("created_by")
        return holds.filter(author=self.payment.author_id).first()

    @cached_property
    def by_hand(self):
        """Return the payment by hand that stands for it, proposed or confirmed, or None."""
        standing = self.payment.by_hand.filter(withdrawn_at=None)
        return standing.select_related("proposed_by", "confirmed_by").first()

    @cached_property
    def waits_for_answer(self) -> bool:
        """Whether no file to the bank takes it before its author has an answer about a line."""
        is_draft = self.payment.batch.status == PayoutBatch.Status.DRAFT
        waiting = Payment.objects.waiting_for_answer().filter(pk=self.payment.pk)
        return not is_draft and waiting.exists()

    @cached_property
    def results(self):
        """Return the bank's results, the latest first."""
        return list(self.payment.results.select_related("by", "seal", "by_hand").order_by("-pk"))

    @cached_property
    def taken_in_by(self):
        """Return the later payment that took over the unpaid sum of this one, or None."""
        if not self.outstanding:
            return None
        line = self.payment.carried_to.standing().select_related("payment__batch").first()
        return line.payment if line else None

    @cached_property
    def waits(self):
        """Return whether a signed batch kept it back, or it failed, and no batch took it in."""
        return Payment.objects.outstanding().filter(pk=self.payment.pk).exists()

    @cached_property
    def since(self) -> dt.date | None:
        """Return the day since which the oldest part of the payment waits, if it does."""
        return find_since([self.payment.pk]).get(self.payment.pk) if self.waits else None

    @cached_property
    def unpriced(self) -> int:
        """Return the views of the author, up to the batch's month, that wait for a price."""
        days = DailyViewCount.objects.without_price().filter(
            author=self.payment.author_id, day__lt=next_month(self.payment.batch.month)
        )
        return days.aggregate(sum=Sum("views", default=0))["sum"]

    @property
    def outstanding(self):
        """Return the exact unpaid sum if it is not zero."""
        is_kept_back = self.payment.status in (Status.HELD, Status.CARRIED, Status.FAILED)
        return self.payment.exact_amount if is_kept_back else Decimal(0)


def list_days(line: PaymentLine) -> list[DayOfViews]:
    """Return the days of a line with their views and their value at the line's price."""
    if line.price_per_1000 is None:  # an adjustment or a carried sum
        return []
    return [
        DayOfViews(
            day=line.month.replace(day=day),
            views=views,
            amount=line_amount(views=views, price_per_1000=line.price_per_1000),
        )
        for day, views in parse_days(line.days).items()
    ]
