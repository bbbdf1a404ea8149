"""Failed sign-ins and their locks, for administrators."""

from allauth.account.admin import EmailAddress
from allauth.mfa.admin import Authenticator
from axes.models import AccessAttempt
from django import forms
from django.conf import settings
from django.contrib import admin
from django.db.models import OuterRef, Subquery, Sum
from django.urls import reverse
from django.utils.text import Truncator
from unfold.decorators import display
from unfold.enums import ActionVariant
from unfold.widgets import UnfoldAdminRadioSelectWidget

from backoffice.accounts.throttle import find_live_attempts, release_lock
from backoffice.base_admin import ReadOnlyAdmin
from backoffice.dialogs import DialogForm, Done, ReasonField, dialog_action

# allauth's own pages show unused addresses, and secrets of factors in a text field.
admin.site.unregister([EmailAddress, Authenticator])


class ReleaseDialog(DialogForm):
    what = forms.ChoiceField(label="Who may try again?", widget=UnfoldAdminRadioSelectWidget)
    reason = ReasonField(
        rows=2,
        help_text="First make sure that the owner of the account is asking.",
        missing="Say why: the reason is kept.",
    )

    def __init__(self, request, obj=None, **kwargs):
        super().__init__(request, obj, **kwargs)
        choices = [("account", f"{obj.username}, from everywhere")]
        if obj.ip_address:
            choices.append(("address", f"Everybody at {obj.ip_address}"))
        self.fields["what"].choices = choices
        self.fields["what"].initial = "account"


RELEASE = {
    "title": "Let them try again?",
    "description": "This deletes the failed attempts and ends the lock.",
    "form_class": ReleaseDialog,
    "form_submit_text": "Let them try again",
}


@admin.register(AccessAttempt)
class FailedSignInAdmin(ReadOnlyAdmin):
    """The failures that still count. A failure older than the time of a lock expires."""

    list_display = [
        "show_account", "show_status", "show_address", "show_failures", "show_last_failure",
        "show_browser",
    ]  # fmt: skip
    list_display_links = ["show_account"]
    search_fields = ["username", "ip_address"]
    search_help_text = "Search by username or address"
    ordering = ["-attempt_time"]
    fields = ["show_account", "show_address", "show_failures", "show_last_failure", "user_agent"]
    empty_list_text = (
        "Nobody gave a wrong password or code lately: failures and locks end by themselves."
    )
    actions_detail = ["release"]
    actions_row = ["release"]

    def changelist_view(self, request, extra_context=None):
        return super().changelist_view(
            request, {"title": "Failed sign-ins"} | (extra_context or {})
        )

    def get_queryset(self, request):
        live = find_live_attempts()
        sums = {
            "of_both": {"username": OuterRef("username"), "ip_address": OuterRef("ip_address")},
            "of_account": {"username": OuterRef("username")},
            "of_address": {"ip_address": OuterRef("ip_address")},
        }
        return live.annotate(**{name: _add_up(live, match) for name, match in sums.items()})

    @display(description="account", ordering="username")
    def show_account(self, attempt):
        return attempt.username or "none"

    @display(description="address", ordering="ip_address", empty_value="none")
    def show_address(self, attempt):
        return attempt.ip_address

    @display(description="failures", ordering="failures_since_start")
    def show_failures(self, attempt):
        return attempt.failures_since_start

    @display(description="last failure", ordering="attempt_time")
    def show_last_failure(self, attempt):
        return attempt.attempt_time

    @display(description="browser")
    def show_browser(self, attempt):
        return Truncator(attempt.user_agent).chars(40)

    @display(description="status", label={"locked": "danger", "counted": "info"})
    def show_status(self, attempt):
        for failures, limit, text in (
            (attempt.of_both, settings.AXES_FAILURE_LIMIT, "Locked at this address"),
            (attempt.of_account, settings.SIGN_IN_FAILURES_OF_ACCOUNT, "Account locked"),
            (attempt.of_address, settings.SIGN_IN_FAILURES_OF_ADDRESS, "Address locked"),
        ):
            if (failures or 0) >= limit:
                return "locked", text
        return "counted", "Not locked"

    def has_release_permission(self, request, object_id=None):
        return request.user.has_perm("axes.delete_accessattempt")

    @dialog_action(
        description="Release",
        icon="lock_open",
        variant=ActionVariant.PRIMARY,
        permissions=["release"],
        dialog=RELEASE,
    )
    def release(self, request, form):
        attempt, reason = form.obj, form.cleaned_data["reason"]
        released = {"username": attempt.username}
        if form.cleaned_data["what"] == "address":
            released = {"ip_address": attempt.ip_address}
        self.log_change(request, attempt, f"Released {_name(released)}: {reason}")
        release_lock(**released, by=request.user, reason=reason)
        return Done(
            f"{_name(released)} can try again.", url=reverse("admin:axes_accessattempt_changelist")
        )


def _add_up(attempts, match):
    groups = attempts.filter(**match).order_by().values(*match)
    return Subquery(groups.annotate(sum=Sum("failures_since_start")).values("sum"))


def _name(released):
    return released.get("username") or f"Everybody at {released['ip_address']}"
