"""The list of proposals, on which another administrator confirms or refuses."""

from django.contrib import admin
from django.db.models import QuerySet
from django.utils import timezone
from unfold.contrib.filters.admin import ChoicesCheckboxFilter
from unfold.decorators import display
from unfold.enums import ActionVariant

from backoffice.accounts.actors import current_actor
from backoffice.accounts.confirming import ConfirmMixin
from backoffice.accounts.models import AccessRequest
from backoffice.accounts.two_people import confirm_access, find_objections, refuse_access
from backoffice.base_admin import ReadOnlyAdmin
from backoffice.dialogs import DialogActions, DialogForm, ReasonField, dialog_action
from backoffice.people import full_name

Outcome = AccessRequest.Outcome


class ConfirmDialog(ConfirmMixin, DialogForm):
    def __init__(self, request, obj=None, **kwargs):
        super().__init__(request, obj, **kwargs)
        self.ask_to_confirm()


class RefuseDialog(DialogForm):
    note = ReasonField(label="Why not?", rows=2, missing="Say why: the proposer reads it.")


CONFIRM = {
    "title": "Confirm this?",
    "description": "Ask the person yourself first, by another way than mail. It takes effect at "
    "once, and everyone concerned gets a mail.",
    "form_class": ConfirmDialog,
    "form_submit_text": "Confirm",
}
REFUSE = {
    "title": "Refuse this?",
    "description": "Nobody gets the right. The proposer can withdraw the proposal in the same way.",
    "form_class": RefuseDialog,
    "form_submit_text": "Refuse",
}


@admin.register(AccessRequest)
class AccessRequestAdmin(DialogActions, ReadOnlyAdmin):
    list_display = [
        "show_what",
        "show_whom",
        "show_outcome",
        "show_asker",
        "asked_at",
        "show_decider",
    ]
    list_display_links = ["show_what"]
    list_select_related = ["about", "group", "permission", "asked_by", "decided_by"]
    list_filter = [("outcome", ChoicesCheckboxFilter), ("kind", ChoicesCheckboxFilter)]
    search_fields = ["about__username", "about__last_name", "group__name", "reason"]
    search_help_text = "Search by username, last name, group or reason"
    fields = readonly_fields = [
        "show_what", "show_whom", "reason", "show_asker", "asked_at", "show_outcome_text",
        "show_decider", "decided_at", "decision_note", "show_objections",
    ]  # fmt: skip
    actions_detail = ["confirm", "refuse"]
    empty_list_text = (
        "There is no proposal yet. One administrator proposes a right over money or accounts on "
        "the page of a user or a group, and another confirms it here."
    )

    @display(description="what")
    def show_what(self, request):
        return request.what[0].upper() + request.what[1:]

    @display(description="for")
    def show_whom(self, request):
        return request.whom

    @display(description="proposed by", ordering="asked_by")
    def show_asker(self, request):
        return full_name(request.asked_by)

    @display(description="decided by", ordering="decided_by")
    def show_decider(self, request):
        return full_name(request.decided_by) if request.decided_by else None

    @display(
        description="state",
        ordering="outcome",
        label={
            Outcome.WAITING: "warning",
            Outcome.CONFIRMED: "success",
            Outcome.REFUSED: "danger",
        },
    )
    def show_outcome(self, request):
        return request.outcome, self.show_outcome_text(request)

    @display(description="state")
    def show_outcome_text(self, request):
        text = request.get_outcome_display()
        return f"{text} by a single administrator" if request.is_alone else text

    @display(description="You can't confirm it")
    def show_objections(self, request):
        return " ".join(_find_objections(request, current_actor()))

    def get_fields(self, request, obj=None):
        hidden = set()
        if not _find_objections(obj, request.user):
            hidden.add("show_objections")
        if obj and obj.outcome == Outcome.WAITING:
            hidden |= {"show_decider", "decided_at", "decision_note"}
        return [name for name in self.fields if name not in hidden]

    def has_decide_permission(self, request, object_id=None):
        return request.user.is_superuser

    @dialog_action(
        description="Confirm",
        icon="how_to_reg",
        variant=ActionVariant.PRIMARY,
        permissions=["decide"],
        dialog=CONFIRM,
        fits=lambda access, user: (
            access.outcome == Outcome.WAITING and not _find_objections(access, user)
        ),
    )
    def confirm(self, request, form):
        return _describe_decision(confirm_access(request=form.obj, by=request.user), "is given")

    @dialog_action(
        description="Refuse",
        icon="block",
        permissions=["decide"],
        dialog=REFUSE,
        fits=lambda access, user: access.outcome == Outcome.WAITING,
    )
    def refuse(self, request, form):
        access = refuse_access(request=form.obj, by=request.user, note=form.cleaned_data["note"])
        return _describe_decision(access, "is refused")


def _describe_decision(access, word):
    return f"{access.what[0].upper()}{access.what[1:]} {word}."


def _find_objections(access, user):
    if access is None or access.outcome != Outcome.WAITING or not user.is_superuser:
        return []
    return find_objections(request=access, by=user, at=timezone.now())


def find_waiting() -> QuerySet[AccessRequest]:
    return AccessRequest.objects.filter(outcome=Outcome.WAITING)
