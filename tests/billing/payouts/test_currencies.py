"""A batch is in one currency, its own, whatever the settings become. Amounts of two never meet."""

import datetime as dt
from decimal import Decimal

import pytest
from django.core.checks import INFO, WARNING

from billing.bank.exports import export_payments
from billing.checks import check_outstanding_currencies, check_price_currency
from billing.errors import SettingChanged
from billing.models import (
    Adjustment,
    CategoryPrice,
    DailyViewCount,
    MonthlyViewCount,
    PaymentLine,
)
from billing.payouts import steps
from billing.payouts.adjustments import save_adjustment
from billing.payouts.batch_checks import find_blockers
from billing.payouts.other_currencies import find_other_currencies
from billing.statements.batches import Statement
from billing.verification import verify_payouts
from tests.billing.bank_files import read_file
from tests.billing.tampering import change, without_guards
from tests.factories import approve, make_blog, make_count, make_price, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

SEPTEMBER, OCTOBER, NOVEMBER = (dt.date(2026, month, 1) for month in (9, 10, 11))
AT = dt.datetime(2026, 12, 20, 12, tzinfo=dt.UTC)


@pytest.fixture(autouse=True)
def house(settings):
    settings.CURRENCY, settings.MINIMUM_PAYOUT = "EUR", Decimal(0)
    return settings


def are_payments_proved():
    """All but the last check passes: these counts are made without single views."""
    return verify_payouts(at=AT).difference.startswith("The daily views of a blog")


def build(month):
    return steps.build_batch(month=month, at=AT)[0]


def sign(batch):
    return approve(steps.submit_batch(batch=batch, by=make_user(), at=AT), at=AT)


def make_views(views, price="10", *, blog=None, month=OCTOBER):
    """Views of a month in a blog, at a price from that month on."""
    blog = blog or make_blog()
    make_price(blog.category, price, month)
    make_count(blog, views, month.replace(day=15))
    return blog


def amounts(batch):
    return [str(amount) for amount in batch.payments.values_list("amount", flat=True)]


@pytest.mark.thorough
@pytest.mark.any_database
@pytest.mark.parametrize("other", ["JPY", "KWD", "USD"])
def test_an_approved_batch_is_exported_in_its_own_currency(house, other):
    make_views(3596)
    batch = sign(build(OCTOBER))
    house.CURRENCY = other
    rows = read_file(export_payments(batch=batch, at=AT)).decode().splitlines()
    assert rows[1].endswith(",2026-10,35.96,EUR")
    assert len(rows) == 2
    assert are_payments_proved()


@pytest.mark.thorough
@pytest.mark.any_database
def test_a_submitted_batch_is_approved_in_its_own_currency(house):
    make_views(3596)
    batch = steps.submit_batch(batch=build(OCTOBER), by=make_user(), at=AT)
    house.CURRENCY = "JPY"
    batch = approve(batch, at=AT)
    assert (amounts(batch), batch.currency, batch.decimals) == (["35.960000"], "EUR", 2)
    assert are_payments_proved()


@pytest.mark.thorough
def test_sums_kept_back_wait_while_batches_are_in_another_currency(house):
    house.MINIMUM_PAYOUT = Decimal(100)
    blog = make_views(9000, month=SEPTEMBER)
    sign(build(SEPTEMBER))
    house.CURRENCY, house.MINIMUM_PAYOUT = "JPY", Decimal(0)
    make_views(3000, blog=blog)
    october = build(OCTOBER)
    assert amounts(october) == ["30.000000"]
    waiting = find_other_currencies("JPY", until=OCTOBER)
    assert [str(each) for each in waiting] == ["€90.00 of 1 author, the oldest of September 2026"]
    sign(october)
    house.CURRENCY = "EUR"
    make_views(1000, blog=blog, month=NOVEMBER)
    november = sign(build(NOVEMBER))
    assert amounts(november) == ["100.000000"]
    assert find_other_currencies("EUR", until=NOVEMBER) == []
    assert are_payments_proved()


def test_an_adjustment_keeps_the_currency_in_which_it_was_entered(house):
    blog = make_views(1000)
    adjustment = Adjustment(author=blog.author, amount=Decimal("90.5"), reason="Agreed")
    save_adjustment(adjustment=adjustment, by=make_user(), at=AT)
    house.CURRENCY = "JPY"
    CategoryPrice.objects.update(currency="JPY")
    batch = build(OCTOBER)
    assert amounts(batch) == ["10.000000"]
    adjustment.reason = "Agreed by telephone"
    save_adjustment(adjustment=adjustment, by=make_user(), at=AT)
    adjustment.refresh_from_db()
    assert adjustment.currency == "EUR"
    assert str(adjustment).startswith("+€90.50 for ")


def test_views_at_a_price_in_another_currency_wait(house):
    """A price of 10 euros does not become one of 10 yen."""
    blog = make_views(1000)
    house.CURRENCY = "JPY"
    batch = build(OCTOBER)
    assert amounts(batch) == []
    (blocker,) = find_blockers(batch)
    assert "€10.00 of 1 author, the oldest of October 2026" in blocker.message
    make_price(blog.category, "300", dt.date(2026, 10, 20))
    make_count(blog, 100, dt.date(2026, 10, 21))
    batch = steps.rebuild_batch(batch=batch, by=make_user(), at=AT)
    line = PaymentLine.objects.get()
    assert (str(line.amount), line.days, amounts(batch)) == ("30.000000", "21:100", ["30.000000"])
    statement = Statement(type(batch).objects.with_totals().get())
    assert [each.amount for each in statement.other_currencies] == ["€10.00"]


@pytest.mark.thorough
def test_views_taken_away_after_payment_come_off_in_the_currency_that_paid_them(house):
    blog = make_views(1000)
    sign(build(OCTOBER))
    for counts in (DailyViewCount, MonthlyViewCount):
        change(counts.objects.all(), views=600)
    house.CURRENCY = "JPY"
    make_views(5000, blog=blog, month=NOVEMBER)
    november = build(NOVEMBER)
    assert amounts(november) == ["50.000000"]
    assert [each.amount for each in find_other_currencies("JPY", until=NOVEMBER)] == ["-€4.00"]
    assert find_other_currencies("JPY", until=NOVEMBER, with_late=False) == []


@pytest.mark.any_database
def test_views_in_other_currencies_wait_by_the_price_of_their_day(house):
    """Two prices of one month, whole months after it, and one that is in the house's currency."""
    blog = make_blog()
    for day, price, currency in (
        (dt.date(2026, 8, 10), "10", "EUR"),
        (dt.date(2026, 8, 20), "20", "USD"),
        (dt.date(2026, 10, 1), "300", "JPY"),
    ):
        make_price(blog.category, price, day, currency=currency)
    for day in (9, 10, 19, 20, 31):
        make_count(blog, 1000, dt.date(2026, 8, day))
    make_count(blog, 500, dt.date(2026, 9, 30))
    make_count(blog, 500, dt.date(2026, 10, 1))
    for with_late in (True, False):
        found = find_other_currencies("JPY", until=OCTOBER, with_late=with_late)
        assert [(each.amount, each.since) for each in found] == [
            ("€20.00", dt.date(2026, 8, 1)),
            ("$50.00", dt.date(2026, 8, 1)),
        ]
    assert find_other_currencies("JPY", until=dt.date(2026, 7, 1)) == []


@pytest.mark.any_database
@pytest.mark.parametrize(("name", "other"), [("CURRENCY", "JPY"), ("TIME_ZONE", "Asia/Tokyo")])
def test_a_draft_is_not_rebuilt_as_another_batch(house, name, other):
    make_views(1000)
    batch = build(OCTOBER)
    stored = getattr(house, name)
    setattr(house, name, other)
    with pytest.raises(SettingChanged, match=f"{name} was {stored}, and now it is {other}"):
        steps.rebuild_batch(batch=batch, by=make_user(), at=AT)
    assert amounts(batch) == ["10.000000"]


@pytest.mark.thorough
@pytest.mark.any_database
def test_limits_are_those_of_the_build_until_a_rebuild(house):
    house.MINIMUM_PAYOUT, house.SECOND_APPROVAL_ABOVE = Decimal(5), Decimal(9)
    make_views(1000)
    batch = build(OCTOBER)
    house.MINIMUM_PAYOUT, house.SECOND_APPROVAL_ABOVE = Decimal(50), Decimal("Infinity")
    batch = steps.submit_batch(batch=batch, by=make_user(), at=AT)
    assert (amounts(batch), batch.approvals_needed) == (["10.000000"], 2)
    batch = steps.return_batch(batch=batch, by=make_user(), reason="Look again")
    batch = steps.rebuild_batch(batch=batch, by=make_user(), at=AT)
    assert (amounts(batch), batch.second_approval_above) == (["0.000000"], None)


def test_a_changed_currency_is_told_while_money_is_outstanding(house):
    make_views(1000)
    assert check_outstanding_currencies(None, databases=["default"]) == []
    batch = build(OCTOBER)
    house.CURRENCY = "JPY"
    (news,) = check_outstanding_currencies(None, databases=["default"])
    assert (news.id, news.level) == ("billing.I002", INFO)  # no fault that would stop a deploy
    assert "the batch of October 2026, in EUR" in news.msg
    house.CURRENCY = "EUR"
    steps.cancel_batch(batch=batch, by=make_user(), reason="Anew")
    house.CURRENCY = "JPY"
    (news,) = check_outstanding_currencies(None, databases=["default"])
    assert "€10.00 of 1 author" in news.msg


def test_house_whose_prices_are_all_in_another_currency_is_told_what_to_write_into_env(house):
    assert check_price_currency(None, databases=["default"]) == []  # a new house has no price
    price = make_price(make_blog().category, "10")
    assert check_price_currency(None, databases=["default"]) == []
    house.CURRENCY = "USD"
    (warning,) = check_price_currency(None, databases=["default"])
    assert (warning.id, warning.level) == ("billing.W025", WARNING)
    assert "CURRENCY is USD, and every price is in EUR" in warning.msg
    assert "write CURRENCY=EUR into .env" in warning.hint
    make_price(price.category, "11", dt.date(2026, 12, 1))  # in dollars: the house changes
    assert check_price_currency(None, databases=["default"]) == []
    assert check_price_currency(None, databases=[]) == []


def test_house_that_sets_no_currency_pays_in_us_dollars(house):
    assert "\nCURRENCY=USD\n" in (house.BASE_DIR / ".env.example").read_text()
    of_project = (house.BASE_DIR / "backoffice" / "settings.py").read_text()
    assert '\nCURRENCY = env("CURRENCY", default="USD")' in of_project


TAMPERINGS = [
    ("CategoryPrice", "currency", "JPY", "its history ends with “EUR”"),
    ("Adjustment", "currency", "JPY", "its history ends with “EUR”"),
    ("Payment", "username", "somebody", "its digest is"),
    ("Payment", "username", "", "its digest is"),
    ("PayoutBatch", "decimals", 3, "has the decimals"),
    ("PayoutBatch", "second_approval_above", None, "has the second approval above"),
    ("PayoutBatch", "currency", "JPY", "has the currency"),
]


@pytest.mark.thorough
@pytest.mark.parametrize(("model", "field", "value", "named"), TAMPERINGS)
def test_a_changed_currency_limit_or_payee_is_named(house, model, field, value, named):
    from billing import models

    house.SECOND_APPROVAL_ABOVE = Decimal(100)
    blog = make_views(1000)
    adjustment = Adjustment(author=blog.author, amount=Decimal(5), reason="Agreed")
    save_adjustment(adjustment=adjustment, by=make_user(), at=AT)
    sign(build(OCTOBER))
    with without_guards():
        getattr(models, model)._base_manager.update(**{field: value})
    difference = verify_payouts(at=AT).difference
    assert named in difference


@pytest.mark.thorough
@pytest.mark.any_database
def test_the_file_names_the_payee_as_of_the_build(house):
    blog = make_blog(author=make_user("first.name"))
    make_views(1000, blog=blog)
    batch = sign(build(OCTOBER))
    blog.author.username = "another.name"
    blog.author.save()
    rows = read_file(export_payments(batch=batch, at=AT)).decode().splitlines()
    assert rows[1].split(",")[2] == "first.name"
    assert are_payments_proved()
