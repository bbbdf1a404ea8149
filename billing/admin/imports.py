"""The list of imported access logs, and the page that imports a new one."""

from django.contrib import admin
from django.urls import path
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.text import capfirst
from unfold.decorators import display

from backoffice.base_admin import ReadOnlyAdmin
from backoffice.dialogs import Done, page_of
from backoffice.import_pages import ImportView
from backoffice.people import full_name
from billing.counting.access_logs.importing import HEADINGS, import_access_log
from billing.forms.entries import AccessLogForm
from billing.models import AccessLogImport


class AccessLogImportView(ImportView):
    form_class = AccessLogForm
    template_name = "billing/import.html"
    cancelled = "Nothing was counted. The uploaded file is removed."
    keeps_preview = True
    reads_apart = False

    def look(self, file, file_name, **options):
        report = self.import_log(file, file_name, dry_run=True, **options)
        return report.describe() | {"may_import": True}

    def run(self, file, file_name, **options):
        report = self.import_log(file, file_name, **options)
        return Done(
            f"{file_name} is imported. The table below shows what became of its lines.",
            url=page_of(report.log_import),
        )

    def import_log(self, file, file_name, **options):
        return import_access_log(
            file=file,
            file_name=file_name,
            most_bytes=AccessLogForm.most_bytes(),
            at=timezone.now(),
            by=self.request.user,
            **options,
        )

    def show(self, **context):
        self.title = "Count these views?" if "waiting" in context else "Import an access log"
        return super().show(**context)


class AccessLogImports:
    """The upload page for a log, reached from the list of imported logs."""

    def has_import_permission(self, request):
        return request.user.has_perm("billing.add_accesslogimport")

    def get_urls(self):
        view = AccessLogImportView.as_page(self)
        return [path("import/", view, name="billing_accesslogimport_import"), *super().get_urls()]

    def changelist_view(self, request, extra_context=None):
        extra_context = {"may_import": self.has_import_permission(request)} | (extra_context or {})
        return super().changelist_view(request, extra_context)


@admin.register(AccessLogImport)
class AccessLogImportAdmin(AccessLogImports, ReadOnlyAdmin):
    list_display = ["file_name", "started_at", "finished_at", "line_count", "person"]
    list_select_related = ["by"]
    search_fields = ["file_name", "sha256"]
    search_help_text = "Search by file name or SHA-256"
    ordering = ["-started_at", "-pk"]
    sortable_by = ["started_at"]
    fields = readonly_fields = [
        "file_name",
        "digest",
        "person",
        "path_pattern",
        "trusted_proxies",
        "started_at",
        "finished_at",
        "line_count",
        "outcome_table",
    ]
    empty_list_text = (
        "No access log has been imported. Views of pages that another server delivered come out "
        "of its log."
    )
    empty_list_step = (
        "“Import a log”, above, reads one, and so does “manage.py import_access_log FILE”."
    )
    empty_list_right = "billing.add_accesslogimport"

    class Media:
        css = {"all": ["billing/statement.css"]}

    @display(description="Lines", formatting="price")
    def line_count(self, log_import):
        return f"{log_import.lines:,}"

    @display(description="By")
    def person(self, log_import):
        return full_name(log_import.by) if log_import.by else "Command line"

    @display(description="SHA-256 of the file")
    def digest(self, log_import):
        if not log_import.sha256:
            return "Not known: the import stopped before the end of the file."
        return format_html('<span class="bo-mono">{}</span>', log_import.sha256)

    @display(description="What became of the lines")
    def outcome_table(self, log_import):
        outcomes = {heading: log_import.outcomes.get(heading, 0) for heading in HEADINGS}
        rows = format_html_join(
            "",
            '<tr><td>{}</td><td class="bo-num">{}</td></tr>',
            ((capfirst(heading), f"{lines:,}") for heading, lines in outcomes.items()),
        )
        return format_html('<table class="bo-table">{}</table>', rows)
