"""Brings the files of a day here, and loads days into an engine: from the archive, or the database.

A day is loaded with the clicks just after its midnight, which may make its last ones double.
"""

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

from django.db import connection

from billing.counting.archive.engines import OF_DATABASE, OF_FILES, Database, Engine
from billing.counting.archive.manifests import (
    Manifest,
    find_manifest,
    is_outdated,
    iter_manifests,
)
from billing.counting.archive.parquet import hash_file, open_duckdb, write_parts
from billing.counting.archive.rows import write_clicks_after_midnight
from billing.counting.archive.stores import Store, open_store
from billing.counting.archive.work import open_work_folder
from billing.errors import ArchiveDamaged, ArchiveMissing
from billing.models import BlogView


def open_database(engine: str = "") -> Database:
    """Return the database of this installation. Raises ArchiveMissing if it is not `engine`."""
    if engine not in ("", connection.vendor):
        raise ArchiveMissing(f"The database of this installation is {connection.vendor}.")
    return Database()


def load_days(
    month: dt.date, *, engine: str, url: str | None = None
) -> Iterator[tuple[dt.date, Engine]]:
    """Yield the days of a month that have views, each with the engine that has just loaded it.

    Of the archive, those that did not change since they were archived. Raises ArchiveDamaged,
    ArchiveMissing, ArchiveUnreachable.
    """
    if engine in OF_DATABASE:
        database = open_database(engine)
        days = BlogView.objects.in_month(month).order_by("day").values_list("day", flat=True)
        for day in days.distinct():
            database.load(day)
            yield day, database
        return
    store = open_store(url)
    with open_work_folder() as work:
        opened = OF_FILES[engine](work)
        for manifest in iter_manifests(month=month):
            if is_outdated(manifest):
                continue
            with open_work_folder() as folder:
                paths = fetch_day(manifest, store, folder)
                opened.load(manifest.day, paths, list(fetch_after(manifest.day, store, folder)))
                yield manifest.day, opened


def fetch_day(manifest: Manifest, store: Store, folder: Path) -> list[Path]:
    """Copy a day's files to `folder`, and compare them with the manifest. Raises ArchiveDamaged."""
    day, faults, paths = manifest.day, [], []
    if fault := manifest.find_fault():
        raise ArchiveDamaged([f"{day}: {fault}"])
    name, text = manifest.copy
    copy = folder / "manifest.json"
    try:
        store.fetch(name, copy)
        if copy.read_bytes() != text.encode():
            faults.append(f"{name} is not what {manifest.seal} sealed.")
    except FileNotFoundError:
        faults.append(f"{name} is missing.")
    for part in manifest.parts:
        name, path = f"{day}/{part.name}", folder / part.name
        try:
            store.fetch(name, path)
        except FileNotFoundError:
            faults.append(f"{name} is missing: {part.views} views.")
            continue
        if (digest := hash_file(path)) != part.sha256:
            faults.append(f"{name} has the SHA-256 {digest}; {part.sha256} was sealed.")
        paths.append(path)
    if faults:
        raise ArchiveDamaged(faults)
    return paths


def fetch_after(day: dt.date, store: Store, folder: Path) -> Iterator[Path]:
    """Yield files with the clicks just after midnight: from the database, else from the archive.

    Raises ArchiveDamaged.
    """
    following = day + dt.timedelta(days=1)
    if BlogView.objects.filter(day=following).exists():
        yield from export_after_midnight(day, folder)
    elif manifest := find_manifest(following):
        target = folder / "after"
        target.mkdir()
        yield from fetch_day(manifest, store, target)


def export_after_midnight(day: dt.date, folder: Path) -> Iterator[Path]:
    """Yield Parquet files of the database's clicks in the first seconds after the day."""
    source, target = folder / "after.csv", folder / "after"
    target.mkdir()
    write_clicks_after_midnight(source, day + dt.timedelta(days=1))
    for _, path in write_parts(open_duckdb(target), source, target):
        yield path
