import datetime as dt
import re

import pytest
from django.db import connection

from billing.counting.retention import purge_readers
from billing.guards import remove_guards
from billing.models import (
    BlogView,
    DailyCategoryCount,
    DailyViewCount,
    MonthlyViewCount,
    PaymentLine,
    RetiredViewTotal,
    Seal,
    Verification,
)
from billing.verification import advance_verification, start_verification, verify_payouts
from tests.billing.paid_months import OCTOBER, SEPTEMBER
from tests.billing.tampering import change as change_rows
from tests.billing.tampering import undone, without_guards

pytestmark = [pytest.mark.django_db, pytest.mark.slow, pytest.mark.postgresql]


@pytest.fixture
def paid(paid_once):
    return paid_once


def test_what_was_paid_is_proved_and_counted(paid):
    run = verify_payouts()
    assert (run.difference, run.missing_guards, run.status) == ("", [], "passed")
    lines = PaymentLine.objects.count()
    assert run.numbers == {
        "batches": 2, "payments": 6, "lines": lines, "adjustments": 1, "carries": 2,
        "days": 6, "views": 63, "sealed views": 63, "view seals": 8, "seals": 6,
        "results": 4, "exports": 2, "payments by hand": 0,
        "tracked rows": 6, "acts": 5, "balances": 3, "accounts and roles": 13,
        "traced rows": 36, "traces without a seal": 3,
        "seals of traces": 4, "seals of traces by an earlier key": 0,
    }  # fmt: skip
    assert run.chain_head == Seal.objects.last().hash
    assert run.done == run.steps


@pytest.mark.thorough
def test_head_that_a_mail_showed_is_a_link_of_the_chain(paid):
    first = Seal.objects.first()
    assert verify_payouts(head=f" {first.hash.upper()} ").status == "passed"


def test_head_that_is_no_link_shows_that_seals_were_taken_back(paid):
    run = verify_payouts(head="f" * 64)
    assert "6 links and none with the hash ffff" in run.difference
    assert run.status == "failed"


@pytest.mark.thorough
def test_month_alone_is_verified_with_the_whole_chain(paid):
    run = verify_payouts(month=OCTOBER)
    assert run.status == "passed"
    assert (run.numbers["batches"], run.numbers["payments"], run.numbers["days"]) == (1, 3, 2)
    assert run.numbers["seals"] == 6
    run = verify_payouts(month=SEPTEMBER)
    assert (run.status, run.numbers["batches"], run.numbers["days"]) == ("passed", 1, 4)


def tamper(table, position, change):
    """Change or delete the row at a position, without the application and its guards."""
    remove_guards(connection)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(f"SELECT id FROM billing_{table} ORDER BY id LIMIT 1 OFFSET {position}")  # noqa: S608
        (pk,) = cursor.fetchone()
        if (table, change) == ("paymentexport", ""):
            cursor.execute("DELETE FROM billing_exportedpayment WHERE export_id = %s", [pk])
        verb = f"UPDATE billing_{table} SET {change}" if change else f"DELETE FROM billing_{table}"  # noqa: S608
        cursor.execute(f"{verb} WHERE id = %s", [pk])


# What was done to the row at a position of a table, and what the difference says.
TAMPERED = [
    (
        "paymentline",
        0,
        "price_per_1000 = price_per_1000 * 2, amount = amount * 2",
        "line 1” has the digest",
    ),
    ("paymentline", 0, "blog_title = 'Another'", "line 1” has the digest"),
    ("paymentline", 1, "digest = ''", "line 2” has the digest"),
    ("paymentline", 0, "number = 9", "line 9” has the digest"),
    ("paymentline", 0, "", "line 2” follows line 0, but line 1 should."),
    ("paymentline", 2, "", "The payment “202609-1-000001” says ["),
    ("payment", 1, "amount = 990000, rounding = 0", "The payment “202609-1-000002” says ["),
    ("payment", 1, "author_name = 'Nobody'", "The payment “202609-1-000002” says ["),
    ("payment", 1, "status = 'payable'", "“202609-1-000002” is payable, but the bank's latest"),
    ("payment", 1, "reference = '202609-1-000009'", "-000009, line 1” has the"),
    ("payoutbatch", 0, "minimum_payout = 7", "“September 2026” has the minimum payout"),
    ("payoutbatch", 1, "digest = 'x'", "“October 2026” has the digest “x”"),
    ("payoutbatch", 0, "status = 'approved'", "“September 2026” has the status “approved”"),
    ("seal", 0, "content = REPLACE(content, 'approved', 'x')", "“seal 1” has the hash"),
    ("seal", 1, "previous_hash = hash", "“seal 2” says that the hash before is"),
    ("seal", 0, "at = '2026-01-01 00:00:00+00'", "“seal 1” sealed the at"),
    ("seal", 1, "number = 7", "“seal 3” follows seal 1"),
    ("paymentresult", 1, "outcome = 'failed', reason = 'x'", "is failed by user"),
    ("paymentresult", 0, "", "but seal 3 holds"),
    ("adjustment", 0, "amount = -9000000", "for person"),
    ("categoryprice", 0, "price_per_1000 = 20000000", "has the price per 1,000 views “20.000”"),
    ("categoryprice", 1, "effective_from = '2026-09-16'", "has the in force from “2026-09-16”"),
    ("paymentexport", 0, "", "that file of the batch is gone"),
    ("paymentexport", 0, "file_name = 'x'", "seal 2"),
    ("paymentexport", 0, "sha256 = 'x'", 'the rows now say ["csv","payments-2026-09.csv","x"'),
    ("dailyviewcount", 0, "views = views + 1", "but the days add up to"),
    ("dailycategorycount", 0, "views = views + 1", "but the blogs add up to"),
    ("monthlyviewcount", 0, "views = views + 1", "but the days add up to"),
    ("blogview", 0, "outcome = 'double_click'", "the clicks under seal make it something else"),
]


@pytest.mark.thorough
@pytest.mark.parametrize("portion", range(5))  # `make test` takes the first
def test_row_that_was_changed_past_the_application_is_named(paid, subtests, portion):
    for table, position, change, words in TAMPERED[portion::5]:
        with subtests.test(f"{table} {position}: {change or 'deleted'}"), undone():
            tamper(table, position, change)
            run = verify_payouts()
            assert run.status == "failed"
            assert words in re.sub(r" \(billing_[a-z]+ [0-9a-f-]+\)", "", run.difference)
            assert re.search(r"\(billing_[a-z]+ [0-9a-f-]+\)", run.difference)


@pytest.mark.thorough
def test_missing_guard_is_a_difference_of_its_own_kind(paid):
    remove_guards(connection)
    run = verify_payouts()
    assert (run.status, run.difference) == ("failed", "")
    assert any("paymentline" in name for name in run.missing_guards)
    assert run.chain_head == Seal.objects.last().hash


@pytest.mark.thorough
def test_views_dropped_after_the_retention_time_are_proved_by_their_totals(paid):
    purge_readers(at=dt.datetime(2028, 1, 1, tzinfo=dt.UTC))
    assert not BlogView.objects.exists()
    assert verify_payouts().numbers["views"] == 63
    total = RetiredViewTotal.objects.get(day=dt.date(2026, 9, 3))
    change_rows(RetiredViewTotal.objects.filter(pk=total.pk), views=11)
    assert verify_payouts().difference == (
        f"The retired view total “11 Counted on 3 Sep 2026” (billing_retiredviewtotal {total.pk}) "
        "says 11, but 12 such views were sealed before they were dropped."
    )


@pytest.mark.thorough
def test_more_views_on_batches_than_ever_came_in_are_an_error(paid):
    day = BlogView.objects.filter(day=dt.date(2026, 9, 3))
    keys = day.values_list("blog", "author", "category").first()
    blog = dict(zip(("blog", "author", "category"), keys, strict=True))
    month = MonthlyViewCount.objects.get(month=SEPTEMBER, **blog)
    with without_guards():
        day.filter(**blog).delete()
        DailyViewCount.objects.filter(day=dt.date(2026, 9, 3), **blog).update(views=0)
        MonthlyViewCount.objects.filter(pk=month.pk).update(views=month.views - 4)
        of_category = DailyCategoryCount.objects.get(
            day=dt.date(2026, 9, 3), category=blog["category"]
        )
        DailyCategoryCount.objects.filter(pk=of_category.pk).update(views=of_category.views - 4)
    assert "hold 4 views of 2026-09-03, but no more than 0 came in" in verify_payouts().difference


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL refuses it.")
def test_row_whose_other_half_is_gone_is_named(paid):
    for table, words in (
        ("billing_categoryprice", "billing_paymentline.price_id contains a value"),
        ("weblog_blog", "blog_id contains a value"),
        ("auth_user", "_id contains a value"),
    ):
        with undone(), connection.cursor() as cursor:
            remove_guards(connection)
            cursor.execute(f"DELETE FROM {table}")  # noqa: S608
            assert words in verify_payouts().difference


@pytest.mark.thorough
def test_verification_stands_still_until_it_is_advanced(paid):
    run = start_verification(month=OCTOBER)
    one, other = (Verification.objects.get(pk=run.pk) for _ in range(2))
    advance_verification(one, seconds=0)
    assert (one.status, one.done) == ("running", 1)
    assert advance_verification(other, seconds=60).done == one.done


def test_changed_days_that_no_digest_shows_are_found_by_the_sum(paid):
    tamper("paymentline", 0, "days = '3:5'")
    run = start_verification()
    run.remaining = [step for step in run.remaining if step[0] == "lines"]
    run.save()
    assert (
        "has 4 views, but its days “3:5” have 5" in advance_verification(run, seconds=9).difference
    )
