"""Findings about one reader, one address or one browser on one day: their keys change daily.

We chose the limits; the Code of Practice has none. A finding only asks a person to look: a school
behind one address looks like a robot.
"""

import datetime as dt
from collections import Counter
from collections.abc import Iterator
from fractions import Fraction
from types import SimpleNamespace
from typing import NamedTuple

from django.db.models import Count, Q

from billing.findings.chance import expect, is_beyond_chance, percent
from billing.models import BlogView, Finding

Kind = Finding.Kind
Outcome = BlogView.Outcome
COUNTED = Q(outcome=Outcome.COUNTED)

# The (blog_id, author_id, key) of earlier exclusions.
Known = set[tuple[int, int, bytes]]


class Limit(NamedTuple):
    """The number that is odd on any blog, and the number that is odd as a fifth of its month."""

    anywhere: int
    with_share: int


SHARE = Fraction(1, 5)
# Nobody reads one page 30 times a day; 10 views of a blog that has 1,000 are somebody's start page.
READER_VIEWS = Limit(30, 10)
READER_CLICKS = 100  # counted or not: somebody holds a button down, or runs a script
# A school or an office shares one address, so more is needed than of one reader.
ADDRESS_VIEWS = Limit(100, 20)
ADDRESS_AGENTS = Limit(20, 10)

# One browser from many addresses. The rule compares addresses, so that an address that clicks all
# night counts once. A handful is chance; a share of 8 or more means something. The commonest user
# agent, Chrome on Windows, is a quarter of a site's, never a half.
AGENT_ADDRESSES = 8
AGENT_SHARE = SHARE
AGENT_TIMES_ELSEWHERE = 3
USUAL_AGENT_SHARE = Fraction(35, 100)
DOMINANT_AGENT_SHARE = Fraction(1, 2)


def find_busy_readers(month, sums, known) -> Iterator[Finding]:
    rows = (
        BlogView.objects.in_month(month)
        .filter(outcome__in=[Outcome.COUNTED, Outcome.DOUBLE_CLICK])
        .order_by()
        .values("blog_id", "author_id", "day", "reader_key")
        .annotate(clicks=Count("*"), views=Count("pk", filter=COUNTED))
        .filter(
            Q(clicks__gte=READER_VIEWS.with_share) | Q(reader_key__in=_keys(known)), views__gt=0
        )
    )
    for row in read(rows):
        month_views = sums[row.blog_id, row.author_id].counted
        if (
            _is_over(READER_VIEWS, row.views, row.views, month_views)
            or row.clicks >= READER_CLICKS
            or _is_known(row, row.reader_key, known)
        ):
            yield make_finding(
                Kind.BUSY_READER,
                month,
                row,
                reader_key=bytes(row.reader_key),
                numbers={
                    "clicks": row.clicks,
                    "month_views": month_views,
                    "share": percent(row.views, month_views),
                },
            )


def find_busy_addresses(month, sums, known) -> Iterator[Finding]:
    """Yield addresses with many views or browsers. One with a single reader is left out."""
    rows = (
        _counted(month)
        .values("blog_id", "author_id", "day", "address_key")
        .annotate(views=Count("*"), agents=Count("agent_key", distinct=True))
        .filter(Q(views__gte=ADDRESS_AGENTS.with_share) | Q(address_key__in=_keys(known)))
    )
    for row in read(rows):
        month_views = sums[row.blog_id, row.author_id].counted
        numbers = {"month_views": month_views, "share": percent(row.views, month_views)}
        key = {"address_key": bytes(row.address_key)}
        if _is_over(ADDRESS_AGENTS, row.agents, row.views, month_views):
            numbers["agents"] = row.agents
            yield make_finding(Kind.MANY_AGENTS, month, row, numbers=numbers, **key)
        elif _is_known(row, row.address_key, known) or (
            row.agents > 1 and _is_over(ADDRESS_VIEWS, row.views, row.views, month_views)
        ):
            numbers["readers"] = row.agents
            yield make_finding(Kind.BUSY_ADDRESS, month, row, numbers=numbers, **key)


def _is_over(limit: Limit, number: int, views: int, month_views: int) -> bool:
    return number >= limit.anywhere or (number >= limit.with_share and views >= SHARE * month_views)


def find_same_agents(month, known) -> Iterator[Finding]:
    """Yield browsers that are far more common on a blog's day than on the other blogs that day.

    If there is no other blog, the limit is the usual share of any one browser. The largest come
    first, and the comparison for the next ones leaves them out.
    """
    site = _SiteDays(month, known)
    for row in sorted(site.rows, key=lambda row: row.addresses, reverse=True):
        here, elsewhere = site.count_here(row), site.count_elsewhere(row)
        if (
            _is_known(row, row.agent_key, known)
            or _is_concentrated(here, elsewhere)
            or _is_dominant(here, site.count_everywhere(row))
        ):
            site.leave_out(row)
            yield make_finding(
                Kind.SAME_AGENT,
                month,
                row,
                agent_key=bytes(row.agent_key),
                numbers={
                    "addresses": row.addresses,
                    "day_addresses": here[1],
                    "share": percent(*here),
                    "elsewhere": percent(*elsewhere),
                },
            )


class _SiteDays:
    """Addresses of counted views by day and blog, as (with a browser, all). Two queries."""

    def __init__(self, month, known):
        addresses = Count("address_key", distinct=True)
        blog_days = _counted(month).values("blog_id", "author_id", "day")
        agents = _counted(month).values("blog_id", "author_id", "day", "agent_key")
        self.of_blog, self.of_site, self.of_agent = Counter(), Counter(), Counter()
        self.left_out = Counter()
        self.rows = []  # those that may be findings
        for row in read(blog_days.annotate(addresses=addresses)):
            self.of_blog[_blog_day(row)] = row.addresses
            self.of_site[row.day] += row.addresses
        for row in read(agents.annotate(addresses=addresses, views=Count("*"))):
            self.of_agent[_agent_day(row)] += row.addresses
            if row.addresses >= AGENT_ADDRESSES or _is_known(row, row.agent_key, known):
                self.rows.append(row)

    def count_here(self, row) -> tuple[int, int]:
        return row.addresses, self.of_blog[_blog_day(row)]

    def count_everywhere(self, row) -> tuple[int, int]:
        return self.of_agent[_agent_day(row)], self.of_site[row.day]

    def count_elsewhere(self, row) -> tuple[int, int]:
        """Return the numbers on the other blogs, without the addresses left out there."""
        (part, whole), (part_here, whole_here) = self.count_everywhere(row), self.count_here(row)
        left_out = self.left_out[row.day] - self.left_out[_blog_day(row)]
        return part - part_here - self.left_out[_agent_day(row)], whole - whole_here - left_out

    def leave_out(self, row) -> None:
        for key in (row.day, _blog_day(row), _agent_day(row)):
            self.left_out[key] += row.addresses


def _blog_day(row) -> tuple[dt.date, int, int]:
    return row.day, row.blog_id, row.author_id


def _agent_day(row) -> tuple[dt.date, bytes]:
    return row.day, bytes(row.agent_key)


def _is_concentrated(here: tuple[int, int], elsewhere: tuple[int, int]) -> bool:
    expected = expect(elsewhere, USUAL_AGENT_SHARE)
    share = Fraction(*here)
    return (
        share >= AGENT_SHARE
        and share >= AGENT_TIMES_ELSEWHERE * expected
        and is_beyond_chance(*here, expected)
    )


def _is_dominant(here: tuple[int, int], site: tuple[int, int]) -> bool:
    """Return whether it has half of the blog's day, and the day has enough addresses to judge."""
    return Fraction(*here) >= DOMINANT_AGENT_SHARE and any(
        Fraction(*views) >= DOMINANT_AGENT_SHARE and is_beyond_chance(*views, USUAL_AGENT_SHARE)
        for views in (here, site)
    )


def _keys(known: Known) -> set[bytes]:
    return {key for _, _, key in known}


def _is_known(row, key: bytes, known: Known) -> bool:
    return (row.blog_id, row.author_id, bytes(key)) in known


def _counted(month):
    return BlogView.objects.in_month(month).filter(COUNTED).order_by()


def read(rows) -> Iterator[SimpleNamespace]:
    return (SimpleNamespace(**row) for row in rows.iterator())


def make_finding(kind, month, row, views=None, *, numbers, **key) -> Finding:
    return Finding(
        kind=kind,
        month=month,
        blog_id=row.blog_id,
        author_id=row.author_id,
        day=getattr(row, "day", None),
        views=row.views if views is None else views,
        numbers=numbers,
        **key,
    )
