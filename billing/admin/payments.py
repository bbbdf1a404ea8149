from django.contrib import admin
from django.core.paginator import Paginator
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import display

from backoffice.base_admin import ExportAdmin, ReadOnlyAdmin
from billing.admin.filters import BatchMonthFilter
from billing.models import Payment
from billing.money import format_amount
from billing.resources import PaymentResource

LINES_PER_PAGE = 100


@admin.register(Payment)
class PaymentAdmin(ExportAdmin, ReadOnlyAdmin):
    """The page of a payment reads like a payslip."""

    resource_classes = [PaymentResource]
    list_display = ["author_name", "month", "reference", "amount_paid", "status_label"]
    list_select_related = ["batch"]
    list_filter = [BatchMonthFilter, ("status", ChoicesDropdownFilter)]
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
        lines = obj.lines.order_by("month", "blog_title", "pk")
        page = Paginator(lines, LINES_PER_PAGE).get_page(request.GET.get("page"))
        context |= {
            "title": f"Payment {obj}",
            "subtitle": None,
            "payment": obj,
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

    @display(description="Status", label={"payable": "info"})
    def status_label(self, payment):
        return payment.status, payment.get_status_display()
