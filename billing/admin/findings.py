from django.contrib import admin
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import display
from unfold.enums import ActionVariant

from backoffice.base_admin import HistoryAdmin, ReadOnlyAdmin
from backoffice.dialogs import DialogActions, dialog_action
from backoffice.people import full_name
from billing.admin.filters import MonthFilter
from billing.admin.searches import MoneySearch
from billing.findings import decisions as findings
from billing.forms import findings as dialogs
from billing.models import Finding, PayoutBatch

Status = Finding.Status
STATUS_COLOURS = {
    "open": "warning",
    "accepted": "success",
    "excluded": "danger",
    "closed": "info",
}

FIGURES = {
    "clicks": "Clicks, counted or not",
    "readers": "Readers",
    "agents": "Different browsers",
    "addresses": "Addresses",
    "received": "Views received in the month",
    "month_views": "Counted views of the blog in the month",
    "day_addresses": "Addresses of the blog on the day",
    "before": "Counted views in the three months before",
    "per_reader": "Views per reader and day",
    "share": "Share in per cent",
    "elsewhere": "Share elsewhere in per cent",
}


class FindingActions(DialogActions):
    """Accept, exclude and reopen findings. billing.findings decides which step is allowed."""

    def has_decide_permission(self, request, object_id=None):
        return request.user.has_perm("billing.decide_finding")

    @dialog_action(
        description="Accept",
        icon="check",
        permissions=["decide"],
        dialog=dialogs.ACCEPT,
        fits=lambda finding, user: (
            finding.status == Status.OPEN and finding.kind != Finding.Kind.UNPRICED
        ),
    )
    def accept(self, request, form):
        return self._decide(request, form, findings.accept_finding, "The views stay counted.")

    @dialog_action(
        description="Exclude views",
        icon="block",
        variant=ActionVariant.DANGER,
        permissions=["decide"],
        dialog=dialogs.EXCLUDE,
        fits=lambda finding, user: finding.status == Status.OPEN and finding.may_exclude,
    )
    def exclude_views(self, request, form):
        return self._decide(request, form, findings.exclude_views, "{:,} views are excluded.")

    @dialog_action(
        description="Reopen",
        icon="undo",
        permissions=["decide"],
        dialog=dialogs.REOPEN,
        fits=lambda finding, user: finding.status in (Status.ACCEPTED, Status.EXCLUDED),
        in_transaction=False,  # views are folded in a transaction of their own
    )
    def reopen(self, request, form):
        return self._decide(request, form, findings.reopen_finding, "The finding is open again.")

    def _decide(self, request, form, decide, done):
        finding = decide(finding=form.obj, by=request.user, reason=form.cleaned_data["reason"])
        return f"{done.format(finding.views)} {_advise(finding, form.obj)}".strip()


def _advise(after, before):
    """Return what to do about a batch whose views have changed."""
    if Status.EXCLUDED not in (after.status, before.status):
        return ""
    batch = PayoutBatch.objects.standing().filter(month=after.month).first()
    if batch is None:
        return ""
    if batch.status == PayoutBatch.Status.DRAFT:
        return f"Rebuild the batch of {batch} before you submit it."
    return f"The batch of {batch} is signed already, so the next batch takes them off."


def _format(number):
    return number if isinstance(number, str) else f"{number:,}"


@admin.register(Finding)
class FindingAdmin(MoneySearch, FindingActions, HistoryAdmin, ReadOnlyAdmin):
    """Each finding as a sentence with its numbers, for a person to look at."""

    actions_detail = ["exclude_views", "accept", "reopen"]
    list_display = ["what", "blog", "author_name", "month_name", "view_count", "status_label"]
    list_select_related = ["blog", "author"]
    list_filter = [
        MonthFilter,
        ("status", ChoicesDropdownFilter),
        ("kind", ChoicesDropdownFilter),
    ]
    search_fields = ["blog__title", "author__first_name", "author__last_name", "author__username"]
    search_help_text = "Search by blog, author or month"
    months_searched = ["month"]
    ordering = ["-month", "-views", "pk"]
    sortable_by = ["month_name", "view_count"]
    empty_list_text = (
        "Nothing stands out. Every night a job searches the views of unsigned months for readers, "
        "addresses and browsers that do not look human."
    )

    class Media:
        css = {"all": ["billing/statement.css"]}

    def render_change_form(self, request, context, add=False, change=False, form_url="", obj=None):
        context |= {
            "title": "Finding",
            "subtitle": None,
            "finding": obj,
            "status_colour": STATUS_COLOURS[obj.status],
            "figures": [
                (label, _format(obj.numbers[name]))
                for name, label in FIGURES.items()
                if name in obj.numbers
            ],
            "may_decide": self.has_decide_permission(request),
        }
        return super().render_change_form(request, context, add, change, form_url, obj)

    @display(description="What was found")
    def what(self, finding):
        return finding.sentence

    @display(description="Author")
    def author_name(self, finding):
        return full_name(finding.author)

    @display(description="Month", ordering="month")
    def month_name(self, finding):
        return f"{finding.month:%B %Y}"

    @display(description="Views", ordering="views", formatting="price")
    def view_count(self, finding):
        return f"{finding.views:,}"

    @display(description="Status", label=STATUS_COLOURS)
    def status_label(self, finding):
        return finding.status, finding.get_status_display()
