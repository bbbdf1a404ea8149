"""Checks the history of what people edit: it begins with its making, and ends as the row is.

A row that came from outside, by SQL or by a file, has no such history. So a price, an adjustment or
a hold that nobody entered is named, however well it fits the rest.
"""

from collections import Counter
from collections.abc import Iterator
from itertools import groupby, pairwise
from operator import attrgetter
from typing import Any

from django.db.models import Model

from billing.models import (
    TRACKED,
    Adjustment,
    CategoryPrice,
    Finding,
    HandPayment,
    Hold,
    PayoutBatch,
    RobotException,
    Verification,
)
from billing.money import CurrencyField
from billing.proof.traces import find_adoption
from billing.verification.blogs import check_blogs
from billing.verification.differences import Difference
from billing.verification.requests import check_requests
from weblog.models import ImportedAuthor

ROWS_AT_A_TIME = 1_000
MADE_BY_PEOPLE = (CategoryPrice, Adjustment, Hold, HandPayment)
CAN_BE_WITHDRAWN = (CategoryPrice, Finding, RobotException)

# Who a row names must be who its history names. The fields, and those that may change later.
SIGNERS = {
    Adjustment: {"created_by_id": "+", "withdrawn_by_id": "~"},
    Hold: {"created_by_id": "+", "ended_by_id": "~"},
    HandPayment: {"proposed_by_id": "+", "confirmed_by_id": "~", "withdrawn_by_id": "~"},
    ImportedAuthor: {"confirmed_by_id": "~"},
}
STAY = {
    CategoryPrice: {"id"},
    Adjustment: {"created_by_id", "created_at"},
    Hold: {"author_id", "kind", "reason", "created_by_id", "created_at"},
    HandPayment: {"payment_id", "means", "paid_on", "reason", "proposed_by_id", "proposed_at"},
    PayoutBatch: {"month"},
    ImportedAuthor: {"account_id", "name", "file_name", "imported_by_id", "imported_at"},
}


def check_histories(run: Verification, key: str, after: str, numbers: Counter) -> None:
    """Each tracked row has a history that begins with its making and ends with the row."""
    adopted_at = find_adoption()
    for model in (*TRACKED, ImportedAuthor):
        for row, records in _pair(model):
            _check_history(model, row, records)
            if model is PayoutBatch:
                check_requests(records, since=adopted_at)
            numbers["tracked rows"] += bool(row)
    check_blogs()


def _pair(model: Any) -> Iterator[tuple[Any, list[Any]]]:
    """Yield each row, or None, with its records, the first one first. Two queries."""
    rows = iter(model.objects.order_by("pk").iterator(ROWS_AT_A_TIME))
    records = model.history.order_by("id", "history_id").iterator(ROWS_AT_A_TIME)
    row = next(rows, None)
    for pk, group in groupby(records, key=attrgetter("id")):
        while row and row.pk < pk:
            yield row, []
            row = next(rows, None)
        if row and row.pk == pk:
            yield row, list(group)
            row = next(rows, None)
        else:
            yield None, list(group)
    while row:
        yield row, []
        row = next(rows, None)


def _check_history(model: type[Model], row: Any, records: list[Any]) -> None:
    if not records or records[0].history_type != "+":
        raise Difference(
            row or records[0], "has no history of its making", "whatever is entered here has one"
        )
    for record in records:
        if model in MADE_BY_PEOPLE and record.history_user_id is None:
            raise Difference(
                record,
                "names nobody who did it",
                f"a person enters and changes each {_name(model)}",
            )
        _check_signers(model, record)
    for before, record in pairwise(records):
        _check_step(model, before, record)
    _check_end(model, row, records[-1])


def _check_signers(model: type[Model], record: Any) -> None:
    """Whoever a record says made, withdrew or ended it is who wrote that record."""
    for name, step in SIGNERS.get(model, {}).items():
        signer = getattr(record, name)
        is_signed_now = record.history_type == step and signer is not None
        if step == "~":
            is_signed_now = is_signed_now and not _has_earlier(record, name)
        if is_signed_now and signer != record.history_user_id:
            raise Difference(
                record,
                f"names user {signer} as {name.removesuffix('_id').replace('_', ' ')}",
                f"user {record.history_user_id} wrote it",
            )


def _has_earlier(record: Any, name: str) -> bool:
    earlier = record.instance_type.history.filter(id=record.id, history_id__lt=record.history_id)
    return earlier.filter(**{f"{name}__isnull": False}).exists()


def _check_step(model: type[Model], before: Any, record: Any) -> None:
    if record.history_type == "+":
        raise Difference(record, "says that it was made", f"it was made by {_point(before)}")
    if before.history_type == "-":
        raise Difference(record, "follows its withdrawal", "nothing can follow that")
    for name in STAY.get(model, ()):
        if getattr(before, name) != getattr(record, name):
            raise Difference(
                record,
                f"has another {name.removesuffix('_id').replace('_', ' ')} than {_point(before)}",
                "that never changes",
            )
    if model is PayoutBatch:
        _check_status(before, record)


def _check_status(before: Any, record: Any) -> None:
    old, new = before.status, record.status
    if old != new and new not in PayoutBatch.TRANSITIONS.get(old, ()):
        raise Difference(record, f"goes from {old} to {new}", "no batch goes that way")


def _check_end(model: type[Model], row: Any, last: Any) -> None:
    if last.history_type == "-":
        if row or model not in CAN_BE_WITHDRAWN:
            raise Difference(last, "says that it was withdrawn", "its row stands")
        return
    if row is None:
        raise Difference(last, "is the end of a history", "its row is gone without a withdrawal")
    for field in last.tracked_fields:
        says, recorded = getattr(row, field.attname), getattr(last, field.attname)
        if isinstance(field, CurrencyField) and recorded == field.earlier:
            continue  # check_lines compares what signed batches use
        if says != recorded:
            raise Difference(
                row,
                f"has the {field.verbose_name} “{says}”",
                f"its history ends with “{recorded}” ({_point(last)})",
            )


def _point(record: Any) -> str:
    return f"{record._meta.db_table} {record.pk}"


def _name(model: type[Model]) -> str:
    return str(model._meta.verbose_name)
