"""Views held back while their finding is open: those of one address with many browsers.

One address with a new user agent for each request can inflate an author's pay. An attacker can do
the same to harm an author. So the rule limits both. It holds back only the views of that address on
that day, never a reader's other views, and only from the batch of their own month. The next batch
pays them, decided or not, and its approver has to say why. So page requests can delay an author's
money by one month at most.

Nothing is stored. The batch pays fewer views than were counted, as it does for late views. Counted
views on no batch wait for the next one, so the equation of views still holds.
"""

import datetime as dt
from collections import Counter, defaultdict

from django.db.models import Count, Exists, OuterRef, QuerySet

from billing.models import BlogView, Finding, PaymentLine, PayoutBatch


def find_contested(month: dt.date) -> dict[tuple[int, int, int], Counter]:
    """Return a month's held-back {(author, blog, category): {day: views}}, by ids. Two queries."""
    findings = Finding.objects.filter(
        kind__in=Finding.HOLDING_KINDS, status=Finding.Status.OPEN, month=month
    )
    places = list(findings.order_by().values_list("blog", "day"))
    if not places:
        return {}
    of_a_finding = findings.order_by().filter(
        **{name: OuterRef(name) for name in ("blog", "author", "day", "address_key")}
    )
    rows = (
        BlogView.objects.filter(outcome=BlogView.Outcome.COUNTED)
        .filter(blog__in={blog for blog, _ in places}, day__in={day for _, day in places})
        .filter(Exists(of_a_finding))
        .order_by()
        .values_list("author_id", "blog_id", "category_id", "day")
        .annotate(views=Count("*"))
    )
    contested: defaultdict[tuple, Counter[dt.date]] = defaultdict(Counter)
    for *key, day, views in rows:
        contested[tuple(key)][day] = views
    return contested


def find_undecided(batch: PayoutBatch) -> QuerySet[Finding]:
    """Return undecided findings of earlier months whose views this batch pays."""
    paid = PaymentLine.objects.filter(
        payment__batch=batch,
        payment__author=OuterRef("author"),
        blog=OuterRef("blog"),
        month=OuterRef("month"),
    )
    return Finding.objects.filter(
        Exists(paid),
        kind__in=Finding.HOLDING_KINDS,
        status=Finding.Status.OPEN,
        month__lt=batch.month,
    )
