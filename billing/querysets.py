from django.db import models
from django.db.models.functions import Coalesce

from billing.money import AmountField
from billing.periods import next_month


class BlogViewQuerySet(models.QuerySet):
    def human(self):
        """Views of readers: all but robots, authors of their own blog, and staff."""
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

    def in_month(self, month):
        return self.filter(day__gte=month, day__lt=next_month(month))

    def count_outcomes(self):
        """Return {outcome: number of views}, with 0 for those that did not occur. One query."""
        counts = self.order_by().values_list("outcome").annotate(count=models.Count("*"))
        return dict.fromkeys(self.model.Outcome, 0) | dict(counts)


class CategoryPriceQuerySet(models.QuerySet):
    def in_force_on(self, day):
        """Prices that hold on `day`: of each category the latest that has started."""
        later = self.model.objects.filter(
            category=models.OuterRef("category"),
            effective_from__gt=models.OuterRef("effective_from"),
            effective_from__lte=day,
        )
        return self.filter(~models.Exists(later), effective_from__lte=day)

    def coming_after(self, day):
        return self.filter(effective_from__gt=day)

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
        """Batches that were not cancelled."""
        return self.exclude(status=self.model.Status.CANCELLED)

    def signed(self):
        """Batches that finance has signed: submitted, or further on."""
        status = self.model.Status
        return self.filter(status__in=[status.SUBMITTED, status.APPROVED, status.PAID])

    def awaiting_approval(self):
        return self.filter(status=self.model.Status.SUBMITTED)

    def drafts(self):
        return self.filter(status=self.model.Status.DRAFT)

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
    def with_line_totals(self):
        """Add `line_count`, `blog_count`, `views`, and `late_lines`: those of an earlier month."""
        return self.annotate(
            line_count=models.Count("lines"),
            blog_count=models.Count("lines__blog", distinct=True),
            views=models.Sum("lines__views", default=0),
            late_lines=models.Count(
                "lines", filter=models.Q(lines__month__lt=models.F("batch__month"))
            ),
        )
