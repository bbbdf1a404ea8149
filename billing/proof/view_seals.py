"""Digests of views, a portion of a day at a time, and the chain that holds them.

The facts of a view are one line of text, with the same bytes from SQLite and PostgreSQL: moments
are microseconds since 1970 in UTC, keys and ids are hexadecimal, and the length before the last
field makes every line readable in one way alone. A portion's digest is the SHA-256 of its lines in
the order of their ids. The day is not in the line, because each portion is of one day.

Seals that earlier releases made on SQLite hold a moment as strftime rounds it: from .9995 on, one
second more. They move to PostgreSQL with their views, so a portion that differs is read so as well.
"""

import datetime as dt
import json
from collections.abc import Callable, Iterable, Iterator
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple

from django.db import connection
from django.db.models import TextField
from django.db.models.expressions import RawSQL

from billing.models import PayoutBatch, ViewSeal
from billing.periods import month_of
from billing.proof.chains import append_link
from billing.proof.digests import hash_text

Kind = ViewSeal.Kind

OF_VIEWS = (Kind.VIEWS, Kind.UPGRADE)  # the kinds with a digest

# SQLite holds a moment as text in UTC, which leaves microseconds out if they are 0.
MOMENT = {
    "postgresql": "CAST(extract(epoch FROM v.viewed_at) * 1000000 AS bigint)",
    "sqlite": """(CAST(strftime('%%s', substr(v.viewed_at, 1, 19)) AS INTEGER) * 1000000
        + CAST(substr(substr(v.viewed_at, 21) || '000000', 1, 6) AS INTEGER))""",
}
ROUNDED = "({0} + CASE WHEN {0} {modulo} 1000000 >= 999500 THEN 1000000 ELSE 0 END)"
FACTS = {
    "postgresql": """
        encode(uuid_send(v.id), 'hex') || ',' || v.blog_id || ',' || v.author_id || ','
        || v.category_id || ',' || {moment}
        || ',' || encode(v.reader_key, 'hex')
        || ',' || COALESCE(encode(v.previous_day_key, 'hex'), '')
        || ',' || encode(v.address_key, 'hex') || ',' || encode(v.agent_key, 'hex')
        || ',' || COALESCE(CAST(v.log_import_id AS text), '')
        || ',' || length(v.excluded_by) || ':' || v.excluded_by
    """,
    "sqlite": """
        v.id || ',' || v.blog_id || ',' || v.author_id || ',' || v.category_id || ',' || {moment}
        || ',' || lower(hex(v.reader_key)) || ',' || lower(hex(COALESCE(v.previous_day_key, '')))
        || ',' || lower(hex(v.address_key)) || ',' || lower(hex(v.agent_key))
        || ',' || COALESCE(v.log_import_id, '')
        || ',' || length(v.excluded_by) || ':' || v.excluded_by
    """,
}
DIGESTS = """
    SELECT seal_id, COUNT(*),
        encode(sha256(convert_to(string_agg({facts}, chr(10) ORDER BY id), 'UTF8')), 'hex')
    FROM billing_blogview v WHERE day = %s AND seal_id IS NOT NULL GROUP BY seal_id
"""
LINES = """
    SELECT seal_id, {facts} FROM billing_blogview v
    WHERE day = %s AND seal_id IS NOT NULL ORDER BY seal_id, id
"""


class Portion(NamedTuple):
    """The number and the digest of the views under a seal."""

    views: int
    digest: str

    def __str__(self):
        return f"{self.views} views with the digest {self.digest}"


def write_view_facts() -> RawSQL:
    """Return the expression for the line of facts of a view."""
    facts = _write_facts().replace("v.", "billing_blogview.")
    return RawSQL(facts, [], output_field=TextField())  # noqa: S611


def _write_facts(*, rounded: bool = False) -> str:
    moment = MOMENT[connection.vendor]
    if rounded:
        moment = round_moment(moment, modulo="%%")
    return FACTS[connection.vendor].format(moment=moment)


def round_moment(moment: str, *, modulo: str) -> str:
    """Return SQL for a moment as earlier releases sealed it on SQLite."""
    return ROUNDED.format(moment, modulo=modulo)


def append_view_seal(*, kind: Kind, day: dt.date, at: dt.datetime, **content) -> ViewSeal:
    """Add a link to the chain over views. The caller holds the lock "fold_views"."""
    content = {"kind": kind, "day": day.isoformat()} | content
    return append_link(ViewSeal, content=content, at=at, kind=kind, day=day)


def seal_views(*, day: dt.date, facts: Iterable[str], at: dt.datetime) -> ViewSeal:
    """Add a link with the digest of some of the day's views, of which `facts` are the lines."""
    lines = sorted(facts)
    digest = hash_text("\n".join(lines))
    return append_view_seal(kind=Kind.VIEWS, day=day, at=at, views=len(lines), digest=digest)


def seal_submission(*, batch: PayoutBatch, digest: str, at: dt.datetime) -> ViewSeal:
    """Add a link that says which views the batch rests on: all that were sealed before it.

    The caller holds the locks "fold_views" and "payouts".
    """
    return append_view_seal(
        kind=Kind.SUBMISSION, day=batch.month, at=at, attempt=batch.attempt, digest=digest
    )


def find_differing_portions(day: dt.date) -> Iterator[tuple[int, Portion | None, Portion | None]]:
    """Yield (number of the seal, its views today, its views when sealed) where the two differ.

    Views that were dropped after their retention are not missed.
    """
    yield from compare_portions(
        read_sealed(day), dict(digest_day(day)), lambda: dict(digest_day(day, rounded=True))
    )


def compare_portions(
    sealed: dict[int, Portion],
    found: dict[int, Portion],
    read_rounded: Callable[[], dict[int, Portion]],
) -> Iterator[tuple[int, Portion | None, Portion | None]]:
    """Yield what find_differing_portions does. `read_rounded` is called where any differs."""
    numbers = sorted(sealed.keys() | found.keys(), key=lambda number: number or 0)
    differing = [number for number in numbers if found.get(number) != sealed.get(number)]
    rounded = read_rounded() if differing else {}
    for number in differing:
        if number not in sealed or rounded.get(number) != sealed[number]:
            yield number, found.get(number), sealed.get(number)


def read_sealed(day: dt.date) -> dict[int, Portion]:
    """Return {number of the seal: portion} of the day's views that are kept. One query."""
    kept: dict[int, Portion] = {}
    seals = ViewSeal.objects.filter(day=day, kind__in=(*OF_VIEWS, Kind.RETIREMENT))
    for seal in seals.order_by("number"):
        if seal.kind == Kind.RETIREMENT:  # which took all views before it
            kept.clear()
        else:
            content = json.loads(seal.content)
            kept[seal.number] = Portion(content["views"], content["digest"])
    return kept


def find_retirements(day: dt.date) -> Iterable[ViewSeal]:
    return ViewSeal.objects.filter(day=day, kind=Kind.RETIREMENT).order_by("number")


def list_sealed_months() -> set[dt.date]:
    seals = ViewSeal.objects.exclude(kind=Kind.SUBMISSION).order_by()
    days = seals.values_list("day", flat=True).distinct()
    return {month_of(day) for day in days}


def digest_day(day: dt.date, *, rounded: bool = False) -> Iterator[tuple[int, Portion]]:
    """Yield the portions of the day's views by seal. SQLite has no digest of its own.

    `rounded` is as earlier releases sealed moments on SQLite.
    """
    is_able = connection.vendor == "postgresql"
    statement = (DIGESTS if is_able else LINES).format(facts=_write_facts(rounded=rounded))
    with connection.cursor() as cursor:
        cursor.execute(statement, [day])
        if is_able:
            for number, views, digest in cursor.fetchall():
                yield number, Portion(views, digest)
            return
        for number, rows in groupby(cursor.fetchall(), key=itemgetter(0)):
            lines = [line for _, line in rows]
            yield number, Portion(len(lines), hash_text("\n".join(lines)))
