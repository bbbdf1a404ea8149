from django.contrib import admin
from django.db.models import F
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.text import capfirst
from unfold.contrib.filters.admin import ChoicesDropdownFilter, DropdownFilter
from unfold.decorators import display

from backoffice.base_admin import HistoryAdmin, ReadOnlyAdmin
from backoffice.dialogs import DialogActions, dialog_action
from backoffice.people import full_name
from billing.admin.searches import MoneySearch
from billing.forms import payments as payment_dialogs
from billing.models import Hold
from billing.payouts.holds import end_hold


class OpenFilter(DropdownFilter):
    title = "state"
    parameter_name = "state"

    def lookups(self, request, model_admin):
        return [("open", "Open"), ("ended", "Ended")]

    def queryset(self, request, queryset):
        if self.value() not in ("open", "ended"):
            return queryset
        return queryset.filter(ended_at__isnull=self.value() == "open")


@admin.register(Hold)
class HoldAdmin(MoneySearch, DialogActions, HistoryAdmin, ReadOnlyAdmin):
    """Holds and payments in full, the open ones first. Finance starts them on a payment's page."""

    actions_detail = ["end"]
    list_display = ["author_name", "kind_label", "reason", "beginning", "state_label", "ending"]
    list_filter = [OpenFilter, ("kind", ChoicesDropdownFilter)]
    months_searched = ["created_at__date"]
    search_fields = ["author__first_name", "author__last_name", "author__username", "reason"]
    search_help_text = "Search by author, reason or month"
    ordering = [F("ended_at").desc(nulls_first=True), "-created_at", "-pk"]
    sortable_by = []
    fields = readonly_fields = [
        "author_name",
        "kind_name",
        "reason",
        "beginning",
        "ending",
        "end_reason",
        "payment",
    ]
    empty_list_text = "Nobody’s payments are on hold, and none is paid below the minimum."
    empty_list_step = (
        "“Hold” and “Pay out in full” are on the page of a payment, while its batch is a draft."
    )
    empty_list_right = "billing.hold_payment"

    class Media:
        css = {"all": ["billing/statement.css"]}

    def get_queryset(self, request):
        people = ["author", "created_by", "ended_by"]
        return super().get_queryset(request).select_related(*people)

    def has_end_permission(self, request, object_id=None):
        return request.user.has_perm("billing.hold_payment")

    @dialog_action(
        description="End",
        icon="stop_circle",
        permissions=["end"],
        dialog=payment_dialogs.END_HOLD,
        fits=lambda hold, user: not hold.ended_at,
    )
    def end(self, request, form):
        reason = form.cleaned_data["reason"]
        end_hold(hold=form.obj, by=request.user, reason=reason)
        return f"{form.obj.name} is ended."

    @display(description="Author")
    def author_name(self, hold):
        return full_name(hold.author)

    @display(description="What", label={"hold": "warning", "pay_out": "info"})
    def kind_label(self, hold):
        return hold.kind, capfirst(hold.get_kind_display())

    @display(description="What")
    def kind_name(self, hold):
        return capfirst(hold.get_kind_display())

    @display(description="Since")
    def beginning(self, hold):
        return _describe_moment(hold.created_at, hold.created_by)

    @display(description="Until")
    def ending(self, hold):
        if hold.ended_at is None:
            return None
        return _describe_moment(hold.ended_at, hold.ended_by)

    @display(description="State", label={"open": "warning"})
    def state_label(self, hold):
        return ("ended", "Ended") if hold.ended_at else ("open", "Open")

    @display(description="Latest payment")
    def payment(self, hold):
        payment = hold.author.payments.order_by("-batch__month", "-pk").first()
        if payment is None:
            return None
        url = reverse("admin:billing_payment_change", args=[payment.pk])
        return format_html('<a class="bo-link" href="{}">{}</a>', url, payment)


def _describe_moment(at, by):
    return f"{date_format(timezone.localtime(at))}, {full_name(by)}"
