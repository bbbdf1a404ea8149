"""Which rows leave a trace, and the digest of each: histories of money and people, and logs."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any, NamedTuple

from django.contrib.auth.models import Group, User
from django.db.models import BooleanField, DateTimeField, Field, Model, QuerySet
from simple_history.utils import get_history_model_for_model

from backoffice.models import JobRun
from billing.models import (
    AccessLogImport,
    Acknowledgement,
    Adjustment,
    BatchAct,
    BatchAttachment,
    BatchComment,
    BooksExport,
    CategoryPrice,
    Dispute,
    DisputeAnswer,
    ExportDownload,
    Finding,
    HandPayment,
    Hold,
    Payee,
    PayeeAuthor,
    PayeeDetails,
    PayeeLook,
    PaymentExport,
    PayoutBatch,
    RobotException,
    Verification,
)
from billing.money import CurrencyField
from billing.proof.digests import encode_canonical, hash_text
from weblog.models import ImportedAuthor


class Traced(NamedTuple):
    """A kind of rows. Its name is kept with the traces, so it never changes."""

    name: str
    model: Any
    left_out: tuple[str, ...] = ()
    unfinished: str = ""  # the status of rows that are still being written

    @property
    def lists_rights(self) -> bool:
        return bool(getattr(self.model, "_history_m2m_fields", ()))

    @property
    def fields(self) -> list[Any]:
        return _list_fields(self.model, self.left_out)

    def rows(self) -> QuerySet[Any]:
        rows = self.model._base_manager.order_by("pk")
        return rows.exclude(status=self.unfinished) if self.unfinished else rows


@cache
def _list_fields(model: type[Model], left_out: tuple[str, ...]) -> list[Any]:
    fields = model._meta.concrete_fields
    return [field for field in fields if not field.primary_key and field.name not in left_out]


@cache
def list_traced() -> tuple[Traced, ...]:
    history = get_history_model_for_model
    return (
        Traced("price", history(CategoryPrice)),
        Traced("adjustment", history(Adjustment)),
        Traced("hold", history(Hold)),
        Traced("payment by hand", history(HandPayment)),
        Traced("batch", history(PayoutBatch)),
        Traced("finding", history(Finding)),
        Traced("robot exception", history(RobotException)),
        Traced("payee", history(Payee)),
        Traced("payee of author", history(PayeeAuthor)),
        Traced("payee details", history(PayeeDetails)),
        Traced("payee look", history(PayeeLook)),
        Traced("account", history(User)),
        Traced("role", history(Group)),
        Traced("imported author", history(ImportedAuthor)),
        Traced("acknowledgement", Acknowledgement),
        Traced("batch comment", BatchComment),
        Traced("batch file", BatchAttachment, ("content",)),  # whose SHA-256 is in it
        Traced("act", BatchAct),
        Traced("dispute", Dispute),
        Traced("answer to a dispute", DisputeAnswer),
        Traced("bank file taken", history(ExportDownload)),
        # Without what has its SHA-256 in it, and what each new key encrypts anew.
        Traced("export", PaymentExport, ("content", "key_id", "paid_from")),
        Traced("books export", BooksExport),
        Traced("log import", AccessLogImport),
        Traced("verification", Verification, unfinished=Verification.Status.RUNNING),
        Traced("job", JobRun, unfinished=JobRun.Status.RUNNING),
    )


def find_traced(model: type[Model]) -> Traced | None:
    return next((traced for traced in list_traced() if traced.model is model), None)


def digest_rows(traced: Traced, rows: Iterable[Any]) -> Iterator[tuple[int, str]]:
    """Yield the key and the digest of each row. A query for each kind of rights that a row lists.

    A field that holds its default is left out: so a field that a later version adds needs one, and
    changes no digest of a row from before. A currency is always in it: CURRENCY may change.
    """
    rows = list(rows)
    rights = _list_rights(traced, rows)
    for row in rows:
        yield row.pk, _digest(traced, row, rights[row.pk])


def list_other(traced: Traced, rows: Iterable[Any], written: Mapping[int, str]) -> set[int]:
    """Return the keys of the rows that have another digest than was written of them, or none.

    The first traces left out a currency that was CURRENCY; those stand as long as it is.
    """
    rows = list(rows)
    other = {key for key, digest in digest_rows(traced, rows) if written.get(key) != digest}
    if other and any(isinstance(field, CurrencyField) for field in traced.fields):
        earlier = {
            row.pk
            for row in rows
            if row.pk in other and written.get(row.pk) == _digest(traced, row, {}, always=())
        }
        other -= earlier
    return other


def digest_new(traced: Traced, row: Any) -> tuple[int, str]:
    """Return the key and the digest of a row that was written just now and lists no rights."""
    return row.pk, _digest(traced, row, {})


def _digest(
    traced: Traced,
    row: Any,
    rights: dict[str, list[int]],
    *,
    always: tuple[type[Field], ...] = (CurrencyField,),
) -> str:
    facts: dict[str, object] = {
        field.name: _write(field, row)
        for field in traced.fields
        if isinstance(field, always) or field.value_from_object(row) != field.get_default()
    }
    return hash_text(encode_canonical([traced.name, row.pk, facts | rights]))


def _write(field: Any, row: Any) -> str:
    """Return the value in the same words before it is stored and after."""
    value = field.value_from_object(row)
    if isinstance(field, DateTimeField):
        moment = field.to_python(value)
        return moment.astimezone(dt.UTC).isoformat() if moment else "None"
    if isinstance(field, BooleanField):
        return str(bool(value))
    return str(field.value_to_string(row))


def _list_rights(traced: Traced, rows: list[Any]) -> dict[int, dict[str, list[int]]]:
    """Return {key: {the name of a many-to-many field: the keys that the record lists}}."""
    rights: dict[int, dict[str, list[int]]] = defaultdict(dict)
    for field in getattr(traced.model, "_history_m2m_fields", ()):
        listed = getattr(traced.model, field.name).model
        column = f"{field.related_model._meta.model_name}_id"
        pairs = listed.objects.filter(history_id__in=[row.pk for row in rows])
        for row, key in pairs.values_list("history_id", column).order_by("history_id", column):
            rights[row].setdefault(field.name, []).append(key)
    return rights
