"""Counts a month's views anew by today's rules and robot lists.

Writes nothing. Views hold no user agent, so a recount can't try newer patterns or exceptions on
them. It can undo a pattern that left the lists, because each view stores the pattern that matched.
"""

import datetime as dt
from collections import Counter
from dataclasses import dataclass, field

from django.contrib.auth.models import User
from django.db import connection

from backoffice.people import full_name
from billing.counting.archive.engines import Clicks
from billing.counting.archive.reading import load_days
from billing.counting.folding import describe_rules
from billing.counting.robots import is_on_lists
from billing.models import BlogView, RetiredViewTotal
from billing.periods import format_month, next_month

Outcome = BlogView.Outcome


@dataclass
class Recount:
    """Counted views of each author: those of then, and those by today's rules."""

    month: dt.date
    rules: str
    then: Counter = field(default_factory=Counter)
    now: Counter = field(default_factory=Counter)
    pending: int = 0
    retired: int = 0
    left_lists: list[str] = field(default_factory=list)  # patterns that are on no list any more
    left_out: list[dt.date] = field(default_factory=list)  # days that the engine can't read
    names: dict[int, str] = field(default_factory=dict)

    def add(self, clicks: Clicks) -> None:
        """Add a day's clicks."""
        for (_, author, _, outcome, is_double), number in clicks.items():
            if outcome == Outcome.COUNTED:
                self.then[author] += number
            if not is_double and outcome not in (Outcome.PENDING, Outcome.EXCLUDED):
                self.now[author] += number

    def __str__(self):
        month = format_month(self.month)
        lines = [f"Views of {month} by today's rules: {self.rules}", *self._describe_authors()]
        lines.append(self._describe("all", self.then.total(), self.now.total()))
        if self.left_lists:
            lines.append(f"No robots by today's lists: {', '.join(self.left_lists)}.")
        if self.pending:
            lines.append(f"{self.pending} views are not counted yet and left out.")
        if self.retired:
            lines.append(
                f"{self.retired} views were dropped after the retention time and are left out."
            )
        if self.left_out:
            days = ", ".join(map(str, self.left_out))
            lines.append(
                f"Left out, as the archive lacks them or they changed since: {days}. archive_views "
                "archives them."
            )
        lines.append(
            "User agents are not kept: newer patterns and exceptions can't be tried on these views."
        )
        return "\n".join([*lines, "Nothing was written."])

    def _describe_authors(self):
        for author in sorted(self.then | self.now, key=lambda author: (self.names[author], author)):
            yield self._describe(self.names[author], self.then[author], self.now[author])

    def _describe(self, name, then, now):
        return f"{name}: {then} counted, {now} would be, {now - then:+}"


def recount_month(month: dt.date, *, engine: str = "", url: str | None = None) -> Recount:
    """Return the month's counted views, derived again from the clicks.

    By default from the database; `engine` is one of archive.engines, and `url` the archive, by
    default ARCHIVE_URL. Robots whose pattern left the lists become clicks. Views that finance
    excluded stay excluded. Raises ArchiveDamaged, ArchiveMissing, ArchiveUnreachable.
    """
    recount = Recount(month, rules=describe_rules())
    views = BlogView.objects.in_month(month)
    recount.pending = views.pending().count()
    retired = RetiredViewTotal.objects.filter(day__gte=month, day__lt=next_month(month))
    recount.retired = sum(retired.values_list("views", flat=True))
    days, left_lists = set(), set()
    for day, loaded in load_days(month, engine=engine or connection.vendor, url=url):
        days.add(day)
        patterns = {robot for robot in loaded.list_robots() if not is_on_lists(robot)}
        recount.add(loaded.count_clicks(readers=patterns))
        left_lists |= patterns
    recount.left_lists = sorted(left_lists)
    recount.left_out = sorted({*views.order_by().values_list("day", flat=True).distinct()} - days)
    people = User.objects.filter(pk__in={*recount.then, *recount.now})
    recount.names = {person.pk: full_name(person) for person in people}
    return recount
