"""Sums of daily counts that somebody changed by hand are added up anew, and it is kept who did."""

import io
import json

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from billing.counting.folding import fold_views
from billing.counting.sums import mend_sums
from billing.models import DailyCategoryCount, DailyViewCount, MonthlyViewCount, ViewSeal
from billing.verification import verify_payouts
from tests.billing.batches import AT, OCTOBER
from tests.billing.tampering import without_guards
from tests.factories import make_blog, make_click, make_price, make_user
from tests.snapshots import snapshot

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.slow,
    pytest.mark.postgresql,
    pytest.mark.usefixtures("lock_order", "views"),
]

WRONG = {
    "a category's sum": "UPDATE billing_dailycategorycount SET views = views + 3",
    "no category's sums, as after an upgrade": "DELETE FROM billing_dailycategorycount",
    "a month's sum": "UPDATE billing_monthlyviewcount SET views = views - 1",
    "no month's sums": "DELETE FROM billing_monthlyviewcount",
}


@pytest.fixture
def views(settings):
    settings.TIME_ZONE = "Europe/Berlin"
    for times in (3, 5):
        blog = make_blog()
        make_price(blog.category, "10")
        for number in range(times):
            make_click(blog, 60 * number)
    fold_views(at=AT)


def count():
    tables = (DailyCategoryCount, DailyViewCount, MonthlyViewCount)
    but = ("id", "seal_id")
    return [
        sorted(
            [value for name, value in row.items() if name not in but]
            for row in table.objects.order_by().values()
        )
        for table in tables
    ]


def execute(statement):
    with connection.cursor() as cursor:
        cursor.execute(statement)


@pytest.mark.thorough
@pytest.mark.parametrize("statement", WRONG.values(), ids=WRONG)
def test_wrong_sums_are_added_up_anew(statement):
    before, finance = count(), make_user()
    with without_guards():
        execute(statement)
    assert "add up to" in verify_payouts().difference
    (mended,) = mend_sums(month=OCTOBER, by=finance, reason="Changed by hand", at=AT)
    assert (mended.rows, mended.after) == (2, 8)
    assert count() == before
    assert verify_payouts().difference == ""
    seal = ViewSeal.objects.order_by("number").last()
    content = json.loads(seal.content)
    assert (seal.kind, content["by"], content["reason"]) == ("sums", finance.pk, "Changed by hand")
    assert content["sums"] == [[mended.model._meta.label, 2, mended.before, 8]]
    make_click(make_blog(), 5)
    fold_views(at=AT)
    assert verify_payouts().difference == ""


def test_sum_of_no_days_becomes_zero():
    category = make_blog().category
    with without_guards():
        seal = ViewSeal.objects.order_by("number").last()
        DailyCategoryCount.objects.create(category=category, day=OCTOBER, views=7, seal=seal)
    (mended,) = mend_sums(month=OCTOBER, by=make_user(), reason="Nobody knows", at=AT)
    assert (mended.rows, mended.before, mended.after) == (1, 7, 0)
    assert DailyCategoryCount.objects.get(category=category).views == 0


def test_right_sums_stay_as_they_are():
    finance = make_user()
    before = snapshot()
    assert mend_sums(month=OCTOBER, by=finance, reason="To be sure", at=AT) == []
    assert snapshot() == before


@pytest.mark.thorough
def test_wrong_day_is_hidden_by_no_mended_sum():
    with without_guards():
        execute("UPDATE billing_dailyviewcount SET views = views + 1")
    assert mend_sums(month=OCTOBER, by=make_user(), reason="A try", at=AT)
    assert "of the views that are kept were counted" in verify_payouts().difference


def test_command_says_what_was_wrong_and_asks_who_and_why(groups):
    finance, author = make_user(groups=["Finance"]), make_user(groups=["Authors"])
    with without_guards():
        execute(WRONG["a category's sum"])
    for facts, refusal in (
        ({}, "Say who decides it and why"),
        ({"by": finance.username}, "Say who decides it and why"),
        ({"by": finance.username, "reason": "."}, "Say who decides it and why"),
        ({"by": author.username, "reason": "A slip"}, "may not build payout batches"),
        ({"by": "nobody", "reason": "A slip"}, "may not build payout batches"),
    ):
        with pytest.raises(CommandError, match=refusal):
            call_command("recount", month="2026-10", mend_sums=True, **facts)
    output = io.StringIO()
    facts = {"by": finance.username, "reason": "A slip by hand"}
    call_command("recount", month="2026-10", mend_sums=True, stdout=output, **facts)
    call_command("recount", month="2026-10", mend_sums=True, stdout=output, **facts)
    assert output.getvalue().splitlines() == [
        "Daily views of categories: 2 sums said 14 views and say 8 now.",
        "The sums of 2026-10 are right. Nothing was written.",
    ]
