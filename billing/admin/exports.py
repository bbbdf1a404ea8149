from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.urls import path, reverse
from django.utils.html import format_html
from unfold.decorators import display

from backoffice.base_admin import ReadOnlyAdmin
from backoffice.people import full_name
from billing.bank.formats import find_format
from billing.errors import UnknownFormat
from billing.models import PaymentExport


@admin.register(PaymentExport)
class PaymentExportAdmin(ReadOnlyAdmin):
    """Exported files, byte for byte. The admin offers them for download and never shows them."""

    list_display = ["file_name", "month", "at", "maker", "short_sha256", "download"]
    list_select_related = ["batch", "by"]
    ordering = ["-at", "-pk"]
    sortable_by = ["at"]
    fields = ["file_name", "batch", "at", "maker", "sha256", "download"]
    readonly_fields = fields
    empty_list_text = (
        "No payments have been exported yet. Open an approved payout batch and press “Export”."
    )

    def get_queryset(self, request):
        return super().get_queryset(request).defer("content")

    def get_urls(self):
        view = self.admin_site.admin_view(self.download_view)
        url = path("<int:pk>/download/", view, name="billing_paymentexport_download")
        return [url, *super().get_urls()]

    def download_view(self, request, pk):
        """Return the stored bytes. The headers keep the browser from showing them as a page."""
        export = self.get_object(request, str(pk))
        if not self.has_view_permission(request, export):
            raise PermissionDenied
        if export is None:
            raise Http404
        headers = {
            "Content-Disposition": f'attachment; filename="{export.file_name}"',
            "X-Content-Type-Options": "nosniff",
        }
        return HttpResponse(
            bytes(export.content), content_type=_content_type_of(export), headers=headers
        )

    @display(description="Batch", ordering="batch__month")
    def month(self, export):
        return str(export.batch)

    @display(description="Made by")
    def maker(self, export):
        return full_name(export.by) if export.by else "command line"

    @display(description="SHA-256")
    def short_sha256(self, export):
        return export.sha256[:12]

    @display(description="File")
    def download(self, export):
        url = reverse("admin:billing_paymentexport_download", args=[export.pk])
        return format_html('<a class="bo-link" href="{}">Download</a>', url)


def _content_type_of(export):
    try:
        return find_format(export.format).content_type
    except UnknownFormat:  # no longer offered; what was handed out stays to be had
        return "application/octet-stream"
