"""Checks views against their seals, and works their outcomes out again from what is sealed.

A day at a time. The database does the work and returns only the first difference.
"""

import datetime as dt
import json
from collections import Counter
from uuid import UUID

from django.db import connection
from django.db.models import Q

from billing.counting.double_clicks import (
    DOUBLE_CLICK_WINDOW,
    as_microseconds,
    write_double_clicks,
)
from billing.models import BlogView, Verification, ViewSeal
from billing.proof.chains import iter_links
from billing.proof.view_seals import Portion, find_differing_portions, read_sealed
from billing.verification.differences import Difference

Outcome = BlogView.Outcome

# The outcome of a view that is nobody's click is what its sealed facts say.
UNLIKE_FACTS = """
SELECT id FROM billing_blogview WHERE day = %(day)s AND NOT (
    outcome IN ('pending', 'counted', 'double_click', 'excluded') AND excluded_by = ''
    OR outcome = 'own_view' AND excluded_by = %(author)s
    OR outcome = 'staff_view' AND excluded_by = %(staff)s
    OR outcome = 'robot' AND excluded_by NOT IN ('', %(author)s, %(staff)s)
)
"""

VIEWS = """(
    SELECT id, day, blog_id, reader_key, previous_day_key, excluded_by, viewed_at, outcome, seal_id,
        {moment} AS moment
    FROM billing_blogview
    WHERE day = %(day)s OR day = %(next_day)s AND previous_day_key IS NOT NULL
)"""

# Clicks of a day with the next click of the same reader on the same blog, also after midnight.
# A click that no fold has seen yet can make a double click, but not belie that one was counted.
UNLIKE_CLICKS = """
SELECT id FROM ({clicks}) told
WHERE day = %(day)s AND (
    outcome = 'double_click' AND is_double = 0
    OR outcome = 'counted' AND is_double = 1 AND (
        SELECT COUNT(*) FROM billing_blogview later
        WHERE later.blog_id = told.blog_id AND later.excluded_by = '' AND later.seal_id IS NOT NULL
        AND (later.reader_key = told.reader OR later.previous_day_key = told.reader)
        AND (later.viewed_at, later.id) > (told.viewed_at, told.id)
        AND {later_at} - told.moment <= %(window)s
    ) > 0
    OR outcome NOT IN ('pending') AND seal_id IS NULL
)
"""

# A view is taken out of the counts by a finding that was decided so and is about that view.
UNLIKE_FINDINGS = """
SELECT view.id FROM billing_blogview view
LEFT JOIN billing_finding finding ON finding.id = view.finding_id
WHERE view.day = %(day)s AND view.outcome = 'excluded' AND NOT COALESCE(
    finding.status = 'excluded'
    AND finding.blog_id = view.blog_id AND finding.author_id = view.author_id
    AND finding.month = %(month)s AND (finding.day IS NULL OR finding.day = view.day)
    AND COALESCE(finding.category_id, view.category_id) = view.category_id
    AND COALESCE(finding.reader_key, view.reader_key) = view.reader_key
    AND COALESCE(finding.address_key, view.address_key) = view.address_key
    AND COALESCE(finding.agent_key, view.agent_key) = view.agent_key,
FALSE)
"""

# Without MATERIALIZED, PostgreSQL may read the views of all days in the order of their ids.
FIRST = """
WITH found AS MATERIALIZED ({statement}) SELECT id FROM found ORDER BY id LIMIT 1
"""


def check_view_seals(run: Verification, key: str, after: str, numbers: Counter) -> None:
    """Check that the chain over views has no gap, and that each link fits and is as its row."""
    for seal, fault in iter_links(ViewSeal):
        if fault:
            raise Difference(seal, *fault)
        content = json.loads(seal.content)
        sealed = (content["kind"], content["day"])
        if (seal.kind, seal.day.isoformat()) != sealed:
            raise Difference(seal, f"says {seal.kind} of {seal.day}", f"it sealed {sealed}")
        numbers["view seals"] += 1


def is_new(day: dt.date, *, after: int) -> bool:
    """Whether any seal `after` that number is about the day, or makes its last clicks double."""
    if not after:
        return True
    days = (day, day + dt.timedelta(days=1))
    of_month = Q(kind=ViewSeal.Kind.DECISION, day=day.replace(day=1))
    seals = ViewSeal.objects.exclude(kind=ViewSeal.Kind.SUBMISSION)
    return seals.filter(Q(day__in=days) | of_month, number__gt=after).exists()


def check_sealed_views(day: dt.date, numbers: Counter) -> None:
    """Check the views of a day that are kept."""
    for number, found, sealed in find_differing_portions(day):
        raise _describe_portion(day, number, found, sealed)
    values = {
        "day": day,
        "month": day.replace(day=1),
        "next_day": day + dt.timedelta(days=1),
        "author": BlogView.AUTHOR,
        "staff": BlogView.STAFF,
        "window": DOUBLE_CLICK_WINDOW // dt.timedelta(microseconds=1),
    }
    _check(UNLIKE_FACTS, values, "excluded_by says something else")
    views = VIEWS.format(moment=as_microseconds("viewed_at"))
    unlike_clicks = UNLIKE_CLICKS.format(
        clicks=write_double_clicks(views), later_at=as_microseconds("later.viewed_at")
    )
    _check(unlike_clicks, values, "the clicks under seal make it something else")
    _check(UNLIKE_FINDINGS, values, "no finding took it out of the counts")
    numbers["sealed views"] += sum(portion.views for portion in read_sealed(day).values())


def _describe_portion(
    day: dt.date, number: int, found: Portion | None, sealed: Portion | None
) -> Difference:
    seal = ViewSeal.objects.filter(number=number, day=day).first()
    named = seal or f"The views of {day} under seal {number} (billing_blogview)"
    if sealed is None:
        return Difference(named, f"holds {found}", "it sealed no views that are kept")
    return Difference(named, f"holds {found or 'no views'}", f"{sealed} came under it")


def _check(statement: str, values: dict, should: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(FIRST.format(statement=statement), values)
        row = cursor.fetchone()
    if row:
        view = BlogView.objects.get(pk=row[0] if isinstance(row[0], UUID) else UUID(row[0]))
        raise Difference(view, f"is {view.outcome}", should)
