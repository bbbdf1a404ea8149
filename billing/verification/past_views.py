"""What views came to at an earlier seal, worked out from those sealed until then."""

import datetime as dt
import json
from collections import Counter
from collections.abc import Iterator

from django.db import connection

from billing.counting.double_clicks import as_microseconds, write_double_clicks
from billing.models import Finding, RetiredViewTotal, ViewSeal
from billing.periods import next_month

Kind = ViewSeal.Kind
Blog = tuple[int, int, int]  # blog, author, category

VIEWS_THEN = """(
    SELECT id, blog_id, author_id, category_id, address_key, day, finding_id,
        reader_key, previous_day_key, excluded_by, {moment} AS moment
    FROM billing_blogview
    WHERE (day = %(day)s OR day = %(next_day)s AND previous_day_key IS NOT NULL)
        AND seal_id < %(seal)s {of_blog}
)"""

# A finding that was decided later took nothing out yet.
COUNTED_THEN = """
SELECT blog_id, author_id, category_id, COUNT(*) FROM ({clicks}) told
WHERE day = %(day)s AND is_double = 0
    AND (finding_id IS NULL OR finding_id IN ({decided_later})) {of_address}
GROUP BY 1, 2, 3
"""


class PastViews:
    """A month's views as they stood before a seal. `days` are those on which any came since.

    Of `untold_days` the views were dropped since; what `untold_blogs` (blog, author) came to hung
    on a finding that was opened again or is gone.
    """

    def __init__(self, month: dt.date, *, seal: int):
        self.month, self.seal = month, seal
        end = next_month(month)
        seals = ViewSeal.objects.filter(day__gte=month, day__lte=end, number__gt=seal)
        kinds = (Kind.VIEWS, Kind.UPGRADE, Kind.RECOUNT, Kind.DECISION)
        rows = seals.filter(kind__in=kinds).order_by().values_list("kind", "day").distinct()
        days = {day for row in rows for day in _list_days(*row)}
        self.days = {day for day in days if month <= day < end}
        totals = RetiredViewTotal.objects.filter(day__gte=month, day__lt=end)
        self._dropped = set(totals.values_list("day", flat=True))
        self.untold_days = self.days & self._dropped
        self.untold_blogs: set[tuple[int, int]] = set()
        self._decided_later: set[int] = set()
        self._read_decisions()

    def _read_decisions(self) -> None:
        """Find the decisions after the seal, and those that took back an earlier one."""
        end = next_month(self.month)
        before: dict[int, int] = {}
        after: set[int] = set()
        seals = ViewSeal.objects.filter(kind=Kind.DECISION, day__gte=self.month, day__lt=end)
        for seal in seals.order_by("number"):
            content = json.loads(seal.content)
            if seal.number > self.seal:
                after.add(content["finding"])
            else:
                before[content["finding"]] = content["excluded"]
        taken_back = {finding for finding in after if before.get(finding)}
        self._decided_later = after - taken_back
        findings = Finding.objects.filter(pk__in=taken_back)
        self.untold_blogs |= set(findings.values_list("blog", "author"))

    def count(self, day: dt.date) -> Counter[Blog]:
        """Return the counted views of a day that is kept. One query."""
        return self._count(day)

    def _count(self, day: dt.date, *, of_blog="", of_address="", **values) -> Counter[Blog]:
        views = VIEWS_THEN.format(moment=as_microseconds("viewed_at"), of_blog=of_blog)
        statement = COUNTED_THEN.format(
            clicks=write_double_clicks(views),
            decided_later=", ".join(map(str, self._decided_later)) or "NULL",
            of_address=of_address,
        )
        values |= {"day": day, "next_day": day + dt.timedelta(days=1), "seal": self.seal}
        with connection.cursor() as cursor:
            cursor.execute(statement, values)
            return Counter({tuple(row[:3]): row[3] for row in cursor.fetchall()})

    def find_held_back(self, *, at: dt.datetime) -> Counter[tuple[Blog, dt.date]]:
        """Return the counted views that findings held back which were open at `at`."""
        held_back: Counter[tuple[Blog, dt.date]] = Counter()
        places = set()
        for record in self._list_open(at):
            finding = Finding.objects.filter(pk=record.id).first()
            if finding is None or record.day in self._dropped:
                self.untold_blogs.add((record.blog_id, record.author_id))
            else:
                key = bytes(finding.address_key or b"")
                places.add((record.blog_id, record.author_id, record.day, key))
        for blog, author, day, address in places:
            counted = self._count(
                day,
                of_blog="AND blog_id = %(blog)s",
                of_address="AND author_id = %(author)s AND address_key = %(address)s",
                blog=blog,
                author=author,
                address=address,
            )
            held_back.update({(key, day): views for key, views in counted.items()})
        return held_back

    def _list_open(self, at: dt.datetime) -> Iterator:
        records = Finding.history.filter(
            month=self.month, kind__in=Finding.HOLDING_KINDS, history_date__lt=at
        )
        latest = {record.id: record for record in records.order_by("history_id")}
        for record in latest.values():
            if record.history_type != "-" and record.status == Finding.Status.OPEN:
                yield record


def _list_days(kind: str, day: dt.date) -> list[dt.date]:
    """Return the days whose counts a seal may change: a click makes one before midnight double."""
    if kind == Kind.DECISION and day.day == 1:  # of a finding about the whole month, perhaps
        return [day + dt.timedelta(days=number) for number in range(31)]
    return [day - dt.timedelta(days=1), day]
