"""Searches of lists that know months and amounts, beside the words that the list looks into."""

from collections.abc import Iterable

from django.db.models import Q

from billing.periods import next_month, today
from billing.typed import read_amounts, read_months


class MoneySearch:
    """For an admin's list: “Oct 2026” and “66,09” find the rows of that month, or of that amount.

    `months_searched` and `amounts_searched` are fields: first days of months, and amounts. A term
    that is neither is searched for as the other bases do.
    """

    months_searched: Iterable[str] = ()
    amounts_searched: Iterable[str] = ()

    def match_month(self, month):
        conditions = Q(pk__in=[])
        for field in self.months_searched:
            conditions |= Q(**{f"{field}__gte": month, f"{field}__lt": next_month(month)})
        return conditions

    def match_amounts(self, amounts):
        """Return the condition. Whoever types 5 looks for -5 as well."""
        either = [*amounts, *(-amount for amount in amounts)]
        conditions = Q(pk__in=[])
        for field in self.amounts_searched:
            conditions |= Q(**{f"{field}__in": either})
        return conditions

    def get_search_results(self, request, queryset, search_term):
        condition = self.find_money(search_term)
        found, has_duplicates = super().get_search_results(request, queryset, search_term)
        if condition is None:
            return found, has_duplicates
        keys = found.order_by().values("pk")
        return queryset.filter(condition | Q(pk__in=keys)), False

    def find_money(self, search_term):
        """Return the condition for the months and amounts that were typed, or None."""
        months = read_months(search_term, today=today()) if self.months_searched else []
        amounts = read_amounts(search_term) if self.amounts_searched else []
        if not (months or amounts):
            return None
        condition = self.match_amounts(amounts)
        for month in months:
            condition |= self.match_month(month)
        return condition
