from django.apps import apps
from django.db import models
from django.db.models.functions import Coalesce

from billing.money import AmountField
from billing.periods import next_month


class BlogViewQuerySet(models.QuerySet):
    def human(self):
        """Return readers' views, without views by robots, staff and the blog's authors."""
        outcome = self.model.Outcome
        return self.filter(
            outcome__in=[
                outcome.PENDING,
                outcome.COUNTED,
                outcome.DOUBLE_CLICK,
                outcome.EXCLUDED,
            ]
        )

    def pending(self):
        return self.filter(outcome=self.model.Outcome.PENDING)

    def unsealed(self):
        """Return the views that no fold has seen, of robots and people signed in as well."""
        return self.filter(seal__isnull=True)

    def reopened(self):
        """Return the views that finance lets count again, and no fold has counted yet."""
        return self.pending().filter(seal__isnull=False)

    def in_month(self, month):
        return self.filter(day__gte=month, day__lt=next_month(month))


class DailyViewCountQuerySet(models.QuerySet):
    def without_price(self):
        """Return the counted views of days before their category's first price.

        From its first one on, a category has a price for ever. Two queries: the few first days are
        read, so that the database can look for earlier views by its indexes.
        """
        prices = apps.get_model("billing", "CategoryPrice").objects.order_by()
        firsts = dict(prices.values_list("category").annotate(models.Min("effective_from")))
        unpriced = ~models.Q(category__in=list(firsts))
        for category, first in firsts.items():
            unpriced |= models.Q(category=category, day__lt=first)
        return self.filter(unpriced, views__gt=0)


class CategoryPriceQuerySet(models.QuerySet):
    def started_by(self, category, day):
        """Return a category's prices that have started by `day`, the one in force first."""
        return self.filter(category=category, effective_from__lte=day).order_by("-effective_from")

    def in_force_on(self, day):
        """Return the prices in force on `day`: each category's latest one that has started."""
        started = self.model.objects.started_by(models.OuterRef("category"), day)
        return self.filter(pk=models.Subquery(started.values("pk")[:1]))

    def with_state(self, day):
        """Add `state` on `day`: past, in_force or coming."""
        return self.annotate(
            state=models.Case(
                models.When(effective_from__gt=day, then=models.Value("coming")),
                models.When(
                    pk__in=self.model.objects.in_force_on(day).values("pk"),
                    then=models.Value("in_force"),
                ),
                default=models.Value("past"),
            )
        )


class PayoutBatchQuerySet(models.QuerySet):
    def standing(self):
        """Return the batches that were not cancelled."""
        return self.exclude(status=self.model.Status.CANCELLED)

    def signed(self):
        """Return the batches that finance has signed: submitted, approved or paid."""
        status = self.model.Status
        return self.filter(status__in=[status.SUBMITTED, status.APPROVED, status.PAID])

    def awaiting_approval(self):
        return self.filter(status=self.model.Status.SUBMITTED)

    def awaiting_results(self):
        return self.filter(status=self.model.Status.APPROVED)

    def drafts(self):
        return self.filter(status=self.model.Status.DRAFT)

    def with_state(self):
        """Add `is_sent`, whether a file was exported, and `has_failed`: payments that wait again.

        They are what the model's `state` needs.
        """
        payment = self.model.payments.field.model
        export = self.model.exports.field.model
        failed = payment.objects.outstanding().filter(
            batch=models.OuterRef("pk"), status=payment.Status.FAILED
        )
        return self.annotate(
            is_sent=models.Exists(export.objects.filter(batch=models.OuterRef("pk"))),
            has_failed=models.Exists(failed),
        )

    def with_totals(self):
        """Add `total` and `payment_count` for lists and statements."""
        payments = self.model.payments.field.model.objects.filter(batch=models.OuterRef("pk"))
        sums = payments.order_by().values("batch")
        return self.annotate(
            total=Coalesce(
                models.Subquery(sums.values(sum=models.Sum("amount"))),
                0,
                output_field=AmountField(),
            ),
            payment_count=Coalesce(models.Subquery(sums.values(count=models.Count("pk"))), 0),
        )


class PaymentQuerySet(models.QuerySet):
    def outstanding(self, *, apart_from=None):
        """Return unpaid payments of approved batches that no later batch took over.

        These are held, carried and failed ones. Payments that the batch `apart_from` took over
        count as outstanding.
        """
        status = self.model.Status
        lines = self.model.lines.field.model.objects
        taken_in = lines.standing().filter(carried_from=models.OuterRef("pk"))
        if apart_from is not None:
            taken_in = taken_in.exclude(payment__batch=apart_from)
        return self.filter(
            models.Q(status=status.FAILED)
            | models.Q(status__in=[status.HELD, status.CARRIED]) & ~models.Q(carried_amount=0),
            ~models.Exists(taken_in),
            batch__status__in=["approved", "paid"],
        )

    def payable(self):
        return self.filter(status=self.model.Status.PAYABLE)

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
        """
        return self.payable()

    def settled(self):
        """Return the payments that the bank made or could not make."""
        return self.filter(status__in=[self.model.Status.PAID, self.model.Status.FAILED])

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


class AdjustmentQuerySet(models.QuerySet):
    def standing(self):
        """Return the adjustments that were not withdrawn."""
        return self.filter(withdrawn_at=None)

    def waiting(self, *, apart_from=None):
        """Return adjustments on no standing batch; those on the batch `apart_from` still wait."""
        lines = self.model.lines.field.model.objects.standing()
        lines = lines.filter(adjustment=models.OuterRef("pk"))
        if apart_from is not None:
            lines = lines.exclude(payment__batch=apart_from)
        return self.standing().filter(~models.Exists(lines))

    def with_state(self):
        """Add `state`: waiting, withdrawn, or draft or signed as the adjustment's batch is."""
        lines = self.model.lines.field.model.objects.filter(adjustment=models.OuterRef("pk"))
        in_draft = lines.filter(payment__batch__status="draft")
        is_signed = lines.filter(payment__batch__status__in=["submitted", "approved", "paid"])
        return self.annotate(
            state=models.Case(
                models.When(withdrawn_at__isnull=False, then=models.Value("withdrawn")),
                models.When(models.Exists(is_signed), then=models.Value("signed")),
                models.When(models.Exists(in_draft), then=models.Value("draft")),
                default=models.Value("waiting"),
            )
        )


class HoldQuerySet(models.QuerySet):
    def open(self):
        return self.filter(ended_at=None)


class DisputeQuerySet(models.QuerySet):
    def open(self):
        return self.filter(answer=None)

    def open_at(self, moment):
        """Return those that were open just before and just after the moment."""
        answered = models.Q(answer=None) | models.Q(answer__at__gt=moment)
        return self.filter(answered, asked_at__lt=moment)

    def perhaps_open_at(self, moment):
        """Return those that were open at the moment, or asked or answered at that very moment."""
        answered = models.Q(answer=None) | models.Q(answer__at__gte=moment)
        return self.filter(answered, asked_at__lte=moment)
