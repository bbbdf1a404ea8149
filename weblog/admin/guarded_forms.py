"""Forms that two people may have open at once: neither overwrites or loses any text."""

import re
from collections.abc import Mapping

from django import forms
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db.models import Model
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.text import capfirst

from backoffice.people import full_name
from weblog.fields import CleanHTMLField
from weblog.html.bounded import clean_html, show_html
from weblog.publishing.comparison import compare_field
from weblog.videos import link_videos

BETWEEN_TAGS = re.compile(r">\s+<")


class GuardedForm(forms.ModelForm):
    """Refuses to overwrite a save that somebody else made after the form was opened.

    The page shows the typed form again. A field that only the other person changed now shows their
    value; a field that both changed is shown side by side. The next save goes through. For models
    with `updated_at` and a history.
    """

    # Not in a fieldset: the change page has it in weblog/admin/blog_version.html.
    version = forms.CharField(widget=forms.HiddenInput, required=False)

    video_titles: Mapping[str, str] = {}  # VideoTitles sets it, on the class of each request
    clashes = ()
    taken_over = ()

    class Media:
        css = {"all": ["weblog/review.css"]}

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            self.initial["version"] = self.instance.updated_at.isoformat()

    def clean(self):
        cleaned_data = super().clean()
        if self.instance.pk:
            self._refuse_to_overwrite()
        return cleaned_data

    def clean_body(self):
        """Return the text, with addresses of videos as links; one that nobody changed as it is."""
        body = self.cleaned_data["body"]
        stored = self.initial.get("body") or ""
        is_changed = body.replace("\r\n", "\n") != stored.replace("\r\n", "\n")
        return link_videos(body, self.video_titles) if is_changed else body

    def _refuse_to_overwrite(self):
        """Lock the stored row, and raise ValidationError if the form showed another version.

        A form in which nothing was typed overwrites nothing: it then stands for the stored row.
        """
        stored = type(self.instance).objects.select_for_update().get(pk=self.instance.pk)
        is_latest = stored.updated_at.isoformat() == self.cleaned_data["version"]
        base = stored if is_latest else self._find_base(stored)
        typed = self._find_typed(base)
        if typed and not is_latest:
            self._merge(stored, base)
            raise ValidationError(**self._describe_clash(stored))
        self.changed_data = typed  # Django's own counts a line end that the browser sends otherwise
        for field in self._list_fields():
            is_text = not field.is_relation
            if field.name not in typed and (is_text or not is_latest):
                self.cleaned_data[field.name] = _fetch(stored, field)

    def _list_fields(self):
        return [field for field in self._meta.model._meta.get_fields() if field.name in self.fields]

    def _find_typed(self, base):
        """Return the names of the fields that differ from the version that the form showed."""
        return [
            field.name
            for field in self._list_fields()
            if base is None
            or field.name not in self.cleaned_data
            or not _is_same(self._read_form(field), _read(base, field), field)
        ]

    def _describe_clash(self, stored):
        latest = stored.history.select_related("history_user").first()
        user = latest and latest.history_user
        return {
            "message": "%(name)s saved this %(what)s at %(time)s while you had it open. Your "
            "changes are not saved yet, but the form still holds them. %(next)s",
            "params": {
                "what": stored._meta.verbose_name,
                "name": full_name(user) if user else "Somebody else",
                "time": timezone.localtime(stored.updated_at).strftime("%H:%M"),
                "next": "Compare the fields above that you both changed, correct the form, and "
                "save again."
                if self.clashes
                else "You did not change the same fields: look through them, and save again.",
            },
        }

    def _merge(self, stored, base):
        """Update the form to the stored row, and keep all typed text."""
        self.data = self.data.copy()
        self.data[self.add_prefix("version")] = stored.updated_at.isoformat()
        self.clashes, self.taken_over = [], []
        for field in self._meta.model._meta.get_fields():
            if field.name not in self.cleaned_data:
                continue
            mine, theirs = self._read_form(field), _read(stored, field)
            before = _read(base, field) if base else None
            if _normalize(theirs) in (_normalize(mine), _normalize(before)):
                continue
            if _normalize(mine) == _normalize(before):
                values = theirs if field.many_to_many else [theirs]
                self.data.setlist(self.add_prefix(field.name), values)
                self.taken_over.append(capfirst(field.verbose_name))
            else:
                described = (_describe(value, field) for value in (theirs, mine))
                self.clashes.append(compare_field(field.name, *described))

    def _find_base(self, stored):
        """Return the version that the form showed when it was opened, or None."""
        try:
            opened_at = parse_datetime(self.cleaned_data["version"])
        except ValueError:
            return None
        return opened_at and stored.history.filter(updated_at=opened_at).first()

    def _read_form(self, field):
        value = self.cleaned_data[field.name]
        if field.many_to_many:
            return sorted(row.pk for row in value)
        return value.pk if isinstance(value, Model) else value


def _read(source, field):
    """Return the value of a field in a row, or in a version of it, as text, as an id or as ids."""
    if not field.many_to_many:
        return getattr(source, field.attname)
    rows = getattr(source, field.name).all()
    is_version = hasattr(source, "history_id")
    name = f"{field.m2m_reverse_field_name()}_id" if is_version else "pk"
    return sorted(getattr(row, name) for row in rows)


def _fetch(stored, field):
    """Return the stored value as a form's cleaned data hold it."""
    value = getattr(stored, field.name)
    return list(value.all()) if field.many_to_many else value


def _is_same(typed, stored, field):
    if isinstance(typed, str) and isinstance(stored, str):
        return is_same_text(typed, stored, field)
    return typed == stored


def is_same_text(typed, stored, field):
    """Return whether the browser would send `typed` for the stored text if nobody touched it."""
    typed, stored = (text.replace("\r\n", "\n").strip() for text in (typed, stored))
    return typed == stored or (
        isinstance(field, CleanHTMLField) and clean_html(typed) == clean_html(stored)
    )


def _normalize(value):
    """Return a form of the text for comparison, independent of the editor that wrote its HTML."""
    if not isinstance(value, str):
        return value
    text = show_html(value) if "<" in value else value
    return BETWEEN_TAGS.sub("><", text.replace("\r\n", "\n").strip())


def _describe(value, field):
    if not field.is_relation:
        return str(value)
    rows = field.related_model._base_manager.filter(pk__in=value if field.many_to_many else [value])
    return ", ".join(full_name(row) if isinstance(row, User) else str(row) for row in rows)
