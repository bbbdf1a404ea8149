from django.contrib import admin
from django.contrib.admin.views.main import PAGE_VAR
from django.core.paginator import Paginator
from django.utils.text import capfirst
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import action, display

from backoffice.base_admin import ExportAdmin, ReadOnlyAdmin
from backoffice.changelists import LinkedRowFilter
from billing import holds
from billing.admin.filters import BatchMonthFilter, FlaggedFilter
from billing.admin.reasons import ReasonActions
from billing.forms import payments as payment_dialogs
from billing.models import Payment, PaymentInstruction, PayoutBatch
from billing.money import format_amount
from billing.resources import PaymentResource
from billing.statements.payments import Payslip, list_days

LINES_PER_PAGE = 50
STATUS_COLOURS = {
    "payable": "info",
    "held": "warning",
    "carried": "",
    "paid": "success",
    "failed": "danger",
}

Kind = PaymentInstruction.Kind
Status = Payment.Status


class PaymentActions(ReasonActions):
    """Hold, release, pay out in full: while the payment's batch is a draft."""

    fitting_actions = {Kind.HOLD: ["release", "pay_out"], Kind.PAY_OUT: ["hold", "end_pay_out"]}

    def has_hold_permission(self, request, object_id=None):
        return request.user.has_perm("billing.hold_payment")

    def find_fitting_actions(self, obj):
        if obj.batch.status != PayoutBatch.Status.DRAFT:
            return []
        order = Payslip(obj).instruction
        if order:
            return self.fitting_actions[order.kind]
        is_kept_back = obj.status in (Status.HELD, Status.CARRIED)
        return ["hold", "pay_out"] if is_kept_back else ["hold"]

    @action(
        description="Hold",
        icon="front_hand",
        permissions=["hold"],
        dialog=payment_dialogs.HOLD,
    )
    def hold(self, request, form, object_id):
        success = "The payment is on hold."
        return self._act(request, form, holds.hold_payment, success, payment=form.subject)

    @action(
        description="Release",
        icon="play_circle",
        permissions=["hold"],
        dialog=payment_dialogs.RELEASE,
    )
    def release(self, request, form, object_id):
        success = "The hold is ended."
        return self._act(request, form, holds.release_payment, success, payment=form.subject)

    @action(
        description="Pay out in full",
        icon="logout",
        permissions=["hold"],
        dialog=payment_dialogs.PAY_OUT,
    )
    def pay_out(self, request, form, object_id):
        success = "What is above zero is paid out in full."
        return self._act(request, form, holds.pay_out_payment, success, payment=form.subject)

    @action(
        description="Stop paying out in full",
        icon="undo",
        permissions=["hold"],
        dialog=payment_dialogs.END_PAY_OUT,
    )
    def end_pay_out(self, request, form, object_id):
        success = "The author’s payments follow the ordinary rules again."
        return self._act(request, form, holds.release_payment, success, payment=form.subject)


@admin.register(Payment)
class PaymentAdmin(PaymentActions, ExportAdmin, ReadOnlyAdmin):
    """The page of a payment reads like a payslip."""

    resource_classes = [PaymentResource]
    actions_detail = ["hold", "release", "pay_out", "end_pay_out"]
    list_display = ["author_name", "month", "reference", "amount_paid", "kept_back", "status_label"]
    list_select_related = ["batch"]
    list_filter = [
        BatchMonthFilter,
        ("status", ChoicesDropdownFilter),
        FlaggedFilter,
        ("batch", LinkedRowFilter),
    ]
    search_fields = ["author_name", "reference__startswith"]
    search_help_text = "Search by author or reference"
    ordering = ["-batch__month", "author_name", "pk"]
    sortable_by = ["author_name", "month"]
    empty_list_text = (
        "No payment has been worked out yet. Payments come with the payout batch of a month."
    )

    class Media:
        css = {"all": ["billing/statement.css"]}

    def render_change_form(self, request, context, add=False, change=False, form_url="", obj=None):
        payslip = Payslip(obj)
        page = Paginator(payslip.lines, LINES_PER_PAGE).get_page(request.GET.get(PAGE_VAR))
        for line in page:
            line.day_rows = list_days(line)
        context |= {
            "title": f"Payment {obj}",
            "subtitle": None,
            "payment": obj,
            "payslip": payslip,
            "status_colour": STATUS_COLOURS[obj.status],
            "page": page,
            "page_range": page.paginator.get_elided_page_range(page.number),
        }
        return super().render_change_form(request, context, add, change, form_url, obj)

    @display(description="Batch", ordering="batch__month")
    def month(self, payment):
        return str(payment.batch)

    @display(description="Amount", formatting="price")
    def amount_paid(self, payment):
        return format_amount(payment.amount, currency=payment.batch.currency)

    @display(description="Kept back", formatting="price")
    def kept_back(self, payment):
        if not payment.carried_amount:
            return None
        return format_amount(payment.carried_amount, currency=payment.batch.currency, exact=True)

    @display(description="Status", label=STATUS_COLOURS)
    def status_label(self, payment):
        return payment.status, capfirst(payment.get_status_display())
