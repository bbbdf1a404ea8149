"""Nobody decides about their own money: what makes money somebody's own, and the refusals.

Money is somebody's own if a payment pays them, or if it comes from a blog of which they are or
were author or co-author. A blog given away stays one's own here, so that nobody gives it away to
decide, and takes it back. verbs.py lists what people do about money, and asks these rules.
"""

import datetime as dt
from collections.abc import Collection, Iterable
from itertools import batched

from django.apps import apps
from django.contrib.auth.models import User
from django.db.models import Q, QuerySet

from billing.errors import OwnMoney
from billing.models import DailyViewCount, Finding, Payment, PaymentLine
from weblog.models import Blog, Category

REFERENCES_SHOWN = 3
PAYMENTS_AT_A_TIME = 1_000


def find_own_blogs(user: User) -> QuerySet[Blog]:
    """Return the blogs whose author or co-author the person is or was.

    Those of one person are few: the database gathers them once, and asks no blog of its history.
    """
    co_authored = apps.get_model("weblog.HistoricalBlog_co_authors").objects
    return Blog.objects.filter(
        Q(author=user)
        | Q(pk__in=Blog.co_authors.through.objects.filter(user=user).values("blog"))
        | Q(pk__in=Blog.history.model.objects.filter(author=user).values("id"))
        | Q(pk__in=co_authored.filter(user=user).values("blog"))
    )


def refuse_own_author(author_id: int, *, by: User, refusal: str) -> None:
    """Raise OwnMoney, with the refusal, where the money is for `by`, or for an author of theirs.

    That is one with whom they write or wrote a blog, or to whom they gave one. One query.
    """
    if author_id == by.pk or find_own_blogs(by).filter(author=author_id).exists():
        raise OwnMoney(refusal)


def refuse_own_payments(payments: Iterable[Payment], *, by: User) -> None:
    """Raise OwnMoney, which names the payments, where one pays `by` or for a blog of theirs.

    Streamed: one query for each portion of payments.
    """
    own: list[Payment] = []
    blogs = list(find_own_blogs(by).values_list("pk", flat=True))
    for portion in batched(payments, PAYMENTS_AT_A_TIME):
        found: set[int] = set()
        if blogs:
            lines = PaymentLine.objects.filter(payment__in=portion, blog__in=blogs)
            found = set(lines.values_list("payment", flat=True))
        own += [each for each in portion if each.author_id == by.pk or each.pk in found]
    if own:
        names = _list(sorted(payment.reference for payment in own))
        raise OwnMoney(
            f"{names} pays you, or for a blog of your own, and nobody records the bank's results "
            "of their own payments. Nothing was recorded. Somebody else has to record these "
            "results."
        )


def refuse_own_finding(finding: Finding, *, by: User) -> None:
    """Raise OwnMoney where the finding is about views that pay `by`, or about a blog of theirs."""
    if finding.author_id == by.pk or find_own_blogs(by).filter(pk=finding.blog_id).exists():
        raise OwnMoney(
            "This finding is about a blog of your own, and nobody decides about their own views. "
            "Somebody else has to decide."
        )


def refuse_own_prices(prices: Iterable[tuple[int | None, dt.date | None]], *, by: User) -> None:
    """Raise OwnMoney where one of the (category_id, first day) prices views of `by`.

    It does if `by` has a blog in the category now, so that its coming views are paid by it, or has
    counted views there from that day on. Two queries at most for each price.
    """
    own = find_own_blogs(by)
    for category, day in prices:
        if not category or not day:
            continue
        counted = DailyViewCount.objects.filter(
            Q(author=by) | Q(blog__in=own), category=category, day__gte=day
        )
        if own.filter(category=category).exists() or counted.exists():
            name = Category.objects.get(pk=category).name
            raise OwnMoney(
                f"You have a blog, or counted views, in {name}, and nobody sets a price that pays "
                "them. Somebody else has to enter this price."
            )


def refuse_own_robots(*, by: User) -> None:
    """Raise OwnMoney where `by` has a blog: an exception decides which of its views count."""
    if by.pk and find_own_blogs(by).exists():
        raise OwnMoney(
            "You have a blog, and an exception decides which of its views count. Somebody else "
            "who has none has to enter it."
        )


def refuse_own_views(slugs: Collection[str], lines: int) -> None:
    """Raise OwnMoney, which says how many lines of a log count for blogs of `by`."""
    if lines:
        blogs = "a blog" if len(slugs) == 1 else f"{len(slugs):,} blogs"
        are = "1 line of this log is" if lines == 1 else f"{lines:,} lines of this log are"
        raise OwnMoney(
            f"{are} for {blogs} of your own ({_list(sorted(slugs))}), and nobody brings in their "
            "own views. Nothing was imported. Somebody else has to import this log."
        )


def _list(names: list[str]) -> str:
    shown = names[:REFERENCES_SHOWN]
    if rest := len(names) - len(shown):
        shown.append(f"{rest:,} more")
    return " and ".join(filter(None, [", ".join(shown[:-1]), shown[-1]]))
