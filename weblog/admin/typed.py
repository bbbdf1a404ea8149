"""What is typed in the form below a dialog, and not saved yet.

Pressing a button sends it along (weblog/static/weblog/steps.js): it is saved with the step, in its
transaction and as one version, or the step is refused and the page keeps it.
"""

from typing import Any

from django.contrib import admin
from django.core.exceptions import NON_FIELD_ERRORS
from django.db import transaction

from backoffice.dialogs import SUBMITTED, DialogForm
from weblog.admin.guarded_forms import is_same_text
from weblog.admin.saving import save_form
from weblog.admin.titles import ask_titles, clean_ahead
from weblog.errors import TypedRefused
from weblog.publishing.readiness import find_remarks
from weblog.texts import TEXT_FIELDS

PREFIX = "typed"

KEPT = "What you typed can’t be saved yet, so nothing was done. It is still in the form."
SAVE_FIRST = (
    "You typed something that is not saved yet, and it is still in the form. Save it, or reload "
    "the page without it. Then press this button again."
)
NOT_YOURS_NOW = (
    "You can no longer change this text, so what you typed was not saved. It is still on the page: "
    "copy it before you leave."
)


def read_typed(request, obj) -> Any | None:
    """Return the form of the page, bound to what was sent along, or None if nothing was.

    Inside a transaction: the form locks the stored row.
    """
    if f"{PREFIX}-version" not in request.POST:
        return None
    model_admin = admin.site.get_model_admin(type(obj))
    stored = type(obj)._base_manager.get(pk=obj.pk)
    form_class = model_admin.get_form(request, stored, change=True)
    return form_class(request.POST, instance=stored, prefix=PREFIX)


def list_problems(request, typed) -> list[str]:
    """Return why what was typed can't be saved."""
    model_admin = admin.site.get_model_admin(type(typed.instance))
    if not model_admin.has_change_permission(request, typed.instance):
        return [NOT_YOURS_NOW] if _differs(request, typed.instance) else []
    if typed.is_valid() or not typed.changed_data:
        return []
    problems = []
    for name, errors in typed.errors.items():
        label = "" if name == NON_FIELD_ERRORS else f"{typed.fields[name].label}: "
        problems += [f"{label}{error}" for error in errors]
    return problems


def _differs(request, row):
    """Return whether a text was sent that is not the stored one. The form has no fields for it."""
    sent = {name: request.POST.get(f"{PREFIX}-{name}") for name in TEXT_FIELDS}
    return any(
        text is not None and not is_same_text(text, getattr(row, name), row._meta.get_field(name))
        for name, text in sent.items()
    )


class TextDialog(DialogForm):
    """A dialog over the form of a text. `text` is the text with what is typed in it."""

    shows_remarks = False
    saves_typed = True

    def find_objections(self):
        self.text, self.remarks = self.obj, []
        if SUBMITTED in self.request.POST:
            body = self.request.POST.get(f"{PREFIX}-body", "")
            ask_titles(self.request, body, self.obj)
            clean_ahead(body)
        with transaction.atomic():
            typed = read_typed(self.request, self.obj)
            problems = list_problems(self.request, typed) if typed else []
        if problems:
            self.objections_heading = KEPT
            return problems
        if typed and typed.changed_data:
            if not self.saves_typed:
                return [SAVE_FIRST]
            self.text = typed.instance
        if not self.shows_remarks:
            return []
        remarks = find_remarks(self.text)
        self.remarks = [remark.text for remark in remarks if not remark.is_blocking]
        self.objections_heading = "Put this right first. What you typed is still in the form."
        return [remark.text for remark in remarks if remark.is_blocking]

    def get_before_template_context(self, request, object_id=None):
        context = super().get_before_template_context(request, object_id)
        return context | {"remarks": self.remarks}


class SaveFirstDialog(TextDialog):
    """A dialog before a step that would take the place of what is typed."""

    saves_typed = False


class TypedSteps:
    """For an admin whose buttons save what is typed. Its dialogs are TextDialogs."""

    def take_step(self, request, dialog, step):
        """Save what is typed and take the step, which records both. Raises TypedRefused."""
        typed = read_typed(request, dialog.obj)
        if typed is None:
            return step()
        if problems := list_problems(request, typed):
            raise TypedRefused(" ".join([KEPT, *problems]))
        if typed.changed_data:
            typed.save(commit=False)
            save_form(typed, by=request.user, is_recorded=False)
        return step()
