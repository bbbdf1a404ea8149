from collections.abc import Iterable
from decimal import Decimal

from django.db import models
from django.db.models.functions import Coalesce

HALF_A_CENT = Decimal("0.005")


def match_amounts(amounts: Iterable[Decimal]) -> models.Q:
    """Return the condition that a payment pays one of `amounts`, or keeps it back.

    What is kept back is exact, and pages round it to a cent: it is found by the rounded amount.
    """
    condition = models.Q(pk__in=[])
    for amount in amounts:
        condition |= models.Q(amount=amount)
        if amount == round(amount, 2) != 0:
            near = (amount - HALF_A_CENT, amount + HALF_A_CENT)
            condition |= models.Q(carried_amount__gte=near[0], carried_amount__lt=near[1])
        elif amount:
            condition |= models.Q(carried_amount=amount)
    return condition


class PaymentQuerySet(models.QuerySet):
    def standing(self):
        """Return the payments of batches that were not cancelled."""
        return self.exclude(batch__status="cancelled")

    def outstanding(self, *, apart_from=None):
        """Return unpaid payments of approved batches that no later batch took over.

        These are held, carried and failed ones. Payments that the batch `apart_from` took over
        count as outstanding.
        """
        lines = self.model.lines.field.model.objects
        taken_in = lines.standing().filter(carried_from=models.OuterRef("pk"))
        if apart_from is not None:
            taken_in = taken_in.exclude(payment__batch=apart_from)
        return self.filter(
            self._unpaid(), ~models.Exists(taken_in), batch__status__in=["approved", "paid"]
        )

    def owed(self):
        """Return unpaid payments of approved batches that no later approved batch took over.

        A draft that took one over pays nobody yet, and may be given up.
        """
        return self.with_owed().filter(is_owed=True)

    def with_owed(self):
        """Add `is_owed`: approved, then held, carried or failed, and on no later approved batch."""
        approved = ["approved", "paid"]
        taken_over = self.model.lines.field.model.objects.filter(
            carried_from=models.OuterRef("pk"), payment__batch__status__in=approved
        )
        owed = self._unpaid() & models.Q(batch__status__in=approved) & ~models.Exists(taken_over)
        return self.annotate(
            is_owed=models.Case(
                models.When(owed, then=True), default=False, output_field=models.BooleanField()
            )
        )

    def _unpaid(self):
        """Return the condition that the payment failed, or that something of it was kept back."""
        status = self.model.Status
        return models.Q(status=status.FAILED) | (
            models.Q(status__in=[status.HELD, status.CARRIED]) & ~models.Q(carried_amount=0)
        )

    def with_by_hand(self):
        """Add `is_by_hand`: a payment by hand stands for it, confirmed or not."""
        return self.annotate(
            is_by_hand=models.Case(
                models.When(self._by_hand(), then=True),
                default=False,
                output_field=models.BooleanField(),
            )
        )

    def payable(self):
        return self.filter(status=self.model.Status.PAYABLE)

    def due(self):
        """Return the payments that were approved and have no result of the bank yet."""
        return self.payable().filter(batch__status="approved")

    def in_order(self):
        """Sort by reference, the order of the digest."""
        return self.order_by("reference")

    def with_reason(self):
        """Add `reason`, why it was not paid, and `exact_millionths`, the sum of its lines."""
        results = self.model.results.field.model.objects.filter(payment=models.OuterRef("pk"))
        return self.annotate(
            reason=Coalesce(
                models.Subquery(results.order_by("-pk").values("reason")[:1]),
                models.F("status_reason"),
            ),
            exact_millionths=models.ExpressionWrapper(
                models.F("amount") - models.F("rounding") + models.F("carried_amount"),
                output_field=models.BigIntegerField(),
            ),
        )

    def with_line_totals(self):
        """Add `line_count`, `blog_count`, `views`, and `late_lines`: views of an earlier month."""
        return self.annotate(
            line_count=models.Count("lines"),
            blog_count=models.Count("lines__blog", distinct=True),
            views=models.Sum("lines__views", default=0),
            late_lines=models.Count(
                "lines",
                filter=models.Q(lines__kind="views", lines__month__lt=models.F("batch__month")),
            ),
        )

    def paying(self):
        """Return what a file to the bank pays if it is made now.

        A payment that has its result is in no later file: the bank made it, or a later batch does.
        Nor is one that somebody pays by hand.
        """
        return self.payable().exclude(self._by_hand())

    def waiting_for_file(self):
        """Return the payments that a file to the bank would pay now: a payment is in one file."""
        return self.paying().filter(exported=None).exclude(self._in_dispute())

    def waiting_for_answer(self):
        """Return what no file pays before the author has the answer to a question about a line."""
        return self.paying().filter(self._in_dispute(), exported=None)

    def waiting_for_result(self):
        """Return the payments that are in a file to the bank, which has not answered yet."""
        return self.paying().exclude(exported=None)

    def settled(self):
        """Return what no file pays any more: made, failed, or proposed as made by hand."""
        made = models.Q(status__in=[self.model.Status.PAID, self.model.Status.FAILED])
        return self.above_zero().filter(made | self._by_hand())

    def _in_dispute(self):
        """Return the condition that the payment has a line whose author asked, without an answer.

        The question is of its own batch. Few are open, so they are looked up once for all payments.
        """
        disputes = self.model.batch.field.related_model.disputes.field.model.objects.open()
        line = "batch__payments__lines__"
        views = {name: models.F(name) for name in ("blog", "category", "price", "month")}
        same = models.Q(**{f"{line}adjustment": models.F("adjustment")}) | models.Q(
            **{f"{line}kind": "views"},
            **{f"{line}{name}": value for name, value in views.items()},
        )
        asked = disputes.filter(same, batch__payments__author=models.F("author"))
        return models.Q(pk__in=asked.values("batch__payments"))

    def _by_hand(self):
        """Return the condition that a payment by hand stands for it, confirmed or not."""
        standing = self.model.by_hand.field.model.objects.filter(withdrawn_at=None)
        return models.Q(models.Exists(standing.filter(payment=models.OuterRef("pk"))))

    def above_zero(self):
        """Return the payments that pay something, paid or failed by now or not."""
        return self.filter(amount__gt=0)

    def with_outcome_before(self, seal_number):
        """Add `outcome`: the bank's latest result before that seal, or None."""
        results = self.model.results.field.model.objects.filter(
            payment=models.OuterRef("pk"), seal__number__lt=seal_number
        )
        latest = results.order_by("-seal__number").values("outcome")[:1]
        return self.annotate(outcome=models.Subquery(latest))

    def first_payouts(self):
        """Return the payments to authors without an earlier payment."""
        return self.above_zero().filter(~models.Exists(self._paid_before()))

    def tripled(self):
        """Return the payments more than +200 % over the author's previous payment."""
        before = self._paid_before().order_by("-batch__month").values("amount")[:1]
        tripled = models.ExpressionWrapper(models.Subquery(before) * 3, models.BigIntegerField())
        return self.above_zero().filter(amount__gt=tripled)

    def unusually_large(self):
        """Return payments above the 95th percentile of the author's earlier ones, by nearest rank.

        At most one in twenty of those was as large. Fewer than six say too little.
        """
        before = (
            self._paid_before()
            .order_by()
            .values("author")
            .annotate(
                number=models.Count("pk"),
                as_large=models.Count("pk", filter=models.Q(amount__gte=models.OuterRef("amount"))),
            )
        )
        unusual = before.filter(number__gte=models.F("as_large") * 20).filter(number__gte=6)
        return self.above_zero().filter(models.Exists(unusual))

    def _paid_before(self):
        """Return earlier batches' payments to the outer row's author, without failed ones."""
        return self.model.objects.filter(
            author=models.OuterRef("author"),
            amount__gt=0,
            batch__month__lt=models.OuterRef("batch__month"),
            batch__currency=models.OuterRef("batch__currency"),
        ).exclude(models.Q(status="failed") | models.Q(batch__status="cancelled"))


class PaymentLineQuerySet(models.QuerySet):
    def standing(self):
        """Return the lines of batches that were not cancelled."""
        return self.exclude(payment__batch__status="cancelled")

    def about(self, dispute):
        """Return the lines, of whichever batch, that are the line in dispute."""
        if dispute.adjustment_id:
            return self.filter(adjustment=dispute.adjustment_id)
        return self.filter(
            kind="views",
            payment__author=dispute.author_id,
            blog=dispute.blog_id,
            category=dispute.category_id,
            month=dispute.month,
            price=dispute.price_id,
        )
