"""The pages of the trail: all entries newest first, one entry by its own address, and a file."""

import io
from typing import Any

from django.contrib import messages
from django.core import signing
from django.http import FileResponse, Http404
from django.shortcuts import redirect
from django.urls import reverse
from django.views.generic import TemplateView, View
from unfold.views import UnfoldSiteViewMixin

from backoffice.errors import Refusal
from backoffice.moved_pages import MOVED_MODELS
from backoffice.trail.files import MOST_ENTRIES, make_trail_file
from backoffice.trail.filters import TrailForm
from backoffice.trail.objects import READ_ALL, ask_for_page, make_rows
from backoffice.trail.own_sources import SECURITY
from backoffice.trail.reading import load_entries, read_place
from backoffice.uploads import LIFETIME, UploadGone, open_upload

SALT = "backoffice.trail"
LIST = "admin:backoffice_audittrail_changelist"


class AuditTrailView(UnfoldSiteViewMixin, TemplateView):
    http_method_names = ["get", "head"]
    permission_required = READ_ALL
    template_name = "backoffice/audit_trail.html"
    title = "Audit trail"

    def get(self, request, *args, **kwargs):
        """Show the page, or lead on from a bookmark that holds what a kind was called before."""
        query = request.GET.copy()
        if kind := MOVED_MODELS.get(query.get("kind", "")):
            query["kind"] = kind
        if "reason" in query:
            (reason,) = query.pop("reason")[-1:]
            query["q"] = reason
        if query != request.GET:
            return redirect(f"{request.path}?{query.urlencode()}", permanent=True)
        return super().get(request, *args, **kwargs)

    def get_context_data(self, **kwargs):
        form = TrailForm(self.request.GET)
        page = ask_for_page(form.select(), self.request.GET)
        about = form.cleaned_data.get("object") if form.is_valid() else None
        return super().get_context_data(
            form=form,
            page=page,
            rows=make_rows(load_entries(page.places), self.request, self.admin_site),
            about=about,
            reads_all=True,
            most_entries=f"{MOST_ENTRIES:,}",
            **kwargs,
        )


class TrailEntryView(UnfoldSiteViewMixin, TemplateView):
    """One entry, by an address that stays. After a file was made, with the way to take it."""

    http_method_names = ["get", "head"]
    permission_required = READ_ALL
    template_name = "backoffice/trail/entry.html"
    title = "Entry of the audit trail"

    def get_context_data(self, **kwargs):
        place = read_place(f"2026-01-01T00:00:00+00:00~{kwargs['name'].replace(':', '~')}")
        entries = load_entries([place]) if place else []
        if not entries:
            raise Http404
        (row,) = make_rows(entries, self.request, self.admin_site)
        file = _read_token(self.request)
        return super().get_context_data(
            rows=[row],
            entry=row.entry,
            address=self.request.build_absolute_uri(self.request.path),
            file=file,
            reads_all=True,
            **kwargs,
        )


class TrailFileView(UnfoldSiteViewMixin, View):
    """POST makes the file of what the address asks for. GET hands it to who made it."""

    http_method_names = ["get", "post"]
    permission_required = READ_ALL
    title = "Audit trail as a file"

    def post(self, request):
        form = TrailForm(request.GET)
        back = f"{reverse(LIST)}?{request.GET.urlencode()}"
        if not form.is_valid():
            messages.error(request, "No file was made: put the filter right first.")
            return redirect(back)
        asked = _describe_filter(form, request.GET)
        try:
            made = make_trail_file(selections=form.select(), asked=asked, by=request.user)
        except Refusal as error:
            messages.error(request, str(error))
            return redirect(back)
        token = signing.dumps([made.name, made.sha256, made.event.pk], salt=SALT)
        entry = reverse("admin:backoffice_audittrail_entry", args=[f"{SECURITY}:{made.event.pk}"])
        return redirect(f"{entry}?file={token}")

    def get(self, request):
        file = _read_token(request)
        if file is None:
            raise Http404
        try:
            with open_upload(file["upload"], sha256=file["sha256"], by=request.user) as kept:
                content = kept.read()
        except UploadGone:
            messages.error(request, "The file is no longer there. Make it again.")
            return redirect(LIST)
        response = FileResponse(io.BytesIO(content), as_attachment=True, filename=file["name"])
        response.headers["Content-Type"] = "text/csv; charset=utf-8"
        return response


def _read_token(request) -> dict[str, Any] | None:
    token = request.GET.get("file", "")
    try:
        upload, sha256, event = signing.loads(token, salt=SALT, max_age=LIFETIME)
    except signing.BadSignature:
        return None
    return {
        "upload": upload,
        "sha256": sha256,
        "name": f"audit-trail-{event}.csv",
        "url": f"{reverse('admin:backoffice_audittrail_export')}?file={token}",
    }


def _describe_filter(form: TrailForm, query) -> str:
    """Return in words what was asked for: “Who: finn, From: 2026-10-01”."""
    told = []
    for name, field in form.fields.items():
        if value := query.get(name):
            choices = dict(getattr(field, "choices", []))
            told.append(f"{field.label or name.capitalize()}: {choices.get(value, value)}")
    return ", ".join(told)
