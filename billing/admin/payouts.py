from django.contrib import admin
from django.contrib.admin.views.main import PAGE_VAR
from django.core.paginator import Paginator
from unfold.decorators import display

from backoffice.base_admin import HistoryAdmin, ReadOnlyAdmin
from backoffice.people import full_name
from billing.admin.actions import ApproverActions, FinanceActions, ResultActions
from billing.admin.bank_export import BankExport
from billing.admin.batch_tabs import list_tabs
from billing.admin.comments import CommentPages
from billing.admin.filters import StateFilter
from billing.admin.foreseen import ForeseenPage
from billing.admin.payments import STATUS_COLOURS as PAYMENT_COLOURS
from billing.admin.results import ResultsPage
from billing.admin.searches import MoneySearch
from billing.admin.totals import add_up
from billing.models import Payment, PayoutBatch
from billing.money import format_amount
from billing.payouts.amounts import add_up_batches
from billing.payouts.outstanding import find_since
from billing.statements.batches import Statement
from billing.statements.next_steps import describe_next_step
from billing.statements.tracker import track

State = PayoutBatch.State
STATE_COLOURS = {
    State.DRAFT: "info",
    State.SUBMITTED: "warning",
    State.APPROVED: "success",
    State.SENT: "info",
    State.FAILED: "danger",
    State.SETTLED: "success",
    State.CANCELLED: "",
}
PAYMENTS_PER_PAGE = 100


@admin.register(PayoutBatch)
class PayoutBatchAdmin(
    MoneySearch,
    ResultsPage,
    CommentPages,
    ForeseenPage,
    BankExport,
    FinanceActions,
    ResultActions,
    ApproverActions,
    HistoryAdmin,
    ReadOnlyAdmin,
):
    """The page of a batch is a read-only statement. Only its buttons move the batch."""

    actions_list = ["build"]
    actions_detail = [
        "approve",
        "submit",
        "record_all_paid",
        "return_to_finance",
        "recall",
        "rebuild",
        "leave_out",
        "cancel",
    ]
    list_display = [
        "month_name",
        "status_label",
        "authors",
        "total",
        "paid",
        "failed",
        "waiting",
        "submitter",
        "approver",
    ]
    list_select_related = ["submitted_by", "approved_by", "second_approved_by"]
    list_filter = [StateFilter]
    search_fields = ["month__startswith"]
    search_help_text = "Search by month or total, such as Oct 2026"
    months_searched = ["month"]
    amounts_searched = ["total"]
    ordering = ["-month", "-pk"]
    sortable_by = ["month_name"]
    empty_list_text = (
        "No month has been built yet. A nightly job builds the batch of a month once its days of "
        "grace have passed."
    )
    empty_list_step = "“Build closed months” does so now."
    empty_list_right = "billing.build_payoutbatch"

    class Media:
        css = {"all": ["billing/statement.css", "billing/batch.css"]}

    def get_queryset(self, request):
        people = self.list_select_related
        batches = super().get_queryset(request).with_totals().with_state()
        return batches.select_related(*people)

    def describe_totals(self, batches):
        """Add up what the batches pay. A cancelled one pays nothing."""
        listed = batches.standing().order_by().values("pk")
        payments = Payment.objects.filter(batch__in=listed)
        return add_up(
            payments, currency="batch__currency", amounts={"To be paid, or paid": "amount"}
        )

    def get_changelist_instance(self, request):
        """Give each batch of the page its `amounts`. One query."""
        changelist = super().get_changelist_instance(request)
        amounts = add_up_batches(changelist.result_list)
        for batch in changelist.result_list:
            batch.amounts = amounts[batch.pk]
        return changelist

    def render_change_form(self, request, context, add=False, change=False, form_url="", obj=None):
        statement = Statement(obj)
        page, status = _turn_to_payments(request, obj)
        context |= {
            "title": f"Payout of {obj}",
            "subtitle": None,
            "statement": statement,
            "next_step": describe_next_step(statement=statement, user=request.user),
            "status_colour": STATE_COLOURS[State(obj.state_key)],
            "page": page,
            "made_now": int(made) if (made := request.GET.get("file", "")).isdecimal() else None,
            "may_settle": self.has_settle_permission(request),
            "page_range": page.paginator.get_elided_page_range(page.number),
            "chosen_status": status,
            "tabs": list_tabs(statement),
            "first_tab": "payments" if {PAGE_VAR, "status"} & request.GET.keys() else "overview",
            "track": track(statement),
            "shows_exact": request.GET.get("exact") == "1",
        }
        return super().render_change_form(request, context, add, change, form_url, obj)

    @display(description="Month", ordering="month")
    def month_name(self, batch):
        return str(batch)

    @display(description="Status", ordering="status", label=STATE_COLOURS)
    def status_label(self, batch):
        return batch.state_key, batch.state

    @display(description="Authors", formatting="price")
    def authors(self, batch):
        return f"{batch.payment_count:,}"

    @display(description="To be paid", formatting="price")
    def total(self, batch):
        return format_amount(batch.total, currency=batch.currency)

    @display(description="Paid", formatting="price")
    def paid(self, batch):
        return format_amount(batch.amounts.paid.amount, currency=batch.currency)

    @display(description="Failed", formatting="price")
    def failed(self, batch):
        return _format_if_any(batch.amounts.failed.amount, batch)

    @display(description="Waits", formatting="price")
    def waiting(self, batch):
        return _format_if_any(batch.amounts.waiting.exact, batch)

    @display(description="Submitted by")
    def submitter(self, batch):
        return full_name(batch.submitted_by) if batch.submitted_by else None

    @display(description="Approved by")
    def approver(self, batch):
        people = filter(None, [batch.approved_by, batch.second_approved_by])
        return ", ".join(map(full_name, people)) or None


def _format_if_any(amount, batch):
    """Return an exact amount, or None in its place where it is zero."""
    return format_amount(amount, currency=batch.currency, exact=True) if amount else None


def _turn_to_payments(request, batch):
    """Return the requested page of payments and the status it is limited to, if any.

    The query adds up the payments of that page alone, not all of the batch.
    """
    status = request.GET.get("status")
    payments = batch.payments.order_by("author_name", "pk")
    if status in Payment.Status:
        payments = payments.filter(status=status)
    page = Paginator(payments, PAYMENTS_PER_PAGE).get_page(request.GET.get(PAGE_VAR))
    shown = payments.filter(pk__in=[payment.pk for payment in page])
    page.object_list = list(shown.with_line_totals().with_reason())
    waiting = Payment.objects.outstanding().filter(pk__in=[payment.pk for payment in page])
    since = find_since(waiting.values_list("pk", flat=True))
    for payment in page:
        payment.colour = PAYMENT_COLOURS[payment.status]
        payment.since = since.get(payment.pk)
    return page, status if status in Payment.Status else None
