"""Checks that accounts and roles are as the last records of their histories, rights and all.

Whoever is given a role by SQL has it, but no record says so; an account that came by SQL has none.
"""

from collections import Counter, defaultdict
from itertools import batched
from typing import Any

from django.apps import apps
from django.contrib.auth.management import _get_all_permissions  # type: ignore[attr-defined]
from django.contrib.auth.models import Group, Permission, User
from django.db.models import Max
from simple_history.utils import get_history_manager_for_model

from billing.models import Verification
from billing.proof.traces import list_adopted_without_history
from billing.verification.differences import Difference

ROWS_AT_A_TIME = 1_000


def check_accounts(run: Verification, key: str, after: str, numbers: Counter) -> None:
    for model in (User, Group):
        adopted = list_adopted_without_history(model)
        rows = model._default_manager.order_by("pk").iterator(ROWS_AT_A_TIME)
        for portion in batched(rows, ROWS_AT_A_TIME):
            _check_portion(model, portion, adopted)
            numbers["accounts and roles"] += len(portion)
        _check_gone(model)
    _check_permissions()


def _check_permissions() -> None:
    """Check that each permission of the models stands, for its table. Two queries.

    Whoever renames one gives its holders another right, and no account or role has changed.
    """
    names = Permission.objects.values_list(
        "content_type__app_label", "content_type__model", "codename"
    )
    missing = _list_permissions() - set(names)
    for app, model, codename in sorted(missing):
        raise Difference(
            f"The permission {app}.{codename} ({Permission._meta.db_table})",
            "is gone, or is of another table",
            f"it is of {model}",
        )


def _list_permissions() -> set[tuple[str, str, str]]:
    return {
        (model._meta.app_label, str(model._meta.model_name), codename)
        for model in apps.get_models()
        for codename, _ in _get_all_permissions(model._meta)
    }


def _check_gone(model: Any) -> None:
    """Check that each row whose history does not end with its deletion is there. One query."""
    history: Any = get_history_manager_for_model(model)
    latest = history.order_by().values("id").annotate(latest=Max("history_id")).values("latest")
    kept = history.filter(pk__in=latest).exclude(history_type="-")
    if record := kept.exclude(id__in=model._default_manager.values("pk")).first():
        raise Difference(record, "is the end of a history", "its row is gone without a deletion")


def _check_portion(model: Any, rows: tuple[Any, ...], adopted: set[int]) -> None:
    records = _load_latest(model, [row.pk for row in rows])
    fields = get_history_manager_for_model(model).model._history_m2m_fields
    held = {field: _load_held(field, [row.pk for row in rows]) for field in fields}
    recorded = {field: _load_recorded(model, field, records) for field in fields}
    for row in rows:
        record = records.get(row.pk)
        if record is None:
            if row.pk not in adopted:
                raise Difference(row, "has no history", "the application writes one of each")
            continue
        _check_row(row, record)
        for field in fields:
            now = held[field][row.pk]
            then = recorded[field][record.pk]
            if now != then:  # a role that was deleted left its members without a record
                then = then & set(field.related_model._default_manager.values_list("pk", flat=True))
            if now != then:
                raise Difference(
                    row,
                    f"has the {field.name.replace('_', ' ')} {_list(now)}",
                    f"its history ends with {_list(then)} ({record._meta.db_table} {record.pk})",
                )


def _load_latest(model: Any, keys: list[int]) -> dict[int, Any]:
    history: Any = get_history_manager_for_model(model)
    latest = history.filter(id__in=keys).order_by().values("id").annotate(latest=Max("history_id"))
    return {record.id: record for record in history.filter(pk__in=latest.values("latest"))}


def _load_held(field: Any, keys: list[int]) -> dict[int, set[int]]:
    """Return {row: keys of what it holds}."""
    pairs = field.remote_field.through._default_manager.values_list(
        f"{field.model._meta.model_name}_id", f"{field.related_model._meta.model_name}_id"
    )
    return _gather(pairs.filter(**{f"{field.model._meta.model_name}__in": keys}))


def _load_recorded(model: Any, field: Any, records: dict[int, Any]) -> dict[int, set[int]]:
    """Return {record: keys of what it lists}."""
    listed = getattr(get_history_manager_for_model(model).model, field.name).model
    pairs = listed.objects.filter(history_id__in=[record.pk for record in records.values()])
    return _gather(pairs.values_list("history_id", f"{field.related_model._meta.model_name}_id"))


def _gather(pairs) -> dict[int, set[int]]:
    found: dict[int, set[int]] = defaultdict(set)
    for holder, right in pairs:
        found[holder].add(right)
    return found


def _check_row(row: Any, record: Any) -> None:
    for field in record.tracked_fields:
        says, recorded = getattr(row, field.attname), getattr(record, field.attname)
        if says != recorded:
            raise Difference(
                row,
                f"has the {field.verbose_name} “{says}”",
                f"its history ends with “{recorded}” ({record._meta.db_table} {record.pk})",
            )


def _list(keys: set[int]) -> str:
    return ", ".join(str(key) for key in sorted(keys)) or "none"
