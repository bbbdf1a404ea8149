"""Billing's part of /readyz and /metrics: folds, batches, and waiting money."""

import datetime as dt
from collections.abc import Iterator

from django.conf import settings
from django.db.models import Count, F, Min, Sum
from django.utils import timezone
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from backoffice.health.registry import Result, register_check, register_metrics
from billing.counting.spool_status import spool_status
from billing.counting.stream.gaps import list_gaps
from billing.models import BlogView, Finding, Payment, PayoutBatch, StreamPosition
from billing.payouts.outstanding import Cause, list_known

LONGEST_SILENCE = dt.timedelta(minutes=5)  # a consumer asks the broker every few seconds
LONGEST_PENDING = dt.timedelta(minutes=30)  # a fold comes every five


def register_health() -> None:
    register_check("fold", check_fold)
    register_check("spool", check_spool, needs_database=False)
    register_check("stream", check_stream)
    register_metrics("stream", collect_stream_metrics)
    register_metrics("views", collect_view_metrics)
    register_metrics("spool", collect_spool_metrics, needs_database=False)
    register_metrics("money", collect_money_metrics)


def check_fold() -> Result:
    """Check that views are settled soon. Without readers, no view waits."""
    age = _oldest_pending_age(timezone.now())
    is_ok = age <= LONGEST_PENDING.total_seconds()
    detail = "" if is_ok else "Views wait to be counted: see Job runs of fold_views."
    return Result(is_ok, detail, {"oldest_pending_view_seconds": age})


def check_spool() -> Result:
    """Check that this machine can spool views and that a fold takes them in."""
    at, status = timezone.now(), spool_status()
    age = status.oldest_age(at).total_seconds()
    detail = status.problem
    if not detail and status.lost_in_memory:
        detail = f"{status.lost_in_memory} views were lost, and even that could not be written"
    if not detail and age > LONGEST_PENDING.total_seconds():
        detail = f"{status.views} views wait for fold_views"
    return Result(not detail, detail, {"views": status.views, "oldest_seconds": age})


def check_stream() -> Result:
    """Check that consumers take in what the broker holds. Without a broker all is well."""
    if not settings.VIEWS_BROKER:
        return Result(True)
    at, position = timezone.now(), _find_position()
    waiting = position.waiting if position else 0
    heard_at = position.heard_at if position else None
    drained_at = position.drained_at if position else None
    detail = ""
    if not heard_at or at - heard_at > LONGEST_SILENCE:
        detail = "No consume_views has asked the broker for minutes."
    elif not drained_at or at - drained_at > LONGEST_PENDING:
        detail = f"{waiting} views wait in the broker, and it was not empty for long."
    return Result(not detail, detail, {"waiting": waiting})


def _find_position() -> StreamPosition | None:
    """Return the position in the stream of which a consumer heard last."""
    return StreamPosition.objects.order_by(F("heard_at").desc(nulls_last=True)).first()


def collect_stream_metrics() -> Iterator[Metric]:
    if not settings.VIEWS_BROKER:
        return
    if position := _find_position():
        yield GaugeMetricFamily(
            "imprint_stream_waiting", "Views in the broker.", value=position.waiting
        )
        heard_at = position.heard_at or dt.datetime.fromtimestamp(0, dt.UTC)
        yield GaugeMetricFamily(
            "imprint_stream_heard_seconds",
            "Seconds since a consumer last asked the broker.",
            value=(timezone.now() - heard_at).total_seconds(),
        )
    yield GaugeMetricFamily(
        "imprint_stream_missing",
        "Views that the broker took and never gave back.",
        value=sum(gap.missing_views for gap in list_gaps()),
    )


def _oldest_pending_age(at):
    oldest = BlogView.objects.pending().aggregate(at=Min("viewed_at"))["at"]
    return max((at - oldest).total_seconds(), 0) if oldest else 0


def collect_view_metrics() -> Iterator[Metric]:
    """Yield metrics of today's views only, which an index answers without the whole table."""
    today = GaugeMetricFamily(
        "imprint_views_today", "Views since midnight, in the billing zone.", labels=["outcome"]
    )
    rows = BlogView.objects.filter(day=timezone.localdate()).order_by().values_list("outcome")
    counts = dict(rows.annotate(views=Count("*")))
    for outcome in BlogView.Outcome.values:
        today.add_metric([outcome], counts.get(outcome, 0))
    yield today
    yield GaugeMetricFamily(
        "imprint_views_pending",
        "Pending views of all days.",
        value=BlogView.objects.pending().count(),
    )
    yield GaugeMetricFamily(
        "imprint_views_oldest_pending_seconds",
        "Age of the oldest view that is not settled yet.",
        value=_oldest_pending_age(timezone.now()),
    )


def collect_spool_metrics() -> Iterator[Metric]:
    status = spool_status()
    yield GaugeMetricFamily(
        "imprint_spool_views", "Views that this machine keeps for the database.", value=status.views
    )
    yield GaugeMetricFamily(
        "imprint_spool_oldest_seconds",
        "Age of the oldest of them.",
        value=status.oldest_age(timezone.now()).total_seconds(),
    )
    yield CounterMetricFamily(
        "imprint_views_lost",
        "Views that this machine could not keep either.",
        value=status.lost + status.lost_in_memory,
    )


def collect_money_metrics() -> Iterator[Metric]:
    batches = GaugeMetricFamily(
        "imprint_payout_batches", "Payout batches by status.", labels=["status"]
    )
    states = PayoutBatch.objects.with_state().order_by()
    counts = dict(states.values_list("state_key").annotate(n=Count("*")))
    for state in PayoutBatch.State.values:
        batches.add_metric([state], counts.get(state, 0))
    yield batches
    yield _waiting_money()
    yield from _waiting_ages()
    yield GaugeMetricFamily(
        "imprint_findings_open",
        "Open findings.",
        value=Finding.objects.filter(status=Finding.Status.OPEN).count(),
    )


def _waiting_money():
    """Yield amounts as floats, Prometheus's only numbers: for monitoring, not for the books."""
    waiting = GaugeMetricFamily(
        "imprint_money_waiting",
        "Payable and not paid yet, by the batch's status; kept_back: held, carried or failed.",
        labels=["currency", "where"],
    )
    unpaid = PayoutBatch.objects.standing().exclude(status=PayoutBatch.Status.PAID)
    payable = Payment.objects.payable().filter(batch__in=unpaid).order_by()
    for currency, status, total in payable.values_list("batch__currency", "batch__status").annotate(
        total=Sum("amount")
    ):
        waiting.add_metric([currency, status], total)
    kept_back = Payment.objects.outstanding().order_by().values_list("batch__currency")
    for currency, carried, failed in kept_back.annotate(
        carried=Sum("carried_amount"), failed=Sum("amount")
    ):
        waiting.add_metric([currency, "kept_back"], carried + failed)
    return waiting


def _waiting_ages() -> Iterator[Metric]:
    """Yield how long the oldest of each cause waits, and the views without a price."""
    at, rows = timezone.now(), list(list_known())
    oldest = GaugeMetricFamily(
        "imprint_money_oldest_days",
        "Days for which the oldest unpaid sum, or view without a price, waits.",
        labels=["cause"],
    )
    for cause in sorted({row.cause for row in rows}):
        oldest.add_metric([cause], max(row.age(at) for row in rows if row.cause == cause))
    yield oldest
    yield GaugeMetricFamily(
        "imprint_views_unpriced",
        "Counted views that wait for a price.",
        value=sum(row.views for row in rows if row.cause == Cause.UNPRICED),
    )
