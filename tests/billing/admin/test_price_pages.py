import datetime as dt
from decimal import Decimal

import pytest
import time_machine

from backoffice.models import AccountSession
from billing.models import CategoryPrice, PaymentLine, PayoutBatch
from tests.billing.admin.price_pages import LIST, errors_of, look, make_price_without_history, save
from tests.billing.batches import make_batch
from tests.billing.pages import count_queries
from tests.factories import make_blog, make_category, make_count, make_price
from tests.pages import shown
from tests.snapshots import snapshot

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


def timeline_of(category):
    return f"{LIST}timeline/{category.pk}/"


def withdraw(client, price, reason="Entered by mistake"):
    data = {"_form_submitted": "on", "reason": reason}
    return client.post(f"{LIST}{price.pk}/withdraw/", data)


# The form and the effect


def test_form_proposes_the_category_and_the_first_of_next_month(client, sign_in):
    category = make_category("Tech")
    make_price(category, "10")
    sign_in("Finance")
    response = client.get(f"{LIST}add/", {"category": category.pk})
    form = response.context["adminform"].form
    assert form["category"].value() == str(category.pk)
    assert form["effective_from"].value() == dt.date(2026, 12, 1)
    assert "1,000 views in <strong>Tech</strong> are worth" in response.text
    assert "See the effect" in response.text


@pytest.mark.parametrize("category", ["", "x", "0", "-1", "9" * 30])
def test_category_that_is_none_proposes_nothing(client, sign_in, category):
    sign_in("Finance")
    response = client.get(f"{LIST}add/", {"category": category})
    assert response.status_code == 200
    assert "row" not in response.context


@pytest.mark.thorough
def test_effect_is_shown_before_a_price_is_saved_and_writes_nothing(client, sign_in):
    category = make_category("Tech")
    make_price(category, "10")
    make_count(make_blog(category=category), 1500)
    sign_in("Finance")
    before, sessions = snapshot(), list(AccountSession.objects.values())
    response = look(client, category=category.pk, price_per_1000="12")
    assert response.status_code == 200
    assert errors_of(response) == {}
    assert "Not saved yet" in response.text
    assert "Save this price" in response.text
    assert response.context["forecast"].supposed[0].total.difference == Decimal(3)
    assert "€15.00 → €18.00" in response.text
    assert snapshot() == before
    assert list(AccountSession.objects.values()) == sessions


def test_effect_of_other_values_is_shown_anew(client, sign_in):
    category = make_category("Tech")
    sign_in("Finance")
    seen = look(client, category=category.pk, price_per_1000="12").context["adminform"].form.seen
    response = look(client, category=category.pk, price_per_1000="13", seen=seen)
    assert response.context["forecast"].new_price == 13
    assert not CategoryPrice.objects.exists()


def test_saved_price_is_shown_on_the_timeline(client, sign_in):
    category = make_category("Tech")
    sign_in("Finance")
    response = save(client, category=category.pk)
    assert (response.status_code, response["Location"]) == (302, timeline_of(category))
    assert shown(response) == ["1,000 views in Tech are worth €12.345 from 1 Jan 2027."]


def test_price_without_a_reason_is_refused(client, sign_in):
    sign_in("Finance")
    response = save(client, category=make_category("Tech").pk, note=" ")
    assert "Say why" in errors_of(response)["note"][0].message
    assert "forecast" not in response.context


def test_each_change_of_a_price_asks_for_its_own_reason(client, sign_in):
    price = make_price(make_category("Tech"), "10", note="The first contract")
    sign_in("Finance")
    form = client.get(f"{LIST}{price.pk}/change/").context["adminform"].form
    assert form["note"].value() == ""


def test_category_of_a_price_does_not_change(client, sign_in):
    price = make_price(make_category("Tech"), "10")
    sign_in("Finance")
    save(client, f"{LIST}{price.pk}/change/", category=make_category("Sports").pk)
    price.refresh_from_db()
    assert (price.category.name, price.price_per_1000) == ("Tech", Decimal("12.345"))


@pytest.mark.thorough
def test_second_clerk_is_told_what_the_first_one_changed(client, sign_in):
    price = make_price(make_category("Tech"), "10")
    url = f"{LIST}{price.pk}/change/"
    sign_in("Finance", first_name="Sue", last_name="Second")
    seen = client.get(url).context["adminform"].form.seen
    sign_in("Finance", first_name="Finn", last_name="First")
    assert save(client, url, price_per_1000="11").status_code == 302
    sign_in("Finance", first_name="Sue", last_name="Second")
    response = look(client, url, price_per_1000="12", seen=seen)
    assert "were changed while you worked on this one" in response.text
    assert "by Finn First" in response.text
    price.refresh_from_db()
    assert price.price_per_1000 == 11
    seen = response.context["adminform"].form.seen
    assert look(client, url, price_per_1000="12", seen=seen).status_code == 302


@pytest.mark.thorough
def test_who_changes_a_price_of_a_draft_is_told_to_rebuild_it(client, sign_in):
    price = make_batch().payments.get().lines.get().price
    sign_in("Finance")
    response = save(client, f"{LIST}{price.pk}/change/", effective_from="2020-01-01")
    assert "Rebuild before you submit: the draft of October 2026." in shown(response)[0]


# The timeline


@pytest.mark.thorough
def test_timeline_shows_every_price_with_who_and_why(client, sign_in):
    category = make_category("Tech")
    sign_in("Finance", first_name="Finn", last_name="Finance")
    save(client, category=category.pk, note="A new contract")
    price = CategoryPrice.objects.get()
    url = f"{LIST}{price.pk}/change/"
    save(client, url, effective_from="2027-02-01", price_per_1000="13", note="A month later")
    withdraw(client, price, reason="Not agreed")
    text = client.get(timeline_of(category)).text
    for words in ("Withdrawn", "Changed", "Entered", "by Finn Finance", "No price yet"):
        assert (words in text) is (words != "No price yet")
    for reason in ("A new contract", "A month later", "Not agreed"):
        assert reason in text
    assert "€12.345" in text
    assert "1 Feb 2027" in text


def test_timeline_of_a_category_without_a_price_says_so(client, sign_in):
    category = make_category("Tech")
    sign_in("Auditors")
    text = client.get(timeline_of(category)).text
    assert "No price yet" in text
    assert "New price" not in text


def test_timeline_of_prices_from_the_set_up(client, sign_in):
    price = make_price_without_history(make_category("Tech"), note="The first contract")
    sign_in("Finance")
    text = client.get(timeline_of(price.category)).text
    assert "Entered at set-up." in text
    assert "The first contract" in text


def test_timeline_of_no_category_is_not_found(client, sign_in):
    sign_in("Finance")
    assert client.get(f"{LIST}timeline/0/").status_code == 404
    assert client.get(f"{LIST}timeline/{'9' * 30}/").status_code == 404


def test_timeline_is_only_read(client, sign_in):
    category = make_category("Tech")
    sign_in("Finance")
    assert client.post(timeline_of(category)).status_code == 405


def test_timeline_is_reached_from_the_price_table(client, sign_in):
    category = make_category("Tech")
    sign_in("Auditors")
    assert f'href="{timeline_of(category)}"' in client.get(LIST).text


@pytest.mark.thorough
def test_timeline_costs_the_same_for_2_and_20_prices(client, sign_in):
    category = make_category("Tech")
    sign_in("Finance")
    for day in (1, 2):
        make_price(category, "10", dt.date(2026, 1, day))
    client.get(timeline_of(category))
    queries = count_queries(client, timeline_of(category))
    for day in range(3, 21):
        make_price(category, "10", dt.date(2026, 1, day))
    assert count_queries(client, timeline_of(category)) == queries


# Withdrawing


@pytest.mark.thorough
def test_dialog_shows_what_withdrawing_does_and_writes_nothing(client, sign_in):
    category = make_category("Tech")
    make_price(category, "10")
    price = make_price(category, "20", dt.date(2026, 11, 15))
    make_count(make_blog(category=category), 1000, dt.date(2026, 11, 20))
    sign_in("Finance")
    before = snapshot()
    text = client.get(f"{LIST}{price.pk}/withdraw/").text
    assert "€10.00, the price before it, goes on" in text
    assert "€20.00 → €10.00" in text
    assert snapshot() == before


def test_withdrawn_price_leads_to_the_timeline(client, sign_in):
    price = make_price(make_category("Tech"), "10", dt.date(2026, 12, 1))
    user = sign_in("Finance")
    response = withdraw(client, price, reason="Entered twice")
    assert response["HX-Redirect"] == timeline_of(price.category)
    assert shown(response) == ["The price of Tech from 1 Dec 2026 is withdrawn."]
    record = CategoryPrice.history.latest("history_id")
    assert (record.history_type, record.history_user) == ("-", user)
    assert record.history_change_reason == "Entered twice"


@pytest.mark.thorough
def test_withdrawing_rebuilds_the_draft_and_says_so(client, sign_in):
    batch = make_batch()
    line = batch.payments.get().lines.get()
    price = make_price(line.category, "20", dt.date(2026, 10, 15))
    sign_in("Finance")
    client.post(f"/admin/billing/payoutbatch/{batch.pk}/rebuild/", {"_form_submitted": "on"})
    assert PaymentLine.objects.get().price == price
    response = withdraw(client, price)
    assert "Rebuilt without it: the draft of October 2026." in shown(response)[-1]
    assert PaymentLine.objects.get().price_per_1000 == 10


def test_withdrawing_asks_why(client, sign_in):
    price = make_price(make_category("Tech"), "10")
    sign_in("Finance")
    assert "Say why" in withdraw(client, price, reason="").text
    assert CategoryPrice.objects.contains(price)


@pytest.mark.thorough
def test_price_of_a_signed_batch_has_no_button_and_a_reason(client, sign_in):
    price = make_batch(Status.SUBMITTED).payments.get().lines.get().price
    sign_in("Finance")
    assert f"{price.pk}/withdraw/" not in client.get(f"{LIST}{price.pk}/change/").text
    assert "has used this price" in client.get(f"{LIST}{price.pk}/withdraw/").text
    response = withdraw(client, price)
    assert "has used this price" in shown(response)[0]
    assert CategoryPrice.objects.contains(price)


def test_price_of_a_cancelled_batch_says_why_it_stays(client, sign_in):
    batch = make_batch(Status.CANCELLED)
    price = batch.payments.get().lines.get().price
    sign_in("Finance")
    text = client.get(f"{LIST}{price.pk}/change/").text
    assert "The cancelled batch of" in text
    assert f"{price.pk}/withdraw/" not in text


@pytest.mark.parametrize("role", ["Approvers", "Auditors", "Authors", "Editors"])
def test_prices_are_withdrawn_by_finance_alone(client, sign_in, role):
    price = make_price(make_category("Tech"), "10")
    sign_in(role)
    assert withdraw(client, price).status_code == 403
    assert CategoryPrice.objects.contains(price)


@pytest.mark.parametrize("pk", ["0", "x"])
def test_price_that_is_none_is_not_withdrawn(client, sign_in, pk):
    sign_in("Finance")
    assert client.get(f"{LIST}{pk}/withdraw/").status_code == 404
