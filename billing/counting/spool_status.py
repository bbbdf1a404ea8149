"""The state of this machine's spool: waiting views, their age, and lost views."""

import datetime as dt
import os
import re
import stat
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from django.conf import settings

from billing.counting import losses, spool

FACTS = re.compile(rb'"viewed_at":"([^"]+)","day":"([^"]+)"')


@dataclass
class SpoolStatus:
    """The numbers of this machine. `problem` is a sentence for the administrator, or ""."""

    files: int = 0
    views: int = 0
    by_month: Counter = field(default_factory=Counter)
    oldest_at: dt.datetime | None = None
    lost: int = 0  # since the file of losses was made
    lost_in_memory: int = 0  # of this process
    has_reserve: bool = False
    problem: str = ""

    def oldest_age(self, at: dt.datetime) -> dt.timedelta:
        return at - self.oldest_at if self.oldest_at else dt.timedelta(0)


def spool_status() -> SpoolStatus:
    """Return the state of the spool from its files. No query."""
    status = SpoolStatus(lost_in_memory=losses.count_unwritten())
    try:
        status.problem = find_problem()
        status.has_reserve = (settings.SPOOL_DIR / spool.RESERVE).exists()
        for path in spool.list_files():
            _add_file(path, status)
        if found := losses.read_losses():
            status.lost = found.sums.total()
    except OSError as error:
        status.problem = f"The spool in {settings.SPOOL_DIR} can't be read: {error}."
    return status


def _add_file(path: Path, status: SpoolStatus) -> None:
    """Count the views without parsing each line: there may be a hundred thousand."""
    views = 0
    try:
        for line in spool.read_lines(path):
            if facts := FACTS.search(line):
                views += 1
                viewed_at, day = (fact.decode() for fact in facts.groups())
                status.by_month[dt.date.fromisoformat(f"{day[:7]}-01")] += 1
                viewed_at = dt.datetime.fromisoformat(viewed_at)
                status.oldest_at = min(status.oldest_at or viewed_at, viewed_at)
    except FileNotFoundError:
        return  # taken in meanwhile
    status.files += bool(views)
    status.views += views


def find_problem() -> str:
    """Return the fault of the folder, or "". A missing folder is fine: the first use makes it."""
    folder = settings.SPOOL_DIR
    try:
        mode = folder.stat().st_mode
    except FileNotFoundError:
        return ""
    if not stat.S_ISDIR(mode):
        return f"{folder} is no folder."
    if stat.S_IMODE(mode) & 0o077:
        return f"{folder} can be read by others. Run: chmod 700 {folder}"
    if not os.access(folder, os.W_OK | os.X_OK):
        return f"{folder} can't be written by this user."
    return ""
