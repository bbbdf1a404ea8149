from django.contrib import admin
from django.contrib.admin.views.main import PAGE_VAR
from django.contrib.auth.models import User
from django.core.paginator import Paginator
from django.db.models import Q
from django.utils.text import capfirst
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import display

from backoffice.base_admin import ExportAdmin, ReadOnlyAdmin
from backoffice.big_lists import FEW, BigListAdmin, hold_words
from backoffice.changelists import LinkedRowFilter
from backoffice.dialogs import DialogActions, dialog_action
from billing.admin.filters import BatchMonthFilter, FlaggedFilter, WaitsFilter
from billing.admin.totals import add_up
from billing.bank.by_hand import explain_refusal, propose_hand_payment
from billing.forms import hand_payments as hand_payment_dialogs
from billing.forms import payments as payment_dialogs
from billing.models import Hold, Payment, PayoutBatch
from billing.money import format_amount
from billing.payouts import holds
from billing.periods import today
from billing.querysets import match_amounts
from billing.resources import PaymentResource
from billing.statements.payments import Payslip, list_days
from billing.typed import read_amounts, read_months

LINES_PER_PAGE = 50
STATUS_COLOURS = {
    "payable": "info",
    "held": "warning",
    "carried": "",
    "paid": "success",
    "failed": "danger",
}

Kind = Hold.Kind
Status = Payment.Status


def _where_held(*kinds):
    """Return the `fits` of a button for unpaid payments, by what holds for the author."""

    def fits(payment, user):
        if payment.batch.status != PayoutBatch.Status.DRAFT and not payment.payslip.waits:
            return False
        hold = payment.payslip.hold
        return (hold.kind if hold else None) in kinds

    return fits


def _can_be_paid_out(payment, user):
    kinds = [Kind.HOLD, None] if payment.status in (Status.HELD, Status.CARRIED) else [Kind.HOLD]
    return _where_held(*kinds)(payment, user)


def _can_be_made_by_hand(payment, user):
    return not explain_refusal(payment)


class PaymentActions(DialogActions):
    """Hold, release or pay out in full, while the payment is a draft's or waits for a batch.

    Or say that it was made by hand, once its batch is approved and before a file pays it.
    """

    def has_settle_permission(self, request, object_id=None):
        return request.user.has_perm("billing.settle_payoutbatch")

    @dialog_action(
        description="Paid by hand",
        icon="payments",
        permissions=["settle"],
        url_path="by-hand",
        dialog=hand_payment_dialogs.PROPOSE,
        fits=_can_be_made_by_hand,
    )
    def by_hand(self, request, form):
        facts = {name: form.cleaned_data[name] for name in ("means", "paid_on", "reason")}
        propose_hand_payment(payment=form.obj, by=request.user, **facts)
        return "Somebody else has to confirm that it was paid by hand. No file pays it until then."

    def has_hold_permission(self, request, object_id=None):
        return request.user.has_perm("billing.hold_payment")

    @dialog_action(
        description="Hold",
        icon="front_hand",
        permissions=["hold"],
        dialog=payment_dialogs.HOLD,
        fits=_where_held(None, Kind.PAY_OUT),
    )
    def hold(self, request, form):
        return self._decide(request, form, holds.hold_payment, "The payment is on hold.")

    @dialog_action(
        description="Release",
        icon="play_circle",
        permissions=["hold"],
        dialog=payment_dialogs.RELEASE,
        fits=_where_held(Kind.HOLD),
    )
    def release(self, request, form):
        return self._decide(request, form, holds.release_payment, "The hold is ended.")

    @dialog_action(
        description="Pay out in full",
        icon="logout",
        permissions=["hold"],
        dialog=payment_dialogs.PAY_OUT,
        fits=_can_be_paid_out,
    )
    def pay_out(self, request, form):
        return self._decide(
            request,
            form,
            holds.pay_out_payment,
            "The author is paid in full whenever the sum is above zero.",
        )

    @dialog_action(
        description="Stop paying out in full",
        icon="undo",
        permissions=["hold"],
        dialog=payment_dialogs.END_PAY_OUT,
        fits=_where_held(Kind.PAY_OUT),
    )
    def end_pay_out(self, request, form):
        return self._decide(
            request,
            form,
            holds.release_payment,
            "The author’s payments follow the ordinary rules again.",
        )

    def _decide(self, request, form, decide, done):
        decide(payment=form.obj, by=request.user, reason=form.cleaned_data["reason"])
        return done


@admin.register(Payment)
class PaymentAdmin(PaymentActions, BigListAdmin, ExportAdmin, ReadOnlyAdmin):
    """The page of a payment reads like a payslip."""

    resource_classes = [PaymentResource]
    actions_detail = ["by_hand", "hold", "release", "pay_out", "end_pay_out"]
    list_display = ["show_author", "month", "reference", "amount_paid", "kept_back", "status_label"]
    list_select_related = ["batch"]
    list_filter = [
        BatchMonthFilter,
        ("status", ChoicesDropdownFilter),
        FlaggedFilter,
        WaitsFilter,
        ("batch", LinkedRowFilter),
        ("author", LinkedRowFilter),
    ]
    searched_rows = {"author": ["first_name", "last_name", "username"]}
    search_help_text = "Search by author, reference, month or amount"
    ordering = ["-batch_id", "author_name", "pk"]
    orders = {
        "show_author": ["author_name", "pk"],
        "month": ["batch_id", "-author_name", "-pk"],
    }
    empty_list_text = "There is no payment yet. The payout batch of a month brings its payments."

    class Media:
        css = {"all": ["billing/statement.css"]}

    def find_rows(self, name, columns, term):
        """Look for authors by the names they have, and if there are none, by those they had."""
        pks = super().find_rows(name, columns, term)
        if pks:
            return pks
        former = User.history.model.objects.filter(hold_words(term, columns)).order_by()
        return list(former.values_list("id", flat=True).distinct()[:FEW])

    def find_more(self, term):
        """Find the reference, the months and the amounts that were typed: 5 finds -5 as well."""
        amounts = read_amounts(term)
        months = read_months(term, today=today())
        batches = PayoutBatch.objects.filter(month__in=months).order_by() if months else []
        return [
            Q(reference__startswith=term),
            *(match_amounts([sign * amount]) for amount in amounts for sign in (1, -1)),
            *(Q(batch=batch.pk) for batch in batches),
        ]

    def get_object(self, request, object_id, from_field=None):
        payment = super().get_object(request, object_id, from_field)
        if payment:
            payment.payslip = Payslip(payment)
        return payment

    def describe_totals(self, payments):
        amounts = {"To be paid, or paid": "amount", "Kept back": "carried_amount"}
        return add_up(payments, currency="batch__currency", amounts=amounts)

    def render_change_form(self, request, context, add=False, change=False, form_url="", obj=None):
        payslip = obj.payslip
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

    @display(description="Author", ordering="author_name")
    def show_author(self, payment):
        return payment.author_name

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
