from django.contrib import admin
from django.db.models import F
from django.urls import reverse
from django.utils.html import format_html
from django.utils.text import capfirst
from unfold.contrib.filters.admin import ChoicesDropdownFilter, DropdownFilter
from unfold.decorators import display

from backoffice.base_admin import HistoryAdmin, ReadOnlyAdmin
from backoffice.dialogs import DialogActions, dialog_action
from backoffice.people import full_name
from billing.admin.searches import MoneySearch
from billing.admin.totals import add_up
from billing.bank import by_hand
from billing.forms import hand_payments as dialogs
from billing.models import HandPayment
from billing.money import format_amount


def _is_proposed(hand, user):
    return not hand.confirmed_at and not hand.withdrawn_at


def _is_somebody_elses(hand, user):
    return _is_proposed(hand, user) and hand.proposed_by_id != user.pk


class StateFilter(DropdownFilter):
    title = "state"
    parameter_name = "state"
    states = {
        "proposed": {"confirmed_at": None, "withdrawn_at": None},
        "confirmed": {"confirmed_at__isnull": False},
        "withdrawn": {"withdrawn_at__isnull": False},
    }

    def lookups(self, request, model_admin):
        labels = ["To be confirmed", "Confirmed", "Taken back"]
        return list(zip(self.states, labels, strict=True))

    def queryset(self, request, queryset):
        if not self.value():
            return queryset
        wanted = self.states.get(self.value())
        return queryset.filter(**wanted) if wanted else queryset.none()


@admin.register(HandPayment)
class HandPaymentAdmin(MoneySearch, DialogActions, HistoryAdmin, ReadOnlyAdmin):
    """Payments by hand, those that wait for a second person first."""

    actions_detail = ["confirm", "withdraw"]
    list_display = ["author_name", "shown_payment", "amount", "means_label", "paid_on", "proposer",
                    "state_label", "second_person"]  # fmt: skip
    list_filter = [StateFilter, ("means", ChoicesDropdownFilter)]
    search_fields = ["payment__author_name", "payment__reference__startswith", "reason"]
    search_help_text = "Search by author, reference, reason, month or amount"
    months_searched = ["paid_on", "payment__batch__month"]
    amounts_searched = ["payment__amount"]
    ordering = [F("confirmed_at").desc(nulls_first=True), "-proposed_at", "-pk"]
    sortable_by = []
    fields = readonly_fields = [
        "author_name", "payment_link", "amount", "means", "paid_on", "reason", "proposer",
        "proposed_at", "state_label", "second_person", "confirmed_at", "withdrawn_at", "withdrawal",
    ]  # fmt: skip
    empty_list_text = (
        "No payment was made by hand. Each that is stands here, with who proposed and who "
        "confirmed it."
    )
    empty_list_step = (
        "“Paid by hand” is on the page of a payment, once its batch is approved and before its "
        "file is exported."
    )
    empty_list_right = "billing.settle_payoutbatch"

    class Media:
        css = {"all": ["billing/statement.css"]}

    def get_queryset(self, request):
        people = ["proposed_by", "confirmed_by", "withdrawn_by"]
        return super().get_queryset(request).select_related("payment__batch", *people)

    def describe_totals(self, hands):
        """Add up those that stand. One that was taken back paid nothing."""
        standing = hands.filter(withdrawn_at=None)
        amounts = {"Total": "payment__amount"}
        return add_up(standing, currency="payment__batch__currency", amounts=amounts)

    def has_settle_permission(self, request, object_id=None):
        return request.user.has_perm("billing.settle_payoutbatch")

    @dialog_action(
        description="Confirm",
        icon="verified",
        permissions=["settle"],
        dialog=dialogs.CONFIRM,
        fits=_is_somebody_elses,
    )
    def confirm(self, request, form):
        hand = by_hand.confirm_hand_payment(proposal=form.obj, by=request.user)
        return f"{hand.payment} is recorded as paid by hand."

    @dialog_action(
        description="Take back",
        icon="undo",
        permissions=["settle"],
        dialog=dialogs.WITHDRAW,
        fits=_is_proposed,
    )
    def withdraw(self, request, form):
        reason = form.cleaned_data["reason"]
        by_hand.withdraw_hand_payment(proposal=form.obj, by=request.user, reason=reason)
        return "It is taken back. The next file to the bank pays this payment."

    @display(description="Author")
    def author_name(self, hand):
        return hand.payment.author_name

    @display(description="Payment")
    def shown_payment(self, hand):
        return hand.payment.reference

    @display(description="Payment")
    def payment_link(self, hand):
        url = reverse("admin:billing_payment_change", args=[hand.payment_id])
        return format_html('<a class="bo-link" href="{}">{}</a>', url, hand.payment)

    @display(description="Amount", formatting="price")
    def amount(self, hand):
        return format_amount(hand.payment.amount, currency=hand.payment.batch.currency)

    @display(description="How")
    def means_label(self, hand):
        return capfirst(hand.get_means_display())

    @display(description="Proposed by")
    def proposer(self, hand):
        return full_name(hand.proposed_by)

    @display(description="State", label={"To be confirmed": "warning", "Confirmed": "success"})
    def state_label(self, hand):
        return capfirst(hand.state)

    @display(description="Second person")
    def second_person(self, hand):
        person = hand.confirmed_by or hand.withdrawn_by
        return full_name(person) if person else None
