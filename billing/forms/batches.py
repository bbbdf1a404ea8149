"""The dialogs before a batch moves on: text, figures and, for an approval, the signature."""

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.html import format_html
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminPasswordWidget,
)

from backoffice.accounts.confirming import ConfirmMixin
from backoffice.accounts.locks import describe_lock
from backoffice.accounts.throttle import is_locked, is_own_password
from backoffice.dialogs import DialogForm, ReasonField
from backoffice.people import full_name
from billing.errors import BatchOutdated
from billing.models import PayoutBatch
from billing.money import house_currency
from billing.payouts.batch_checks import find_blockers, find_flags
from billing.payouts.due import describe_unpriced
from billing.payouts.due_months import find_months_to_build
from billing.payouts.earlier_answers import with_earlier
from billing.payouts.foreseen import foresee_rebuild
from billing.payouts.four_eyes import find_objections
from billing.payouts.requests import find_request
from billing.periods import format_month, parse_month

FLAG_PREFIX = "flag_"
AUTHORS_SHOWN = 20  # of those for whom a rebuild changes something
LOOK_AT = '{} <a class="bo-link" href="{}" target="_blank">Look at what this is about (new tab)</a>'


class BuildDialog(DialogForm):
    """Names the months that are due, and asks about those with views that have no price."""

    form_before_template = "billing/build_dialog.html"

    def __init__(self, request, obj=None, **kwargs):
        super().__init__(request, obj, **kwargs)
        self.months = find_months_to_build(at=timezone.now())
        unpriced = {month: describe_unpriced(month) for month in self.months}
        self.unpriced = {month: text for month, text in unpriced.items() if text}
        if self.unpriced:
            self._ask()

    def _ask(self):
        self.fields["leave_out"] = forms.MultipleChoiceField(
            label="Build without them: these views wait for their price",
            choices=[
                (format_month(month), f"{month:%B %Y}: {text}")
                for month, text in self.unpriced.items()
            ],
            required=False,
            widget=UnfoldAdminCheckboxSelectMultipleWidget,
        )
        self.fields["reason"] = ReasonField(
            label="Why they are left out",
            help_text="Kept with the batch, and read by whoever approves it.",
        )

    def clean(self):
        cleaned_data = super().clean()
        if cleaned_data.get("leave_out") and not cleaned_data.get("reason"):
            self.add_error("reason", "Say why: the reason is kept with the batch.")
        return cleaned_data

    @property
    def leave_out(self):
        """Return {month: the reason to build it without its views that have no price}."""
        months = map(parse_month, self.cleaned_data.get("leave_out", []))
        return dict.fromkeys(months, self.cleaned_data.get("reason", ""))

    def get_before_template_context(self, request, object_id=None):
        return {"months": self.months, "currency": house_currency()}


class BatchDialog(DialogForm):
    """Shows the figures of the batch, and posts back which ones it showed."""

    form_before_template = "billing/batch_dialog.html"

    seen = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, request, obj=None, **kwargs):
        super().__init__(request, obj, **kwargs)
        seen = (obj.built_at.isoformat(), obj.digest, obj.total)
        self.fields["seen"].initial = "/".join(map(str, seen))

    def get_before_template_context(self, request, object_id=None):
        return {"form": self, "batch": self.obj}

    def take_batch(self):
        """Return the batch. Raises BatchOutdated if it changed after the dialog showed it."""
        seen = self.cleaned_data["seen"]
        if seen and seen != self.fields["seen"].initial:
            raise BatchOutdated(
                "Somebody changed this batch while you looked at it. Look at it again."
            )
        return self.obj


class SubmitDialog(BatchDialog):
    """Lists the blockers, and submits only without any. Asks for an answer to a returned batch."""

    reason = ReasonField(
        label="Your answer to the approver",
        max_length=900,
        missing="Answer what the approver asked for: your words are kept with the batch.",
    )

    def __init__(self, request, obj=None, **kwargs):
        super().__init__(request, obj, **kwargs)
        if request_made := find_request(obj):
            self.fields[
                "reason"
            ].help_text = f"{full_name(request_made.history_user)} asked: {obj.return_reason}"
        else:
            del self.fields["reason"]
        self.blockers = find_blockers(obj) if obj.status == PayoutBatch.Status.DRAFT else []

    def get_before_template_context(self, request, object_id=None):
        return super().get_before_template_context(request) | {"blockers": self.blockers}

    def clean(self):
        if self.blockers:
            raise ValidationError("Put this right first.")
        return super().clean()


class ApproveDialog(ConfirmMixin, BatchDialog):
    """Shows the payments to sign.

    Asks for an answer to each flag and for the password. It also asks for the second factor if the
    person has one and entered it some time ago.
    """

    has_password = True

    def __init__(self, request, obj=None, **kwargs):
        super().__init__(request, obj, **kwargs)
        self.was_asked = self.is_submitted and not self.objections
        if self.was_asked:
            self._ask()

    @property
    def is_submitted(self):
        return self.obj.status == PayoutBatch.Status.SUBMITTED

    def find_objections(self):
        if not self.is_submitted:
            return []
        objections = find_objections(batch=self.obj, by=self.request.user)
        if objections:
            objections.append("Somebody else has to approve it.")
        elif not self.request.user.has_usable_password():
            objections = [
                "An approval is signed with your password, and your account has none. Ask an "
                "administrator to set one."
            ]
        return objections

    def _ask(self):
        for flag in with_earlier(self.obj, find_flags(self.obj)):
            self.fields[f"{FLAG_PREFIX}{flag.code}"] = ReasonField(
                label=flag.message,
                rows=2,
                help_text=format_html(LOOK_AT, flag.earlier, flag.url),
                missing="Write your answer in a sentence: it is stored and sealed.",
                in_sentence=True,
            )
        self.fields["password"] = forms.CharField(
            label="Your password, to sign",
            strip=False,
            widget=UnfoldAdminPasswordWidget({"autocomplete": "current-password"}),
            error_messages={"required": "Enter your password: it stands for your signature."},
        )
        self.ask_to_confirm()

    def get_before_template_context(self, request, object_id=None):
        return super().get_before_template_context(request) | {"shows_digest": True}

    def clean_password(self):
        password = self.cleaned_data["password"]
        if is_locked(self.request, self.request.user):
            raise ValidationError(f"{describe_lock()} Nothing was approved.")
        if not is_own_password(self.request, password):
            raise ValidationError("This is not your password. Nothing was approved.")
        return password

    @property
    def acknowledgements(self):
        """Return {code of a flag: the approver's answer}."""
        return {
            name.removeprefix(FLAG_PREFIX): text
            for name, text in self.cleaned_data.items()
            if name.startswith(FLAG_PREFIX)
        }

    @property
    def is_first_of_two(self):
        return self.obj.approvals_needed == 2 and not self.obj.approved_by


class RebuildDialog(BatchDialog):
    """Shows what the rebuild would change for whom, before it is done."""

    form_before_template = "billing/rebuild_dialog.html"

    def get_before_template_context(self, request, object_id=None):
        foreseen = (
            foresee_rebuild(self.obj) if self.obj.status == PayoutBatch.Status.DRAFT else None
        )
        return super().get_before_template_context(request) | {
            "foreseen": foreseen,
            "shown": foreseen.authors[:AUTHORS_SHOWN] if foreseen else [],
        }


class ReasonDialog(BatchDialog):
    reason = ReasonField(
        help_text="Kept with the batch, for everyone who may see it.",
        missing="Say why: the reason is kept with the batch.",
    )


class LeaveOutDialog(ReasonDialog):
    """Names the views without a price that the batch is to leave out."""

    form_before_template = "billing/leave_out_dialog.html"

    def get_before_template_context(self, request, object_id=None):
        return {"batch": self.obj, "unpriced": describe_unpriced(self.obj.month)}


BUILD = {
    "title": "Build the batches of closed months?",
    "form_class": BuildDialog,
    "form_submit_text": "Build",
}
SUBMIT = {
    "title": "Submit this batch for approval?",
    "description": "You sign these payments. Nothing in the batch can change until somebody else "
    "has approved it or returned it to finance.",
    "form_class": SubmitDialog,
    "form_submit_text": "Submit",
}
RECALL = {
    "title": "Take your submission back?",
    "description": "The batch becomes a draft again. An approval that it has already is void.",
    "form_class": ReasonDialog,
    "form_submit_text": "Recall",
}
APPROVE = {
    "title": "Approve this batch?",
    "description": "You sign these payments beside the person who submitted them. Once it is "
    "approved, nothing in the batch can change any more, and finance can export it.",
    "form_class": ApproveDialog,
    "form_submit_text": "Approve",
}
RETURN = {
    "title": "Return this batch to finance?",
    "description": "It becomes a draft again, with your reason at the top of its page.",
    "form_class": ReasonDialog,
    "form_submit_text": "Return",
}
REBUILD = {
    "title": "Rebuild this batch?",
    "description": "This works out the payments again from today's views and prices. Adjustments "
    "and holds are kept. Each payment keeps its address.",
    "form_class": RebuildDialog,
    "form_submit_text": "Rebuild",
}
LEAVE_OUT = {
    "title": "Build this batch without views that have no price?",
    "description": "It is worked out again without them. They wait until somebody adds the price "
    "or excludes them; nobody else waits with them. The approver reads your reason.",
    "form_class": LeaveOutDialog,
    "form_submit_text": "Build without them",
}
CANCEL = {
    "title": "Cancel this batch?",
    "description": "The batch is given up and stays readable. The next batch of the month pays "
    "its contents.",
    "form_class": ReasonDialog,
    "form_submit_text": "Yes, cancel the batch",
}
