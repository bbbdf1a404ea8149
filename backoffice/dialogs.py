"""Buttons that ask before they act: GET shows the dialog, only its POST acts.

    class PaymentActions(DialogActions):
        def has_hold_permission(self, request, object_id=None):
            return request.user.has_perm("billing.hold_payment")

        @dialog_action(
            description="Hold",
            permissions=["hold"],
            dialog=HOLD,
            fits=lambda payment, user: payment.status == Status.PAYABLE,
        )
        def hold(self, request, form):
            hold_payment(payment=form.obj, by=request.user, reason=form.cleaned_data["reason"])
            return "The payment is on hold."

A dialog such as HOLD is a title, a description, a form_submit_text and, where it asks for more
than yes or no, a form_class: a DialogForm. The button stands where it `fits`, and whoever has the
permissions may press it; whether it may happen, the domain function decides. If that raises a
Refusal, the dialog says so and keeps what was typed. Otherwise the page of the object tells what
was done.
"""

from contextlib import nullcontext
from functools import wraps
from typing import NamedTuple

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.html import format_html
from unfold.decorators import action
from unfold.forms import BaseDialogForm
from unfold.widgets import UnfoldAdminTextareaWidget

from backoffice.changelists import could_be_pk
from backoffice.errors import Refusal
from backoffice.reasons import in_a_sentence, in_words

SUBMITTED = "_form_submitted"  # Unfold's field of every dialog (0.110)


class Done(NamedTuple):
    """What was done, as the next page tells it. Without `url` that is the page of the object."""

    text: str = ""
    url: str = ""
    level: int = messages.SUCCESS


def dialog_action(*, dialog, fits=None, in_transaction=True, **options):
    """Make a method a button with a dialog. `options` are those of Unfold's `action`.

    The permissions are names of has_..._permission methods: the app's own ("billing.hold_payment")
    Unfold's check (0.110) looks up in the database, which a new install does not have yet.

    The method takes the request and the valid form, acts, and returns the sentence that tells what
    was done, or a Done. It may raise a Refusal, which takes back what it changed; what has to keep
    transactions of its own is not `in_transaction`. `fits` is asked with the object and the user.
    The admin's `finish_dialog`, if it has one, gets the request and the answer once it is done.
    """

    def make_button(act):
        @wraps(act)
        def answer(model_admin, request, object_id=None):
            obj = None if object_id is None else _get_or_404(model_admin, request, object_id)
            # A page may open a dialog by a POST, to send along what is typed on it.
            data = request.POST if SUBMITTED in request.POST else None
            form = dialog.get("form_class", DialogForm)(request, obj, data=data)
            if form.is_valid():
                try:
                    with transaction.atomic() if in_transaction else nullcontext():
                        done = act(model_admin, request, form)
                except Refusal as refusal:
                    form.refuse(refusal)
                else:
                    response = _go_on(model_admin, request, obj, done)
                    finish = getattr(model_admin, "finish_dialog", None)
                    return finish(request, response) if finish else response
            context = {
                "dialog": dialog,
                "form": form,
                "form_submit_text": dialog["form_submit_text"],
            }
            return render(request, "unfold/helpers/dialog.html", context)

        button = action(**options)(answer)
        button.dialog = dialog
        button.fits = fits
        return button

    return make_button


class DialogActions:
    """For an admin: shows the buttons that fit the object now."""

    def get_actions_detail(self, request, object_id):
        obj = self.get_object(request, object_id)
        if obj is None:
            return []
        return [
            button
            for button in super().get_actions_detail(request, object_id)
            if _fits(button.method, obj, request.user)
        ]


class DialogForm(BaseDialogForm):
    """What a dialog asks. `obj` is what it is about, as its admin fetched it for the user.

    `form_before_template` finds the object under the name of its model. What `find_objections`
    returns is shown at once, and nothing is done as long as there is any.
    """

    objections_heading = ""

    def __init__(self, request, obj=None, **kwargs):
        super().__init__(request, obj and obj.pk, **kwargs)
        self.obj = obj
        self.was_refused = False
        self.objections = self.find_objections()

    def find_objections(self) -> list[str]:
        """Return why the person can't do it now."""
        return []

    def clean(self):
        cleaned_data = super().clean()
        for objection in self.objections:
            self.add_error(None, objection)
        return cleaned_data

    def refuse(self, refusal):
        self.add_error(None, str(refusal))
        self.was_refused = True

    def get_before_template_context(self, request, object_id=None):
        context = {"form": self}
        return context | {self.obj._meta.model_name: self.obj} if self.obj else context

    def render_before_template(self):
        context = {
            "heading": self.objections_heading if self.objections else "",
            "refusals": self.non_field_errors() if self.is_bound else self.objections,
            "url": page_of(self.obj) if self.obj and self.was_refused else "",
        }
        refusals = render_to_string("backoffice/dialog_refusals.html", context)
        return format_html("{}{}", refusals, super().render_before_template())


class ReasonField(forms.CharField):
    """Asks why, or for a note, in words. `missing` is what to tell who leaves it out; without, it
    may be. `in_sentence` asks for more than one word."""

    def __init__(self, *, missing="", rows=3, max_length=1000, in_sentence=False, **kwargs):
        validator = in_a_sentence if in_sentence else in_words
        super().__init__(
            required=bool(missing),
            max_length=max_length,
            widget=UnfoldAdminTextareaWidget({"rows": rows}),
            error_messages={"required": missing},
            validators=[validator(missing or "Write it in words, or leave it empty.")],
            **kwargs,
        )


def with_status(*statuses):
    """Return the `fits` of a button for objects in one of these states."""
    return lambda obj, user: obj.status in statuses


def page_of(obj) -> str:
    """Return the address of the object's page in the admin."""
    return reverse(f"admin:{obj._meta.app_label}_{obj._meta.model_name}_change", args=[obj.pk])


def _get_or_404(model_admin, request, object_id):
    """Return what the user may see in the admin, and nobody knows more of what they may not."""
    obj = None
    if could_be_pk(model_admin.model, object_id):
        obj = model_admin.get_object(request, object_id)
    if obj is None:
        raise Http404
    return obj


def _go_on(model_admin, request, obj, done):
    """Tell what was done, close the dialog and open the next page."""
    done = Done(done) if isinstance(done, str) else done
    if done.text:
        model_admin.message_user(request, done.text, done.level)
    opts = model_admin.opts
    url = done.url or (
        page_of(obj) if obj else reverse(f"admin:{opts.app_label}_{opts.model_name}_changelist")
    )
    return HttpResponse(headers={"HX-Redirect": url})


def _fits(method, obj, user):
    fits = getattr(method, "fits", None)
    return fits is None or fits(obj, user)
