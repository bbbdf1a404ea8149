"""A payout batch as people read it: its figures, where they come from, and what to do next."""

from dataclasses import dataclass
from decimal import Decimal

from django.contrib.auth.models import User
from django.db.models import Case, F, Q, Sum, When
from django.utils.functional import cached_property

from billing.evidence import count_outcomes
from billing.models import BlogView, CategoryPrice, Finding, PaymentLine, PayoutBatch
from billing.payouts import find_objections
from billing.periods import previous_month
from billing.pricing import find_last_changes

Outcome = BlogView.Outcome
Status = PayoutBatch.Status

STEPS_SHOWN = 20
FINDINGS_SHOWN = 20


@dataclass(frozen=True)
class Reconciliation:
    """From every view received in the month to the views that the batch pays; it adds up."""

    received: int
    excluded: list[tuple[str, str, int]]  # (outcome, its label, views)
    counted: int
    left: int  # what another batch pays; negative where views were taken away again
    late: int  # what this batch pays of earlier months

    @property
    def paid(self):
        return self.counted - self.left + self.late


class Statement:
    """What the page of a batch shows. Queries do not grow with the number of payments."""

    def __init__(self, batch: PayoutBatch):
        """`batch` comes from PayoutBatch.objects.with_totals()."""
        self.batch = batch
        self.lines = PaymentLine.objects.filter(payment__batch=batch).order_by()

    @cached_property
    def previous(self):
        """The batch of the month before, or None."""
        month = previous_month(self.batch.month)
        return PayoutBatch.objects.standing().with_totals().filter(month=month).first()

    @property
    def change(self):
        return self.batch.total - self.previous.total

    @property
    def change_in_percent(self):
        """None where there is nothing to compare with."""
        total = self.previous.total
        return (self.change / total * 100).quantize(Decimal("0.1")) if total else None

    @cached_property
    def steps(self):
        """The history, newest first: who did what, when, and why."""
        return self.batch.history.select_related("history_user")[:STEPS_SHOWN]

    @cached_property
    def categories(self):
        return list(
            self.lines.values("category_name")
            .annotate(views=Sum("views"), amount=Sum("amount"))
            .order_by("category_name")
        )

    @cached_property
    def views(self):
        return sum(category["views"] for category in self.categories)

    @cached_property
    def exact_total(self):
        return sum((category["amount"] for category in self.categories), Decimal(0))

    @property
    def rounding(self):
        return self.batch.total - self.exact_total

    @cached_property
    def prices(self):
        """The prices as the lines have them, each with the latest row of its history."""
        rows = list(
            self.lines.values("price", "price_per_1000", "category_name")
            .annotate(effective_from=F("price__effective_from"))
            .order_by("category_name", "effective_from")
            .distinct()
        )
        changes = find_last_changes([CategoryPrice(pk=row["price"]) for row in rows])
        return [row | {"last_change": changes.get(row["price"])} for row in rows]

    @cached_property
    def reconciliation(self):
        month = self.batch.month
        outcomes = count_outcomes(month)
        counted = outcomes.pop(Outcome.COUNTED)
        paid = self.lines.aggregate(
            now=Sum("views", filter=Q(month=month), default=0),
            late=Sum("views", filter=~Q(month=month), default=0),
        )
        return Reconciliation(
            received=counted + sum(outcomes.values()),
            excluded=[(name, Outcome(name).label, views) for name, views in outcomes.items()],
            counted=counted,
            left=counted - paid["now"],
            late=paid["late"],
        )

    @cached_property
    def findings(self):
        """What in the month's views does not look human: the open first, then the largest."""
        return list(
            Finding.objects.filter(month=self.batch.month)
            .select_related("blog")
            .order_by(Case(When(status=Finding.Status.OPEN, then=0), default=1), "-views", "pk")[
                :FINDINGS_SHOWN
            ]
        )

    @cached_property
    def finding_count(self):
        return Finding.objects.filter(month=self.batch.month).count()

    @cached_property
    def exports(self):
        return list(self.batch.exports.defer("content").select_related("by"))


def describe_next_step(*, batch: PayoutBatch, user: User) -> str:
    """Return the sentence that tells `user` what the batch is waiting for. At most two queries."""
    describe = {
        Status.DRAFT: _describe_draft,
        Status.SUBMITTED: _describe_submitted,
        Status.APPROVED: _describe_approved,
    }
    if batch.status in describe:
        return describe[batch.status](batch, user)
    if batch.status == Status.CANCELLED:
        return "This batch was given up. Its views are paid by another batch."
    return "Everything is done: the payments were made."


def _describe_draft(batch: PayoutBatch, user: User) -> str:
    if not user.has_perm("billing.submit_payoutbatch"):
        return "Finance is checking the payments. An approver comes next."
    if not batch.payment_count:
        return "There is nothing to pay. Cancel the batch."
    if batch.return_reason:
        return "Put right what the approver asks for, rebuild the batch, and submit it again."
    findings = Finding.objects.filter(month=batch.month)
    if findings.filter(status=Finding.Status.EXCLUDED, decided_at__gt=batch.built_at).exists():
        return "Rebuild the batch: views were excluded since it was built."
    if number := findings.filter(status=Finding.Status.OPEN).count():
        text = "1 open finding" if number == 1 else f"{number:,} open findings"
        return f"Decide about {text}, check the payments, then submit the batch for approval."
    return "Check the payments, then submit the batch for approval."


def _describe_submitted(batch: PayoutBatch, user: User) -> str:
    if batch.submitted_by_id == user.pk:
        return "Waiting for an approver. You submitted it, so somebody else has to approve it."
    if not user.has_perm("billing.approve_payoutbatch"):
        return "Waiting for an approver."
    if objections := find_objections(batch=batch, by=user):
        return " ".join([*objections, "Somebody else has to approve it."])
    return "Check the payments, then approve the batch, or return it to finance with a reason."


def _describe_approved(batch: PayoutBatch, user: User) -> str:
    if not user.has_perm("billing.export_payoutbatch"):
        return "Approved. Finance exports the payments and has them paid."
    if batch.exports.exists():
        return "The payments are exported. Have them paid by the file below, under “Files”."
    return "Export the payments, and have them paid by the file."
