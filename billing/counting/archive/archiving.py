"""Writes closed and sealed days into the archive.

The order makes it safe to die anywhere: the files first, each whole and on the disk, then the seal
in the database. A file that no seal names is nobody's, and is removed a day later. The store is
never asked inside a transaction, so one that is slow makes nobody wait. Two runs at once may so
remove a file as the other one seals it: each looks last for files that are missing, and writes them
anew.
"""

import datetime as dt
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from django.db import transaction
from django.template.defaultfilters import pluralize

from billing.clocks import read_clock
from billing.counting.archive.engines import DuckDB
from billing.counting.archive.leftovers import delete_leftovers
from billing.counting.archive.manifests import (
    Manifest,
    find_days_to_archive,
    find_manifest,
    has_changed,
    is_outdated,
    iter_manifests,
    make_content,
    name_copy,
    read_manifest,
)
from billing.counting.archive.parquet import Part, write_parts
from billing.counting.archive.reading import export_after_midnight, fetch_day
from billing.counting.archive.rows import write_day
from billing.counting.archive.stores import Store, open_store
from billing.counting.archive.verifying import ViewReport, check_files
from billing.counting.archive.work import open_work_folder
from billing.counting.settled import count_views, require_sealed
from billing.errors import ArchiveDamaged, NotAsSealed, NotSealed
from billing.locks import Lock, hold_lock
from billing.models import BlogView, ViewSeal
from billing.proof.chains import find_head
from billing.proof.view_seals import append_view_seal, read_sealed


@dataclass
class ArchiveResult:
    """What archive_views wrote, and what it could not, each with its reason."""

    days: int = 0
    views: int = 0
    files: int = 0
    rewritten: int = 0  # days whose files were missing or damaged
    hindrances: list[str] = field(default_factory=list)  # which pass: a later run archives the day
    faults: list[str] = field(default_factory=list)  # which stay until somebody mends them

    def __str__(self):
        lines = [
            f"{_count(self.views, 'view')} of {_count(self.days, 'day')} archived in "
            f"{_count(self.files, 'file')}."
        ]
        if self.rewritten:
            days = _count(self.rewritten, "day")
            lines.append(f"Files of {days} were lost or damaged: written anew.")
        return " ".join([*lines, *self.hindrances])


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{pluralize(number)}"


def archive_views(*, at: dt.datetime | None = None, repair: bool = False) -> ArchiveResult:
    """Archive the days that are closed and sealed, and not yet archived as they are now.

    What is missing of a sealed day's files is written anew from the database. `repair` reads all
    files, and does the same where one is not what was sealed. Raises ArchiveMissing,
    ArchiveUnreachable. May be repeated, doubled or killed.
    """
    at = at or read_clock()
    store, result = open_store(), ArchiveResult()
    for day in find_days_to_archive(at=at):
        if manifest := _try_day(day, store, result, at=at):
            result.days += 1
            result.files += len(manifest.parts)
            result.views += sum(part.views for part in manifest.parts)
    delete_leftovers(store, at=at)
    for manifest in _find_broken(store, read=repair):
        if fault := _find_fault(manifest):
            result.faults.append(fault)
        elif _try_day(manifest.day, store, result, at=at):
            result.rewritten += 1
    return result


def _try_day(
    day: dt.date, store: Store, result: ArchiveResult, *, at: dt.datetime
) -> Manifest | None:
    try:
        return archive_day(day, store=store, at=at)
    except NotSealed as reason:
        told = result.faults if isinstance(reason, NotAsSealed) else result.hindrances
        if str(reason) not in told:
            told.append(str(reason))
        return None


def _find_broken(store: Store, *, read: bool) -> Iterator[Manifest]:
    """Yield the manifests whose files are missing or, if `read`, not what was sealed."""
    there = {stored.name for stored in store.list()}
    for manifest in iter_manifests():
        is_broken = not manifest.names <= there or (read and _is_damaged(manifest, store))
        if is_broken and not is_outdated(manifest):  # else it waits for its next manifest
            yield manifest


def _is_damaged(manifest: Manifest, store: Store) -> bool:
    with open_work_folder() as work:
        try:
            fetch_day(manifest, store, work)
        except ArchiveDamaged:
            return True
    return False


def _find_fault(manifest: Manifest) -> str:
    """Return why the files can't be written anew, or ""."""
    day = manifest.day
    if fault := manifest.find_fault():
        return f"{day}: {fault}"
    if not BlogView.objects.filter(day=day).exists():
        return (
            f"Files of {day} are lost or damaged, and the database has no views of it any more: "
            "put back a copy of the archive."
        )
    return ""


def archive_day(day: dt.date, *, store: Store, at: dt.datetime) -> Manifest:
    """Write a day's files, read them back, and seal their manifest. Raises NotSealed, NotAsSealed.

    Files that come to the same as before stay under the seal that they have.
    """
    head = find_head(ViewSeal)
    seen = head.number if head else 0
    try:
        content = _write_files(day, store, at=at)
    except NotAsSealed as reason:
        if _is_changing(day, after=seen):
            raise _changed(day) from reason
        raise
    return _seal(day, content, seen=seen, at=at)


def _is_changing(day: dt.date, *, after: int) -> bool:
    """Whether views came in, or were counted, that the seal `after` knows nothing of."""
    days = (day, day + dt.timedelta(days=1))
    return (
        has_changed(day, after=after) or BlogView.objects.unsealed().filter(day__in=days).exists()
    )


def _changed(day: dt.date) -> NotSealed:
    return NotSealed(f"Views of {day} changed as they were being archived: the next run will.")


def _write_files(day: dt.date, store: Store, *, at: dt.datetime) -> dict:
    """Write a day's files, read them back, and return the content of their manifest."""
    outcomes, counted = count_views(BlogView.objects.filter(day=day))
    require_sealed(day, counted=counted, at=at)
    with open_work_folder() as work:
        engine = DuckDB(work)
        write_day(work / "day.csv", day)
        made = list(write_parts(engine.database, work / "day.csv", work))
        content = make_content(
            day=day,
            parts=[part for part, _ in made],
            outcomes=dict(outcomes),
            seals=_read_seals(day),
        )
        _check_made(day, content, made, engine, work)
        for part, path in made:
            store.put(f"{day}/{part.name}", path)
        name, text = name_copy(content)
        copy = work / "manifest.json"
        copy.write_text(text, encoding="utf-8")
        store.put(name, copy)
    if not all(store.has(each) for each in (name, *(f"{day}/{part.name}" for part, _ in made))):
        raise NotSealed(f"Files of {day} were deleted as they were being written: run it again.")
    return content


def _read_seals(day: dt.date) -> dict[int, str]:
    """Return {number: hash} of the links that the day's views came under."""
    seals = ViewSeal.objects.filter(number__in=read_sealed(day))
    return dict(seals.values_list("number", "hash"))


def _check_made(
    day: dt.date, content: dict, made: list[tuple[Part, Path]], engine: DuckDB, work: Path
) -> None:
    """Check the files by what anybody will check them with later. Raises NotAsSealed."""
    unsealed = ViewSeal(day=day, kind=ViewSeal.Kind.ARCHIVE, content=json.dumps(content))
    manifest = Manifest(
        seal=unsealed,
        parts=tuple(part for part, _ in made),
        outcomes=content["outcomes"],
        seals=dict(content["seals"]),
    )
    report = ViewReport(engine.name)
    engine.load(day, [path for _, path in made], list(export_after_midnight(day, work)))
    check_files(manifest, engine, report)
    if report.faults:
        raise NotAsSealed(f"Views of {day} are not archived. {report.faults[0]} Verify payouts.")


@transaction.atomic
def _seal(day: dt.date, content: dict, *, seen: int, at: dt.datetime) -> Manifest:
    """Seal the manifest, unless the day changed since the seal `seen` or another run was first."""
    hold_lock(Lock.FOLD)
    known = find_manifest(day)
    if has_changed(day, after=seen) or (known and known.seal.number > seen):
        raise _changed(day)
    if known and known.copy == name_copy(content) and not is_outdated(known):
        return known
    rest = {name: content[name] for name in content if name not in ("kind", "day")}
    return read_manifest(append_view_seal(kind=ViewSeal.Kind.ARCHIVE, day=day, at=at, **rest))
