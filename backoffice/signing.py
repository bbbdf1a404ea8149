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
