"""What an author has earned by month: the figures of finance's payments, and of what has none."""

import datetime as dt
from decimal import Decimal

import pytest

from billing.bank.exports import export_payments
from billing.bank.results.recording import Result, record_results
from billing.figures import month_figures
from billing.models import Adjustment
from billing.payouts import steps
from billing.payouts.adjustments import save_adjustment
from billing.payouts.amounts import add_up_batch
from billing.payouts.holds import hold_payment
from billing.statements.blogs import find_blogs, list_months_of_blog, views_of_days
from billing.statements.earnings import list_blogs, list_months, list_moved
from billing.statements.open_months import write_open_month
from billing.statements.styles import Style
from tests.billing.batches import AT, OCTOBER
from tests.factories import (
    approve,
    make_blog,
    make_category,
    make_count,
    make_finding,
    make_price,
    make_user,
)

pytestmark = [pytest.mark.django_db, pytest.mark.any_database, pytest.mark.slow]

NOVEMBER = dt.date(2026, 11, 1)


@pytest.fixture
def blog():
    category = make_category("Tech")
    make_price(category, "15")
    blog = make_blog(category=category, author=make_user(first_name="Ada"), title="Kernel diary")
    make_count(blog, 2123)
    return blog


def pay(batch, *, outcome="paid", **facts):
    steps.submit_batch(batch=batch, by=make_user(), at=AT)
    batch = approve(batch, at=AT)
    export_payments(batch=batch, at=AT)
    results = {each.pk: Result(outcome=outcome, **facts) for each in batch.payments.paying()}
    return record_results(batch=batch, results=results, by=make_user(), at=AT)


def adjust(author, amount):
    adjustment = Adjustment(author=author, amount=Decimal(amount), reason="A word of thanks.")
    save_adjustment(adjustment=adjustment, by=make_user(), at=AT)


def test_paid_month_has_the_figures_of_its_payment(blog):
    adjust(blog.author, "-1.5")
    batch, _ = steps.build_batch(month=OCTOBER, at=AT)
    batch = pay(batch, value_date=dt.date(2026, 11, 24))
    running, october = list_months(blog.author, at=AT)
    assert (running.month, running.views, running.earned) == (NOVEMBER, 0, "€0.00")
    assert (october.views, october.earned, october.adjusted) == (2123, "€31.845", "-€1.50")
    assert (october.carried_in, october.total) == ("", "€30.35")
    assert october.paid_on == dt.date(2026, 11, 24)
    assert (october.waiting, october.is_preliminary) == ("", False)
    assert october.amounts == add_up_batch(batch)


@pytest.mark.thorough
def test_month_on_hold_has_its_reason_and_waits(blog):
    batch, _ = steps.build_batch(month=OCTOBER, at=AT)
    reason = "Your bank details are being checked."
    hold_payment(payment=batch.payments.get(), by=make_user(), reason=reason, at=AT)
    steps.submit_batch(batch=batch, by=make_user(), at=AT)
    approve(batch, at=AT)
    _, october = list_months(blog.author, at=AT)
    assert (october.total, october.waiting, october.reason) == ("€0.00", "€31.845", reason)


@pytest.mark.thorough
def test_failed_month_has_the_bank_s_reason_and_where_it_went(blog):
    batch, _ = steps.build_batch(month=OCTOBER, at=AT)
    pay(batch, outcome="failed", reason="Account closed")
    _, october = list_months(blog.author, at=AT)
    assert (october.reason, october.waiting) == ("Account closed", "€31.845")
    in_december = AT.replace(month=12)
    make_count(blog, 1000, day=dt.date(2026, 11, 15))
    later, _ = steps.build_batch(month=NOVEMBER, at=in_december)
    _, november, october = list_months(blog.author, at=in_december)
    assert october.taken_in_by == later.payments.get()
    assert (november.earned, november.carried_in) == ("€15.00", "+€31.845")
    assert november.is_preliminary


def test_month_without_a_payment_has_what_was_counted(blog):
    make_count(blog, 500, day=dt.date(2026, 11, 3))
    make_count(make_blog(author=blog.author), 7, day=dt.date(2026, 11, 4))
    november, october = list_months(blog.author, at=AT)
    assert (november.views, november.earned, november.unpriced) == (507, "€7.50", 7)
    assert november.sums == month_figures(month=NOVEMBER, author=blog.author).costs
    assert (november.is_over, october.is_over, october.earned) == (False, True, "€31.845")
    assert [
        (one.blog.title, one.views, one.amount) for one in list_blogs(blog.author, OCTOBER)
    ] == [("Kernel diary", 2123, Decimal("31.845"))]


def test_price_that_changed_in_the_month_makes_two_rows(blog):
    make_price(blog.category, "20", dt.date(2026, 11, 2))
    make_count(blog, 1000, day=dt.date(2026, 11, 1))
    make_count(blog, 1000, day=dt.date(2026, 11, 2))
    rows = list_blogs(blog.author, NOVEMBER)
    assert [(row.views, row.amount) for row in rows] == [(1000, Decimal(15)), (1000, Decimal(20))]
    assert list_months(blog.author, at=AT)[0].earned == "€35.00"


def test_open_month_is_written_in_the_payee_s_language(blog):
    decided = {"status": "excluded", "decided_by": make_user(), "decided_at": AT}
    make_finding(blog, reason="A script opened it.", views=40, **decided)
    month = list_months(blog.author, at=AT)[1]
    sheet = write_open_month(month, author=blog.author, style=Style("de"), day=AT.date())
    texts = list(sheet.list_texts())
    assert "Aufrufe im Oktober 2026" in texts
    assert "31,845 €".replace(" ", "\N{NO-BREAK SPACE}") in texts
    assert "A script opened it." in texts
    assert "40" in texts


def test_views_of_a_blog_that_moved_stay_with_whose_they_were(blog):
    first, second = blog.author, make_user(first_name="Bruno")
    blog.author = second
    blog.save()
    make_count(blog, 300, day=dt.date(2026, 11, 5))
    for author in (first, second):
        assert [(stay.author, stay.views, stay.is_now) for stay in list_moved(author)] == [
            (first, 2123, False),
            (second, 300, True),
        ]
        assert list(find_blogs(author)) == [blog]
    assert [(row.month, row.author, row.views) for row in list_months_of_blog(blog)] == [
        (NOVEMBER, second, 300),
        (OCTOBER, first, 2123),
    ]
    assert [month.views for month in list_months(first, at=AT)] == [0, 2123]
    assert [month.views for month in list_months(second, at=AT)] == [300]
    assert list_moved(make_user()) == []


def test_blog_that_moved_before_anybody_read_it_is_named(blog):
    blog.author = make_user()
    blog.save()
    assert [stay.views for stay in list_moved(blog.author)] == [2123]
    assert list_moved(make_blog().author) == []


def test_days_of_a_running_month_end_today(blog):
    make_count(blog, 9, day=dt.date(2026, 11, 5))
    days = views_of_days(blog, NOVEMBER, until=AT.date())
    assert (len(days), days[dt.date(2026, 11, 5)], sum(days.values())) == (22, 9, 9)


@pytest.mark.thorough
def test_number_of_queries_does_not_grow_with_months(blog, django_assert_num_queries):
    for month in (7, 8, 9):
        make_count(blog, 100, day=dt.date(2026, month, 5))
        steps.build_batch(month=dt.date(2026, month, 1), at=AT)
    with django_assert_num_queries(8):
        assert len(list_months(blog.author, at=AT)) == 5
