from django.contrib import admin
from django.core.paginator import Paginator
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import display

from backoffice.base_admin import HistoryAdmin, ReadOnlyAdmin
from billing.admin.actions import ApproverActions, FinanceActions
from billing.models import PayoutBatch
from billing.money import format_amount
from billing.statements import Statement, describe_next_step
from weblog.names import full_name

STATUS_COLOURS = {
    "draft": "info",
    "submitted": "warning",
    "approved": "success",
    "paid": "success",
    "cancelled": "",
}
PAYMENTS_PER_PAGE = 100


@admin.register(PayoutBatch)
class PayoutBatchAdmin(FinanceActions, ApproverActions, HistoryAdmin, ReadOnlyAdmin):
    """The page of a batch is a statement to read; the batch moves by its buttons alone."""

    actions_list = ["build"]
    actions_detail = ["approve", "submit", "export", "return_to_finance", "rebuild", "cancel"]
    list_display = ["month_name", "status_label", "payments", "total", "submitter", "approver"]
    list_select_related = ["submitted_by", "approved_by"]
    list_filter = [("status", ChoicesDropdownFilter)]
    search_fields = ["month__startswith"]
    search_help_text = "Search by month, such as 2026-10"
    ordering = ["-month", "-pk"]
    sortable_by = ["month_name"]
    empty_list_text = (
        "No month has been built yet. A month can be paid once it is over and its days of grace "
        "have passed; a nightly job then builds its batch. “Build closed months” does so now."
    )

    class Media:
        css = {"all": ["billing/statement.css"]}

    def get_queryset(self, request):
        return super().get_queryset(request).with_totals()

    def render_change_form(self, request, context, add=False, change=False, form_url="", obj=None):
        payments = obj.payments.with_line_totals().order_by("author_name", "pk")
        page = Paginator(payments, PAYMENTS_PER_PAGE).get_page(request.GET.get("page"))
        context |= {
            "title": f"Payout of {obj}",
            "subtitle": None,
            "statement": Statement(obj),
            "next_step": describe_next_step(batch=obj, user=request.user),
            "status_colour": STATUS_COLOURS[obj.status],
            "page": page,
            "page_range": page.paginator.get_elided_page_range(page.number),
        }
        return super().render_change_form(request, context, add, change, form_url, obj)

    @display(description="Month", ordering="month")
    def month_name(self, batch):
        return str(batch)

    @display(description="Status", ordering="status", label=STATUS_COLOURS)
    def status_label(self, batch):
        return batch.status, batch.get_status_display()

    @display(description="Payments", formatting="price")
    def payments(self, batch):
        return f"{batch.payment_count:,}"

    @display(description="Total", formatting="price")
    def total(self, batch):
        return format_amount(batch.total, currency=batch.currency)

    @display(description="Submitted by")
    def submitter(self, batch):
        return full_name(batch.submitted_by) if batch.submitted_by else None

    @display(description="Approved by")
    def approver(self, batch):
        return full_name(batch.approved_by) if batch.approved_by else None
