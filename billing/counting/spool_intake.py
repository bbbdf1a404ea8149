"""Moves views and numbers of lost views from this machine's spool into the database.

Each step may be repeated, started twice or killed. A file is deleted only after its views are
committed, an existing view is left alone, and lost views are stored as the total under the name of
their file.
"""

import contextlib
import datetime as dt
import logging
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import batched
from pathlib import Path

from django.conf import settings
from django.contrib.auth.models import User
from django.db import DataError, IntegrityError, connection, transaction
from django.utils import timezone

from backoffice.mails import mail_admins
from billing.counting import losses, spool
from billing.counting.clicks import insert_statement
from billing.counting.local_salts import name_salt
from billing.counting.readers import adopt_salts, lay_in_salts
from billing.counting.retention import last_retired_day
from billing.counting.spool import SpooledView
from billing.locks import Lock, hold_lock
from billing.models import LostViewTotal, ReaderSalt
from billing.periods import day_of
from weblog.models import Blog, Category

logger = logging.getLogger(__name__)

LINES_AT_A_TIME = 2_000
Reason = LostViewTotal.Reason


@dataclass
class Intake:
    """The numbers of views that came from the spool."""

    taken_in: int = 0
    known: int = 0  # views that were there already
    lost: int = 0
    other_salt: int = 0  # made with a salt of this machine, because the day's salt was out of reach
    problem: str = ""

    def __str__(self):
        parts = [
            f"{self.taken_in} taken in from the spool" if self.taken_in else "",
            f"{self.known} of the spool were there already" if self.known else "",
            f"{self.lost} LOST" if self.lost else "",
            f"{self.other_salt} with a salt of this machine alone" if self.other_salt else "",
            self.problem,
        ]
        return ", ".join(filter(None, parts))


def take_in_spool() -> Intake:
    """Store the spooled views of this machine.

    No query if there are none. An unreadable or unwritable folder does not stop the fold; `problem`
    names it.
    """
    intake = Intake()
    files = _claim_files(intake)
    if files:
        with _noting_problems(intake):
            adopt_salts()
    for path in files:
        with _noting_problems(intake):
            _take_in_file(path, intake)
    with _noting_problems(intake):
        _take_in_losses(intake)
    return intake


@contextlib.contextmanager
def _noting_problems(intake: Intake) -> Iterator[None]:
    """Note an error and let the next step run: a full disk blocks salts but not views."""
    try:
        yield
    except FileNotFoundError:
        pass  # another fold was faster
    except (OSError, ValueError) as error:
        logger.exception("The spool in %s can't be used.", settings.SPOOL_DIR)
        intake.problem = f"the spool can't be used: {error}"


def _claim_files(intake: Intake) -> list[Path]:
    with _noting_problems(intake):
        return spool.claim_files()
    return []


def get_spool_ready(*, at: dt.datetime | None = None) -> str:
    """Prepare for a database that is away and a disk that is full.

    Copies salts and preallocates files. Returns the error as text, or "".
    """
    intake = Intake()
    for get_ready in (
        lambda: lay_in_salts(at=at or timezone.now()),
        spool.make_reserve,
        losses.make_losses_file,
    ):
        with _noting_problems(intake):
            get_ready()
    return intake.problem


def _take_in_file(path: Path, intake: Intake) -> None:
    """Add the views of a file without a writer, then remove the file."""
    lost: Counter = Counter()
    file_day = day_of(dt.datetime.fromtimestamp(path.stat().st_mtime, dt.UTC))
    for lines in batched(spool.read_lines(path), LINES_AT_A_TIME):
        views = [spool.read_line(line) for line in lines]
        lost[file_day, Reason.BROKEN_LINE] += views.count(None)
        _add_views([view for view in views if view], intake, lost)
    _store_losses(path.stem, lost, intake)
    # The file stays if the transaction is rolled back.
    transaction.on_commit(lambda: path.unlink(missing_ok=True))


@transaction.atomic
def _add_views(views: list[SpooledView], intake: Intake, lost: Counter) -> None:
    """Add the views that the database lacks. The lock keeps retire_day waiting, as for imports."""
    hold_lock(Lock.INTAKE)
    retired_until = last_retired_day()
    known_to = _find_references(views)
    clicks = []
    for click, _ in views:
        if retired_until and click.day <= retired_until:
            lost[click.day, Reason.PAST_RETENTION] += 1
        elif all(getattr(click, name) in keys for name, keys in known_to.items()):
            clicks.append(click)
        else:
            lost[click.day, Reason.REFUSED] += 1
    added = _insert(clicks, lost)
    intake.taken_in += added
    intake.known += len(clicks) - added
    _count_other_salts(views, intake)


def _find_references(views: list[SpooledView]) -> dict[str, set[int]]:
    """Return {column: keys} of the existing rows that the views refer to."""
    models = {"blog_id": Blog, "author_id": User, "category_id": Category}
    found = {}
    for name, model in models.items():
        keys = {getattr(view.click, name) for view in views}
        found[name] = set(model._default_manager.filter(pk__in=keys).values_list("pk", flat=True))
    return found


def _insert(clicks: list, lost: Counter) -> int:
    """Insert all views at once. If the database refuses one, insert each by itself."""
    if not clicks:
        return 0
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.executemany(insert_statement(), [click.as_stored() for click in clicks])
            return max(cursor.rowcount, 0)
    except (DataError, IntegrityError):
        if len(clicks) == 1:
            logger.exception("The database refuses a view of the spool.")
            lost[clicks[0].day, Reason.REFUSED] += 1
            return 0
    return sum(_insert([click], lost) for click in clicks)


def _count_other_salts(views: list[SpooledView], intake: Intake) -> None:
    """Count views whose salt differs from that of the day's other views."""
    days = {view.click.day for view in views}
    rows = ReaderSalt.objects.filter(day__in=days).values_list("day", "salt")
    names = {day: name_salt(bytes(salt)) for day, salt in rows}
    for click, salt in views:
        intake.other_salt += names.get(click.day, salt) != salt


def _take_in_losses(intake: Intake) -> None:
    found = losses.read_losses()
    if found and found.sums:
        _store_losses(found.name, found.sums, intake)


@transaction.atomic
def _store_losses(source: str, sums: Counter, intake: Intake) -> None:
    """Store the totals of a file, and mail the new losses to ADMINS."""
    known = {(row.day, row.reason): row for row in LostViewTotal.objects.filter(source=source)}
    new = []
    for (day, reason), views in sorted(sums.items()):
        row = known.get((day, reason))
        if not views or (row and row.views >= views):
            continue
        intake.lost += views - (row.views if row else 0)
        new.append(f"{views} of {day}: {Reason(reason).label}")
        LostViewTotal.objects.update_or_create(
            source=source, day=day, reason=reason, defaults={"views": views}
        )
    if new:
        transaction.on_commit(lambda: _tell(new))


def _tell(new: list[str]) -> None:
    text = "\n".join(new)
    try:
        mail_admins(
            "Views were lost",
            "Nobody can bring these views back. The page Views explained lists them, and approvers "
            f"have to comment on them when they approve the batch.\n\n{text}\n",
        )
    except OSError:
        logger.exception("Nobody could be told of lost views: %s", text)
