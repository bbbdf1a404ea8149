"""Which files leave the archive: those that no seal names, and those past retention."""

import contextlib
import datetime as dt
import re
from collections.abc import Iterator

from billing.counting.archive.manifests import find_manifest
from billing.counting.archive.stores import Store, Stored, open_store
from billing.counting.archive.work import remove_left_folders
from billing.models import BlogView

# Each with a dot before it and a token after it, while it is being written.
OURS = re.compile(
    r"(?P<day>[0-9]{4}-[0-9]{2}-[0-9]{2})"
    r"/\.?(?:shard-[0-9]+\.[0-9a-f]{16}\.parquet|manifest\.[0-9a-f]{16}\.json)(?:\.[0-9a-f]+)?"
)
LEFT_AFTER = dt.timedelta(days=1)  # longer than any run takes from its first file to its seal


def delete_leftovers(store: Store, *, at: dt.datetime) -> None:
    """Delete files of runs that died, and of manifests that a later one replaced."""
    names: dict[dt.date, set[str]] = {}
    for day, stored in _list_days(store):
        if day not in names:
            manifest = find_manifest(day)
            names[day] = manifest.names if manifest else set()
        if stored.name not in names[day] and stored.at < at - LEFT_AFTER:
            _delete_unnamed(store, day, stored.name)


def _delete_unnamed(store: Store, day: dt.date, name: str) -> None:
    """Delete a file, unless another run has just written and sealed it again.

    One that is sealed after this look is missed, and written anew, by what archive_views does next.
    """
    manifest = find_manifest(day)
    if manifest is None or name not in manifest.names:
        store.delete(name)


def drop_archived(*, end: dt.date) -> int:
    """Delete the files of days before `end` that have no views left, and return their number.

    Readers' keys so live no longer in the archive than in the database. A repeat deletes what an
    earlier run left. Raises ArchiveMissing, ArchiveUnreachable.
    """
    remove_left_folders()
    store, dropped = open_store(), 0
    for day, stored in _list_days(store):
        if day < end and not BlogView.objects.filter(day=day).exists():
            store.delete(stored.name)
            dropped += 1
    return dropped


def _list_days(store: Store) -> Iterator[tuple[dt.date, Stored]]:
    """Yield the archive's files with their days. What is named otherwise is not ours."""
    for stored in list(store.list()):
        if match := OURS.fullmatch(stored.name):
            with contextlib.suppress(ValueError):
                yield dt.date.fromisoformat(match["day"]), stored
