"""Searches that know months and amounts, and the totals under lists of money."""

import datetime as dt
from decimal import Decimal

import pytest
import time_machine

from billing.admin import totals
from billing.models import Adjustment, Hold, Payment
from billing.money import AmountField
from billing.payouts import steps
from billing.payouts.adjustments import save_adjustment, withdraw_adjustment
from tests.factories import (
    make_blog,
    make_category,
    make_count,
    make_groups,
    make_price,
    make_user,
)

pytestmark = [pytest.mark.django_db, pytest.mark.any_database, pytest.mark.slow]

AT = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)
SEPTEMBER, OCTOBER = dt.date(2026, 9, 1), dt.date(2026, 10, 1)


@pytest.fixture(scope="module")
def groups(shared_rows):
    make_groups("10_groups.json", "30_billing_groups.json")


@pytest.fixture(scope="module")
def months_for_all(groups):
    with time_machine.travel(AT):
        make_months()


def make_months():
    """Make September: 2.00 and 66.09. October: 66.09, and 0.495 on hold."""
    tech = make_category("Tech")
    make_price(tech, "15")
    ada, ben = (
        make_blog(author=make_user(last_name=name), category=tech) for name in ("Ada", "Ben")
    )
    make_count(ada, 4406, dt.date(2026, 9, 3))
    make_price(make_category("Sports"), "10")
    make_count(make_blog(category=make_category("Sports")), 200, dt.date(2026, 9, 4))
    make_count(ada, 4406, dt.date(2026, 10, 3))
    make_count(ben, 33, dt.date(2026, 10, 4))
    steps.build_batch(month=SEPTEMBER, at=AT)
    Hold.objects.create(
        author=ben.author, kind="hold", reason="Asked", created_by=make_user(), created_at=AT
    )
    steps.build_batch(month=OCTOBER, at=AT)


@pytest.fixture
def months(months_for_all, time_machine):
    """The months of `make_months`."""
    time_machine.move_to(AT)


def make_writer(name):
    return make_blog(author=make_user(last_name=name)).author


def look(client, name, query=""):
    page = client.get(f"/admin/billing/{name}/", {"q": query} if query else {})
    assert page.status_code == 200
    return page


def listed(client, name, query):
    return [str(row) for row in look(client, name, query).context["cl"].result_list]


@pytest.mark.cases(10)
@pytest.mark.parametrize(
    ("query", "references"),
    [
        ("october", ["202610-1-000001", "202610-1-000002"]),
        ("2026-09", ["202609-1-000001", "202609-1-000002"]),
        ("66,09", ["202610-1-000001", "202609-1-000001"]),
        ("$2.00", ["202609-1-000002"]),
        ("0.50", ["202610-1-000002"]),
        ("Ben", ["202610-1-000002"]),
        ("202609-1-000002", ["202609-1-000002"]),
        ("november 2026", []),
        ("66.1", []),
    ],
)
def test_list_of_payments_knows_months_and_amounts(query, references, months, sign_in, client):
    sign_in("Finance")
    assert sorted(listed(client, "payment", query)) == sorted(references)


def test_list_of_batches_knows_months_and_totals(months, sign_in, client):
    sign_in("Approvers")
    assert listed(client, "payoutbatch", "Sept 2026") == ["September 2026"]
    assert listed(client, "payoutbatch", "68.09") == ["September 2026"]
    assert listed(client, "payoutbatch", "2026-1") == ["October 2026"]


def test_lists_of_counts_know_months_and_days(months, sign_in, client):
    sign_in("Auditors")
    assert len(listed(client, "monthlyviewcount", "october 2026")) == 2
    assert len(listed(client, "dailyviewcount", "sep 2026")) == 2
    assert len(listed(client, "dailyviewcount", "4 Oct 2026")) == 1


def test_prices_and_adjustments_are_found_by_amount_of_either_sign(months, sign_in, client):
    adjustment = Adjustment(author=make_writer("Cor"), amount=-12, reason="A double")
    save_adjustment(adjustment=adjustment, by=make_user(), at=AT)
    sign_in("Finance")
    assert listed(client, "adjustment", "12.00") == ["-€12.00 for Cor"]
    assert listed(client, "adjustment", "nov 2026") == ["-€12.00 for Cor"]
    assert len(listed(client, "categoryprice", "€15")) == 1


def test_total_is_of_the_filtered_whole_and_not_of_the_page(months, sign_in, client, monkeypatch):
    from billing.admin.payments import PaymentAdmin

    monkeypatch.setattr(PaymentAdmin, "list_per_page", 1)
    sign_in("Finance")
    page = look(client, "payment")
    assert len(page.context["cl"].result_list) == 1
    assert "<dt>To be paid, or paid</dt><dd>€134.18</dd>" in page.text
    assert "<dt>Kept back</dt><dd>€0.495</dd>" in page.text
    assert "<dd>€68.09</dd>" in look(client, "payment", "september").text
    assert "Kept back</dt>" not in look(client, "payment", "september").text


def test_batches_add_up_what_they_pay(months, sign_in, client):
    sign_in("Auditors")
    assert "<dd>€134.18</dd>" in look(client, "payoutbatch").text


def test_withdrawn_adjustment_adds_nothing_and_currencies_never_meet(
    months, sign_in, client, settings
):
    author = make_writer("Cor")
    for amount, currency in (("0.1", "EUR"), ("0.2", "EUR"), ("7", "JPY"), ("5", "EUR")):
        settings.CURRENCY = currency
        adjustment = Adjustment(author=author, amount=Decimal(amount), reason="A bonus")
        save_adjustment(adjustment=adjustment, by=make_user(), at=AT)
    withdraw_adjustment(adjustment=adjustment, by=make_user(), reason="A mistake", at=AT)
    sign_in("Finance")
    text = look(client, "adjustment").text
    assert "<dt>Total</dt><dd>€0.30 + ¥7</dd>" in text


def test_too_many_rows_are_not_added_up_and_it_is_said(months, sign_in, client, monkeypatch):
    monkeypatch.setattr(totals, "MOST_ROWS", 3)
    sign_in("Finance")
    assert "totals are of at most 3 rows" in look(client, "payment").text
    assert "<dd>€68.09</dd>" in look(client, "payment", "september").text


def test_sum_stays_decimal_to_the_millionth(months):
    field = AmountField()
    assert field.decimal_places == 6
    sums = totals.add_up(
        Payment.objects.all(), currency="batch__currency", amounts={"All": "carried_amount"}
    )
    assert sums == [("All", "€0.495")]
