import datetime as dt

import pytest

from billing.payouts import steps
from billing.payouts.due import describe_unpriced, find_unpriced
from tests.billing.batches import AT, OCTOBER, SEPTEMBER
from tests.factories import (
    approve,
    make_blog,
    make_category,
    make_count,
    make_price,
    make_user,
)

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]


def sign(month):
    batch, _ = steps.build_batch(month=month, at=AT)
    return approve(steps.submit_batch(batch=batch, by=make_user(), at=AT), at=AT)


def lines_of(batch):
    return sorted(
        (line.blog_id, line.month, line.views)
        for payment in batch.payments.all()
        for line in payment.lines.all()
    )


@pytest.mark.thorough
def test_late_views_come_in_for_their_own_blog_and_no_other():
    """With numbers that no blog shares with its category or its author."""
    category = make_category()
    make_price(category, "10")
    blogs = [make_blog(category=category, pk=pk) for pk in (70_001, 70_002, 70_003)]
    for blog in blogs:
        make_count(blog, 100, SEPTEMBER)
    sign(SEPTEMBER)
    make_count(blogs[1], 7, SEPTEMBER.replace(day=2))
    make_count(blogs[2], 50, OCTOBER)
    assert lines_of(sign(OCTOBER)) == [(70_002, SEPTEMBER, 7), (70_003, OCTOBER, 50)]


def test_views_without_a_price_are_told_by_category():
    for name, views in (("Travel", 1), ("Tech", 1200)):
        make_count(make_blog(category=make_category(name)), views, OCTOBER.replace(day=31))
    make_count(make_blog(category=make_category("Tech")), 34, OCTOBER)
    for day in (dt.date(2026, 9, 30), dt.date(2026, 11, 1)):
        make_count(make_blog(category=make_category("Food")), 5, day)
    assert [(row.name, row.views) for row in find_unpriced(OCTOBER)] == [
        ("Tech", 1234),
        ("Travel", 1),
    ]
    assert describe_unpriced(OCTOBER) == "1,234 views of Tech, 1 view of Travel"
    assert describe_unpriced(dt.date(2026, 8, 1)) == ""
