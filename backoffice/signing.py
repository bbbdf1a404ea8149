"""Saving with who did it and why: what every tracked row's history asks for."""

from collections.abc import Iterable
from typing import Any

from django.contrib.auth.models import User
from django.db.models import Model

_made_by_people: set[type[Model]] = set()


def register_made_by_people(models: Iterable[type[Model]]) -> None:
    """Let no row of these models come in without a person who signs for it."""
    _made_by_people.update(models)


def needs_a_person(model: type[Model]) -> bool:
    return model in _made_by_people


def save_signed[M: Model](instance: M, *, by: User | None, reason: str) -> M:
    """Save with one row of history that says who did it and why."""
    signed: Any = instance
    signed._history_user = by
    signed._change_reason = reason
    instance.save()
    # Both stick to the instance, and would sign whatever is saved next (simple-history 3.13.0).
    del signed._history_user, signed._change_reason
    return instance


def save_if_changed[M: Model](instance: M, *, by: User | None, reason: str) -> M:
    """Save like save_signed, but only what says something else than its latest record.

    Save without a change is no act: it leaves no record, and makes nobody the last to change it.
    """
    if instance.pk and not differs_from_record(instance):
        return instance
    return save_signed(instance, by=by, reason=reason)


def differs_from_record(instance: Model) -> bool:
    """Return whether a tracked field says something else than the latest record. One query.

    True where there is no record yet. Times that each save sets do not count.
    """
    options: Any = instance._meta
    manager = getattr(type(instance), options.simple_history_manager_attribute)
    key = options.pk.attname
    record = manager.filter(**{key: instance.pk}).order_by("-history_id").first()
    if record is None:
        return True
    return any(
        field.to_python(field.value_from_object(instance))
        != record._meta.get_field(field.name).value_from_object(record)
        for field in record.tracked_fields
        if not getattr(field, "auto_now", False)
    )
