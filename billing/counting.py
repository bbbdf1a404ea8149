"""From a reader's click to a counted view, by the COUNTER Code of Practice 5.1.

A click is one appended row. Whether it counts is a function of all clicks alone, not of the order
in which they arrive or are folded: a click is a double click when the same reader clicks the same
blog again within 30 seconds (7.2: the first is removed, the second retained), else it is counted.
A click that arrives late can so turn one that was counted into a double click.
"""

import datetime as dt
import hashlib
import hmac
import secrets
import uuid
from collections import Counter
from dataclasses import dataclass

from django.contrib.auth.models import User
from django.db import models, transaction
from django.db.models import Exists, OuterRef, Q, Subquery
from django.utils import timezone

from billing.locks import hold_lock
from billing.models import (
    AccessLogImport,
    BlogView,
    DailyViewCount,
    MonthlyViewCount,
    ReaderSalt,
)
from billing.models.counts import make_view_id
from billing.periods import day_of, month_of
from billing.robots import describe_lists, find_robot
from weblog.models import Blog

Outcome = BlogView.Outcome

RULES = "COUNTER 5.1"
DOUBLE_CLICK_WINDOW = dt.timedelta(seconds=30)
FOLD_SIZE = 10_000

_salts: dict[dt.date, bytes] = {}


@dataclass
class FoldResult:
    """How many views fold_views settled, by outcome; `replaced` were counted before."""

    counted: int = 0
    double_clicks: int = 0
    replaced: int = 0

    def __str__(self):
        return (
            f"{self.counted} counted, {self.double_clicks} double clicks, "
            f"{self.replaced} replaced by a later click"
        )


def record_view(**facts) -> BlogView:
    """Append the evidence of one view, from the arguments of make_view.

    One INSERT, and a query for a new day's salt.
    """
    view = make_view(**facts)
    view.save(force_insert=True)
    return view


def make_view(
    *,
    blog: Blog,
    viewed_at: dt.datetime,
    ip_address: str,
    user_agent: str,
    user: User | None = None,
    view_id: uuid.UUID | None = None,
    log_import: AccessLogImport | None = None,
    salts: dict[dt.date, bytes] | None = None,
) -> BlogView:
    """Return the unsaved evidence of a view: robots, own and staff views settled, others pending.

    Whoever makes many views in one transaction passes `salts`, empty at first, which spares a
    query for each of them.
    """
    salts = {} if salts is None else salts
    reader = f"{ip_address}|{user_agent}"
    day = day_of(viewed_at)
    day_before = day_of(viewed_at - DOUBLE_CLICK_WINDOW)
    outcome, excluded_by = _exclude(blog=blog, user_agent=user_agent, user=user)
    return BlogView(
        id=view_id or make_view_id(),
        blog=blog,
        author_id=blog.author_id,
        category_id=blog.category_id,
        viewed_at=viewed_at,
        day=day,
        reader_key=_salted_key(reader, day, salts),
        previous_day_key=_salted_key(reader, day_before, salts) if day_before != day else None,
        address_key=_salted_key(ip_address, day, salts),
        outcome=outcome,
        excluded_by=excluded_by,
        log_import=log_import,
    )


def _exclude(*, blog: Blog, user_agent: str, user: User | None) -> tuple[Outcome, str]:
    if user is not None and user.pk == blog.author_id:
        return Outcome.OWN_VIEW, ""
    if user is not None and user.is_staff:
        return Outcome.STAFF_VIEW, ""
    if robot := find_robot(user_agent):
        return Outcome.ROBOT, robot[:200]
    return Outcome.PENDING, ""


def _salted_key(text: str, day: dt.date, salts: dict[dt.date, bytes]) -> bytes:
    if day not in salts:
        salts[day] = _salt_of(day)
    return hmac.digest(salts[day], text.encode(errors="surrogateescape"), hashlib.sha256)[:16]


def _salt_of(day: dt.date) -> bytes:
    """Return the salt of a day, made by whoever comes first. Kept in memory once committed."""
    if day not in _salts:
        row, _ = ReaderSalt.objects.get_or_create(
            day=day, defaults={"salt": secrets.token_bytes(32)}
        )
        salt = bytes(row.salt)
        transaction.on_commit(lambda: _keep_salt(day, salt))
        return salt
    return _salts[day]


def _keep_salt(day: dt.date, salt: bytes) -> None:
    if len(_salts) > 100:
        _salts.clear()
    _salts[day] = salt


def fold_views(*, at: dt.datetime | None = None) -> FoldResult:
    """Settle the pending views older than the double-click window at `at`, and add up the counts.

    Safe to repeat, to double and to kill: each portion is one transaction, one fold runs at a
    time, and what was not yet committed elsewhere stays pending for the next run.
    """
    settled_before = (at or timezone.now()) - DOUBLE_CLICK_WINDOW
    result = FoldResult()
    while _fold_portion(settled_before, result):
        pass
    return result


@transaction.atomic
def _fold_portion(settled_before: dt.datetime, result: FoldResult) -> bool:
    hold_lock("fold_views")
    portion = list(
        BlogView.objects.pending()
        .filter(viewed_at__lt=settled_before)
        .annotate(is_double_click=_is_followed(), replaces=Subquery(_counted_before()))
        .order_by("viewed_at", "pk")
        .values_list("pk", "is_double_click", "replaces", named=True)[:FOLD_SIZE]
    )
    double_clicks = [row.pk for row in portion if row.is_double_click]
    counted = [row.pk for row in portion if not row.is_double_click]
    replaced = list({row.replaces for row in portion if row.replaces})

    changes: Counter = Counter()
    changes.update(_count_by_day(counted))
    changes.subtract(_count_by_day(replaced))
    BlogView.objects.filter(pk__in=counted).update(outcome=Outcome.COUNTED)
    BlogView.objects.filter(pk__in=double_clicks + replaced).update(outcome=Outcome.DOUBLE_CLICK)
    _add_to_counts(changes)

    result.counted += len(counted)
    result.double_clicks += len(double_clicks)
    result.replaced += len(replaced)
    return bool(portion)


def _is_followed() -> models.Expression:
    """Whether the same reader clicked again within the window, if need be across midnight."""
    next_clicks = (
        BlogView.objects.human()
        .filter(
            Q(viewed_at__gt=OuterRef("viewed_at"))
            | Q(viewed_at=OuterRef("viewed_at"), pk__gt=OuterRef("pk")),
            blog=OuterRef("blog"),
            viewed_at__gte=OuterRef("viewed_at"),
            viewed_at__lte=OuterRef("viewed_at") + DOUBLE_CLICK_WINDOW,
        )
        .order_by()
    )
    on_the_same_day = next_clicks.filter(reader_key=OuterRef("reader_key"))
    on_the_next_day = next_clicks.filter(previous_day_key=OuterRef("reader_key"))
    return Exists(on_the_same_day) | Exists(on_the_next_day)


def _counted_before() -> models.QuerySet:
    """The click that was counted and that the outer one replaces: at most one."""
    return (
        BlogView.objects.filter(
            Q(viewed_at__lt=OuterRef("viewed_at"))
            | Q(viewed_at=OuterRef("viewed_at"), pk__lt=OuterRef("pk")),
            outcome=Outcome.COUNTED,
            blog=OuterRef("blog"),
            reader_key__in=[OuterRef("reader_key"), OuterRef("previous_day_key")],
            viewed_at__lte=OuterRef("viewed_at"),
            viewed_at__gte=OuterRef("viewed_at") - DOUBLE_CLICK_WINDOW,
        )
        .order_by()
        .values("pk")[:1]
    )


def _count_by_day(pks: list[uuid.UUID]) -> dict[tuple, int]:
    """Return {(blog_id, author_id, category_id, day): views}."""
    rows = (
        BlogView.objects.filter(pk__in=pks)
        .order_by()
        .values_list("blog_id", "author_id", "category_id", "day")
        .annotate(views=models.Count("pk"))
    )
    return {row[:4]: row[4] for row in rows}


def _add_to_counts(changes: Counter) -> None:
    by_month: Counter = Counter()
    for (blog, author, category, day), views in changes.items():
        by_month[blog, author, category, month_of(day)] += views
    _add_to(DailyViewCount, "day", changes)
    _add_to(MonthlyViewCount, "month", by_month)


def _add_to(model: type[models.Model], period: str, changes: Counter) -> None:
    """Add `changes` to a table of counts. Two queries.

    The sums are computed here and written whole, which is right only because the fold's lock
    makes this the one writer.
    """
    key = ("blog_id", "author_id", "category_id", period)
    known = model.objects.filter(
        **{
            "blog_id__in": {change[0] for change in changes},
            f"{period}__in": {change[3] for change in changes},
        }
    ).values_list(*key, "views")
    totals = {row[:4]: row[4] for row in known}
    model.objects.bulk_create(
        [
            model(**dict(zip(key, change, strict=True)), views=totals.get(change, 0) + views)
            for change, views in sorted(changes.items())
            if views
        ],
        update_conflicts=True,
        unique_fields=key,
        update_fields=["views"],
        batch_size=1000,
    )


def describe_rules() -> str:
    """Return the rules and robot lists that views are counted by, as batches keep them."""
    return f"{RULES}; {describe_lists()}"
