"""The records in a file of posts, read here or, for uploads, apart and within bounds."""

import contextlib
import json
from collections.abc import Callable, Iterator
from typing import BinaryIO

from django.conf import settings

from backoffice.bounded import BoundReached, Bounds, Unreadable, run_bounded
from backoffice.bounded_child import Refused
from weblog.errors import ImportRefused

# Markdown: 300 kB of text render in a second. More of it than fits is for the command.
BOUNDS = Bounds(seconds=4, memory=400_000_000, answer=50_000_000)


class Records:
    """Yields the records that `read` finds in a file, on each iteration.

    Raises ImportRefused. Records that were read apart have clean texts and are read once.
    """

    def __init__(self, read: Callable, file: BinaryIO, name: str, *, is_apart: bool):
        self._read, self._file, self._name = read, file, name
        self._is_apart, self._answer = is_apart, None
        self.site = ""  # the address of the old site, where the file does not name it

    def __iter__(self) -> Iterator[dict]:
        with self._told_plainly():
            yield from self._read_apart() if self._is_apart else self._read_here()

    def read_ahead(self) -> None:
        """Have the file read apart now: it takes seconds, for which no transaction should wait."""
        with self._told_plainly():
            self._read_apart()

    @contextlib.contextmanager
    def _told_plainly(self):
        try:
            yield
        except (Refused, Unreadable) as error:
            raise ImportRefused(str(error).replace("{name}", self._name)) from error
        except BoundReached as error:
            raise ImportRefused(str(error)) from error

    def close(self) -> None:
        if self._answer is not None:
            self._answer.close()

    def _read_here(self):
        self._file.seek(0)
        return (record | {"site": self.site} for record in self._read(self._file))

    def _read_apart(self):
        if self._answer is None:
            self._answer = run_bounded(
                "weblog.importing.apart:run_apart",
                self._file,
                what=self._name,
                advice="Let an administrator import the file by a command: docs/operations.md.",
                bounds=BOUNDS,
                args=(self._read.__module__, self._read.__name__, settings.MEDIA_URL, self.site),
            )
        self._answer.seek(0)
        return map(json.loads, self._answer)
