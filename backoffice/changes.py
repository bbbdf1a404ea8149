"""Describes in words what a version in a history table changed. It knows no model by name."""

from collections import defaultdict
from collections.abc import Callable
from typing import Any, NamedTuple

from django.contrib.admin.utils import display_for_field
from django.contrib.auth.models import User
from django.core.exceptions import ObjectDoesNotExist
from django.db.models import BooleanField, ForeignKey, OuterRef, Subquery
from django.utils.text import capfirst
from simple_history.template_utils import ObjDiffDisplay

from backoffice.people import full_name

LONG_TEXT = 120

_writers: dict[tuple[type, str], Callable[[Any, Any], str]] = {}


def register_writer(model: type, field: str, write: Callable[[Any, Any], str]) -> None:
    """Have a field's values told with their unit. `write` gets the record and the value."""
    _writers[model, field] = write


class Change(NamedTuple):
    """A change of one field. `old` is None if nothing was before, `new` if nothing is left."""

    field: str
    old: str | None
    new: str | None

    @property
    def is_long(self):
        return max(len(self.old or ""), len(self.new or "")) > LONG_TEXT

    @property
    def shortened(self):
        """Return the change with texts cut so that the first difference stays visible."""
        old, new = ObjDiffDisplay(max_length=LONG_TEXT).common_shorten_repr(
            self.old or "", self.new or ""
        )
        return self._replace(
            old=None if self.old is None else old, new=None if self.new is None else new
        )


class Entry(NamedTuple):
    """A row of a history table, ready to be shown."""

    record: object
    object_name: str
    changes: list[Change]
    is_first_known: bool

    @property
    def person(self):
        user = self.record.history_user
        return full_name(user) if user else "system"

    @property
    def kind(self):
        return self.record.instance_type._meta.verbose_name

    @property
    def object_pk(self):
        return getattr(self.record, self.record.instance_type._meta.pk.attname)


def describe_records(records) -> list[Entry]:
    """Return an Entry for each of `records`, which are rows of one history table.

    The number of queries depends on the model's fields, not on the number of rows.
    """
    if not records:
        return []
    reader = _HistoryReader(records)
    return [reader.describe(record) for record in records]


def describe_version(record) -> list[Change]:
    """Return the values of a version, each as new. Empty ones are left out."""
    return _HistoryReader([record])._list_values(record, "new")


class _HistoryReader:
    """The records, the records before them, and the names of everything that they point to."""

    def __init__(self, records):
        self.model = type(records[0])
        self.tracked_model = self.model.instance_type
        self.fields = [
            self.model._meta.get_field(field.name)
            for field in self.model.tracked_fields
            if not field.primary_key
            and not getattr(field, "auto_now", False)
            and not getattr(field, "auto_now_add", False)
        ]
        self.foreign_keys = [
            self.model._meta.get_field(field.name)
            for field in self.model.tracked_fields
            if isinstance(field, ForeignKey)
        ]
        self.previous = self._load_previous(records)
        rows = [*records, *self.previous.values()]
        self.members = self._load_members(rows)
        self.names = self._load_names(rows)

    def _load_previous(self, records):
        # Ordered by history_id, which follows the recording. history_date can be set to any time.
        pk = self.tracked_model._meta.pk.attname
        earlier = self.model.objects.filter(
            **{pk: OuterRef(pk)}, history_id__lt=OuterRef("history_id")
        ).order_by("-history_id")
        previous_ids = dict(
            self.model.objects.filter(history_id__in=[record.history_id for record in records])
            .annotate(previous_id=Subquery(earlier.values("history_id")[:1]))
            .exclude(previous_id=None)
            .order_by()
            .values_list("history_id", "previous_id")
        )
        rows = self.model.objects.in_bulk(previous_ids.values())
        return {history_id: rows[previous_id] for history_id, previous_id in previous_ids.items()}

    def _load_members(self, rows):
        """Return {field: {history_id: [ids]}} of the many-to-many fields."""
        members = {}
        for field in self.model._history_m2m_fields:
            members[field] = defaultdict(list)
            through = getattr(self.model, field.name).model
            for history_id, member_id in through.objects.filter(
                history_id__in=[row.history_id for row in rows]
            ).values_list("history_id", f"{field.m2m_reverse_field_name()}_id"):
                members[field][history_id].append(member_id)
        return members

    def _load_names(self, rows):
        """Return {model: {id: object}} of everything that the rows point to, for their __str__."""
        wanted = defaultdict(set)
        for field in self.foreign_keys:
            wanted[field.related_model].update(getattr(row, field.attname) for row in rows)
        for field, ids_by_row in self.members.items():
            for ids in ids_by_row.values():
                wanted[field.related_model].update(ids)
        return {
            model: model._base_manager.select_related(*_list_foreign_keys(model) or [None]).in_bulk(
                ids - {None}
            )
            for model, ids in wanted.items()
        }

    def describe(self, record):
        previous = self.previous.get(record.history_id)
        is_change = record.history_type == "~"
        if is_change and previous:
            changes = self._compare(previous, record)
        else:
            changes = self._list_values(record, "old" if record.history_type == "-" else "new")
        return Entry(
            record=record,
            object_name=self._name_object(record),
            changes=changes,
            is_first_known=is_change and previous is None,
        )

    def _compare(self, previous, record):
        return [
            Change(
                field=capfirst(field.verbose_name),
                old=self._display(previous, field),
                new=self._display(record, field),
            )
            for field in [*self.fields, *self.members]
            if self._get(previous, field) != self._get(record, field)
        ]

    def _list_values(self, record, side):
        """Return all values of the record, as one side of a change that has no other side."""
        blank = {"old": None, "new": None}
        return [
            Change(**blank | {"field": capfirst(field.verbose_name), side: value})
            for field in [*self.fields, *self.members]
            if self._get(record, field) is not False and (value := self._display(record, field))
        ]

    def _get(self, record, field):
        if field in self.members:
            return sorted(self.members[field][record.history_id])
        return getattr(record, field.attname)

    def _display(self, record, field):
        value = self._get(record, field)
        if value in field.empty_values:
            return ""
        if field in self.members:
            return ", ".join(sorted(self._name(field, pk) for pk in value))
        if isinstance(field, ForeignKey):
            return self._name(field, value)
        if write := _writers.get((self.tracked_model, field.name)):
            return write(record, value)
        if isinstance(field, BooleanField):
            return "yes" if value else "no"
        if field.flatchoices:
            return str(dict(field.flatchoices).get(value, value))
        return str(display_for_field(value, field, "", avoid_link=True))

    def _name(self, field, pk):
        found = self.names[field.related_model].get(pk)
        if isinstance(found, User):
            return full_name(found)
        return str(found) if found else f"{field.related_model._meta.verbose_name} {pk}, deleted"

    def _name_object(self, record):
        """Return the object's str at the time of the record, without a query."""
        instance = record.history_object
        for field in self.foreign_keys:
            found = self.names[field.related_model].get(getattr(record, field.attname))
            self.tracked_model._meta.get_field(field.name).set_cached_value(instance, found)
        try:
            return str(instance)
        except (ObjectDoesNotExist, AttributeError):  # its name uses a row that is gone
            return f"{self.tracked_model._meta.verbose_name} {instance.pk}"


def _list_foreign_keys(model):
    return [field.name for field in model._meta.fields if isinstance(field, ForeignKey)]
