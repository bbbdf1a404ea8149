from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import FileResponse, Http404, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.urls import path, reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.views.decorators.http import require_http_methods
from unfold.decorators import display

from backoffice.accounts.confirming import needs_to_confirm, send_to_confirm
from backoffice.accounts.security_log import record_download
from backoffice.base_admin import ReadOnlyAdmin
from backoffice.people import full_name
from billing.admin.bank_export import TAKES_FILES, find_file_just_made
from billing.bank.exports import IN_MEMORY, describe_file, take_file
from billing.bank.formats import find_format
from billing.errors import BillingError, UnknownFormat
from billing.models import PaymentExport
from billing.money import format_amount


@admin.register(PaymentExport)
class PaymentExportAdmin(ReadOnlyAdmin):
    """Exported files, byte for byte. The admin offers them for download and never shows them."""

    list_display = ["file_name", "month", "made", "maker", "short_sha256", "download"]
    list_select_related = ["batch", "by"]
    ordering = ["-at", "-pk"]
    sortable_by = ["made"]
    fields = [
        "file_name", "batch", "message_id", "payments", "sum_paid", "made", "maker",
        "whole_sha256", "download",
    ]  # fmt: skip
    readonly_fields = fields
    empty_list_text = (
        "No payments have been exported yet. Each file to the bank stands here, as it was made."
    )
    empty_list_step = "Open an approved payout batch and press “Export”."
    empty_list_right = "billing.export_payoutbatch"

    def get_queryset(self, request):
        return super().get_queryset(request).defer("content")

    def get_urls(self):
        download = require_http_methods(["GET", "HEAD", "POST"])(self.download_view)
        companion = require_http_methods(["GET", "HEAD", "POST"])(self.companion_view)
        views = {"download": download, "companion": companion}
        urls = [
            path(
                f"<int:pk>/{page}/",
                self.admin_site.admin_view(view),
                name=f"billing_paymentexport_{page}",
            )
            for page, view in views.items()
        ]
        return [*urls, *super().get_urls()]

    def download_view(self, request, pk):
        """Hand out the file, made again, for a POST, and note who took it.

        One with account numbers asks for a recent confirmation.
        """
        export = self._find(request, pk)
        if export.has_accounts and not request.user.has_perm(TAKES_FILES):
            raise PermissionDenied
        if request.method != "POST":
            return redirect("admin:billing_paymentexport_change", export.pk)
        if export.has_accounts and needs_to_confirm(request):
            return send_to_confirm(request, way_back=find_file_just_made(export))
        try:
            stream = take_file(export=export, by=request.user)
        except BillingError as error:
            self.message_user(request, str(error), messages.ERROR)
            return redirect("admin:billing_payoutbatch_change", export.batch_id)
        if not export.has_accounts:  # who took accounts is recorded with the file itself
            record_download(name=export.file_name, by=request.user, sha256=export.sha256)
        return _send(export, stream)

    def companion_view(self, request, pk):
        """Hand out, for a POST, a file's sums, its SHA-256 and the head of the chain."""
        export = self._find(request, pk)
        if not export.message_id:
            raise Http404
        if request.method != "POST":
            return redirect("admin:billing_paymentexport_change", export.pk)
        name = f"{export.file_name}.json"
        answer = JsonResponse(
            describe_file(export),
            json_dumps_params={"indent": 2},
            headers={"Content-Disposition": f'attachment; filename="{name}"'},
        )
        record_download(name=name, by=request.user, content=answer.content)
        return answer

    def _find(self, request, pk):
        export = self.get_object(request, str(pk))
        if not self.has_view_permission(request, export):
            raise PermissionDenied
        if export is None:
            raise Http404
        return export

    @display(description="Total")
    def sum_paid(self, export):
        if export.total is None:
            return None
        return format_amount(export.total, currency=export.batch.currency, exact=True)

    @display(description="Batch", ordering="batch__month")
    def month(self, export):
        return str(export.batch)

    @display(description="Made by")
    def maker(self, export):
        return full_name(export.by) if export.by else "command line"

    @display(description="Payments")
    def payments(self, export):
        return export.payment_count

    @display(description="Made", ordering="at")
    def made(self, export):
        return date_format(timezone.localtime(export.at), "DATETIME_FORMAT")

    @display(description="SHA-256")
    def whole_sha256(self, export):
        return export.sha256

    @display(description="SHA-256")
    def short_sha256(self, export):
        return export.sha256[:12]

    @display(description="File")
    def download(self, export):
        url = f"{reverse('admin:billing_payoutbatch_change', args=[export.batch_id])}#files"
        return format_html('<a class="bo-link" href="{}">On the page of the batch</a>', url)


def _send(export, stream):
    """Return the file: a large one piece by piece, with its size, so that its progress is seen."""
    headers = {
        "Content-Disposition": f'attachment; filename="{export.file_name}"',
        "Content-Length": str(export.size or len(export.content)),
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "no-store",
    }
    content_type = _content_type_of(export)
    if (export.size or 0) > IN_MEMORY:
        return FileResponse(stream, content_type=content_type, headers=headers)
    with stream:
        return HttpResponse(stream.read(), content_type=content_type, headers=headers)


def _content_type_of(export):
    try:
        return find_format(export.format).content_type
    except UnknownFormat:  # no longer offered; what was handed out stays to be had
        return "application/octet-stream"
