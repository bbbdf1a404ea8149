"""Findings, imported logs, blogs that moved, and exceptions to the robot lists."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal

from django.db.models import Count, Q, Sum

from billing.bulk import any_of
from billing.models import (
    AccessLogImport,
    BatchAct,
    BlogView,
    CategoryPrice,
    Finding,
    PaymentLine,
    RobotException,
)
from billing.payouts.acts.window import Act, Period, with_values_before
from billing.periods import next_month
from billing.prices.lookup import LoadedPrices
from weblog.models import Blog

Kind = BatchAct.Kind
Status = Finding.Status
VERBS = {Status.ACCEPTED: "Accepted", Status.EXCLUDED: "Excluded the views of"}


class _Values(LoadedPrices[Decimal]):
    """What a number of views is worth in a category on a day."""

    def __init__(self):
        prices = CategoryPrice.objects.order_by()
        super().__init__(prices, give=lambda price: price.price_per_1000)

    def of(self, views: int, category: int, day: dt.date) -> Decimal:
        return views * (self.find(category, day) or Decimal(0)) / 1000


def find_finding_acts(period: Period) -> Iterator[Act]:
    """Yield who accepted, excluded or reopened findings up to the batch's month. Two queries."""
    month = period.batch.month
    decisions = period.recorded(Finding.history.filter(month__lte=month), or_if=Q(month=month))
    values = _Values()
    for record in decisions.select_related("blog").order_by("history_id"):
        worth = values.of(record.views, record.blog.category_id, record.day or record.month)
        is_excluded = record.status == Status.EXCLUDED
        verb = VERBS.get(Status(record.status), "Reopened")
        yield Act(
            Kind.FINDING,
            f"finding {record.id}, change {record.history_id}",
            f"{verb} a finding on “{record.blog}” of {record.month:%B %Y}: {record.views:,} views",
            -worth if is_excluded else worth,
            record.history_user_id,
            record.history_date,
        )


def find_log_acts(period: Period) -> Iterator[Act]:
    """Yield who imported access logs with counted views up to the batch's month.

    Two queries, and one for each log that somebody imported.
    """
    values, batch = _Values(), period.batch
    logs = AccessLogImport.objects.filter(by__isnull=False)
    start = period.stated_start
    if start:
        logs = logs.filter(started_at__gte=min(start, period.month_start))
    if batch.submitted_at:
        logs = logs.filter(started_at__lte=batch.submitted_at)
    for log in logs.order_by("pk"):
        views = BlogView.objects.filter(
            log_import=log, outcome=BlogView.Outcome.COUNTED, day__lt=next_month(batch.month)
        )
        if start and log.started_at < start:  # views of earlier months are in the batch before
            views = views.filter(day__gte=batch.month)
        counted = list(views.order_by().values_list("category", "day").annotate(Count("pk")))
        if counted:
            number = sum(views for *_, views in counted)
            yield Act(
                Kind.LOG,
                f"access log import {log.pk}",
                f"Imported the log {log.file_name[:200]}: {number:,} counted views",
                sum((values.of(views, *key) for *key, views in counted), Decimal(0)),
                log.by_id,  # type: ignore[arg-type]  # the filter leaves no log without one
                log.started_at,
            )


def find_blog_acts(period: Period) -> Iterator[Act]:
    """Yield who moved the batch's blogs to another category or author. Three queries at most.

    Views are of the category and author that the blog had then, so an act touches the lines of the
    category and author to which it moved the blog.
    """
    in_month = Q(history_date__gte=period.month_start)
    recent = period.recorded(Blog.history.filter(history_type="~"), or_if=in_month)
    changed = dict(recent.order_by().values_list("history_id", "id"))
    if not changed:
        return
    sums: defaultdict[int, list[tuple]] = defaultdict(list)
    lines = PaymentLine.objects.filter(payment__batch=period.batch, kind=PaymentLine.Kind.VIEWS)
    lines = lines.filter(blog__in=any_of({*changed.values()}))
    rows = lines.order_by().values_list("blog", "category", "payment__author")
    for blog, *facts in rows.annotate(Sum("amount")):
        sums[blog].append(tuple(facts))
    history = Blog.history.filter(id__in={*changed.values()} & sums.keys())
    names = ("category_id", "author_id", "category__name", "author__username")
    records = with_values_before(history, *names).select_related("category", "author")
    for record in records.order_by("history_id"):
        if record.history_id in changed and (text := _describe_move(record)):
            here = (record.category_id, record.author_id)
            touched = [facts[-1] for facts in sums[record.id] if facts[:-1] == here]
            if touched:
                yield Act(
                    Kind.BLOG,
                    f"blog {record.id}, change {record.history_id}",
                    text,
                    sum(touched, Decimal(0)),
                    record.history_user_id,
                    record.history_date,
                )


def _describe_move(record) -> str:
    """Return where the blog was moved, or an empty text if it stayed."""
    moves = []
    if record.before_category_id not in (None, record.category_id):
        moves.append(f"from {record.before_category__name} to {record.category}")
    if record.before_author_id not in (None, record.author_id):
        moves.append(f"from {record.before_author__username} to {record.author}")
    return f"Moved the blog “{record.title}” {' and '.join(moves)}"[:500] if moves else ""


def find_robot_acts(period: Period) -> Iterator[Act]:
    """Yield who entered, changed or ended exceptions to the robot lists. Two queries.

    An exception is about all views, those of logs too, so it touches all lines of views.
    """
    in_month = Q(history_date__gte=period.month_start)
    records = list(period.recorded(RobotException.history.all(), or_if=in_month))
    if not records:
        return
    lines = PaymentLine.objects.filter(payment__batch=period.batch, kind=PaymentLine.Kind.VIEWS)
    total = lines.aggregate(sum=Sum("amount"))["sum"]
    for record in records if total else []:
        state = "" if record.is_active else ", no longer in force"
        yield Act(
            Kind.ROBOTS,
            f"robot exception {record.id}, change {record.history_id}",
            f"Saved the robot exception “{record.text}”{state}",
            total,
            record.history_user_id,
            record.history_date,
        )
