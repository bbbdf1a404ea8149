"""Views without a price, which wait by themselves: nobody else's money waits with them.

Each blog's views of a category and month are one finding. Finance adds the price, and the finding
closes by itself: the next batch pays the views as late ones of their month. Or finance excludes
them, with a reason. Until then they are counted and on no batch.
"""

import datetime as dt
import hashlib
from collections import defaultdict
from collections.abc import Iterator

from django.db import transaction
from django.db.models import Max, Min, Sum
from django.db.models.functions import TruncMonth
from django.utils import timezone
from simple_history.utils import bulk_create_with_history, bulk_update_with_history

from billing.locks import Lock, hold_lock
from billing.models import DailyViewCount, Finding
from billing.proof.traces import trace_latest_records

Status = Finding.Status
KEY = ("author_id", "blog_id", "category_id", "month")


def find_unpriced(*, at: dt.datetime | None = None) -> int:
    """Open, update and close the findings of all months. Return the number of new ones."""
    at = at or timezone.now()
    with transaction.atomic():
        hold_lock(Lock.FINDINGS)
        found = {_identify(finding): finding for finding in _search()}
        earlier = defaultdict(list)
        for finding in Finding.objects.filter(kind=Finding.Kind.UNPRICED):
            earlier[_identify(finding)].append(finding)
        return _keep(found, earlier, at=at)


def close_priced(*, category: int, at: dt.datetime | None = None) -> None:
    """Close the findings whose views have a price now, after one of the category was saved."""
    at = at or timezone.now()
    with transaction.atomic():
        hold_lock(Lock.FINDINGS)
        of_category = Finding.objects.filter(category=category, status=Status.OPEN)
        still = {_identify(finding) for finding in _search()}
        _close([finding for finding in of_category if _identify(finding) not in still], at=at)


def _search() -> Iterator[Finding]:
    """Yield unsaved findings. Three queries, two if there are none."""
    rows = (
        DailyViewCount.objects.all_without_price()
        .annotate(month=TruncMonth("day"))
        .order_by()
        .values(*KEY, "category__name")
        .annotate(sum=Sum("views"), first=Min("day"), last=Max("day"))
    )
    for row in rows.iterator():
        numbers = {
            "category": row["category__name"],
            "when": _describe_days(row["first"], row["last"]),
            "last_day": row["last"].isoformat(),
        }
        yield Finding(
            kind=Finding.Kind.UNPRICED,
            views=row["sum"],
            numbers=numbers,
            **{name: row[name] for name in KEY},
        )


def _describe_days(first: dt.date, last: dt.date) -> str:
    if first == last:
        return f"on {first:%-d %b %Y}"
    return f"from {first:%-d} to {last:%-d %b %Y}"


def _identify(finding: Finding) -> tuple:
    return tuple(getattr(finding, name) for name in KEY)


def _keep(found: dict, earlier: dict, *, at: dt.datetime) -> int:
    new, changed, kept = [], [], set()
    for key, finding in found.items():
        standing = next((old for old in earlier[key] if old.status == Status.OPEN), None)
        if standing:
            kept.add(standing.pk)
        if standing is None:
            finding.found_at = at
            finding.fingerprint = _make_fingerprint(key, len(earlier[key]))
            new.append(finding)
        elif (standing.views, standing.numbers) != (finding.views, finding.numbers):
            standing.views, standing.numbers = finding.views, finding.numbers
            changed.append(standing)
    bulk_create_with_history(new, Finding, default_change_reason="Found")
    bulk_update_with_history(
        changed, Finding, ["views", "numbers"], default_change_reason="Found with other numbers"
    )
    trace_latest_records(Finding, [finding.pk for finding in [*new, *changed]])
    rest = [old for same in earlier.values() for old in same if old.pk not in kept]
    _close([old for old in rest if old.status == Status.OPEN], at=at)
    return len(new)


def _make_fingerprint(key: tuple, number: int) -> str:
    return hashlib.sha256(repr((Finding.Kind.UNPRICED.value, *key, number)).encode()).hexdigest()


def _close(findings: list[Finding], *, at: dt.datetime) -> None:
    for finding in findings:
        finding.status, finding.decided_at = Status.CLOSED, at
        finding.reason = "All its views have a price, or count no more."
    bulk_update_with_history(
        findings,
        Finding,
        ["status", "decided_at", "reason"],
        default_change_reason="Closed by itself",
    )
    trace_latest_records(Finding, [finding.pk for finding in findings])
