"""The page of mails: to whom, about what, when, and what the mail server said."""

from django.contrib import admin
from django.utils.text import capfirst
from unfold.contrib.filters.admin import ChoicesCheckboxFilter, DropdownFilter
from unfold.decorators import display

from backoffice.base_admin import DayRangeFilter, ReadOnlyAdmin
from backoffice.dialogs import DialogActions, dialog_action
from backoffice.mailing.kinds import list_kinds
from backoffice.mailing.models import Mail
from backoffice.mailing.resending import is_resendable, resend
from backoffice.people import full_name

RESEND = {
    "title": "Send this mail again?",
    "description": "It goes to the same address within five minutes.",
    "form_submit_text": "Send it again",
}


class KindFilter(DropdownFilter):
    title, parameter_name = "about", "kind"

    def lookups(self, request, model_admin):
        return [(kind.key, capfirst(kind.label)) for kind in list_kinds().values()]

    def queryset(self, request, queryset):
        return queryset.filter(kind=self.value()) if self.value() else queryset


@admin.register(Mail)
class MailAdmin(DialogActions, ReadOnlyAdmin):
    list_display = ["subject", "show_state", "show_to", "show_kind", "made_at", "sent_at"]
    list_select_related = ["person"]
    list_filter = [("state", ChoicesCheckboxFilter), KindFilter, ("made_at", DayRangeFilter)]
    search_fields = ["address", "subject", "person__username", "person__last_name"]
    search_help_text = "Search by address, subject, username or last name"
    fields = readonly_fields = [
        "subject", "show_to", "address", "show_kind", "show_state_text", "made_at", "sent_at",
        "tries", "try_after", "reason", "show_text",
    ]  # fmt: skip
    actions_detail = ["send_again"]
    empty_list_text = (
        "No mail was written yet. Each mail to somebody with an account, or about a payee, stands "
        "here, and whether the mail server took it."
    )

    @display(description="to", ordering="address")
    def show_to(self, mail):
        return full_name(mail.person) if mail.person else mail.address

    @display(description="about", ordering="kind")
    def show_kind(self, mail):
        return capfirst(mail.kind_label)

    @display(
        description="state",
        ordering="state",
        label={
            Mail.State.WAITING: "warning",
            Mail.State.SENT: "success",
            Mail.State.FAILED: "danger",
        },
    )
    def show_state(self, mail):
        return mail.state, mail.get_state_display()

    @display(description="state")
    def show_state_text(self, mail):
        return mail.get_state_display()

    @display(description="text")
    def show_text(self, mail):
        if not mail.text:
            return "Not kept: it held a link to a password, or the name of somebody who has left."
        return mail.text

    def get_fields(self, request, obj=None):
        hidden = {"sent_at"} if obj and obj.sent_at is None else {"try_after", "reason"}
        if obj and obj.state == Mail.State.FAILED:
            hidden |= {"try_after"}
        if obj and obj.person is None:
            hidden |= {"show_to"}
        return [name for name in self.fields if name not in hidden]

    def has_send_again_permission(self, request, object_id=None):
        return request.user.is_superuser

    @dialog_action(
        description="Send again",
        icon="forward_to_inbox",
        permissions=["send_again"],
        dialog=RESEND,
        fits=lambda mail, user: is_resendable(mail),
    )
    def send_again(self, request, form):
        resend(mail=form.obj)
        return "The mail goes out with the next run of its job."
