"""Access logs: what was imported, and the way in for a new one."""

from contextlib import ExitStack

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.text import capfirst
from django.views.decorators.http import require_http_methods
from unfold.decorators import display

from backoffice.base_admin import ReadOnlyAdmin
from backoffice.bodies import takes_files
from backoffice.uploads import (
    UploadGone,
    drop_stale_uploads,
    drop_upload,
    keep_upload,
    open_upload,
    take_upload,
)
from billing.access_logs.importing import HEADINGS, import_access_log
from billing.errors import BillingError
from billing.forms.entries import AccessLogForm
from billing.models import AccessLogImport
from weblog.names import full_name

SESSION_KEY = "access_log_upload"


class ImportPage:
    """Upload a log, look at what it would come to, and only then count it: one page, three steps.

    What waits to be confirmed stands in the session, under the file's random name.
    """

    def get_urls(self):
        view = takes_files(
            require_http_methods(["GET", "HEAD", "POST"])(self.import_view),
            most_bytes=AccessLogForm.most_bytes,
            allows=self.has_import_permission,
        )
        name = "billing_accesslogimport_import"
        return [path("import/", self.admin_site.admin_view(view), name=name), *super().get_urls()]

    def has_import_permission(self, request):
        return request.user.has_perm("billing.add_accesslogimport")

    def changelist_view(self, request, extra_context=None):
        extra_context = {"may_import": self.has_import_permission(request)} | (extra_context or {})
        return super().changelist_view(request, extra_context)

    def import_view(self, request):
        if not self.has_import_permission(request):
            raise PermissionDenied
        if request.method == "POST":
            drop_stale_uploads(at=timezone.now())
            steps = {"confirm": self._confirm, "cancel": self._cancel}
            return steps.get(request.POST.get("step"), self._preview)(request)
        return self._show(request, AccessLogForm(), request.session.get(SESSION_KEY))

    def _show(self, request, form, waiting=None):
        context = self.admin_site.each_context(request) | {
            "title": "Count these views?" if waiting else "Import an access log",
            "opts": self.opts,
            "form": form,
            "waiting": waiting,
        }
        return TemplateResponse(request, "billing/import.html", context)

    def _preview(self, request):
        """Keep the file and show what an import would come to. Nothing is counted."""
        form = AccessLogForm(request.POST, request.FILES)
        if not form.is_valid():
            return self._show(request, form)
        _forget(request)
        name, sha256 = keep_upload(chunks=form.cleaned_data["file"].chunks(), by=request.user)
        waiting = {
            "name": name,
            "sha256": sha256,
            "file_name": form.cleaned_data["file"].name,
            "path_pattern": form.cleaned_data["path_pattern"],
            "trusted_proxies": form.cleaned_data["trusted_proxies"],
        }
        with ExitStack() as unless_it_fits:
            unless_it_fits.callback(drop_upload, name, by=request.user)
            try:
                with open_upload(name, sha256=sha256, by=request.user) as file:
                    report = _import(file, waiting, by=request.user, dry_run=True)
            except (BillingError, UploadGone) as error:
                form.add_error("file", str(error))
                return self._show(request, form)
            unless_it_fits.pop_all()
        request.session[SESSION_KEY] = waiting | report.describe()
        return HttpResponseRedirect(reverse("admin:billing_accesslogimport_import"))

    def _confirm(self, request):
        """Count the file that was looked at. It is gone before the first view is counted."""
        waiting = request.session.pop(SESSION_KEY, None)
        try:
            if waiting is None or waiting["name"] != request.POST.get("name"):
                raise UploadGone("This file was imported or cancelled already, or replaced.")
            upload = take_upload(waiting["name"], sha256=waiting["sha256"], by=request.user)
            with upload as file:
                report = _import(file, waiting, by=request.user)
        except (BillingError, UploadGone) as error:
            self.message_user(request, str(error), messages.ERROR)
            return HttpResponseRedirect(reverse("admin:billing_accesslogimport_import"))
        finally:
            if waiting:
                drop_upload(waiting["name"], by=request.user)
        success = f"{report.file_name} is imported. Below is what became of its lines."
        self.message_user(request, success, messages.SUCCESS)
        url = reverse("admin:billing_accesslogimport_change", args=[report.log_import.pk])
        return HttpResponseRedirect(url)

    def _cancel(self, request):
        _forget(request)
        self.message_user(request, "Nothing was counted. The uploaded file is removed.")
        return HttpResponseRedirect(reverse("admin:billing_accesslogimport_changelist"))


def _import(file, waiting, *, by, dry_run=False):
    return import_access_log(
        file=file,
        file_name=waiting["file_name"],
        path_pattern=waiting["path_pattern"],
        trusted_proxies=waiting["trusted_proxies"],
        most_bytes=AccessLogForm.most_bytes(),
        at=timezone.now(),
        by=by,
        dry_run=dry_run,
    )


def _forget(request):
    if waiting := request.session.pop(SESSION_KEY, None):
        drop_upload(waiting["name"], by=request.user)


@admin.register(AccessLogImport)
class AccessLogImportAdmin(ImportPage, ReadOnlyAdmin):
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
        "No access log has been imported. “Import a log”, above, reads one, and so does "
        "“manage.py import_access_log FILE”, for pages that this application did not serve itself."
    )

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
            return "Not known: the file was not read to its end."
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
