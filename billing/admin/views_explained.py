"""The page on which auditors and finance see where every received view went."""

from django import forms
from django.contrib import admin
from django.views.generic import TemplateView
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import display
from unfold.views import UnfoldSiteViewMixin
from unfold.widgets import UnfoldAdminSelectWidget

from backoffice.accounts.oversight import summarise_rights
from backoffice.base_admin import DayRangeFilter, ReadOnlyAdmin
from billing.admin.counts import OUTCOME_COLOURS
from billing.admin.filters import DayMonthFilter
from billing.counting.equation import list_losses, list_months, make_overview, month_equation
from billing.counting.stream.gaps import list_days
from billing.models import RetiredViewTotal
from billing.payouts.amounts import add_up_batches
from billing.payouts.outstanding import count_disputed
from billing.periods import format_month, parse_month

OVERVIEW_MONTHS = 12


class MonthForm(forms.Form):
    month = forms.ChoiceField(label="Month", widget=UnfoldAdminSelectWidget)

    def __init__(self, months, data):
        super().__init__(data if "month" in data else None)
        self.months = months
        self.fields["month"].choices = [(format_month(month), f"{month:%B %Y}") for month in months]

    @property
    def chosen(self):
        """Return the requested month, or the latest one. None if there is nothing to show."""
        if not self.is_bound:
            return self.months[0] if self.months else None
        return parse_month(self.cleaned_data["month"]) if self.is_valid() else None


class ViewsExplainedView(UnfoldSiteViewMixin, TemplateView):
    http_method_names = ["get", "head"]
    permission_required = "billing.view_blogview"
    template_name = "billing/views_explained.html"
    title = "Views explained"

    def get_context_data(self, **kwargs):
        months = list_months()
        form = MonthForm(months, self.request.GET)
        if form.chosen:
            form.initial["month"] = format_month(form.chosen)
        equation = month_equation(form.chosen) if form.chosen else None
        if equation:
            amounts = add_up_batches([row.batch for row in equation.batches])
            for row in equation.batches:
                row.batch.amounts = amounts[row.batch.pk]
        sent, gaps = list_days(form.chosen) if form.chosen else ([], [])
        losses = list_losses(form.chosen) if form.chosen else []
        return super().get_context_data(
            sent=sent,
            gaps=gaps,
            form=form,
            equation=equation,
            disputed=count_disputed(form.chosen) if form.chosen else 0,
            losses=losses,
            lost=sum(row.views for row in losses),
            overview=make_overview(months[:OVERVIEW_MONTHS]),
            rights=summarise_rights(),
            **kwargs,
        )


@admin.register(RetiredViewTotal)
class RetiredViewTotalAdmin(ReadOnlyAdmin):
    """The daily totals of views that retention has deleted."""

    list_display = ["day", "outcome_label", "view_count"]
    list_filter = [
        DayMonthFilter,
        ("day", DayRangeFilter),
        ("outcome", ChoicesDropdownFilter),
    ]
    ordering = ["-day", "outcome"]
    sortable_by = ["day"]
    fields = readonly_fields = ["day", "outcome", "view_count"]
    empty_list_text = (
        "No views have been dropped. Views go once they are older than the retention time and "
        "their month is paid. This page then shows their number by day and outcome."
    )

    class Media:
        css = {"all": ["billing/statement.css"]}

    @display(description="Outcome", ordering="outcome", label=OUTCOME_COLOURS)
    def outcome_label(self, total):
        return total.outcome, total.get_outcome_display()

    @display(description="Views", formatting="price")
    def view_count(self, total):
        return f"{total.views:,}"
