"""What a reader of the trail asks for: by person, role, kind, object, time and words."""

import datetime as dt

from django import forms
from django.apps import apps
from django.contrib.auth.models import Group, User
from django.core.exceptions import ValidationError
from django.db.models import Q, Value
from django.db.models.functions import Concat
from django.utils.timezone import get_current_timezone
from unfold.widgets import INPUT_CLASSES, UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from backoffice.changelists import could_be_pk
from backoffice.days import DayField
from backoffice.models import JobRun
from backoffice.trail.objects import find_of_object
from backoffice.trail.own_sources import JOBS
from backoffice.trail.reading import Selection
from backoffice.trail.search import find_named, search, split_words
from backoffice.trail.sources import TrailSource, list_sources

SYSTEM = "system"
ALL = "all"
MOST_PEOPLE = 200  # by their keys; more are looked up by the database


class TrailDayField(DayField):
    widget = forms.DateInput(
        format="%Y-%m-%d", attrs={"type": "date", "class": " ".join(INPUT_CLASSES)}
    )


class PersonField(forms.CharField):
    """A username, a name, or “system”. It becomes the keys of whom it names."""

    def clean(self, value):
        text = super().clean(value)
        if not text:
            return None
        if text.lower() == SYSTEM:
            return SYSTEM
        found = self.find(text)
        if not found:
            raise ValidationError(f"Nobody here is called “{text}”.")
        return found

    def find(self, text: str) -> list[int]:
        users = User.objects.order_by("pk")
        exact = Q(username__iexact=text)
        if text.isdecimal() and could_be_pk(User, text):
            exact |= Q(pk=int(text))
        pks = list(users.filter(exact).values_list("pk", flat=True)[:1])
        if pks:
            return pks
        named = users.annotate(called=Concat("first_name", Value(" "), "last_name"))
        called = named.filter(Q(called__icontains=text) | Q(username__icontains=text))
        return list(called.values_list("pk", flat=True)[:MOST_PEOPLE])


class ObjectField(forms.CharField):
    """“billing.payoutbatch:12”, as links name it. It becomes the object."""

    def clean(self, value):
        text = super().clean(value)
        if not text:
            return None
        label, _, pk = text.partition(":")
        try:
            model = apps.get_model(label)
        except (LookupError, ValueError):
            raise ValidationError("There is nothing of this kind.") from None
        if not could_be_pk(model, pk):
            raise ValidationError("There is nothing of this number.")
        return model._base_manager.filter(pk=pk).first() or model(pk=model._meta.pk.to_python(pk))


def list_kind_choices() -> list[tuple[str, str]]:
    kinds = sorted((source.label, source.key) for source in list_sources().values())
    return [
        ("", "No routine jobs"),
        (ALL, "Everything"),
        *((key, label) for label, key in kinds),
    ]


def list_roles() -> list[tuple[str, str]]:
    names = Group.objects.order_by("name").values_list("pk", "name")
    return [("", "Any"), *((str(pk), name) for pk, name in names)]


class TrailForm(forms.Form):
    q = forms.CharField(
        label="Words",
        max_length=200,
        required=False,
        widget=UnfoldAdminTextInputWidget({"type": "search", "placeholder": "Name, reason"}),
    )
    person = PersonField(
        label="Who",
        max_length=150,
        required=False,
        widget=UnfoldAdminTextInputWidget({"placeholder": "Name or system"}),
    )
    role = forms.ChoiceField(
        label="Role today", choices=list_roles, required=False, widget=UnfoldAdminSelectWidget
    )
    kind = forms.ChoiceField(
        label="What", choices=list_kind_choices, required=False, widget=UnfoldAdminSelectWidget
    )
    since = TrailDayField(label="From", required=False)
    until = TrailDayField(label="To", required=False)
    object = ObjectField(max_length=200, required=False, widget=forms.HiddenInput)

    def clean(self):
        since, until = self.cleaned_data.get("since"), self.cleaned_data.get("until")
        if since and until and until < since:
            self.add_error("until", "This day is before the first one.")

    @property
    def is_filtered(self) -> bool:
        return bool(self.is_valid() and any(self.cleaned_data.values()))

    def select(self) -> list[Selection]:
        """Return what the reader asked for: nothing if the form is not valid."""
        if not self.is_valid():
            return []
        data = self.cleaned_data
        words = split_words(data["q"])
        named = find_named(words)
        of_object = find_of_object(data["object"]) if data["object"] else None
        selections = []
        for source in self._list_sources():
            rows = source.find_rows()
            if of_object is not None:
                if source.key not in of_object:
                    continue
                rows = rows.filter(of_object[source.key])
            rows = self._within_days(source, self._of_kind(source, rows))
            if words:
                rows = search(rows, source, words, named)
            selections += [Selection(source, some) for some in self._of_people(source, rows)]
        return selections

    def _list_sources(self) -> list[TrailSource]:
        sources, kind = list_sources(), self.cleaned_data["kind"]
        return [sources[kind]] if kind in sources else list(sources.values())

    def _of_kind(self, source, rows):
        if source.key == JOBS and not self.cleaned_data["kind"] and not self.cleaned_data["object"]:
            return rows.exclude(status=JobRun.Status.SUCCEEDED)
        return rows

    def _within_days(self, source, rows):
        since, until = self.cleaned_data["since"], self.cleaned_data["until"]
        if since:
            rows = rows.filter(**{f"{source.at}__gte": _midnight(since)})
        if until:
            rows = rows.filter(**{f"{source.at}__lt": _midnight(until + dt.timedelta(days=1))})
        return rows

    def _of_people(self, source, rows):
        """Return the rows by the person and those about them, apart: an index finds each."""
        person, role = self.cleaned_data["person"], self.cleaned_data["role"]
        if role:
            members = User.objects.filter(groups=role).order_by("pk").values_list("pk", flat=True)
            few = list(members[: MOST_PEOPLE + 1])
            people = few if len(few) <= MOST_PEOPLE else members.order_by()
            rows = rows.filter(**{f"{source.by}__in": people}) if source.by else rows.none()
        if not person:
            return [rows]
        if person == SYSTEM:
            return [rows.filter(**{source.by: None}) if source.by else rows]
        lookups = [name for name in (source.by, *source.people) if name]
        if len(person) == 1:
            return [rows.filter(**{name: person[0]}) for name in lookups]
        return [rows.filter(**{f"{name}__in": person}) for name in lookups]


def _midnight(day):
    return dt.datetime.combine(day, dt.time.min, get_current_timezone())
