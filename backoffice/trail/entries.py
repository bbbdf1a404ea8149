"""An entry of the trail in words, whatever table it comes from."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import User
from django.db.models import Model

from backoffice.changes import Change
from backoffice.people import full_name


@dataclass(frozen=True, kw_only=True)
class Entry:
    """Who did what to what, when, from where, and why."""

    at: dt.datetime
    by: User | None
    action: str
    kind: str
    subject: str
    tone: str = "primary"  # of the action's label: success, danger, warning, info or primary
    nobody: str = "system"  # who it was, where `by` is None
    changes: Sequence[Change] = ()
    is_first_known: bool = False
    text: str = ""
    reason: str = ""
    origin: str = ""  # the address and the device, as they are kept
    source: str = ""  # the key of its source, and of its row there
    pk: Any = None
    place: tuple[type[Model], Any] | None = None  # the object that it is about
    url: str = ""  # where it leads, for who holds `permission`; if empty, to the page of `place`
    permission: str = ""

    @property
    def person(self) -> str:
        return full_name(self.by) if self.by else self.nobody

    @property
    def name(self) -> str:
        """Return what the address of its page ends with."""
        return f"{self.source}:{self.pk}"
