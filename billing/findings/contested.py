"""Views that are not paid while their finding is open: those of one address with many browsers.

Whoever wants an author paid more than readers came can do so from one address with a new user agent
for each request, and whoever wants to harm an author can do the same. So the bound is on both
sides. Held back are the views of that address on that day alone, never a reader's elsewhere; and
only from the batch of their own month. The next batch pays them, decided or not, and its approver
has to say why: nobody keeps an author's money for longer than a month by asking for pages.

Nothing is stored. A batch pays less than was counted, as for views that come late, and what is
counted and on no batch waits for the next one; so the equation of views holds as it stands.
"""

import datetime as dt
from collections import Counter, defaultdict

from django.db.models import Count, Exists, OuterRef, QuerySet

from billing.models import BlogView, Finding, PaymentLine, PayoutBatch


def find_contested(month: dt.date) -> dict[tuple[int, int, int], Counter]:
    """Return {(author, blog, category): {day: views}} held back of a month, by ids. Two queries."""
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
    """Return the findings of earlier months whose views this batch pays with nobody's decision."""
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
