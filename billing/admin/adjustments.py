from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Prefetch, Q
from django.http import JsonResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from unfold.contrib.filters.admin import DropdownFilter
from unfold.decorators import display

from backoffice.base_admin import HistoryAdmin
from backoffice.changelists import shorten_search
from backoffice.dialogs import DialogActions, dialog_action
from backoffice.people import full_name
from billing.admin.searches import MoneySearch
from billing.admin.totals import add_up
from billing.errors import BillingError
from billing.forms import payments as payment_dialogs
from billing.forms.entries import AdjustmentForm
from billing.models import Adjustment, PaymentLine, PayoutBatch
from billing.money import format_amount
from billing.payouts.adjustments import (
    check_is_open,
    find_authors,
    save_adjustment,
    withdraw_adjustment,
)

AUTHORS_PER_PAGE = 20
STATES = {
    "waiting": "Waits for the next batch",
    "draft": "In a draft",
    "signed": "In a signed batch",
    "withdrawn": "Withdrawn",
}
STATE_COLOURS = {"waiting": "info", "draft": "warning", "signed": "success", "withdrawn": ""}


class AdjustmentStateFilter(DropdownFilter):
    title = "state"
    parameter_name = "state"

    def lookups(self, request, model_admin):
        return list(STATES.items())

    def queryset(self, request, queryset):
        return queryset.filter(state=self.value()) if self.value() else queryset


class AdjustmentColumns:
    @display(description="Author")
    def author_name(self, adjustment):
        return full_name(adjustment.author)

    @display(description="Amount", ordering="amount", formatting="price")
    def signed_amount(self, adjustment):
        sign = "+" if adjustment.amount > 0 else ""
        amount = format_amount(adjustment.amount, currency=adjustment.currency, exact=True)
        return f"{sign}{amount}"

    @display(description="Made by")
    def maker(self, adjustment):
        return full_name(adjustment.created_by)

    @display(description="Made on", ordering="created_at")
    def made_on(self, adjustment):
        return date_format(timezone.localtime(adjustment.created_at))

    @display(description="State", label=STATE_COLOURS)
    def state_label(self, adjustment):
        return adjustment.state, describe_state(adjustment)

    @display(description="State")
    def state_text(self, adjustment):
        lines = adjustment.standing_lines
        if not lines:
            return describe_state(adjustment)
        url = reverse("admin:billing_payment_change", args=[lines[0].payment_id])
        link = '<a class="bo-link" href="{}">{}</a>'
        return format_html(link, url, describe_state(adjustment))


@admin.register(Adjustment)
class AdjustmentAdmin(MoneySearch, AdjustmentColumns, DialogActions, HistoryAdmin):
    """Amounts that finance enters by hand. A signed batch fixes the adjustments it holds."""

    form = AdjustmentForm
    actions_detail = ["withdraw"]
    list_display = ["author_name", "signed_amount", "reason", "maker", "made_on", "state_label"]
    list_filter = [AdjustmentStateFilter]
    list_select_related = ["author", "created_by", "withdrawn_by"]
    search_fields = ["author__first_name", "author__last_name", "author__username", "reason"]
    search_help_text = "Search by author, reason, month or amount"
    months_searched = ["created_at__date"]
    amounts_searched = ["amount"]
    ordering = ["-created_at", "-pk"]
    sortable_by = ["made_on"]
    change_form_outer_before_template = "billing/adjustment_note.html"
    empty_list_text = (
        "There is no adjustment yet. Each amount that was added to an author’s payment, or taken "
        "off it, stands here with its reason."
    )
    empty_list_step = (
        "“Add adjustment” adds an amount to an author’s next payment, or takes it off. The next "
        "new batch includes it."
    )

    class Media:
        css = {"all": ["billing/statement.css"]}

    def get_queryset(self, request):
        lines = PaymentLine.objects.standing()
        return (
            super()
            .get_queryset(request)
            .with_state()
            .select_related("author", "created_by", "withdrawn_by")
            .prefetch_related(
                Prefetch("lines", lines.select_related("payment__batch"), to_attr="standing_lines")
            )
        )

    def describe_totals(self, adjustments):
        """Add up those that count. A withdrawn one adds nothing."""
        standing = adjustments.filter(withdrawn_at=None)
        return add_up(standing, currency="currency", amounts={"Total": "amount"})

    def get_object(self, request, object_id, from_field=None):
        adjustment = super().get_object(request, object_id, from_field)
        if adjustment:
            adjustment.refusal = _explain_refusal(adjustment)
        return adjustment

    def get_urls(self):
        view = self.admin_site.admin_view(self.authors_view)
        return [path("authors/", view, name="billing_adjustment_authors"), *super().get_urls()]

    def authors_view(self, request):
        """Find authors for the form. Finance sees only the authors' names, not their accounts."""
        if not (self.has_add_permission(request) or self.has_change_permission(request)):
            raise PermissionDenied
        people = find_authors()
        for word in shorten_search(request.GET.get("term", "")).split():
            people = people.filter(_search_person(word))
        people = people.order_by("first_name", "last_name", "username")
        page = Paginator(people, AUTHORS_PER_PAGE).get_page(request.GET.get("page"))
        results = [{"id": str(user.pk), "text": _describe_person(user)} for user in page]
        return JsonResponse({"results": results, "pagination": {"more": page.has_next()}})

    def has_change_permission(self, request, obj=None):
        """Show a used adjustment read-only. The form itself answers a POST."""
        if request.method == "GET" and getattr(obj, "refusal", ""):
            return False
        return super().has_change_permission(request, obj)

    def get_form(self, request, obj=None, **kwargs):
        form = super().get_form(request, obj, **kwargs)
        form.user = request.user
        return form

    def get_fields(self, request, obj=None):
        if obj and not self.has_change_permission(request, obj):
            return ["author_name", "signed_amount", "reason", "state_text", "maker", "made_on"]
        return ["author", "amount", "reason", "version"]

    def get_readonly_fields(self, request, obj=None):
        return [field for field in self.get_fields(request, obj) if hasattr(self, field)]

    def save_model(self, request, obj, form, change):
        save_adjustment(adjustment=obj, by=request.user)
        draft = PayoutBatch.objects.drafts().first()
        text = f"Rebuild the draft of {draft} to include it." if draft else ""
        messages.info(request, f"The next new batch includes it. {text}".strip())

    def has_withdraw_permission(self, request, object_id=None):
        return request.user.has_perm("billing.change_adjustment")

    @dialog_action(
        description="Withdraw",
        icon="undo",
        permissions=["withdraw"],
        dialog=payment_dialogs.WITHDRAW_ADJUSTMENT,
        fits=lambda adjustment, user: not adjustment.refusal,
    )
    def withdraw(self, request, form):
        reason = form.cleaned_data["reason"]
        withdraw_adjustment(adjustment=form.obj, by=request.user, reason=reason)
        return "The adjustment is withdrawn. If a draft holds it, rebuild the draft."


def describe_state(adjustment):
    """Return the state of an adjustment of the admin's queryset, with its batch or person."""
    if adjustment.state == "withdrawn":
        return f"Withdrawn by {full_name(adjustment.withdrawn_by)}"
    if not adjustment.standing_lines:
        return STATES["waiting"]
    batch = adjustment.standing_lines[0].payment.batch
    return f"In the {'draft' if adjustment.state == 'draft' else 'batch'} of {batch}"


def _explain_refusal(adjustment):
    """Return why nobody can change the adjustment any more, or an empty text."""
    try:
        check_is_open(adjustment)
    except BillingError as error:
        return str(error)
    return ""


def _search_person(word):
    return (
        Q(first_name__icontains=word) | Q(last_name__icontains=word) | Q(username__icontains=word)
    )


def _describe_person(user):
    name, username = full_name(user), user.get_username()
    return name if name == username else f"{name} ({username})"
