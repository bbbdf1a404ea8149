"""The page of a payout batch: figures, their sources, and signatures."""

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal

from django.contrib.auth.models import User
from django.db.models import Case, Count, Prefetch, QuerySet, Sum, When
from django.db.models.functions import Abs
from django.utils.functional import cached_property

from billing.models import (
    BatchAct,
    BatchAttachment,
    ExportDownload,
    Finding,
    Payment,
    PaymentLine,
    PayoutBatch,
)
from billing.payouts.acts.gathering import list_acts
from billing.payouts.amounts import Amounts, Share, add_up_batch
from billing.payouts.batch_checks import Blocker, Flag, find_blockers, find_flags
from billing.payouts.earlier_answers import with_earlier
from billing.payouts.foreseen import Foreseen, find_news, foresee_rebuild, is_small
from billing.payouts.other_currencies import Waiting, find_other_currencies
from billing.payouts.requests import find_request
from billing.periods import previous_month
from billing.statements.sums import LineSums, Reconciliation, reconcile

Status = PayoutBatch.Status

MONTHS_COMPARED = 3
LARGEST_SHOWN = 5
ROWS_SHOWN = 20  # of findings, adjustments and other long lists


@dataclass(frozen=True)
class Comparison:
    """An earlier batch, and the difference of this batch's total from it."""

    batch: PayoutBatch
    change: Decimal

    @property
    def change_in_percent(self):
        """Return the change in per cent, or None if the earlier batch paid nothing."""
        total = self.batch.total
        return (self.change / total * 100).quantize(Decimal("0.1")) if total else None


@dataclass(frozen=True)
class Signature:
    """A signature of a batch and its role; `by` is None while it is missing."""

    role: str
    by: User | None
    at: dt.datetime | None


class Statement:
    """The facts on a batch's page. The number of queries does not grow with the payments."""

    def __init__(self, batch: PayoutBatch):
        """`batch` comes from PayoutBatch.objects.with_totals()."""
        self.batch = batch
        self.sums = LineSums(batch)

    @cached_property
    def amounts(self) -> Amounts:
        return add_up_batch(self.batch)

    @property
    def shares(self) -> dict[str, Share]:
        """Return {status of a payment: its share}, with an empty share for unused statuses."""
        return self.amounts.by_status

    @property
    def payment_statuses(self) -> list[tuple[str, str, int]]:
        """Return (status, its label, payments) for each used status."""
        numbers = [(*choice, self.shares[choice[0]].payments) for choice in Payment.Status.choices]
        return [row for row in numbers if row[2]]

    @cached_property
    def other_currencies(self) -> list[Waiting]:
        """Return what waits for a batch in another currency, while this one is open."""
        if self.batch.status not in (Status.DRAFT, Status.SUBMITTED):
            return []
        return find_other_currencies(self.batch.currency, until=self.batch.month)

    @cached_property
    def largest(self) -> list[Payment]:
        """Return the largest payments, what is kept back after what is paid."""
        return list(
            self.batch.payments.order_by("-amount", "-carried_amount", "pk")[:LARGEST_SHOWN]
        )

    @property
    def rounding(self):
        return self.batch.total - (self.sums.total - self.amounts.kept_back)

    @cached_property
    def comparisons(self) -> list[Comparison]:
        """Return the batches of the last three months, the latest first."""
        months = [previous_month(self.batch.month)]
        while len(months) < MONTHS_COMPARED:
            months.append(previous_month(months[-1]))
        batches = (
            PayoutBatch.objects.standing()
            .with_totals()
            .filter(month__in=months, currency=self.batch.currency)
        )
        return [
            Comparison(batch, self.batch.total - batch.total)
            for batch in batches.order_by("-month")
        ]

    @property
    def previous(self) -> Comparison | None:
        """The batch of the month before."""
        month = previous_month(self.batch.month)
        return next((each for each in self.comparisons if each.batch.month == month), None)

    # Where it comes from

    @cached_property
    def reconciliation(self) -> Reconciliation:
        return reconcile(self.batch, self.sums)

    @cached_property
    def adjustments(self) -> list[PaymentLine]:
        """Return the lines of adjustments, the largest first regardless of sign."""
        lines = _largest_first(self._adjustment_lines)
        return list(lines.select_related("payment", "adjustment__created_by")[:ROWS_SHOWN])

    @cached_property
    def adjustment_count(self):
        return self._adjustment_lines.count()

    @cached_property
    def carries(self) -> list[PaymentLine]:
        """Return the lines of earlier payments' unpaid sums, the largest first."""
        return list(_largest_first(self._carry_lines).select_related("payment")[:ROWS_SHOWN])

    @cached_property
    def carry_count(self):
        return self._carry_lines.count()

    @property
    def _adjustment_lines(self):
        return PaymentLine.objects.filter(payment__batch=self.batch, adjustment__isnull=False)

    @property
    def _carry_lines(self):
        return PaymentLine.objects.filter(payment__batch=self.batch, carried_from__isnull=False)

    # What to look at

    @cached_property
    def foreseen(self) -> Foreseen | None:
        """Return what a rebuild would change; None if it is no draft, or too large for a page."""
        if self.batch.status != Status.DRAFT or not is_small(self.batch):
            return None
        return foresee_rebuild(self.batch)

    @property
    def foreseen_shown(self):
        return self.foreseen.authors[:ROWS_SHOWN]

    @cached_property
    def news(self) -> list[str]:
        """Return what was entered since the build of a draft that is too large to be compared."""
        is_large = self.batch.status == Status.DRAFT and self.foreseen is None
        return find_news(self.batch) if is_large else []

    @cached_property
    def blockers(self) -> list[Blocker]:
        return find_blockers(self.batch) if self.batch.status == Status.DRAFT else []

    @cached_property
    def flags(self) -> list[Flag]:
        is_open = self.batch.status in (Status.DRAFT, Status.SUBMITTED)
        return with_earlier(self.batch, find_flags(self.batch)) if is_open else []

    @cached_property
    def findings(self) -> list[Finding]:
        """Return the month's findings: the open ones first, then the largest."""
        return list(
            Finding.objects.filter(month=self.batch.month)
            .select_related("blog")
            .order_by(Case(When(status=Finding.Status.OPEN, then=0), default=1), "-views", "pk")[
                :ROWS_SHOWN
            ]
        )

    @cached_property
    def finding_count(self):
        return Finding.objects.filter(month=self.batch.month).count()

    @cached_property
    def acts(self) -> list[BatchAct]:
        """Return what people did that changed what the batch pays, oldest first.

        As noted when it was submitted; of a draft, as it would be noted now.
        """
        if self.batch.status == Status.DRAFT:
            return list_acts(self.batch)
        return list(self.batch.acts.filter(digest=self.batch.digest).select_related("by"))

    @property
    def acts_shown(self) -> list[BatchAct]:
        """Return the acts that touch most, oldest first."""
        if len(self.acts) <= ROWS_SHOWN:
            return self.acts
        largest = sorted(self.acts, key=lambda act: abs(act.effect), reverse=True)[:ROWS_SHOWN]
        return sorted(largest, key=lambda act: act.at)

    # What was signed, and done

    @property
    def signatures(self) -> list[Signature]:
        batch = self.batch
        signatures = [
            Signature("Submitted", batch.submitted_by, batch.submitted_at),
            Signature("Approved", batch.approved_by, batch.approved_at),
        ]
        if batch.approvals_needed == 2:
            second = (batch.second_approved_by, batch.second_approved_at)
            signatures.append(Signature("Approved, as the second", *second))
        return signatures

    @cached_property
    def request(self):
        """Return the step by which a person returned the draft: who asked what, and when."""
        return find_request(self.batch)

    @cached_property
    def acknowledgements(self):
        return list(self.batch.acknowledgements.select_related("by"))

    @cached_property
    def seals(self):
        """Return the batch's seals, the latest first."""
        return list(self.batch.seals.defer("content").order_by("-number")[:ROWS_SHOWN])

    @cached_property
    def failures(self) -> list[Payment]:
        """Return the failed payments, each with its `reason` and the lines that pay it again."""
        again = PaymentLine.objects.standing()
        return list(
            self.batch.payments.filter(status=Payment.Status.FAILED)
            .with_reason()
            .prefetch_related(Prefetch("carried_to", again.select_related("payment__batch")))
            .order_by("-amount", "pk")[:ROWS_SHOWN]
        )

    @cached_property
    def exports(self):
        """Return the files to the bank, each with who took accounts away in it."""
        taken = Prefetch("downloads", ExportDownload.objects.select_related("by"))
        files = self.batch.exports.defer("content").select_related("by")
        return list(files.prefetch_related(taken))

    @property
    def is_signed_off(self) -> bool:
        return self.batch.status in (Status.APPROVED, Status.PAID)

    @cached_property
    def unsent(self) -> dict:
        """Return the number and the amount of the payments that wait for a file to the bank."""
        waiting = self.batch.payments.waiting_for_file()
        return waiting.aggregate(number=Count("pk"), amount=Sum("amount", default=Decimal(0)))

    @cached_property
    def in_dispute(self) -> dict:
        return sum_in_dispute(self.batch)

    @cached_property
    def comments(self):
        """Return the comments, oldest first, with their files but not what is in these."""
        files = BatchAttachment.objects.defer("content")
        comments = self.batch.comments.select_related("by", "answers__by")
        return list(comments.prefetch_related(Prefetch("attachments", files)))

    @cached_property
    def steps(self):
        """Return the steps of the history, newest first: person, step, time and reason."""
        return self.batch.history.select_related("history_user")[:ROWS_SHOWN]


def sum_in_dispute(batch: PayoutBatch) -> dict:
    """Return the same of the payments that no file takes before a question is answered."""
    waiting = batch.payments.waiting_for_answer().exclude(batch__status=Status.DRAFT)
    return waiting.aggregate(number=Count("pk"), amount=Sum("amount", default=Decimal(0)))


def _largest_first(lines: QuerySet[PaymentLine]) -> QuerySet[PaymentLine]:
    return lines.order_by(Abs("amount").desc(), "pk")
