"""An extract: all data about one person, as JSON, for that person.

Each app registers its sections in its AppConfig.ready; this module knows no table of theirs. The
file names no other people: an actor is “you”, “somebody else” or “the application”. Free text (a
reason, a comment) is about the person and stays unchanged.
"""

import json
import tempfile
from collections.abc import Callable, Iterable, Iterator
from functools import reduce
from typing import IO

from django.contrib.auth.models import User
from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import Model, QuerySet

from backoffice.accounts.models import SecurityEvent
from backoffice.accounts.security_log import record_event

KEPT_IN_MEMORY = 5_000_000  # bytes; more goes to a temporary file
ROWS_AT_A_TIME = 1_000

ListRows = Callable[[User], Iterable[dict]]

_sections: dict[str, tuple[ListRows, ListRows]] = {}


def register_extract(name: str, list_rows: ListRows, in_full: ListRows | None = None) -> None:
    """Add a section. `list_rows` yields a user's data, a dictionary for each row.

    Where another person must not see it all, `in_full` yields it for the user alone. Values are
    texts, numbers, dates, times, Decimals, or lists of them. Call it in ready().
    """
    _sections[name] = list_rows, in_full or list_rows


def list_sections() -> list[str]:
    """Return the names of the sections, in words."""
    return [name.replace("_", " ") for name in _sections]


def read_rows(rows: QuerySet, **facts: str) -> Iterator[dict]:
    """Yield {name: value} of each row, in portions. A fact is an attribute or a method.

    `batch__month` is the month of the row's batch, as in a query.
    """
    for row in rows.iterator(ROWS_AT_A_TIME):
        yield {name: _read_fact(row, fact) for name, fact in facts.items()}


def _read_fact(row: Model, fact: str) -> object:
    value = reduce(getattr, fact.split("__"), row)
    return value() if callable(value) else value


def make_extract(*, user: User, by: User) -> IO[bytes]:
    """Return a rewound temporary file with all sections as JSON, and record the extract.

    Memory holds a portion of rows, for any amount of data.
    """
    file = tempfile.SpooledTemporaryFile(max_size=KEPT_IN_MEMORY)  # noqa: SIM115
    try:
        _write_sections(file, user, is_own=by == user)
    except BaseException:
        file.close()
        raise
    file.seek(0)
    record_event(SecurityEvent.Kind.EXTRACT_TAKEN, about=user, by=by)
    return file


def _write_sections(file: IO[bytes], user: User, *, is_own: bool) -> None:
    for mark, (name, (list_rows, in_full)) in zip(_marks("{"), _sections.items(), strict=False):
        file.write(f"{mark}\n{json.dumps(name)}: ".encode())
        _write_rows(file, in_full(user) if is_own else list_rows(user))
    file.write(b"\n}\n")


def _write_rows(file: IO[bytes], rows: Iterable[dict]) -> None:
    file.write(b"[")
    for mark, row in zip(_marks(""), rows, strict=False):
        text = json.dumps(row, cls=DjangoJSONEncoder, ensure_ascii=False)
        file.write(f"{mark}\n  {text}".encode())
    file.write(b"]")


def _marks(first: str) -> Iterable[str]:
    """Yield the text before each member: `first`, then commas."""
    yield first
    while True:
        yield ","


def name_actor(pk: int | None, user: User) -> str:
    """Return the actor for an extract about `user`, without names of other people."""
    if pk is None:
        return "the application, or nobody signed in"
    return "you" if pk == user.pk else "somebody else"
