import datetime as dt
import re
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from billing.models import CategoryPrice, DailyViewCount, Payment, PaymentLine
from billing.payouts import steps
from billing.payouts.filling import is_up_to_date
from billing.payouts.foreseen import LINES_AT_ONCE, find_news, foresee_rebuild, is_small
from billing.payouts.holds import hold_payment
from billing.prices.rules import save_price
from tests.billing.adjustments import make_adjustment
from tests.billing.batches import AT, OCTOBER
from tests.billing.tampering import without_guards
from tests.factories import make_blog, make_category, make_count, make_price, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


def make_draft():
    """Make a draft of October: Tech 1,000 views at 10, Sports 1,000 at 5, of an author each."""
    tech, sports = make_category("Tech"), make_category("Sports")
    make_price(tech, "10")
    make_price(sports, "5")
    blogs = [make_blog(category=tech, title="On rails"), make_blog(category=sports, title="Goals")]
    for blog in blogs:
        make_count(blog, 1000)
    return steps.build_batch(month=OCTOBER, at=AT)[0], *blogs


def set_price(category, amount):
    price = CategoryPrice.objects.get(category=category)
    price.price_per_1000 = Decimal(amount)
    save_price(price=price, by=make_user())


def drop_counts(blog):
    with without_guards():
        DailyViewCount.objects.filter(blog=blog).delete()


def test_draft_that_is_up_to_date_foresees_nothing():
    batch, *_ = make_draft()
    foreseen = foresee_rebuild(batch)
    assert (foreseen.is_outdated, foreseen.since, foreseen.change, foreseen.refusal) == (
        False, "", Decimal(0), "",
    )  # fmt: skip


def test_banner_names_views_adjustments_prices_and_the_difference():
    batch, rails, goals = make_draft()
    make_count(rails, 82, dt.date(2026, 10, 20))
    set_price(rails.category, "12")
    set_price(goals.category, "6")
    make_adjustment("0.22", author=goals.author)
    foreseen = foresee_rebuild(batch)
    assert foreseen.since == "82 views, 1 adjustment, 2 prices"
    assert foreseen.change == Decimal("4.20")
    assert [(row.author, row.before.amount, row.after.amount) for row in foreseen.authors] == [
        (rails.author_id, Decimal("10.00"), Decimal("12.98")),
        (goals.author_id, Decimal("5.00"), Decimal("6.22")),
    ]


def more_views(rails, goals):
    make_count(rails, 82, dt.date(2026, 10, 20))


def fewer_views(rails, goals):
    with without_guards():
        DailyViewCount.objects.filter(blog=rails).update(views=990)


def no_views(rails, goals):
    drop_counts(rails)


def new_author(rails, goals):
    make_count(make_blog(category=rails.category), 500)


def new_price(rails, goals):
    price = CategoryPrice(
        category=rails.category, price_per_1000=Decimal(20), effective_from=dt.date(2026, 10, 10)
    )
    save_price(price=price, by=make_user())


def adjustment(rails, goals):
    make_adjustment("-2.5", author=rails.author)


def hold(rails, goals):
    hold_payment(payment=Payment.objects.get(author=rails.author), by=make_user(), reason="A query")


def account(rails, goals):
    rails.author.is_active = False
    rails.author.save()


def new_title(rails, goals):
    rails.title = "On better rails"
    rails.save()


@pytest.mark.parametrize(
    ("act", "since", "change"),
    [
        (more_views, "82 views", "0.82"),
        (fewer_views, "10 views fewer", "-0.10"),
        (no_views, "1,000 views fewer", "-10.00"),
        (new_author, "500 views", "5.00"),
        (new_price, "1 price", "10.00"),
        (adjustment, "1 adjustment", "-2.50"),
        (account, "1 hold or account", "-10.00"),
        (new_title, "1 name", "0"),
    ],
)
def test_foreseen_is_what_the_rebuild_makes(act, since, change):
    batch, rails, goals = make_draft()
    act(rails, goals)
    foreseen = foresee_rebuild(batch)
    assert (foreseen.since, foreseen.change) == (since, Decimal(change))
    assert foreseen.is_outdated
    assert not is_up_to_date(batch)
    expected = dict(batch.payments.values_list("author", "amount"))
    for row in foreseen.authors:
        assert expected.get(row.author) == (row.before.amount if row.before else None)
        expected[row.author] = row.after.amount if row.after else None
    batch = steps.rebuild_batch(batch=batch, by=make_user(), at=AT)
    rebuilt = dict(batch.payments.values_list("author", "amount"))
    assert rebuilt == {author: amount for author, amount in expected.items() if amount is not None}
    assert not foresee_rebuild(batch).is_outdated


def test_hold_is_in_the_draft_at_once():
    batch, rails, _ = make_draft()
    hold(rails, None)
    assert not foresee_rebuild(batch).is_outdated
    assert is_up_to_date(batch)


def test_minimum_that_a_rebuild_takes_over_is_foreseen(settings):
    batch, _, goals = make_draft()
    settings.MINIMUM_PAYOUT = Decimal(7)
    foreseen = foresee_rebuild(batch)
    assert "the minimum payout, now €7.00" in foreseen.since
    assert (foreseen.change, foreseen.kept_change) == (Decimal("-5.00"), Decimal(5))
    assert batch.minimum_payout == Decimal(0)
    assert [row.author for row in foreseen.authors] == [goals.author_id]


def test_rebuild_that_would_be_refused_says_why(settings):
    batch, *_ = make_draft()
    make_count(make_blog(category=make_category("Travel")), 5)
    assert "No price for Travel" in foresee_rebuild(batch).refusal
    settings.CURRENCY = "USD"
    assert "CURRENCY was EUR" in foresee_rebuild(batch).refusal


@pytest.mark.thorough
def test_foreseeing_writes_nothing_and_costs_the_same_for_2_and_20_payments():
    batch, rails, _ = make_draft()
    with CaptureQueriesContext(connection) as few:
        foresee_rebuild(batch)
    writes = re.compile(r"^\s*(INSERT|UPDATE|DELETE)\b")
    assert not [query for query in few if writes.match(query["sql"])]
    for _ in range(18):
        make_count(make_blog(category=rails.category), 10)
    batch = steps.rebuild_batch(batch=batch, by=make_user(), at=AT)
    with CaptureQueriesContext(connection) as many:
        foresee_rebuild(batch)
    assert batch.payments.count() == 20
    assert len(many) == len(few) <= 20


def test_row_written_past_the_application_is_told():
    batch, rails, _ = make_draft()
    with without_guards():
        batch.payments.filter(author=rails.author).update(digest="0" * 64)
    assert foresee_rebuild(batch).since == "1 payment rewritten"
    assert not is_up_to_date(batch)


@pytest.mark.thorough
def test_payment_keeps_its_key_over_rebuilds_whoever_comes_and_goes():
    batch, rails, goals = make_draft()
    keys = dict(batch.payments.values_list("author", "pk"))
    make_count(make_blog(category=rails.category, author=make_user()), 700)
    batch = steps.rebuild_batch(batch=batch, by=make_user(), at=AT)
    assert batch.payments.count() == 3
    assert keys.items() <= dict(batch.payments.values_list("author", "pk")).items()
    drop_counts(rails)
    batch = steps.rebuild_batch(batch=batch, by=make_user(), at=AT)
    assert batch.payments.get(author=goals.author).pk == keys[goals.author_id]
    assert not batch.payments.filter(author=rails.author).exists()


@pytest.mark.thorough
@pytest.mark.any_database
def test_large_draft_is_compared_when_asked_and_tells_what_is_new():
    batch, rails, _ = make_draft()
    assert is_small(batch)
    line = PaymentLine.objects.filter(payment__batch=batch).first()
    with without_guards():
        copies = []
        for number in range(2, LINES_AT_ONCE + 2):
            line.pk, line.number = None, number
            copies.append(
                PaymentLine(**{f.attname: getattr(line, f.attname) for f in line._meta.fields})
            )
        PaymentLine.objects.bulk_create(copies)
    assert not is_small(batch)
    batch.built_at = dt.datetime.now(dt.UTC)
    assert find_news(batch) == []
    set_price(rails.category, "12")
    make_adjustment("1", author=rails.author)
    assert find_news(batch) == ["prices", "adjustments"]
