import datetime as dt

import pytest
import time_machine

from billing.admin.prices import CategoryPriceAdmin
from billing.errors import PriceInUse
from billing.models import CategoryPrice, PayoutBatch
from tests.billing.admin.price_pages import LIST, errors_of, make_price_without_history, save
from tests.billing.batches import make_batch
from tests.billing.pages import count_queries
from tests.factories import make_category, make_price
from tests.pages import shown

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.usefixtures("today", "lock_order"),
    pytest.mark.any_database,
    pytest.mark.slow,
]

Status = PayoutBatch.Status


@pytest.fixture
def today():
    with time_machine.travel(dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)):
        yield


# The table of today's prices


def test_table_shows_what_holds_today_and_what_comes_next(client, sign_in):
    tech, fashion = make_category("Tech"), make_category("Fashion")
    make_price(tech, "10", dt.date(2026, 1, 1))
    current = make_price(tech, "15", dt.date(2026, 11, 22))
    coming = make_price(tech, "20", dt.date(2026, 11, 23))
    make_price(tech, "25", dt.date(2027, 1, 1))
    sign_in("Finance")
    rows = client.get(LIST).context["price_table"]
    assert [(row.category, row.current, row.coming) for row in rows] == [
        (fashion, None, None),
        (tech, current, coming),
    ]


def test_category_without_a_price_is_a_warning_with_a_way_out(client, sign_in):
    category = make_category("Tech")
    make_price(category, "10", dt.date(2026, 11, 23))
    sign_in("Finance")
    text = client.get(LIST).text
    assert "No price today: views of Tech can’t be paid." in text
    assert f'href="{LIST}add/?category={category.pk}"' in text
    form = client.get(f"{LIST}add/", {"category": category.pk}).context["adminform"].form
    assert form["category"].value() == str(category.pk)


def test_auditors_see_the_warning_without_the_button(client, sign_in):
    make_category("Tech")
    sign_in("Auditors")
    text = client.get(LIST).text
    assert "No price today" in text
    assert "New price" not in text


def test_table_names_who_changed_a_price_last(client, sign_in):
    category = make_category("Tech")
    sign_in("Finance", first_name="Finn", last_name="Finance")
    make_price(category, "10")
    save(client, category=category.pk, note="A new contract")
    record = client.get(LIST).context["price_table"][0].last_change.record
    assert record.history_user.get_full_name() == "Finn Finance"
    assert record.history_change_reason == "A new contract"


def test_prices_that_came_without_history_are_from_the_set_up(client, sign_in):
    make_price_without_history(make_category("Tech"))
    sign_in("Finance")
    assert "at set-up" in client.get(LIST).text


def test_page_without_a_category_says_who_adds_them(client, sign_in):
    sign_in("Finance")
    assert "Editors add categories" in client.get(LIST).text


def test_list_labels_past_present_and_coming_prices(client, sign_in):
    category = make_category("Tech")
    for price, day in (("1", "2026-01-01"), ("2", "2026-11-22"), ("3", "2026-11-23")):
        make_price(category, price, dt.date.fromisoformat(day))
    sign_in("Auditors")
    prices = client.get(LIST).context["cl"].result_list
    assert [price.state for price in prices] == ["coming", "in_force", "past"]


@pytest.mark.thorough
def test_list_costs_the_same_for_2_and_20_categories(client, sign_in):
    sign_in("Finance")
    for _ in range(2):
        make_price(make_category(), "10")
    client.get(LIST)
    queries = count_queries(client, LIST)
    for _ in range(18):
        make_price(make_category(), "10")
    assert count_queries(client, LIST) == queries


# The form


def test_finance_adds_a_price_and_its_note_is_the_reason(client, sign_in):
    user = sign_in("Finance")
    response = save(client, category=make_category("Tech").pk, note="A new contract")
    price = CategoryPrice.objects.get()
    assert response.status_code == 302
    assert str(price.price_per_1000) == "12.345"
    record = price.history.get()
    assert (record.history_user, record.history_change_reason) == (user, "A new contract")


@pytest.mark.parametrize(
    ("price", "message"),
    [
        ("", "This field is required."),
        ("-0.001", "A price is zero or more."),
        ("1.2345", "A price has at most three decimals."),
        ("NaN", "Enter the price as a number, such as 12.50."),
        ("Infinity", "Enter the price as a number, such as 12.50."),
        ("1e400", "This price is too large."),
        ("1234567890", "This price is too large."),
        ("ten", "Enter the price as a number, such as 12.50."),
        ("1\x00", "Enter the price as a number, such as 12.50."),
    ],
)
def test_price_that_is_none_gets_an_error_beside_the_field(client, sign_in, price, message):
    sign_in("Finance")
    response = save(client, category=make_category("Tech").pk, price_per_1000=price)
    assert message in errors_of(response)["price_per_1000"][0].messages
    assert not CategoryPrice.objects.exists()


def test_second_price_from_one_day_is_refused(client, sign_in):
    category = make_category("Tech")
    make_price(category, "10", dt.date(2027, 1, 1))
    sign_in("Finance")
    response = save(client, category=category.pk)
    assert errors_of(response)["effective_from"][0].messages == [
        "This category has a price from that day on already."
    ]


@pytest.mark.thorough
def test_price_within_a_paid_month_is_refused_beside_the_day(client, sign_in):
    batch = make_batch(Status.SUBMITTED)
    category = batch.payments.get().lines.get().category
    sign_in("Finance")
    response = save(client, category=category.pk, effective_from="2026-10-15")
    assert "is paid up to 15 Oct 2026" in errors_of(response)["effective_from"][0].message
    assert save(client, category=category.pk, effective_from="2026-11-01").status_code == 302


@pytest.mark.parametrize("data", [{"effective_from": ""}, {"effective_from": "never"}])
def test_price_without_a_day_or_a_category_is_refused(client, sign_in, data):
    sign_in("Finance")
    assert errors_of(save(client, **data)).keys() == {"category", "effective_from"}


def test_price_may_be_corrected_until_a_batch_is_signed(client, sign_in):
    price = make_batch().payments.get().lines.get().price
    sign_in("Finance")
    url = f"{LIST}{price.pk}/change/"
    data = {"category": price.category_id, "effective_from": "2020-01-01"}
    assert save(client, url, **data, price_per_1000="11").status_code == 302
    price.refresh_from_db()
    assert price.price_per_1000 == 11


@pytest.mark.thorough
def test_price_that_was_used_is_shown_with_the_reason(client, sign_in):
    price = make_batch(Status.SUBMITTED).payments.get().lines.get().price
    sign_in("Finance")
    response = client.get(f"{LIST}{price.pk}/change/")
    assert "The batch of October 2026 has used this price" in response.text
    assert not response.context["has_change_permission"]
    assert 'name="price_per_1000"' not in response.text


def test_price_that_was_used_in_the_meantime_is_not_saved(client, sign_in):
    price = make_batch(Status.SUBMITTED).payments.get().lines.get().price
    sign_in("Finance")
    data = {"category": price.category_id, "effective_from": "2020-01-01"}
    response = save(client, f"{LIST}{price.pk}/change/", **data, price_per_1000="11")
    assert "has used this price" in errors_of(response)["effective_from"][0].message
    price.refresh_from_db()
    assert price.price_per_1000 == 10


def test_refusal_under_the_lock_is_a_message(client, sign_in, monkeypatch):
    def refuse(*, price, by):
        raise PriceInUse("Somebody was faster.")

    monkeypatch.setattr("billing.admin.prices.save_price", refuse)
    sign_in("Finance")
    response = save(client, category=make_category("Tech").pk)
    assert (response.status_code, response["Location"]) == (302, f"{LIST}add/")
    assert shown(response) == ["Somebody was faster."]
    assert not CategoryPrice.objects.exists()


# Doors


@pytest.mark.parametrize("role", ["Approvers", "Auditors"])
def test_prices_are_changed_by_finance_alone(client, sign_in, role):
    price = make_price(make_category("Tech"), "10")
    sign_in(role)
    assert client.get(LIST).status_code == 200
    assert client.get(f"{LIST}{price.pk}/change/").status_code == 200
    assert save(client).status_code == 403
    assert save(client, f"{LIST}{price.pk}/change/").status_code == 403


@pytest.mark.parametrize("role", ["Authors", "Editors"])
def test_prices_are_hidden_from_who_writes_and_edits(client, sign_in, role):
    sign_in(role)
    assert client.get(LIST).status_code == 403


def test_no_price_is_deleted_or_brought_back(client, sign_in):
    price = make_price(make_category("Tech"), "10")
    sign_in("Superusers")
    version = price.history.get().pk
    for path in ("delete/", f"history/{version}/"):
        data = {"price_per_1000": "99", "post": "yes"}
        assert client.post(f"{LIST}{price.pk}/{path}", data).status_code == 403
    price.refresh_from_db()
    assert price.price_per_1000 == 10


def test_history_of_a_price_shows_its_changes(client, sign_in):
    price = make_price(make_category("Tech"), "10")
    price.price_per_1000 = "12"
    price.save()
    sign_in("Auditors")
    assert client.get(f"{LIST}{price.pk}/history/").status_code == 200


def test_nothing_is_imported_but_by_the_page_that_shows_its_effect():
    assert not hasattr(CategoryPriceAdmin, "import_action")


def test_missing_price_is_not_found(client, sign_in):
    sign_in("Finance")
    assert client.get(f"{LIST}0/change/").status_code == 404
