"""The demo's clock: what happened a year ago is dated so wherever it leaves a trace."""

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager

from django.utils import timezone


@contextmanager
def travel(moment: dt.datetime) -> Iterator[dt.datetime]:
    """Let the block happen at `moment`.

    Histories, the security log and runs of jobs ask the clock themselves. The command alone does
    this, in its own process and with DEBUG.
    """
    now = timezone.now
    timezone.now = lambda: moment
    try:
        yield moment
    finally:
        timezone.now = now
