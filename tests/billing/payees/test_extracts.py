import datetime as dt
import json

import pytest

from backoffice.accounts.extracts import make_extract
from billing.models import PayeeDetails
from billing.payees.changes import enter_details, show_details
from billing.payouts import steps
from tests.factories import (
    IBANS,
    approve,
    describe_payee,
    make_blog,
    make_category,
    make_count,
    make_payee,
    make_price,
    make_user,
)

pytestmark = [pytest.mark.django_db, pytest.mark.any_database, pytest.mark.slow]

AT = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)


def pay(author, **values):
    """Pay the author 10.00 to a payee."""
    category = make_category()
    make_price(category, "10")
    make_count(make_blog(author=author, category=category), 1000)
    payee = make_payee(author, at=AT, **values)
    batch, _ = steps.build_batch(month=dt.date(2026, 10, 1), at=AT)
    approve(steps.submit_batch(batch=batch, by=make_user(), at=AT), at=AT)
    return payee


def read(user, by):
    with make_extract(user=user, by=by) as file:
        return json.load(file)


def test_person_gets_own_details_in_full():
    author = make_user()
    pay(author, iban=IBANS[0], legal_name="Ada Example")
    kept = read(author, author)
    (details,), (paid,) = kept["payment_details"], kept["paid_to"]
    assert details["legal_name"] == "Ada Example"
    assert f"iban: {IBANS[0]}" in details["account"]
    assert f"iban: {IBANS[0]}" in paid["account"]
    assert [row["name"] for row in kept["payees"]] == ["Ada Example"]


@pytest.mark.thorough
def test_superuser_who_takes_it_for_them_sees_the_last_digits():
    author = make_user()
    pay(author, iban=IBANS[0])
    kept = read(author, make_user(is_superuser=True))
    assert IBANS[0] not in json.dumps(kept)
    assert kept["payment_details"][0]["account"] == f"IBAN ending in {IBANS[0][-4:]}"
    assert kept["paid_to"][0]["account_ends_in"] == IBANS[0][-4:]


@pytest.mark.thorough
def test_of_an_agent_it_has_the_name_alone():
    author = make_user()
    pay(author, kind="agent", iban=IBANS[0], legal_name="Agent Ltd")
    kept = read(author, author)
    assert kept["payment_details"] == []
    assert [row["name"] for row in kept["paid_to"]] == ["Agent Ltd"]
    assert IBANS[0][-4:] not in json.dumps([kept["payees"], kept["paid_to"]])


@pytest.mark.thorough
def test_it_says_when_details_were_shown_in_full_and_why_but_not_to_whom():
    author, finance = make_user(), make_user("finn")
    payee = pay(author)
    show_details(details=payee.versions.get(), by=finance, reason="The bank asks for them", at=AT)
    (look,) = read(author, author)["payment_details_shown_in_full"]
    assert look["why"] == "The bank asks for them"
    assert "finn" not in json.dumps(look)


@pytest.mark.thorough
def test_lost_key_is_told_and_the_rest_is_kept(settings):
    author = make_user()
    pay(author)
    settings.PAYEE_KEYS = ""
    (details,) = read(author, author)["payment_details"]
    assert details["cannot_be_read"]
    assert details["legal_name"]


def test_acts_on_payees_are_in_the_extract_of_who_did_them():
    author, finance = make_user(), make_user()
    payee = make_payee(author, at=AT)
    enter_details(payee=payee, data=describe_payee(iban=IBANS[1]), by=finance, at=AT)
    acts = [row["what"] for row in read(finance, finance)["acts_over_money"]]
    assert acts == ["entered payment details"]
    assert PayeeDetails.objects.count() == 2
