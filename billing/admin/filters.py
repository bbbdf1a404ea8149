from unfold.contrib.filters.admin import DropdownFilter

from billing.errors import InvalidMonth
from billing.findings.decisions import find_views
from billing.models import Finding, Payment, PayoutBatch
from billing.periods import format_month, iter_months, month_of, next_month, parse_month
from billing.querysets import PaymentQuerySet


class MonthFilter(DropdownFilter):
    """Filter by a month, from the first to the last date in `field`. It scans no table."""

    title = "month"
    parameter_name = "month"
    field = "month"

    def lookups(self, request, model_admin):
        # Not Min and Max in one query: SQLite then reads the whole index.
        days = model_admin.model.objects.order_by(self.field).values_list(self.field, flat=True)
        first, last = days.first(), days.last()
        months = iter_months(month_of(first), next_month(last)) if first else []
        return [(format_month(month), f"{month:%B %Y}") for month in reversed(list(months))]

    def has_output(self):
        return True

    def queryset(self, request, queryset):
        if not self.value():
            return queryset
        try:
            month = parse_month(self.value())
        except InvalidMonth:
            return queryset.none()
        return self.narrow(queryset, month)

    def narrow(self, queryset, month):
        return queryset.filter(
            **{f"{self.field}__gte": month, f"{self.field}__lt": next_month(month)}
        )


class DayMonthFilter(MonthFilter):
    field = "day"


class BatchMonthFilter(MonthFilter):
    """Filter payments by the month of their batch, of which there are few: its keys are looked up.

    A join would be walked from the newest payment on.
    """

    def lookups(self, request, model_admin):
        months = PayoutBatch.objects.order_by("-month").values_list("month", flat=True).distinct()
        return [(format_month(month), f"{month:%B %Y}") for month in months]

    def narrow(self, queryset, month):
        pks = list(PayoutBatch.objects.filter(month=month).values_list("pk", flat=True))
        # One alone is told by itself: an index then has its rows in the order of the list.
        return queryset.filter(batch=pks[0]) if len(pks) == 1 else queryset.filter(batch__in=pks)


class StateFilter(DropdownFilter):
    """Filter batches by what the pages call their state."""

    title = "status"
    parameter_name = "status__exact"

    def lookups(self, request, model_admin):
        return PayoutBatch.State.choices

    def queryset(self, request, queryset):
        return queryset.filter(state_key=self.value()) if self.value() else queryset


class FindingViewsFilter(DropdownFilter):
    """Filter the views of one finding. Only the link on the finding's page offers it."""

    title = "finding"
    parameter_name = "of_finding"

    def lookups(self, request, model_admin):
        value = self.used_parameters.get(self.parameter_name)
        return [(value, "Views of one finding")] if value else []

    def queryset(self, request, queryset):
        if not self.value():
            return queryset
        finding = self.value().isdecimal() and Finding.objects.filter(pk=self.value()).first()
        return queryset & find_views(finding) if finding else queryset.none()


class FlaggedFilter(DropdownFilter):
    """Filter payments by the flags of a batch, with the codes of billing.payouts.batch_checks."""

    title = "flag"
    parameter_name = "flagged"
    flagged = {
        "tripled": ("over +200 %", PaymentQuerySet.tripled),
        "unusually_large": ("past the 95th percentile", PaymentQuerySet.unusually_large),
        "first_payouts": ("first payout", PaymentQuerySet.first_payouts),
    }

    def lookups(self, request, model_admin):
        return [(code, label) for code, (label, _) in self.flagged.items()]

    def queryset(self, request, queryset):
        if not self.value():
            return queryset
        if self.value() not in self.flagged:
            return queryset.none()
        _, narrow = self.flagged[self.value()]
        return narrow(queryset)


class WaitsFilter(DropdownFilter):
    """Filter the payments that the bank is to make, or that were kept back or failed and wait."""

    title = "waits"
    parameter_name = "waits"

    def lookups(self, request, model_admin):
        return [("yes", "Waits to be paid"), ("due", "Due at the bank")]

    def queryset(self, request, queryset):
        if not self.value():
            return queryset
        if self.value() == "due":
            return queryset.due()
        waiting = Payment.objects.outstanding()
        return (
            queryset.filter(pk__in=waiting.values("pk"))
            if self.value() == "yes"
            else queryset.none()
        )
