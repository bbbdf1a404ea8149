"""How SQLite and PostgreSQL store the value of a field, and when two values are the same."""

import datetime as dt
import hashlib
import json
from collections.abc import Callable, Iterable
from decimal import Decimal
from ipaddress import ip_address
from typing import Any
from uuid import UUID

from django.apps import apps
from django.db import models

MODULUS = 1 << 256


def list_models() -> list[type[models.Model]]:
    """Return the models of the moved tables, which are all that migrations made."""
    every = apps.get_models(include_auto_created=True)
    return [model for model in every if model._meta.managed and not model._meta.proxy]


def kind_of(field: models.Field) -> str:
    if isinstance(field, models.ForeignKey):
        return kind_of(field.target_field)
    return field.get_internal_type()


def _read_moment(text: str) -> dt.datetime:
    """Read a moment from SQLite, which stores UTC without saying so."""
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)


def _read_json(text: str):
    def number(digits):
        return str(Decimal(digits).normalize())

    return json.dumps(json.loads(text, parse_float=number, parse_int=number), sort_keys=True)


# Turns a value of SQLite into one for PostgreSQL. Other kinds need no change.
TAKEN: dict[str, Callable[[Any], object]] = {
    "BooleanField": bool,
    "DateField": dt.date.fromisoformat,
    "DateTimeField": _read_moment,
    "UUIDField": UUID,
}
# Turns a value of either database into one that can be compared.
COMPARED: dict[str, Callable[[Any], object]] = {
    "BooleanField": int,
    "DateField": str,
    "UUIDField": lambda value: UUID(str(value)).hex,
    "BinaryField": bytes,
    "JSONField": _read_json,
    "GenericIPAddressField": lambda value: str(ip_address(str(value))),
}
KNOWN = {
    *TAKEN, *COMPARED, "AutoField", "BigAutoField", "CharField", "TextField", "SlugField",
    "FileField", "IntegerField", "BigIntegerField", "SmallIntegerField", "PositiveIntegerField",
    "PositiveBigIntegerField", "PositiveSmallIntegerField",
}  # fmt: skip


def _compare_moment(value) -> str:
    moment = _read_moment(value) if isinstance(value, str) else value
    return moment.astimezone(dt.UTC).isoformat(timespec="microseconds")


COMPARED["DateTimeField"] = _compare_moment


def list_takers(fields: Iterable[models.Field]) -> list[Callable | None]:
    return [TAKEN.get(kind_of(field)) for field in fields]


class Checksum:
    """The number of rows, and a number over all of them that doesn't depend on their order."""

    def __init__(self, fields: Iterable[models.Field]):
        self.converters = [COMPARED.get(kind_of(field)) for field in fields]
        self.rows = self.sum = 0

    def add(self, values: Iterable) -> None:
        facts = [
            convert(value) if convert and value is not None else value
            for convert, value in zip(self.converters, values, strict=True)
        ]
        text = repr(facts).encode("utf-8", "surrogatepass")
        digest = hashlib.blake2b(text, digest_size=32).digest()
        self.sum = (self.sum + int.from_bytes(digest)) % MODULUS
        self.rows += 1

    def agrees_with(self, other: "Checksum") -> bool:
        return (self.rows, self.sum) == (other.rows, other.sum)
