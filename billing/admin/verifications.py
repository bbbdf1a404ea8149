"""The pages on which auditors start verifications and read their results."""

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.core.validators import RegexValidator
from django.http import FileResponse, Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import display
from unfold.enums import ActionVariant
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from backoffice.accounts.security_log import record_download
from backoffice.base_admin import ReadOnlyAdmin
from backoffice.dialogs import DialogForm, Done, dialog_action, page_of
from backoffice.people import full_name
from billing.counting.equation import list_months
from billing.errors import WrongStatus
from billing.evidence_pack import make_evidence_pack, name_pack
from billing.models import PayoutBatch, Verification
from billing.periods import format_month, parse_month
from billing.verification import advance_verification, describe_next, start_verification
from billing.verification.reports import NOT_PROVED, PROVED, list_numbers

STATUS_COLOURS = {"running": "info", "passed": "success", "failed": "danger"}
SECONDS_A_REQUEST = 2  # gunicorn ends a request after 30 s; this stays far below it


class VerifyDialog(DialogForm):
    month = forms.ChoiceField(required=False, widget=UnfoldAdminSelectWidget)
    head = forms.CharField(
        label="Head of the chain",
        required=False,
        validators=[
            RegexValidator(r"^\s*[0-9a-fA-F]{64}\s*$", "A hash has 64 digits, 0-9 and a-f.")
        ],
        widget=UnfoldAdminTextInputWidget,
        help_text=(
            "The hash from an export or a mail. It proves that nobody has taken back a seal since "
            "then. May be left empty."
        ),
    )

    def __init__(self, request, obj=None, **kwargs):
        super().__init__(request, obj, **kwargs)
        months = [(format_month(month), f"{month:%B %Y}") for month in list_months()]
        self.fields["month"].choices = [("", "All months"), *months]


VERIFY = {
    "title": "Verify payouts?",
    "description": "Imprint works out every cent again from the views and prices. That takes "
    "seconds for few views and minutes for many. This page shows the progress.",
    "form_class": VerifyDialog,
    "form_submit_text": "Verify",
}


@admin.register(Verification)
class VerificationAdmin(ReadOnlyAdmin):
    """All verification runs, the nightly ones too. The page of an unfinished run continues it."""

    actions_list = ["verify"]
    list_display = ["scope", "status_label", "started_at", "person", "first_difference"]
    list_select_related = ["by"]
    list_filter = [("status", ChoicesDropdownFilter)]
    ordering = ["-started_at", "-pk"]
    sortable_by = ["started_at"]
    empty_list_text = (
        "Nothing has been verified yet. A nightly job works out every paid cent again. Press "
        "“Verify” to do so now."  # whoever sees the list may
    )

    class Media:
        css = {"all": ["billing/statement.css"]}

    def has_module_permission(self, request):
        return self.has_verify_permission(request)

    def has_view_permission(self, request, obj=None):
        return self.has_verify_permission(request)

    def has_verify_permission(self, request, object_id=None):
        return request.user.has_perm("billing.verify_payoutbatch")

    @dialog_action(
        description="Verify",
        icon="verified_user",
        variant=ActionVariant.PRIMARY,
        permissions=["verify"],
        dialog=VERIFY,
    )
    def verify(self, request, form):
        month = form.cleaned_data["month"]
        run = start_verification(
            month=parse_month(month) if month else None,
            head=form.cleaned_data["head"],
            by=request.user,
        )
        return Done(url=page_of(run))

    def get_urls(self):
        own = [
            ("<int:pk>/advance/", self.advance_view, "billing_verification_advance"),
            ("pack/<int:pk>/", self.pack_view, "billing_payoutbatch_pack"),
        ]
        return [
            *(path(url, self.admin_site.admin_view(view), name=name) for url, view, name in own),
            *super().get_urls(),
        ]

    def advance_view(self, request, pk):
        """Continue a verification for a moment and return its progress."""
        if not self.has_verify_permission(request):
            raise PermissionDenied
        run = self.get_object(request, str(pk))
        if run is None or request.method != "POST":
            raise Http404
        if run.status == Verification.Status.RUNNING:
            run = advance_verification(run, seconds=SECONDS_A_REQUEST)
        if "HX-Request" not in request.headers:
            return redirect("admin:billing_verification_change", run.pk)
        return render(request, "billing/verification/run.html", _describe(run))

    def pack_view(self, request, pk):
        """Hand out the evidence pack of an approved batch, which adds a link to the chain."""
        if not self.has_verify_permission(request):
            raise PermissionDenied
        if request.method != "POST":
            raise Http404
        batch = get_object_or_404(PayoutBatch, pk=pk)
        try:
            file = make_evidence_pack(batch, by=request.user)
        except WrongStatus as error:
            raise Http404 from error
        name = name_pack(batch)
        record_download(name=f"Evidence pack, {name}", content=None, by=request.user)
        return FileResponse(file, as_attachment=True, filename=name)

    def render_change_form(self, request, context, add=False, change=False, form_url="", obj=None):
        context |= {"title": "Verification", "subtitle": None, **_describe(obj)}
        return super().render_change_form(request, context, add, change, form_url, obj)

    @display(description="Months", ordering="month")
    def scope(self, run):
        return str(run)

    @display(description="Outcome", ordering="status", label=STATUS_COLOURS)
    def status_label(self, run):
        return run.status, run.get_status_display()

    @display(description="Started by")
    def person(self, run):
        return full_name(run.by) if run.by else "nightly job or command line"

    @display(description="First difference")
    def first_difference(self, run):
        return run.difference or None


def _describe(run):
    return {
        "run": run,
        "next_step": describe_next(run),
        "numbers": list_numbers(run),
        "proved": PROVED,
        "not_proved": NOT_PROVED,
        "person": full_name(run.by) if run.by else "the nightly job or the command line",
    }
