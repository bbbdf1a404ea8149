"""The panels of billing on the home page, those of authors first."""

import datetime as dt
from collections.abc import Iterator

from django.contrib.auth.models import User
from django.utils import timezone

from backoffice.home import CHART, Section, is_shown, make_chart
from billing.figures import Sums, latest_exclusions, list_top_blogs
from billing.home.batches import BATCHES_SHOWN, find_batches
from billing.home.cards import (
    CHART_DAYS,
    find_own_sums,
    find_recent_sums,
    sees_all_views,
    writes_blogs,
)
from billing.home.finance import list_finance_sections
from billing.home.parts import APPROVAL, AUDIT, PAYMENTS, may_audit
from billing.home.review import list_approver_sections, list_auditor_sections
from billing.periods import month_of
from weblog.home import BLOGS

EXCLUSIONS_SHOWN_FOR = dt.timedelta(days=92)


def list_sections(user: User) -> Iterator[Section]:
    """Yield the panels of each role that the user has."""
    if is_shown(APPROVAL) and user.has_perm("billing.approve_payoutbatch"):
        yield from list_approver_sections(user)
    if is_shown(PAYMENTS) and user.has_perm("billing.submit_payoutbatch"):
        yield from list_finance_sections(user)
    if is_shown(AUDIT) and may_audit(user):
        yield from list_auditor_sections(user)
    if is_shown(PAYMENTS) and user.has_perm("billing.view_payoutbatch"):
        yield from _list_batch_sections()
    if is_shown(BLOGS):
        yield from _list_view_sections(user)


def _list_batch_sections() -> Iterator[Section]:
    if batches := find_batches():
        yield Section("batches", "billing/home/batches.html", batches[:BATCHES_SHOWN])


def _list_view_sections(user: User) -> Iterator[Section]:
    today = timezone.localdate()
    may_see_all = sees_all_views(user)
    if may_see_all:
        if user.has_perm("weblog.publish_blog") and (top := list_top_blogs(month=month_of(today))):
            yield Section("top_blogs", "billing/home/top_blogs.html", top)
        days = _sum_days(find_recent_sums(user))
        yield Section("views", CHART, make_chart(days, title="Views per day", unit="views"))
    if writes_blogs(user):
        since = month_of(today - EXCLUSIONS_SHOWN_FOR)
        if exclusions := latest_exclusions(author=user, since=since):
            yield Section("exclusions", "billing/home/exclusions.html", exclusions)
        own = _sum_days(find_own_sums(user))
        chart = make_chart(own, title="Views of your blogs per day", unit="views")
        yield Section("own_views" if may_see_all else "views", CHART, chart)


def _sum_days(sums: Sums) -> dict[dt.date, int]:
    """Return the views of each of the chart's days."""
    first = timezone.localdate() - dt.timedelta(days=CHART_DAYS - 1)
    days = {first + dt.timedelta(days=n): 0 for n in range(CHART_DAYS)}
    for (day, _), views in sums.items():
        if day in days:
            days[day] += views
    return days
