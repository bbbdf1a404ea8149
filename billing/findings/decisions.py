"""Stores findings from search to search, and finance's decisions with their reasons."""

import datetime as dt
import hashlib
from collections import Counter, defaultdict
from itertools import count

from django.contrib.auth.models import User
from django.db import models, transaction
from django.utils import timezone
from simple_history.utils import bulk_create_with_history, bulk_update_with_history

from backoffice.signing import save_signed
from billing.counting.counts import add_to_counts, count_by_day
from billing.counting.folding import fold_views
from billing.errors import MonthSigned, WrongStatus, require_reason
from billing.findings.detection import detect
from billing.findings.unpriced import find_unpriced
from billing.locks import Lock, hold_lock
from billing.models import (
    BlogView,
    DailyViewCount,
    Finding,
    MonthlyViewCount,
    PayoutBatch,
    RetiredViewTotal,
    ViewSeal,
)
from billing.own_money import refuse_own_finding
from billing.periods import next_month
from billing.proof.traces import trace_latest_records
from billing.proof.view_seals import append_view_seal

Outcome = BlogView.Outcome
Status = Finding.Status


def find_findings(*, month: dt.date, at: dt.datetime | None = None) -> int:
    """Search the views of a month, and all months for views without a price.

    Return the number of new findings.

    An open finding gets today's numbers, or is deleted if it is no longer true. A decided finding
    stays unchanged. Late views of a reader whose views were excluded make a new finding. Once views
    of the month were retired, only views without a price are looked for.
    """
    at = at or timezone.now()
    unpriced = find_unpriced(at=at)
    if RetiredViewTotal.objects.filter(day__gte=month, day__lt=next_month(month)).exists():
        return unpriced
    decided = Finding.objects.exclude(kind=Finding.Kind.UNPRICED)
    excluded = list(decided.filter(month=month, status=Status.EXCLUDED))
    known = {
        (finding.blog_id, finding.author_id, key)
        for finding in excluded
        for key in finding.key.values()
    }
    found = {_identify(finding): finding for finding in detect(month=month, known=known)}
    excluded_before = {finding.pk for finding in excluded}
    return unpriced + _keep(found, month=month, at=at, excluded_before=excluded_before)


def find_in_open_months(*, at: dt.datetime | None = None) -> dict[dt.date, int]:
    """Search every month without a signed batch. Return {month: new findings}.

    Views without a price are looked for in all months: they may come late to a paid one.
    """
    months = (
        MonthlyViewCount.objects.exclude(month__in=PayoutBatch.objects.signed().values("month"))
        .order_by("month")
        .values_list("month", flat=True)
        .distinct()
    )
    found = {month: find_findings(month=month, at=at) for month in months}
    find_unpriced(at=at)
    return found


@transaction.atomic
def _keep(
    found: dict[tuple, Finding], *, month: dt.date, at: dt.datetime, excluded_before: set[int]
) -> int:
    """Save new and changed findings, and delete open ones that are no longer true."""
    hold_lock(Lock.FINDINGS)
    known = defaultdict(list)
    findings = Finding.objects.filter(month=month).exclude(kind=Finding.Kind.UNPRICED)
    for finding in findings:
        known[_identify(finding)].append(finding)
    new, changed, kept = [], [], set()
    for identity, finding in found.items():
        same = known[identity]
        if still_open := next((old for old in same if old.status == Status.OPEN), None):
            kept.add(still_open.pk)
            if (still_open.views, still_open.numbers) != (finding.views, finding.numbers):
                still_open.views, still_open.numbers = finding.views, finding.numbers
                changed.append(still_open)
        elif all(old.pk in excluded_before for old in same):
            finding.found_at = at
            finding.fingerprint = _make_fingerprint(identity, month, same)
            new.append(finding)
    findings.filter(status=Status.OPEN).exclude(pk__in=kept).delete()
    bulk_create_with_history(new, Finding, default_change_reason="Found")
    bulk_update_with_history(
        changed, Finding, ["views", "numbers"], default_change_reason="Found with other numbers"
    )
    trace_latest_records(Finding, [finding.pk for finding in [*new, *changed]])
    return len(new)


def _identify(finding: Finding) -> tuple:
    """Return the key that two equal findings of a month share."""
    return (
        finding.kind,
        finding.blog_id,
        finding.author_id,
        finding.day,
        *finding.key.values(),
    )


def _make_fingerprint(identity: tuple, month: dt.date, same: list[Finding]) -> str:
    """Return a digest of the identity that differs from its excluded predecessors' digests."""
    taken = {finding.fingerprint for finding in same}
    digests = (
        hashlib.sha256(repr((month, *identity, number)).encode()).hexdigest() for number in count()
    )
    return next(digest for digest in digests if digest not in taken)


@transaction.atomic
def accept_finding(
    *, finding: Finding, by: User, reason: str, at: dt.datetime | None = None
) -> Finding:
    """Accept the finding: its views stay counted, for the given reason."""
    finding = _claim(finding, Status.OPEN, "accepted", by=by, reason=reason)
    if finding.kind == Finding.Kind.UNPRICED:
        raise WrongStatus(
            "Accepting pays nothing: add the price, and the next batch pays these views; or "
            "exclude them."
        )
    return _decide(finding, Status.ACCEPTED, by=by, reason=reason, at=at or timezone.now())


@transaction.atomic
def exclude_views(
    *, finding: Finding, by: User, reason: str, at: dt.datetime | None = None
) -> Finding:
    """Take the finding's counted views out of the counts.

    If a signed batch pays them already, the next batch takes them off.
    """
    at = at or timezone.now()
    fold_views(at=at)
    hold_lock(Lock.FOLD)
    finding = _claim(finding, Status.OPEN, "excluded", by=by, reason=reason)
    if not finding.may_exclude:
        raise WrongStatus(
            "This is about all views of the month, people’s too. It can only be accepted."
        )
    views = find_views(finding).filter(outcome=Outcome.COUNTED)
    if finding.kind == Finding.Kind.UNPRICED:
        views = views.filter(day__in=_find_days_without_price(finding))
    changes = Counter(count_by_day(views))
    if not changes:
        raise WrongStatus("None of these views counts any more. Accept the finding instead.")
    finding.views = changes.total()
    seal = _seal_decision(finding, at=at, excluded=finding.views)
    views.update(outcome=Outcome.EXCLUDED, finding=finding)
    add_to_counts(Counter({key: -number for key, number in changes.items()}), seal=seal)
    return _decide(finding, Status.EXCLUDED, by=by, reason=reason, at=at)


def reopen_finding(
    *, finding: Finding, by: User, reason: str, at: dt.datetime | None = None
) -> Finding:
    """Open a decided finding again.

    Excluded views count again by the usual rules. They become pending and are folded, because a
    late click may have made one a double click. Raises MonthSigned if a batch was signed without
    them.
    """
    with transaction.atomic():
        hold_lock(Lock.FOLD)
        finding = _claim(finding, None, "reopened", by=by, reason=reason)
        if finding.status == Status.OPEN:
            raise WrongStatus("This finding is open by now. Look at it again.")
        if finding.status == Status.CLOSED:
            raise WrongStatus("This finding closed by itself: nobody decided anything.")
        if finding.status == Status.EXCLUDED:
            _refuse_if_signed(finding)
            _seal_decision(finding, at=at or timezone.now(), excluded=0)
            finding.excluded_views.update(outcome=Outcome.PENDING, finding=None)
        finding.status = Status.OPEN
        finding.reason, finding.decided_by, finding.decided_at = "", None, None
        save_signed(finding, by=by, reason=f"Reopened: {reason}")
    fold_views(at=at)
    return finding


def _seal_decision(finding: Finding, *, at: dt.datetime, excluded: int) -> ViewSeal:
    """Note in the chain over views how many of them the finding takes out of the counts now."""
    return append_view_seal(
        kind=ViewSeal.Kind.DECISION,
        day=finding.day or finding.month,
        at=at,
        finding=finding.pk,
        excluded=excluded,
    )


def find_views(finding: Finding) -> models.QuerySet[BlogView]:
    """Return the finding's views, of all outcomes."""
    views = BlogView.objects.filter(blog=finding.blog_id, author=finding.author_id, **finding.key)
    if finding.kind == Finding.Kind.UNPRICED:
        last = dt.date.fromisoformat(finding.numbers["last_day"])
        return views.filter(category=finding.category_id, day__range=(finding.month, last))
    return views.filter(day=finding.day) if finding.day else views.in_month(finding.month)


def _find_days_without_price(finding: Finding) -> list[dt.date]:
    days = DailyViewCount.objects.without_price().filter(
        blog=finding.blog_id, author=finding.author_id, category=finding.category_id
    )
    in_month = days.filter(day__gte=finding.month, day__lt=next_month(finding.month))
    return list(in_month.values_list("day", flat=True))


def _claim(
    finding: Finding, expected: Status | None, verb: str, *, by: User, reason: str
) -> Finding:
    """Return the finding as it is now, under the lock, if `by` may decide it in this state."""
    require_reason(reason, "Say why: the reason is kept with the finding.")
    hold_lock(Lock.PAYOUTS, Lock.FINDINGS)
    try:
        finding = Finding.objects.get(pk=finding.pk)
    except Finding.DoesNotExist:
        raise WrongStatus("This finding is gone: it was no longer true.") from None
    refuse_own_finding(finding, by=by)
    if expected and finding.status != expected:
        raise WrongStatus(
            f"This finding is {finding.get_status_display().lower()} by now; only one that is "
            f"{expected.label.lower()} can be {verb}."
        )
    return finding


def _refuse_if_signed(finding: Finding) -> None:
    """Refuse it unless the views had no price: those were on no batch, and wait once more."""
    if finding.kind == Finding.Kind.UNPRICED:
        return
    if PayoutBatch.objects.signed().filter(month=finding.month).exists():
        raise MonthSigned(
            f"The batch of {finding.month:%B %Y} was signed without these views, so the exclusion "
            "stands. If the batch is returned to finance, it can be taken back."
        )


def _decide(finding: Finding, status: Status, *, by: User, reason: str, at: dt.datetime) -> Finding:
    finding.status, finding.reason = status, reason
    finding.decided_by, finding.decided_at = by, at
    return save_signed(finding, by=by, reason=f"{status.label}: {reason}")
