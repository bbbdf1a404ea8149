"""Shared code of tests of billing's pages."""

import datetime as dt

from django.db import connection
from django.test.utils import CaptureQueriesContext

from billing.models import BlogView, PayoutBatch
from billing.payouts import steps
from billing.payouts.batch_checks import FLAGGING_CHECKS
from tests.billing.batches import AT, OCTOBER, SEPTEMBER
from tests.factories import (
    make_blog,
    make_category,
    make_count,
    make_finding,
    make_price,
    make_view_seal,
)

BATCHES = "/admin/billing/payoutbatch/"


def url_of(batch, button="change"):
    return f"{BATCHES}{batch.pk}/{button}/"


def press(client, batch, button, **data):
    """Confirm the dialog of a button, filled in; `data` replaces single values."""
    filled_in = {
        "_form_submitted": "True",
        "reason": "A reason",
        "password": "secret",
        **{f"flag_{code}": "Looked at." for code in FLAGGING_CHECKS},
    }
    return client.post(url_of(batch, button), filled_in | data)


def count_queries(client, url):
    with CaptureQueriesContext(connection) as queries:
        assert client.get(url).status_code == 200
    return len(queries)


def make_october(*, authors):
    """Make a draft of October over `authors`, each with a blog, and 10 late views of September."""
    category = make_category("Tech")
    make_price(category, "12.345")
    blogs = [make_blog(category=category, title=f"Blog {n}") for n in range(authors)]
    for number, blog in enumerate(blogs):
        make_count(blog, 1000 + number, dt.date(2026, 9, 10))
    steps.build_batch(month=SEPTEMBER, at=AT)
    for number, blog in enumerate(blogs):
        make_count(blog, 10, dt.date(2026, 9, 11))
        make_count(blog, 2000 + number, dt.date(2026, 10, 11))
    batch, _ = steps.build_batch(month=OCTOBER, at=AT)
    return PayoutBatch.objects.with_totals().get(pk=batch.pk)


EXCLUDED_BY = {
    "robot": "counter: bot", "own_view": BlogView.AUTHOR, "staff_view": BlogView.STAFF,
}  # fmt: skip


def make_view(blog, outcome, day=dt.date(2026, 10, 11)):
    view = BlogView.objects.create(
        blog=blog,
        author=blog.author,
        category=blog.category,
        viewed_at=AT,
        day=day,
        reader_key=b"k" * 16,
        address_key=b"a" * 16,
        outcome=outcome if outcome in EXCLUDED_BY else "pending",
        excluded_by=EXCLUDED_BY.get(outcome, ""),
    )
    if outcome in ("counted", "double_click", "excluded"):
        view.outcome, view.seal = outcome, make_view_seal(day)
        view.finding = make_finding(blog) if outcome == "excluded" else None
        view.save()
    return view


def make_views(blog, outcome, number):
    """Make so many views that are sealed together, as folding does."""
    view = make_view(blog, outcome)
    values = {field.attname: getattr(view, field.attname) for field in BlogView._meta.fields}
    del values["id"]
    if view.seal:
        values |= {"outcome": "pending", "seal_id": None}
    BlogView.objects.bulk_create(BlogView(**values) for _ in range(number - 1))
    if view.seal:
        pending = BlogView.objects.filter(blog=blog, outcome="pending")
        pending.update(outcome=outcome, seal=view.seal)
