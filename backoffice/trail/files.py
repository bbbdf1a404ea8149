"""The trail as a CSV file, with its SHA-256: one line for each changed field.

The file is private to who made it, and gone after an hour. That it was made stands in the trail,
with what was asked for and the SHA-256: so a file that turns up later can be held against it.
"""

import csv
import io
from collections.abc import Iterator
from typing import NamedTuple

from django.contrib.auth.models import User
from django.utils.timezone import localtime

from backoffice.accounts.models import SecurityEvent
from backoffice.accounts.security_log import record_download
from backoffice.changes import Change
from backoffice.errors import Refusal
from backoffice.spreadsheets import guard_cell
from backoffice.trail.entries import Entry
from backoffice.trail.origins import add_origins
from backoffice.trail.reading import Place, Selection, load_entries, read_page
from backoffice.uploads import keep_upload

MOST_ENTRIES = 20_000
AT_A_TIME = 500
COLUMNS = [
    "entry", "time", "person", "username", "from", "action", "kind", "object", "field", "old",
    "new", "text", "reason",
]  # fmt: skip


class TooManyEntries(Refusal):
    pass


class TrailFile(NamedTuple):
    name: str  # by which keep_upload() knows it
    sha256: str
    event: SecurityEvent


def make_trail_file(*, selections: list[Selection], asked: str, by: User) -> TrailFile:
    """Keep a file of all entries for `by`, and record that. Raises TooManyEntries."""
    counted = _Count()
    name, sha256 = keep_upload(chunks=_write(selections, counted), by=by)
    event = record_download(
        name=f"Audit trail, {asked or 'everything'}",
        sha256=sha256,
        count=counted.entries,
        units=("entry", "entries"),
        by=by,
    )
    return TrailFile(name, sha256, event)


class _Count:
    entries = 0


def _write(selections: list[Selection], counted: _Count) -> Iterator[bytes]:
    yield "\ufeff".encode()  # so that spreadsheets read UTF-8
    yield _format([COLUMNS])
    for entries in _read_all(selections):
        counted.entries += len(entries)
        if counted.entries > MOST_ENTRIES:
            raise TooManyEntries(
                f"More than {MOST_ENTRIES:,} entries match. Ask for a shorter time, a person or a "
                "kind, and make several files."
            )
        yield _format(line for entry in entries for line in write_lines(entry))


def _read_all(selections: list[Selection]) -> Iterator[list[Entry]]:
    last: Place | None = None
    while True:
        page = read_page(selections, older_than=last, size=AT_A_TIME)
        yield add_origins(load_entries(page.places))
        if not page.has_older:
            return
        last = page.places[-1]


def write_lines(entry: Entry) -> Iterator[list[str]]:
    """Yield a line for each changed field, at least one."""
    username = entry.by.get_username() if entry.by else ""
    before = [entry.name, localtime(entry.at).isoformat(), entry.person, username, entry.origin]
    before += [entry.action, entry.kind, entry.subject]
    for change in entry.changes or [Change("", "", "")]:
        values = [change.field, change.old or "", change.new or ""]
        yield [*before, *values, entry.text, entry.reason]


def _format(lines) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows([guard_cell(value) for value in line] for line in lines)
    return text.getvalue().encode()
