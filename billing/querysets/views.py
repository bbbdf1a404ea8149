from django.apps import apps
from django.db import models

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
    def without_price(self, first_days=None):
        """Return the counted views of days before their category's first price.

        From its first one on, a category has a price for ever. Two queries: the few first days are
        read, so that the database can look for earlier views by its indexes. Who knows them gives
        them, as {category: day}.
        """
        if first_days is None:
            prices = apps.get_model("billing", "CategoryPrice").objects.order_by()
            first_days = dict(prices.values_list("category").annotate(models.Min("effective_from")))
        unpriced = ~models.Q(category__in=list(first_days))
        for category, first in first_days.items():
            unpriced |= models.Q(category=category, day__lt=first)
        return self.filter(unpriced, views__gt=0)

    def all_without_price(self, first_days=None):
        """Return what without_price does, of all days there are.

        The sums by category, a few thousand rows, say first where there is any. One query more,
        or nothing but it.
        """
        sums = apps.get_model("billing", "DailyCategoryCount").objects.without_price(first_days)
        spans = sums.order_by().values_list("category")
        days = models.Q(pk__in=[])
        for category, first, last in spans.annotate(models.Min("day"), models.Max("day")):
            days |= models.Q(category=category, day__range=(first, last))
        return self.filter(days, views__gt=0)


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
