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
from itertools import batched
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from billing.counting import losses, spool
from billing.counting.readers import adopt_salts, lay_in_salts
from billing.counting.spool_views import Intake, add_views
from billing.counting.stream.marks import Marks, read_marks
from billing.counting.stream.receipts import store_marks
from billing.models import LostViewTotal
from billing.periods import day_of

logger = logging.getLogger(__name__)

LINES_AT_A_TIME = 2_000
Reason = LostViewTotal.Reason


def take_in_spool() -> Intake:
    """Store the spooled views of this machine.

    No query if there are none. An unreadable or unwritable folder does not stop the fold; `problem`
    names it.
    """
    intake = Intake()
    # What is settled in a mark was in the spool by then, so marks are read before the spool.
    at, sent = timezone.now(), _read_marks(intake)
    of_marks = intake.problem
    files = _claim_files(intake)
    are_in = intake.problem == of_marks
    if files or settings.VIEWS_BROKER:
        with _noting_problems(intake):
            adopt_salts()
    for path in files:
        are_in &= _take_in(path, intake)
    # A file that stays may hold views that a mark calls settled: they would be missed.
    if sent and are_in:
        store_marks(sent, at=at)
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
        intake.add_problem(f"the spool can't be used: {error}")


def _take_in(path: Path, intake: Intake) -> bool:
    """Take the file in, and return whether that went well."""
    with _noting_problems(intake):
        _take_in_file(path, intake)
        return True
    return False


def _read_marks(intake: Intake) -> list[Marks]:
    with _noting_problems(intake):
        found, problems = read_marks()
        for problem in problems:
            logger.error("%s", problem)
            intake.add_problem(problem)
        return found
    return []


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
        add_views([view for view in views if view], intake, lost)
    _store_losses(path.stem, lost, intake)
    # The file stays if the transaction is rolled back.
    transaction.on_commit(lambda: path.unlink(missing_ok=True))


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
        transaction.on_commit(lambda: losses.mail_losses(new))
