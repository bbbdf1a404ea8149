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


def save_signed[M: Model](instance: M, *, by: User | None, reason: str | None) -> M:
    """Save with one row of history that says who did it and why."""
    signed: Any = instance
    signed._history_user = by
    signed._change_reason = reason
    instance.save()
    # Both stick to the instance, and would sign whatever is saved next (simple-history 3.13.0).
    del signed._history_user, signed._change_reason
    return instance


def save_if_changed[M: Model](instance: M, *, by: User | None, reason: str) -> M:
    """Save like save_signed, but only what is changed.

    Save without a change is no act: it leaves no record, and makes nobody the last to change it.
    """
    if instance.pk and not is_changed(instance):
        return instance
    return save_signed(instance, by=by, reason=reason)


def is_changed(instance: Model) -> bool:
    """Whether saving would change the row, or the row is not what its history says. Two queries.

    True where there is no record yet. Times that each save sets do not count.
    """
    stored = type(instance)._base_manager.filter(pk=instance.pk).first()
    return stored is None or _differ(instance, stored) or _differs_from_record(instance)


def _differ(instance: Model, stored: Model) -> bool:
    return any(
        field.to_python(field.value_from_object(instance)) != field.value_from_object(stored)
        for field in instance._meta.concrete_fields
        if not getattr(field, "auto_now", False)
    )


def _differs_from_record(instance: Model) -> bool:
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
