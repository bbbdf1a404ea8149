"""Counts a month's views anew by today's rules and robot lists.

Writes nothing. Views hold no user agent, so a recount can't try newer patterns or exceptions on
them. It can undo a pattern that left the lists, because each view stores the pattern that matched.
"""

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import groupby, pairwise

from django.contrib.auth.models import User

from backoffice.people import full_name
from billing.counting.double_clicks import DOUBLE_CLICK_WINDOW
from billing.counting.folding import describe_rules
from billing.counting.robots import is_on_lists
from billing.models import BlogView, RetiredViewTotal
from billing.periods import format_month, next_month
from billing.querysets import BlogViewQuerySet

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
    names: dict[int, str] = field(default_factory=dict)

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
        lines.append(
            "User agents are not kept: newer patterns and exceptions can't be tried on these views."
        )
        return "\n".join([*lines, "Nothing was written."])

    def _describe_authors(self):
        for author in sorted(self.then | self.now, key=lambda author: (self.names[author], author)):
            yield self._describe(self.names[author], self.then[author], self.now[author])

    def _describe(self, name, then, now):
        return f"{name}: {then} counted, {now} would be, {now - then:+}"


def recount_month(month: dt.date) -> Recount:
    """Return the month's counted views, derived again from the clicks.

    Memory holds the clicks of one reader. Robots whose pattern left the lists become clicks. Views
    that finance excluded stay excluded.
    """
    recount = Recount(month, rules=describe_rules(), left_lists=_find_left_lists(month))
    views = BlogView.objects.in_month(month)
    recount.pending = views.pending().count()
    retired = RetiredViewTotal.objects.filter(day__gte=month, day__lt=next_month(month))
    recount.retired = sum(retired.values_list("views", flat=True))
    for click, is_double_click in _iter_clicks(recount):
        if click.outcome == Outcome.COUNTED:
            recount.then[click.author_id] += 1
        if not is_double_click and click.outcome not in (Outcome.PENDING, Outcome.EXCLUDED):
            recount.now[click.author_id] += 1
    people = User.objects.filter(pk__in={*recount.then, *recount.now})
    recount.names = {person.pk: full_name(person) for person in people}
    return recount


def _find_left_lists(month: dt.date) -> list[str]:
    """Return the "list: pattern" of the month's robots that no list holds today. One query."""
    robots = BlogView.objects.in_month(month).filter(outcome=Outcome.ROBOT).order_by("excluded_by")
    patterns = robots.values_list("excluded_by", flat=True).distinct()
    return [pattern for pattern in patterns if not is_on_lists(pattern)]


def _find_clicks(recount: Recount) -> BlogViewQuerySet:
    """Return the views of all days that are people's by today's lists."""
    robots = BlogView.objects.filter(outcome=Outcome.ROBOT, excluded_by__in=recount.left_lists)
    return BlogView.objects.human() | robots


def _iter_clicks(recount: Recount) -> Iterator[tuple]:
    """Yield each click of the month, and whether it is a double click."""
    after_midnight = _find_clicks_after_midnight(recount)
    clicks = (
        _find_clicks(recount)
        .in_month(recount.month)
        .order_by("blog_id", "reader_key", "viewed_at", "pk")
        .values_list("blog_id", "reader_key", "viewed_at", "author_id", "outcome", named=True)
        .iterator()
    )
    for (blog, reader), group in groupby(clicks, key=lambda row: (row.blog_id, row.reader_key)):
        clicks_of_reader = list(group)
        for click, following in pairwise(clicks_of_reader):
            yield click, _is_close(click.viewed_at, following.viewed_at)
        last = clicks_of_reader[-1]
        later = after_midnight.get((blog, bytes(reader)), [])
        yield last, any(_is_close(last.viewed_at, moment) for moment in later)


def _is_close(click: dt.datetime, following: dt.datetime) -> bool:
    return dt.timedelta(0) <= following - click <= DOUBLE_CLICK_WINDOW


def _find_clicks_after_midnight(recount: Recount) -> dict[tuple, list[dt.datetime]]:
    """Return {(blog_id, reader's key of the day before): clicks in the first seconds of a day}."""
    clicks = _find_clicks(recount).filter(
        day__gte=recount.month, day__lte=next_month(recount.month), previous_day_key__isnull=False
    )
    found = defaultdict(list)
    rows = clicks.order_by().values_list("blog_id", "previous_day_key", "viewed_at")
    for blog, key, viewed_at in rows.iterator():
        found[blog, bytes(key or b"")].append(viewed_at)
    return found
