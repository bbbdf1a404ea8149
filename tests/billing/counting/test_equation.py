import datetime as dt
from decimal import Decimal

import pytest
from django.db import OperationalError

from billing.bank.exports import export_payments
from billing.bank.results.recording import record_results
from billing.counting import recording
from billing.counting.equation import (
    count_outcomes,
    list_losses,
    list_months,
    make_overview,
    month_equation,
)
from billing.counting.folding import fold_views
from billing.counting.retention import retire_day
from billing.models import Adjustment, DailyViewCount, LostViewTotal
from billing.payouts import holds, steps
from billing.payouts.adjustments import save_adjustment
from tests.billing.batches import AT, OCTOBER, SEPTEMBER
from tests.billing.clicks import IN_SEPTEMBER, approve_month, click
from tests.billing.tampering import change
from tests.factories import (
    NOON,
    make_blog,
    make_count,
    make_price,
    make_retired_total,
    make_user,
)

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

AUGUST = dt.date(2026, 8, 1)
NOVEMBER = dt.date(2026, 11, 1)
IN_JANUARY = dt.datetime(2027, 1, 22, 12, tzinfo=dt.UTC)


@pytest.fixture
def blog():
    blog = make_blog()
    make_price(blog.category, "10")
    return blog


def outcomes_of(equation):
    return {row.outcome: row.views for row in equation.outcomes if row.views}


def batches_of(equation):
    return [(row.batch.month, row.batch.status, row.views) for row in equation.batches]


def test_received_is_counted_and_each_reason(blog):
    click(blog, 0, 10, 60, start=NOON)
    click(blog, 120, start=NOON, user_agent="Googlebot/2.1")
    click(blog, 180, 185, start=NOON, user=blog.author)
    click(blog, 240, start=NOON, user=make_user())
    fold_views(at=AT)
    click(blog, 300, start=NOON)
    equation = month_equation(OCTOBER)
    assert outcomes_of(equation) == {
        "pending": 1, "double_click": 1, "robot": 1, "own_view": 2, "staff_view": 1
    }  # fmt: skip
    assert equation.counted.views == 2
    assert equation.received == 8


def test_month_without_views_is_all_zeros():
    equation = month_equation(OCTOBER)
    assert (equation.received, equation.counted.views, equation.waiting) == (0, 0, 0)
    assert equation.batches == []


def test_neighbouring_months_are_left_out(blog):
    click(blog, 0, start=dt.datetime(2026, 9, 30, 21, 59, 59, tzinfo=dt.UTC))
    click(blog, 0, start=dt.datetime(2026, 10, 31, 23, 0, tzinfo=dt.UTC))
    fold_views(at=AT)
    assert month_equation(OCTOBER).received == 0
    assert month_equation(SEPTEMBER).received == month_equation(NOVEMBER).received == 1


@pytest.mark.thorough
def test_counted_views_wait_are_in_check_and_are_paid(blog):
    click(blog, *range(0, 600, 60), start=NOON)
    fold_views(at=AT)
    equation = month_equation(OCTOBER)
    assert (equation.waiting, equation.in_check, equation.paid) == (10, 0, 0)

    batch, _ = steps.build_batch(month=OCTOBER, at=AT)
    equation = month_equation(OCTOBER)
    assert (equation.waiting, equation.in_check, equation.paid) == (0, 10, 0)

    steps.cancel_batch(batch=batch, by=make_user(), reason="a test")
    assert month_equation(OCTOBER).waiting == 10

    approve_month(OCTOBER)
    equation = month_equation(OCTOBER)
    assert (equation.waiting, equation.in_check, equation.paid) == (0, 0, 10)


@pytest.mark.thorough
def test_late_views_are_paid_by_the_next_month_and_still_add_up(blog):
    click(blog, *range(0, 600, 60), start=IN_SEPTEMBER)
    approve_month(SEPTEMBER)
    click(blog, 6000, 6060, start=IN_SEPTEMBER, ip_address="192.0.2.2")
    click(blog, *range(0, 300, 60), start=NOON)
    fold_views(at=AT)
    assert month_equation(SEPTEMBER).waiting == 2

    steps.build_batch(month=OCTOBER, at=AT)
    equation = month_equation(SEPTEMBER)
    assert batches_of(equation) == [(SEPTEMBER, "approved", 10), (OCTOBER, "draft", 2)]
    assert (equation.counted.views, equation.counts) == (12, 12)
    assert (equation.paid, equation.in_check, equation.waiting) == (10, 2, 0)


@pytest.mark.thorough
def test_views_taken_away_after_payment_stand_negative_until_a_batch_takes_them_back(blog):
    click(blog, *range(0, 600, 60), start=IN_SEPTEMBER)
    approve_month(SEPTEMBER)
    click(blog, 15, 75, start=IN_SEPTEMBER)  # the clicks at 0 and 60 become double clicks, as do
    click(blog, 30, start=IN_SEPTEMBER)  # 15 and 30, each followed within 30 seconds
    fold_views(at=AT)
    equation = month_equation(SEPTEMBER)
    assert outcomes_of(equation) == {"double_click": 4}
    assert (equation.received, equation.counted.views) == (13, 9)
    assert (equation.paid, equation.waiting) == (10, -1)

    click(blog, *range(0, 300, 60), start=NOON)
    approve_month(OCTOBER)
    equation = month_equation(SEPTEMBER)
    assert batches_of(equation) == [(SEPTEMBER, "approved", 10), (OCTOBER, "approved", -1)]
    assert (equation.paid, equation.waiting, equation.unexplained) == (9, 0, 0)


@pytest.mark.thorough
def test_dropped_views_stay_in_the_equation(blog):
    click(blog, 0, 10, 60, start=IN_SEPTEMBER)
    click(blog, 120, start=IN_SEPTEMBER, user_agent="Googlebot/2.1")
    click(blog, 0, start=IN_SEPTEMBER + dt.timedelta(days=1))
    click(blog, *range(0, 300, 60), start=IN_SEPTEMBER + dt.timedelta(days=1))
    approve_month(SEPTEMBER)
    before = month_equation(SEPTEMBER)
    retire_day(dt.date(2026, 9, 10), at=AT)
    after = month_equation(SEPTEMBER)
    for number in ("received", "counts", "paid", "in_check", "waiting", "unexplained"):
        assert getattr(after, number) == getattr(before, number)
    assert outcomes_of(after) == outcomes_of(before) == {"double_click": 2, "robot": 1}
    assert (after.counted.views, after.counted.retired, after.counted.kept) == (7, 2, 5)
    assert (before.retired, after.retired) == (0, 4)


@pytest.mark.thorough
def test_late_negative_and_dropped_views_add_up_together(blog):
    click(blog, *range(0, 600, 60), start=IN_SEPTEMBER)
    click(blog, *range(0, 600, 60), start=IN_SEPTEMBER + dt.timedelta(days=1))
    approve_month(SEPTEMBER)
    click(blog, 15, start=IN_SEPTEMBER + dt.timedelta(days=1))
    click(blog, 30, start=IN_SEPTEMBER + dt.timedelta(days=1))
    click(blog, 45, start=IN_SEPTEMBER + dt.timedelta(days=1))
    click(blog, 9000, 9100, start=IN_SEPTEMBER, ip_address="192.0.2.2")
    click(blog, *range(0, 300, 60), start=NOON)
    approve_month(OCTOBER)
    click(blog, 9900, start=IN_SEPTEMBER, ip_address="192.0.2.2")
    fold_views(at=IN_JANUARY)
    retire_day(dt.date(2026, 9, 10), at=IN_JANUARY)
    equation = month_equation(SEPTEMBER)
    assert equation.received == 26
    assert outcomes_of(equation) == {"double_click": 4}
    assert (equation.counted.views, equation.counts, equation.counted.retired) == (22, 22, 13)
    assert batches_of(equation) == [(SEPTEMBER, "approved", 20), (OCTOBER, "approved", 1)]
    assert (equation.paid, equation.waiting) == (21, 1)


def test_counts_without_views_behind_them_are_told(blog):
    click(blog, 0, start=NOON)
    fold_views(at=AT)
    assert month_equation(OCTOBER).unexplained == 0
    change(DailyViewCount.objects.all(), views=1000)
    assert month_equation(OCTOBER).unexplained == 999


@pytest.mark.thorough
def test_equation_costs_the_same_for_2_blogs_and_for_20(blog, django_assert_num_queries):
    for number in (2, 18):
        for _ in range(number):
            make_count(make_blog(category=blog.category), 1000)
        with django_assert_num_queries(7):
            month_equation(OCTOBER)


def test_outcomes_are_those_of_kept_and_of_dropped_views(blog):
    click(blog, 0, 10, start=NOON)
    fold_views(at=AT)
    make_retired_total(dt.date(2026, 10, 1), "counted", 5)
    make_retired_total(dt.date(2026, 10, 2), "counted", 7)
    make_retired_total(dt.date(2026, 11, 1), "counted", 11)
    outcomes = count_outcomes(OCTOBER)
    assert {outcome: views for outcome, views in outcomes.items() if views} == {
        "counted": 13, "double_click": 1
    }  # fmt: skip


def test_months_run_from_the_first_thing_to_the_last_newest_first(blog):
    assert list_months() == []
    make_retired_total(dt.date(2026, 8, 31), "robot", 5)
    click(blog, 0, start=NOON)
    assert list_months() == [OCTOBER, SEPTEMBER, dt.date(2026, 8, 1)]


@pytest.mark.thorough
def test_overview_says_of_each_month_what_its_equation_says(blog, django_assert_num_queries):
    click(blog, *range(0, 600, 60), start=IN_SEPTEMBER)
    click(blog, 700, start=IN_SEPTEMBER, user_agent="Googlebot/2.1")
    approve_month(SEPTEMBER)
    make_retired_total(dt.date(2026, 9, 1), "own_view", 3)
    click(blog, 0, 10, 60, start=NOON)
    fold_views(at=AT)
    with django_assert_num_queries(6):
        october, september = make_overview([OCTOBER, SEPTEMBER])
    assert (september.received, september.counted, september.robots, september.others) == (
        14, 10, 1, 3
    )  # fmt: skip
    assert (september.waiting, october.waiting) == (0, 2)
    for row in (october, september):
        equation = month_equation(row.month)
        assert (row.received, row.counts) == (equation.received, equation.counts)
    assert make_overview([]) == []


# What a payment keeps back


def release(batch):
    payment = batch.payments.get()
    holds.release_payment(payment=payment, by=make_user(), reason="Settled.", at=AT)


def sums_of(equation):
    assert equation.paid + equation.in_check + equation.held + equation.waiting == equation.counts
    return equation.paid, equation.in_check, equation.held


@pytest.mark.thorough
def test_views_on_hold_are_held_until_a_later_batch_pays_them(blog):
    make_count(blog, 1000, dt.date(2026, 8, 10))
    august, _ = steps.build_batch(month=AUGUST, at=AT)
    payment = august.payments.get()
    holds.hold_payment(payment=payment, by=make_user(), reason="Under review.", at=AT)
    assert sums_of(month_equation(AUGUST)) == (0, 1000, 0)
    approve_month(AUGUST)
    assert sums_of(month_equation(AUGUST)) == (0, 0, 1000)

    make_count(blog, 200, dt.date(2026, 9, 10))
    approve_month(SEPTEMBER)
    assert sums_of(month_equation(AUGUST)) == (0, 0, 1000)
    assert sums_of(month_equation(SEPTEMBER)) == (0, 0, 200)

    make_count(blog, 30)
    october, _ = steps.build_batch(month=OCTOBER, at=AT)
    assert sums_of(month_equation(AUGUST)) == (0, 1000, 0)
    release(october)
    approve_month(OCTOBER)
    for month, views in {AUGUST: 1000, SEPTEMBER: 200, OCTOBER: 30}.items():
        equation = month_equation(month)
        assert sums_of(equation) == (views, 0, 0)
        assert batches_of(equation) == [(OCTOBER, "approved", views)]


@pytest.mark.thorough
def test_views_of_a_failed_payment_are_held_until_it_is_made_again(blog):
    make_count(blog, 1000, dt.date(2026, 9, 10))
    september = approve_month(SEPTEMBER)
    export_payments(batch=september, at=AT)
    failed = {september.payments.get().pk: ("failed", "No such account.")}
    record_results(batch=september, results=failed, by=make_user(), at=AT)
    assert sums_of(month_equation(SEPTEMBER)) == (0, 0, 1000)
    october = approve_month(OCTOBER)
    assert batches_of(month_equation(SEPTEMBER)) == [(OCTOBER, "approved", 1000)]
    export_payments(batch=october, at=AT)
    failed = {october.payments.get().pk: ("failed", "No such account.")}
    record_results(batch=october, results=failed, by=make_user(), at=AT)
    assert sums_of(month_equation(SEPTEMBER)) == (0, 0, 1000)


@pytest.mark.thorough
def test_views_that_a_cancelled_batch_took_in_are_held_again(blog):
    make_count(blog, 1000, dt.date(2026, 9, 10))
    september, _ = steps.build_batch(month=SEPTEMBER, at=AT)
    payment = september.payments.get()
    holds.hold_payment(payment=payment, by=make_user(), reason="Under review.", at=AT)
    approve_month(SEPTEMBER)
    october, _ = steps.build_batch(month=OCTOBER, at=AT)
    assert sums_of(month_equation(SEPTEMBER)) == (0, 1000, 0)
    steps.cancel_batch(batch=october, by=make_user(), reason="a test")
    assert sums_of(month_equation(SEPTEMBER)) == (0, 0, 1000)


@pytest.mark.thorough
def test_views_that_an_adjustment_outweighs_are_settled_once_nothing_is_left(blog):
    make_count(blog, 1000, dt.date(2026, 9, 10))
    adjustment = Adjustment(author=blog.author, amount=-10, reason="Paid in advance.")
    save_adjustment(adjustment=adjustment, by=make_user(), at=AT)
    september = approve_month(SEPTEMBER)
    assert september.payments.get().status == "carried"
    assert sums_of(month_equation(SEPTEMBER)) == (1000, 0, 0)


@pytest.mark.thorough
def test_equation_follows_any_number_of_carries_with_the_same_queries(
    blog, django_assert_num_queries, settings
):
    settings.MINIMUM_PAYOUT = Decimal(1000)
    for number in (2, 18):
        for _ in range(number):
            make_count(make_blog(category=blog.category), 1000, dt.date(2026, 9, 10))
        batch, _ = steps.build_batch(month=SEPTEMBER, at=AT)
        steps.rebuild_batch(batch=batch, by=make_user(), at=AT)
    approve_month(SEPTEMBER)
    with django_assert_num_queries(9):
        assert sums_of(month_equation(SEPTEMBER)) == (0, 0, 20_000)
    approve_month(OCTOBER)
    with django_assert_num_queries(9):
        assert sums_of(month_equation(SEPTEMBER)) == (0, 0, 20_000)


def test_views_in_the_spool_are_received_and_shown_on_their_own_until_they_are_taken_in(
    blog, monkeypatch
):
    def fail(click):
        raise OperationalError("database is locked")

    click(blog, 0, start=NOON)
    monkeypatch.setattr(recording, "append_click", fail)
    click(blog, 60, 120, start=NOON)
    click(blog, 0, start=IN_SEPTEMBER)
    equation = month_equation(OCTOBER)
    assert (equation.received, equation.spooled) == (3, 2)
    assert equation.received == equation.counted.views + equation.spooled + sum(
        row.views for row in equation.outcomes
    )
    monkeypatch.undo()
    fold_views(at=AT)


def test_lost_views_are_named_by_day_and_reason(blog):
    for source, day, reason, views in [
        ("a", NOON.date(), "not_kept", 2),
        ("b", NOON.date(), "not_kept", 3),
        ("a", NOON.date(), "program_error", 1),
        ("a", IN_SEPTEMBER.date(), "not_kept", 9),
    ]:
        LostViewTotal.objects.create(source=source, day=day, reason=reason, views=views)
    assert [(row.reason, row.views) for row in list_losses(OCTOBER)] == [
        ("not_kept", 5), ("program_error", 1)
    ]  # fmt: skip
    assert month_equation(OCTOBER).received == 0
    assert list_months() == [OCTOBER, SEPTEMBER]
