"""Views without a price wait by themselves, and are paid, or excluded, once somebody decides."""

import datetime as dt
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction

from billing.counting.equation import make_overview, month_equation
from billing.counting.folding import fold_views
from billing.counting.retention import retire_day
from billing.errors import (
    BatchBlocked,
    FourEyesViolation,
    MissingPrice,
    MonthsRefused,
    NothingToBuild,
    NotSealed,
    ReasonRequired,
    WrongStatus,
)
from billing.findings.decisions import (
    accept_finding,
    exclude_views,
    find_findings,
    find_in_open_months,
    reopen_finding,
)
from billing.findings.unpriced import close_priced
from billing.models import CategoryPrice, DailyViewCount, Finding, PaymentLine, PayoutBatch
from billing.payouts import steps
from billing.payouts.batch_checks import find_blockers, find_flags
from billing.payouts.due_months import find_months_to_build
from billing.prices.rules import save_price
from tests.billing.batches import AT, OCTOBER, SEPTEMBER
from tests.billing.clicks import click
from tests.billing.tampering import clear
from tests.factories import approve, make_blog, make_category, make_count, make_price, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

NOVEMBER = dt.date(2026, 11, 1)
IN_DECEMBER = dt.datetime(2026, 12, 22, 12, tzinfo=dt.UTC)
FIRST_PRICED = dt.date(2026, 9, 10)


def pay(month, at=AT):
    batch, _ = steps.build_batch(month=month, at=at)
    batch = steps.submit_batch(batch=batch, by=make_user(), at=at)
    return approve(batch, at=at)


def lines_of(batch):
    return sorted(
        PaymentLine.objects.filter(payment__batch=batch).values_list(
            "blog_title", "month", "views", "price_per_1000", "amount"
        )
    )


def find(status="open"):
    found = Finding.objects.filter(kind="unpriced", status=status)
    return [(f.blog.title, f.month, f.views) for f in found.order_by("month", "blog__title")]


@pytest.fixture
def travel():
    """A category whose first price starts on 10 September."""
    category = make_category("Travel")
    make_price(category, "20", FIRST_PRICED)
    return category


@pytest.fixture
def late(travel):
    """September is paid: 1,000 views at 20. Then 7 views of the 1st come in, before any price."""
    blog = make_blog(title="Trains", category=travel)
    make_count(blog, 1000, FIRST_PRICED)
    pay(SEPTEMBER)
    make_count(blog, 7, SEPTEMBER)
    return blog


def price_early(category, price="3", day=SEPTEMBER):
    price = CategoryPrice(category=category, price_per_1000=Decimal(price), effective_from=day)
    return save_price(price=price, by=make_user())


# Late views of a month that is paid


@pytest.mark.thorough
def test_late_view_without_a_price_stops_nobody_else(late):
    other = make_blog(title="Buses", category=late.category)
    make_count(other, 500, OCTOBER)
    batch = pay(OCTOBER)
    assert lines_of(batch) == [("Buses", OCTOBER, 500, Decimal(20), Decimal(10))]
    assert find() == [("Trains", SEPTEMBER, 7)]


def test_late_view_is_paid_by_the_next_batch_once_it_has_a_price(late):
    price_early(late.category)
    make_count(late, 1000, OCTOBER)
    assert lines_of(pay(OCTOBER)) == [
        ("Trains", SEPTEMBER, 7, Decimal(3), Decimal("0.021")),
        ("Trains", OCTOBER, 1000, Decimal(20), Decimal(20)),
    ]


@pytest.mark.thorough
def test_its_finding_closes_by_itself(late):
    find_in_open_months(at=AT)
    assert find() == [("Trains", SEPTEMBER, 7)]
    price_early(late.category)
    close_priced(category=late.category.pk, at=AT)
    assert (find(), find("closed")) == ([], [("Trains", SEPTEMBER, 7)])
    finding = Finding.objects.get()
    assert finding.history.first().history_change_reason == "Closed by itself"
    with pytest.raises(WrongStatus, match="closed by itself"):
        reopen_finding(finding=finding, by=make_user(), reason="Why not")


@pytest.mark.thorough
@pytest.mark.any_database
def test_its_sentence_says_what_waits_and_since_when(late):
    make_count(late, 5, dt.date(2026, 9, 3))
    find_in_open_months(at=AT)
    assert Finding.objects.get().sentence == (
        "12 views wait for a price: Travel had none from 1 to 3 Sep 2026."
    )


@pytest.mark.thorough
def test_more_late_views_join_the_open_finding(late):
    find_in_open_months(at=AT)
    make_count(late, 5, dt.date(2026, 9, 3))
    assert find_findings(month=SEPTEMBER, at=AT) == 0
    assert find() == [("Trains", SEPTEMBER, 12)]


@pytest.mark.thorough
def test_finding_opens_again_for_what_comes_after_it_was_closed(late):
    find_in_open_months(at=AT)
    price = price_early(late.category, day=SEPTEMBER)
    find_in_open_months(at=AT)
    price.delete()
    find_in_open_months(at=AT)
    assert (find(), find("closed")) == ([("Trains", SEPTEMBER, 7)], [("Trains", SEPTEMBER, 7)])


@pytest.mark.thorough
def test_views_are_in_the_equation_as_waiting_for_a_price(late):
    equation = month_equation(SEPTEMBER)
    assert (equation.counts, equation.paid, equation.unpriced, equation.waiting) == (
        1007,
        1000,
        7,
        0,
    )
    (row,) = make_overview([SEPTEMBER])
    assert (row.unpriced, row.waiting) == (7, 0)
    price_early(late.category)
    equation = month_equation(SEPTEMBER)
    assert (equation.unpriced, equation.waiting) == (0, 7)


@pytest.mark.thorough
def test_views_are_not_retired_while_they_wait(late):
    clear(DailyViewCount)
    click(late, 0, 60, start=dt.datetime(2026, 9, 1, 12, tzinfo=dt.UTC))
    fold_views(at=AT)
    with pytest.raises(NotSealed, match="some wait for a price"):
        retire_day(SEPTEMBER, at=IN_DECEMBER)


# Excluding


@pytest.fixture
def clicked(travel):
    """Two views of 1 September, before the first price, and one of the 10th."""
    blog = make_blog(title="Trains", category=travel)
    click(blog, 0, 60, start=dt.datetime(2026, 9, 1, 12, tzinfo=dt.UTC))
    click(blog, 0, start=dt.datetime(2026, 9, 10, 12, tzinfo=dt.UTC))
    fold_views(at=AT)
    return blog


def test_views_are_excluded_with_a_reason_and_counts_follow(clicked):
    find_findings(month=SEPTEMBER, at=AT)
    clerk = make_user()
    with pytest.raises(ReasonRequired):
        exclude_views(finding=Finding.objects.get(), by=clerk, reason=" ", at=AT)
    finding = exclude_views(finding=Finding.objects.get(), by=clerk, reason="A test import", at=AT)
    assert (finding.status, finding.views, finding.decided_by) == ("excluded", 2, clerk)
    assert finding.history.first().history_change_reason == "Excluded: A test import"
    assert dict(DailyViewCount.objects.values_list("day", "views")) == {
        SEPTEMBER: 0, FIRST_PRICED: 1
    }  # fmt: skip
    assert find_findings(month=SEPTEMBER, at=AT) == 0
    batch, _ = steps.build_batch(month=SEPTEMBER, at=AT)
    assert lines_of(batch) == [("Trains", SEPTEMBER, 1, Decimal(20), Decimal("0.02"))]


@pytest.mark.thorough
def test_excluded_views_are_taken_back_although_the_month_is_signed(clicked):
    find_findings(month=SEPTEMBER, at=AT)
    finding = exclude_views(finding=Finding.objects.get(), by=make_user(), reason="A test", at=AT)
    pay(SEPTEMBER)
    reopen_finding(finding=finding, by=make_user(), reason="They were real", at=AT)
    assert month_equation(SEPTEMBER).unpriced == 2
    assert find_findings(month=SEPTEMBER, at=AT) == 0
    assert find() == [("Trains", SEPTEMBER, 2)]


def test_views_that_have_a_price_by_now_are_not_excluded(clicked):
    find_findings(month=SEPTEMBER, at=AT)
    price_early(clicked.category)
    with pytest.raises(WrongStatus, match="None of these views counts"):
        exclude_views(finding=Finding.objects.get(), by=make_user(), reason="A test", at=AT)
    assert month_equation(SEPTEMBER).counts == 3


@pytest.mark.thorough
@pytest.mark.any_database
def test_such_a_finding_is_not_accepted(late):
    find_in_open_months(at=AT)
    with pytest.raises(WrongStatus, match="Accepting pays nothing"):
        accept_finding(finding=Finding.objects.get(), by=make_user(), reason="Fine", at=AT)


# The month that is being built


@pytest.fixture
def own(travel):
    """October: 500 views of Travel at 20, and 30 of Food, which has no price."""
    make_count(make_blog(title="Buses", category=travel), 500, OCTOBER)
    food = make_blog(title="Soups", category=make_category("Food"))
    make_count(food, 30, OCTOBER)
    return food


def test_forgotten_price_of_the_month_is_loud(own):
    with pytest.raises(MissingPrice, match="No price for Food on some days with views in October"):
        steps.build_batch(month=OCTOBER, at=AT)
    assert find() == [("Soups", OCTOBER, 30)]
    assert not PayoutBatch.objects.exists()


@pytest.mark.any_database
def test_month_is_built_without_them_by_a_person_with_a_reason(own):
    for reason in (" ", "."):
        with pytest.raises(ReasonRequired, match="Say why"):
            steps.build_batch(month=OCTOBER, by=make_user(), leave_out=reason, at=AT)
    with pytest.raises(ReasonRequired, match="a person's decision"):
        steps.build_batch(month=OCTOBER, leave_out="The contract comes later", at=AT)
    clerk = make_user()
    batch, _ = steps.build_batch(
        month=OCTOBER, by=clerk, leave_out="The contract comes later", at=AT
    )
    assert lines_of(batch) == [("Buses", OCTOBER, 500, Decimal(20), Decimal(10))]
    assert (batch.left_out_by, batch.left_out_reason) == (clerk, "The contract comes later")
    assert batch.left_out_categories == [own.category_id]
    record = batch.history.get()
    assert (record.history_user, record.history_change_reason) == (
        clerk,
        "Built without views that have no price: The contract comes later",
    )


def leave_out(month=OCTOBER, by=None):
    by = by or make_user(first_name="Finn", last_name="Sample")
    batch, _ = steps.build_batch(month=month, by=by, leave_out="The contract comes later", at=AT)
    return batch


@pytest.mark.thorough
@pytest.mark.any_database
def test_approver_has_to_answer_for_what_is_left_out(own):
    clerk = make_user(first_name="Finn", last_name="Sample")
    batch = steps.submit_batch(batch=leave_out(by=clerk), by=make_user(), at=AT)
    flag = next(flag for flag in find_flags(batch) if flag.code == "left_out_views")
    assert flag.count == 30
    assert flag.message == (
        "30 views are left out of October 2026 for want of a price: Food (30). Finn Sample wrote: "
        "“The contract comes later” They wait until somebody adds the price or excludes them. "
        "Write why the others may be paid without them."
    )
    with pytest.raises(FourEyesViolation, match="You decided which views"):
        approve(batch, by=clerk, at=AT)
    assert approve(batch, at=AT).status == "approved"


def test_database_refuses_the_approval_of_who_left_views_out(own):
    clerk = make_user()
    batch = steps.submit_batch(batch=leave_out(by=clerk), by=make_user(), at=AT)
    with pytest.raises(IntegrityError, match="they left out"), transaction.atomic():
        PayoutBatch.objects.filter(pk=batch.pk).update(
            status="approved", approved_by=clerk, approved_at=AT
        )


@pytest.mark.thorough
@pytest.mark.any_database
def test_rebuild_keeps_the_decision_and_asks_again_about_another_category(own):
    batch = steps.rebuild_batch(batch=leave_out(), by=make_user(), at=AT)
    assert batch.left_out_reason == "The contract comes later"
    make_count(make_blog(category=make_category("Art")), 1, OCTOBER)
    with pytest.raises(MissingPrice, match="No price for Art on"):
        steps.rebuild_batch(batch=batch, by=make_user(), at=AT)
    with pytest.raises(BatchBlocked, match="Art had views in October 2026"):
        steps.submit_batch(batch=batch, by=make_user(), at=AT)
    other = make_user()
    batch = steps.rebuild_batch(batch=batch, by=other, leave_out="Neither is this", at=AT)
    assert (batch.left_out_by, batch.left_out_reason) == (other, "Neither is this")
    assert find_blockers(batch) == []


def test_rebuild_forgets_the_decision_once_all_have_a_price(own):
    batch = leave_out()
    make_price(own.category, "5")
    batch = steps.rebuild_batch(batch=batch, by=make_user(), at=AT)
    assert (batch.left_out_categories, batch.left_out_reason, batch.left_out_by) == ([], "", None)
    assert lines_of(batch) == [
        ("Buses", OCTOBER, 500, Decimal(20), Decimal(10)),
        ("Soups", OCTOBER, 30, Decimal(5), Decimal("0.15")),
    ]


@pytest.mark.thorough
def test_what_was_left_out_comes_in_as_late_views_of_its_month(own):
    batch = steps.submit_batch(batch=leave_out(), by=make_user(), at=AT)
    approve(batch, at=AT)
    price_early(own.category, "5", OCTOBER)
    november = pay(NOVEMBER, at=IN_DECEMBER)
    assert lines_of(november) == [("Soups", OCTOBER, 30, Decimal(5), Decimal("0.15"))]
    assert find("closed") == [("Soups", OCTOBER, 30)]


def test_nothing_is_built_of_a_month_whose_views_all_wait(travel):
    make_count(make_blog(category=make_category("Food")), 30, OCTOBER)
    with pytest.raises(NothingToBuild, match="nothing to pay for October 2026"):
        leave_out()
    assert not PayoutBatch.objects.exists()


# Several months


@pytest.mark.any_database
def test_refused_month_stops_no_other(own):
    make_count(make_blog(title="Ships", category=own.category), 9, dt.date(2026, 8, 1))
    paid = make_blog(title="Paid", category=make_category("Sports"))
    make_price(paid.category, "10")
    for day in (dt.date(2026, 8, 2), dt.date(2026, 9, 2)):
        make_count(paid, 100, day)
    with pytest.raises(MonthsRefused) as refused:
        steps.build_closed_months(at=AT)
    assert [batch.month for batch in refused.value.batches] == [SEPTEMBER]
    assert list(refused.value.refusals) == [dt.date(2026, 8, 1), OCTOBER]
    assert "Built as drafts: September 2026. Not built: August 2026. No price for Food" in str(
        refused.value
    )
    assert list(PayoutBatch.objects.values_list("month", flat=True)) == [SEPTEMBER]


@pytest.mark.thorough
def test_skipped_month_is_built_and_paid_after_a_later_one(own):
    """October lacks a price and is skipped; November is paid; then the price comes."""
    make_count(make_blog(title="Boats", category=own.category), 10, NOVEMBER)
    make_price(own.category, "5", NOVEMBER)
    pay(NOVEMBER, at=IN_DECEMBER)
    price_early(own.category, "4", OCTOBER)
    (october,) = steps.build_closed_months(at=IN_DECEMBER)
    assert lines_of(october) == [
        ("Buses", OCTOBER, 500, Decimal(20), Decimal(10)),
        ("Soups", OCTOBER, 30, Decimal(4), Decimal("0.12")),
    ]


def test_month_with_no_other_views_waits_by_itself_once_a_later_one_has_its_batch(own):
    july = dt.date(2026, 7, 1)
    soups = make_blog(title="Stews", category=make_category("Food"))
    make_count(soups, 30, july)
    assert find_months_to_build(at=AT) == [july, OCTOBER]
    leave_out()
    assert find_months_to_build(at=AT) == []
    assert find() == [("Stews", july, 30), ("Soups", OCTOBER, 30)]
    make_price(soups.category, "5")
    assert find_months_to_build(at=AT) == [july]


@pytest.mark.thorough
def test_month_whose_views_all_lack_a_price_is_asked_about(travel):
    make_count(make_blog(category=make_category("Food")), 30, OCTOBER)
    assert find_months_to_build(at=AT) == [OCTOBER]
