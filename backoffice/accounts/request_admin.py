"""What one administrator proposed: another confirms it here, or refuses."""

from django import forms
from django.contrib import admin, messages
from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils import timezone
from unfold.contrib.filters.admin import ChoicesCheckboxFilter
from unfold.decorators import action, display
from unfold.enums import ActionVariant
from unfold.forms import BaseDialogForm
from unfold.widgets import UnfoldAdminTextareaWidget

from backoffice.accounts.actors import current_actor
from backoffice.accounts.confirming import ConfirmMixin
from backoffice.accounts.models import AccessRequest
from backoffice.accounts.two_people import (
    AccessRefused,
    confirm_access,
    find_objections,
    refuse_access,
)
from backoffice.base_admin import ReadOnlyAdmin

Outcome = AccessRequest.Outcome


class RequestDialog(BaseDialogForm):
    def __init__(self, request, object_id=None, **kwargs):
        super().__init__(request, object_id, **kwargs)
        try:
            self.access = AccessRequest.objects.get(pk=object_id)
        except (AccessRequest.DoesNotExist, ValueError, OverflowError):
            raise Http404 from None


class ConfirmDialog(ConfirmMixin, RequestDialog):
    def __init__(self, request, object_id=None, **kwargs):
        super().__init__(request, object_id, **kwargs)
        self.ask_to_confirm()


class RefuseDialog(RequestDialog):
    note = forms.CharField(
        label="Why not?",
        max_length=1000,
        widget=UnfoldAdminTextareaWidget({"rows": 2}),
        error_messages={"required": "Say why: whoever proposed it reads it."},
    )


CONFIRM = {
    "title": "Confirm this?",
    "description": "Ask the person yourself first, by another way than mail. It takes effect at "
    "once, and everyone concerned gets a mail.",
    "form_class": ConfirmDialog,
    "form_submit_text": "Confirm",
}
REFUSE = {
    "title": "Refuse this?",
    "description": "Nothing is given. Whoever proposed it can take it back in the same way.",
    "form_class": RefuseDialog,
    "form_submit_text": "Refuse",
}


@admin.register(AccessRequest)
class AccessRequestAdmin(ReadOnlyAdmin):
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
    fields = readonly_fields = [
        "show_what", "show_whom", "reason", "show_asker", "asked_at", "show_outcome_text",
        "show_decider", "decided_at", "decision_note", "show_objections",
    ]  # fmt: skip
    actions_detail = ["confirm", "refuse"]
    empty_list_text = (
        "Nothing was proposed yet. A right over money or accounts is proposed by one "
        "administrator on the page of a user or a group, and confirmed by another here."
    )

    @display(description="what")
    def show_what(self, request):
        return request.what[0].upper() + request.what[1:]

    @display(description="for")
    def show_whom(self, request):
        return request.whom

    @display(description="proposed by", ordering="asked_by")
    def show_asker(self, request):
        return _name(request.asked_by)

    @display(description="decided by", ordering="decided_by")
    def show_decider(self, request):
        return _name(request.decided_by) if request.decided_by else None

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

    def get_actions_detail(self, request, object_id):
        access = self.get_object(request, object_id)
        if access is None or access.outcome != Outcome.WAITING:
            return []
        actions = super().get_actions_detail(request, object_id)
        if _find_objections(access, request.user):
            actions = [shown for shown in actions if not shown.path.endswith("confirm")]
        return actions

    @action(
        description="Confirm",
        icon="how_to_reg",
        variant=ActionVariant.PRIMARY,
        permissions=["decide"],
        dialog=CONFIRM,
    )
    def confirm(self, request, form, object_id):
        return self.decide(request, form, confirm_access, "is given")

    @action(description="Refuse", icon="block", permissions=["decide"], dialog=REFUSE)
    def refuse(self, request, form, object_id):
        return self.decide(
            request, form, refuse_access, "is refused", note=form.cleaned_data["note"]
        )

    def decide(self, request, form, decide, word, **values):
        try:
            access = decide(request=form.access, by=request.user, **values)
        except AccessRefused as refusal:
            self.message_user(request, str(refusal), messages.ERROR)
        else:
            text = f"{access.what[0].upper()}{access.what[1:]} {word}."
            self.message_user(request, text, messages.SUCCESS)
        url = reverse("admin:backoffice_accessrequest_change", args=[form.access.pk])
        return HttpResponse(headers={"HX-Redirect": url})


def _find_objections(access, user):
    if access is None or access.outcome != Outcome.WAITING or not user.is_superuser:
        return []
    return find_objections(request=access, by=user, at=timezone.now())


def _name(user):
    return user.get_full_name() or user.get_username()


def count_waiting() -> int:
    return AccessRequest.objects.filter(outcome=Outcome.WAITING).count()
