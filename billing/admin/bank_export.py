"""The page before a file to the bank is made: what goes into it, what not, and why."""

from typing import NamedTuple

from django.contrib import messages
from django.contrib.admin.views.main import PAGE_VAR
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.views.decorators.http import require_http_methods

from billing.bank.choosing import ROWS_SHOWN, Choice, choose_payments, judge, list_orders
from billing.bank.exports import export_payments
from billing.bank.formats import BankFormat, find_format, list_formats
from billing.bank.orders import Order
from billing.errors import BillingError, UnknownFormat
from billing.models import PaymentExport, PayoutBatch
from billing.statements.batches import sum_in_dispute

SIGNED_OFF = (PayoutBatch.Status.APPROVED, PayoutBatch.Status.PAID)
TAKES_FILES = "billing.take_bank_file"


class Taken(NamedTuple):
    """A payment, and the formats that take it."""

    order: Order
    formats: list[str]
    refusals: list[str]


class BankExport:
    """A page of the batch's admin. billing.bank.exports decides what it makes."""

    def has_export_permission(self, request, object_id=None):
        return request.user.has_perm("billing.export_payoutbatch")

    def get_urls(self):
        view = require_http_methods(["GET", "HEAD", "POST"])(self.export_view)
        name = "billing_payoutbatch_export"
        url = path("<path:object_id>/export/", self.admin_site.admin_view(view), name=name)
        return [url, *super().get_urls()]

    def export_view(self, request, object_id):
        """Show what a file would hold; a POST makes it."""
        if not self.has_export_permission(request):
            raise PermissionDenied
        batch = self.get_object(request, object_id)
        if batch is None:
            raise Http404
        format = _find_format(request)
        refusal = ""
        if request.method == "POST":
            try:
                return self._make_file(request, batch, format)
            except BillingError as error:
                refusal = str(error)
        context = self.admin_site.each_context(request) | {
            "title": f"Export the payments of {batch}",
            "opts": self.opts,
            "batch": batch,
            "refusal": refusal,
            "format": format,
            "formats": list_formats(),
            "may_take_file": request.user.has_perm(TAKES_FILES),
            "rows_shown": ROWS_SHOWN,
            "in_dispute": sum_in_dispute(batch),
        }
        if batch.status in SIGNED_OFF:
            context |= _preview(request, batch, format)
        return TemplateResponse(request, "billing/export.html", context)

    def _make_file(self, request, batch, format):
        export = export_payments(
            batch=batch,
            format=format.key,
            seen=request.POST.get("seen", ""),
            by=request.user,
        )
        self.message_user(
            request,
            f"{export} is made, with {export.payment_count:,} payment(s). It is below, under "
            "“Files”.",
            messages.SUCCESS,
        )
        return redirect(find_file_just_made(export))


def find_file_just_made(export: PaymentExport) -> str:
    """Return the address of the batch's page that downloads the file at once."""
    url = reverse("admin:billing_payoutbatch_change", args=[export.batch_id])
    return f"{url}?file={export.pk}#files"


def _find_format(request) -> BankFormat:
    data = request.POST if request.method == "POST" else request.GET
    try:
        return find_format(data["format"]) if data.get("format") else _find_usual_format()
    except UnknownFormat:
        raise Http404 from None


def _find_usual_format() -> BankFormat:
    """Return the format of the last file, or the first format."""
    formats = list_formats()
    last = PaymentExport.objects.order_by("pk").last()
    return next((one for one in formats if last and one.key == last.format), formats[0])


def _preview(request, batch: PayoutBatch, format: BankFormat) -> dict:
    """Return what the page says of the file in the format, and of a page of the payments."""
    problems = format.check(batch)
    choice = Choice() if problems else choose_payments(batch, format)
    page = Paginator(
        batch.payments.waiting_for_file().in_order().values_list("pk", flat=True), ROWS_SHOWN
    ).get_page(request.GET.get(PAGE_VAR))
    usable = [one for one in list_formats() if not one.check(batch)]
    payments = batch.payments.filter(pk__in=list(page.object_list))
    return {
        "problems": problems,
        "choice": choice,
        "waiting_count": page.paginator.count,
        "page": page,
        "page_range": page.paginator.get_elided_page_range(page.number),
        "payments": [
            _tell(order, batch, usable)
            for _, order in list_orders(batch, has_accounts=True, payments=payments)
        ],
    }


def _tell(order: Order, batch: PayoutBatch, formats: list[BankFormat]) -> Taken:
    told = Taken(order, [], [])
    for format in formats:
        fit = judge(order, batch, format)
        if fit.refusal:
            told.refusals.append(f"{format.name}: {fit.refusal}")
        else:
            told.formats.append(format.name)
    return told
