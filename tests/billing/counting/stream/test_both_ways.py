"""A view is the same row, whether it comes through the broker or straight into the database."""

import datetime as dt

import pytest
from django.utils import timezone

from billing.counting import recording
from billing.counting.folding import fold_views
from billing.models import BlogView
from tests.billing.counting.stream.streaming import MINUTE, consume, read
from tests.factories import FIREFOX, make_blog, make_user

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.postgresql,
    pytest.mark.slow,
    pytest.mark.thorough,
]


MIDNIGHT = dt.datetime(2026, 11, 4, 23, tzinfo=dt.UTC)  # in Berlin
ROBOT = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"


def test_rows_are_the_same_by_both_ways(stream, settings):
    blog = make_blog()
    staff, reader = make_user(is_staff=True), make_user()
    facts = [
        dict(zip(("ip_address", "user_agent", "user", "viewed_at"), each, strict=True))
        for each in [
            ("192.0.2.1", FIREFOX, None, MIDNIGHT + dt.timedelta(hours=9)),
            ("192.0.2.1", FIREFOX, None, MIDNIGHT + dt.timedelta(seconds=5, microseconds=7)),
            ("::ffff:192.0.2.1", FIREFOX, None, MIDNIGHT - dt.timedelta(microseconds=1)),
            ("2001:DB8::1", "a\udce4b", reader, MIDNIGHT),
            ("192.0.2.3", ROBOT, None, MIDNIGHT),
            ("192.0.2.4", FIREFOX, blog.author, MIDNIGHT),
            ("192.0.2.5", FIREFOX, staff, MIDNIGHT),
        ]
    ]
    broker = settings.VIEWS_BROKER
    pairs = []
    for each in facts:
        settings.VIEWS_BROKER = []
        inserted = recording.record_view(blog=blog, **each)
        settings.VIEWS_BROKER = broker
        published = recording.record_view(blog=blog, **each)
        pairs.append((inserted.id, published.id))
    assert BlogView.objects.count() == len(facts)
    assert consume() == len(facts)
    rows = {row.pop("id"): row for row in BlogView.objects.values()}
    assert [rows[one] for one, _ in pairs] == [rows[other] for _, other in pairs]
    assert {row["outcome"] for row in rows.values()} == {
        "pending",
        "robot",
        "own_view",
        "staff_view",
    }


def test_double_click_by_both_ways_counts_once(stream, settings):
    blog = make_blog()
    at = timezone.now() - MINUTE
    read(blog, 1, at)
    broker, settings.VIEWS_BROKER = settings.VIEWS_BROKER, []
    read(blog, 1, at + dt.timedelta(seconds=5))
    settings.VIEWS_BROKER = broker
    assert consume() == 1
    fold_views()
    outcomes = BlogView.objects.order_by("viewed_at").values_list("outcome", flat=True)
    assert list(outcomes) == ["double_click", "counted"]


@pytest.mark.parametrize("uses_broker", [True, False])
def test_page_counts_alike_by_both_ways(stream, settings, client, uses_broker):
    """Robots by header, prefetches and answers without the page reach neither way."""
    if not uses_broker:
        settings.VIEWS_BROKER = []
    url = make_blog().get_absolute_url()
    headers = {"user-agent": FIREFOX}
    assert client.get(url, headers=headers).status_code == 200
    assert client.head(url, headers=headers).status_code == 200
    assert client.get(url, headers=headers | {"sec-purpose": "prefetch"}).status_code == 200
    if uses_broker:
        consume()
    assert BlogView.objects.count() == 1
