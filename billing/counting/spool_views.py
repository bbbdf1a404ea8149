"""Writes views that were kept elsewhere, in the spool or in a stream, into the database."""

import logging
from collections import Counter
from dataclasses import dataclass

from django.contrib.auth.models import User
from django.db import DataError, IntegrityError, connection, transaction

from billing.counting.clicks import insert_statement
from billing.counting.local_salts import name_salt
from billing.counting.retention import last_retired_day
from billing.counting.spool import SpooledView
from billing.counting.stream.receipts import note_received
from billing.locks import Lock, hold_lock
from billing.models import LostViewTotal, ReaderSalt
from weblog.models import Blog, Category

logger = logging.getLogger(__name__)

Reason = LostViewTotal.Reason


@dataclass
class Intake:
    """The numbers of views that came from the spool or the broker."""

    taken_in: int = 0
    known: int = 0  # views that were there already
    lost: int = 0
    other_salt: int = 0  # made with a salt of this machine, because the day's salt was out of reach
    problem: str = ""

    def add_problem(self, problem: str) -> None:
        self.problem = "; ".join(filter(None, [self.problem, problem]))

    def __str__(self):
        parts = [
            f"{self.taken_in} taken in from the spool" if self.taken_in else "",
            f"{self.known} of the spool were there already" if self.known else "",
            f"{self.lost} LOST" if self.lost else "",
            f"{self.other_salt} with a salt of this machine alone" if self.other_salt else "",
            self.problem,
        ]
        return ", ".join(filter(None, parts))


@transaction.atomic
def add_views(views: list[SpooledView], intake: Intake, lost: Counter) -> None:
    """Add the views that the database lacks. The lock keeps retire_day waiting, as for imports."""
    hold_lock(Lock.INTAKE)
    retired_until = last_retired_day()
    known_to = _find_references(views)
    clicks = []
    for click, _, _ in views:
        if retired_until and click.day <= retired_until:
            lost[click.day, Reason.PAST_RETENTION] += 1
        elif all(getattr(click, name) in keys for name, keys in known_to.items()):
            clicks.append(click)
        else:
            lost[click.day, Reason.REFUSED] += 1
    added = _insert(clicks, lost)
    note_received((view.click.day, view.numbered) for view in views)
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
            logger.exception("The database refuses a view that the spool or the broker kept.")
            lost[clicks[0].day, Reason.REFUSED] += 1
            return 0
    return sum(_insert([click], lost) for click in clicks)


def _count_other_salts(views: list[SpooledView], intake: Intake) -> None:
    """Count views whose salt differs from that of the day's other views."""
    days = {view.click.day for view in views}
    rows = ReaderSalt.objects.filter(day__in=days).values_list("day", "salt")
    names = {day: name_salt(bytes(salt)) for day, salt in rows}
    for click, salt, _ in views:
        intake.other_salt += names.get(click.day, salt) != salt
