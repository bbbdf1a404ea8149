"""Brings an archived day back into the database, whole or not at all."""

import datetime as dt
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.db import connection, transaction

from billing.counting.archive.engines import DuckDB
from billing.counting.archive.manifests import Manifest, find_manifest, has_changed, is_outdated
from billing.counting.archive.parquet import ROWS_AT_ONCE, read_files
from billing.counting.archive.reading import fetch_day
from billing.counting.archive.stores import open_store
from billing.counting.archive.verifying import ViewReport, check_files
from billing.counting.archive.work import open_work_folder
from billing.errors import ArchiveDamaged, NotRestored
from billing.locks import Lock, hold_lock
from billing.models import BlogView
from billing.proof.view_seals import find_differing_portions, find_retirements

Outcome = BlogView.Outcome
FACTS = (
    "id", "blog_id", "author_id", "category_id", "viewed_at", "day", "reader_key",
    "previous_day_key", "address_key", "agent_key", "outcome", "excluded_by", "log_import_id",
    "finding_id", "seal_id",
)  # fmt: skip
SETTLE = """
    UPDATE billing_blogview SET outcome = %s, finding_id = %s, seal_id = %s
    WHERE id = %s AND seal_id IS NULL
"""


def restore_views(*, day: dt.date, url: str | None = None) -> int:
    """Bring back the views of an archived day that the database lacks. Return their number.

    Everything is checked before anything is written: the manifest by the chain, the files by the
    manifest, the views by their seals. Views that are there stay; if they and those brought back
    are not together what was sealed, nothing is written. Raises NotRestored, ArchiveDamaged,
    ArchiveMissing, ArchiveUnreachable.
    """
    store, manifest = open_store(url), find_manifest(day)
    if manifest is None:
        raise NotRestored(f"No views of {day} are archived.")
    _require_restorable(manifest)
    with open_work_folder() as work:
        paths = fetch_day(manifest, store, work)
        engine = DuckDB(work)
        engine.load(day, paths, [])
        report = ViewReport(engine.name)
        check_files(manifest, engine, report, with_rule=False)
        if report.faults:
            raise ArchiveDamaged(report.faults)
        return _restore(manifest, engine, paths)


def _require_restorable(manifest: Manifest) -> None:
    day = manifest.day
    if any(find_retirements(day)):
        raise NotRestored(f"Views of {day} were dropped past their retention: they stay away.")
    if is_outdated(manifest):
        raise NotRestored(
            f"Views of {day} came or changed since they were archived: "
            "the archive is not what the counts were made of."
        )


@transaction.atomic
def _restore(manifest: Manifest, engine: DuckDB, paths: list[Path]) -> int:
    """Insert what is missing, as it first came in, and put it under its seals again."""
    hold_lock(Lock.INTAKE, Lock.FOLD)
    day = manifest.day
    if has_changed(day, after=manifest.seal.number):
        raise NotRestored(f"Views of {day} just changed: try again.")
    views = BlogView.objects.filter(day=day)
    before = views.count()
    for rows in _read_rows(engine, paths):
        BlogView.objects.bulk_create(
            [BlogView(**_as_it_came(row)) for row in rows], ignore_conflicts=True
        )
        with connection.cursor() as cursor:
            cursor.executemany(SETTLE, [_settled(row) for row in rows])
        _require_outcomes(day, rows)
    for number, found, sealed in find_differing_portions(day):
        raise NotRestored(
            f"Nothing was written. With the archived views, {day} would hold {found or 'no views'} "
            f"under seal {number}, which sealed {sealed or 'none'}. Verify payouts."
        )
    return views.count() - before


def _require_outcomes(day: dt.date, rows: list[dict[str, Any]]) -> None:
    """Check that each view has the outcome it was archived with: the seals hold none."""
    archived = {uuid.UUID(bytes=row["id"]): (row["outcome"], row["finding_id"]) for row in rows}
    found = BlogView.objects.filter(pk__in=archived).values_list("pk", "outcome", "finding_id")
    for key, *outcome in found:
        if tuple(outcome) != archived[key]:
            raise NotRestored(
                f"Nothing was written. Views of {day} in the database have other outcomes than "
                "those that were archived. Verify payouts."
            )


def _read_rows(engine: DuckDB, paths: list[Path]) -> Iterator[list[dict[str, Any]]]:
    rows = engine.database.execute(f"SELECT {', '.join(FACTS)} FROM {read_files(paths)}")  # noqa: S608
    while portion := rows.fetchmany(ROWS_AT_ONCE):
        yield [dict(zip(FACTS, row, strict=True)) for row in portion]


def _as_it_came(row: dict[str, Any]) -> dict[str, Any]:
    """Return a view without seal: the database refuses one that comes in with a seal."""
    of_person = not row["excluded_by"]
    came = {"id": uuid.UUID(bytes=row["id"]), "finding_id": None, "seal_id": None}
    return row | came | ({"outcome": Outcome.PENDING} if of_person else {})


def _settled(row: dict[str, Any]) -> tuple:
    key: Any = uuid.UUID(bytes=row["id"])
    if connection.vendor != "postgresql":
        key = key.hex
    return row["outcome"], row["finding_id"], row["seal_id"], key
