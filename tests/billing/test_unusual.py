"""The rules by which a change is unusual: what each finds, and what it leaves alone."""

import datetime as dt

import pytest

from backoffice.accounts.models import SecurityEvent
from billing.bank.exports import export_payments
from billing.bank.results.recording import record_results
from billing.home.unusual import list_unusual
from billing.models import Adjustment
from billing.payees.changes import enter_details
from tests.billing.batches import AT, Status, make_batch
from tests.factories import IBANS, describe_payee, make_category, make_payee, make_price, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.slow, pytest.mark.any_database]

MONDAY = dt.datetime(2026, 10, 12, 12, tzinfo=dt.UTC)
LATER = MONDAY + dt.timedelta(days=7)


def texts(at=LATER):
    return [one.text for one in list_unusual(at)]


def make_adjustment(moment, by):
    author = make_user(username=f"author-{moment:%d-%H}")
    adjustment = Adjustment(
        author=author, amount=5, reason="A fee", created_by=by, created_at=moment
    )
    adjustment._history_user, adjustment._history_date = by, moment
    adjustment.save()


def test_nothing_is_unusual_in_a_new_house():
    assert list_unusual(LATER) == []


def test_role_or_right_that_is_given_is_unusual():
    finn, otto = make_user(username="finn"), make_user(username="otto")
    for kind in (SecurityEvent.Kind.GROUP_GIVEN, SecurityEvent.Kind.SIGNED_IN):
        SecurityEvent.objects.create(kind=kind, at=MONDAY, by=otto, about=finn)
    assert texts() == ["finn was given a role or a right, by otto"]
    assert texts(MONDAY + dt.timedelta(days=32)) == []


def test_staff_status_and_rights_of_a_role_are_rights_that_somebody_was_given():
    finn, otto = make_user(username="finn"), make_user(username="otto")
    kind = SecurityEvent.Kind.STAFF_GIVEN
    SecurityEvent.objects.create(kind=kind, at=MONDAY, by=otto, about=finn)
    details = ("Desk: given Can add blog", "Desk: taken away Can add blog", f"A: given {'x' * 200}")
    for number, detail in enumerate(details, 1):
        kind, at = SecurityEvent.Kind.GROUP_CHANGED, MONDAY + dt.timedelta(hours=number)
        SecurityEvent.objects.create(kind=kind, at=at, detail=detail)
    role = "Everybody with a role was given a right: "
    assert texts() == [
        f"{role}A: given {'x' * 110}…, by nobody signed in",
        f"{role}Desk: given Can add blog, by nobody signed in",
        "finn was given a role or a right, by otto",
    ]


def test_price_in_another_currency_is_not_compared_with_the_one_before():
    category = make_category("Tech")
    for currency, price, day in (("EUR", "10", 1), ("JPY", "1600", 2), ("JPY", "3000", 3)):
        make_price(category, price, dt.date(2026, 1, day), currency=currency)
    (text,) = texts(at=None)
    assert text.startswith("The price of Tech rose or fell by more than half")


def test_price_that_rises_or_falls_by_more_than_half_is_unusual():
    for name, second in (("Kept", "15"), ("Risen", "15.001"), ("Fallen", "4.999"), ("Half", "5")):
        category = make_category(name)
        make_price(category, "10", dt.date(2026, 1, 1))
        make_price(category, second, dt.date(2026, 11, 1))
    found = sorted(text.partition(", by")[0] for text in texts(at=None))
    sentence = "The price of {} rose or fell by more than half"
    assert found == [sentence.format("Fallen"), sentence.format("Risen")]


def test_adjustment_at_night_or_on_a_weekend_is_unusual():
    finn = make_user(username="finn")
    hour = dt.timedelta(hours=1)
    for moment in (MONDAY, MONDAY + 7 * hour, MONDAY + 8 * hour, MONDAY - 24 * hour):
        make_adjustment(moment, finn)
    sentence = "An adjustment for author-{} was made or changed at night or on a weekend, by finn"
    # 22:00 in Berlin, and a Sunday; 21:00 is in the evening.
    assert texts() == [sentence.format("12-20"), sentence.format("11-12")]


def test_other_account_of_a_payee_is_unusual():
    author = make_user(username="ada")
    payee = make_payee(author, at=MONDAY, legal_name="Ada Example")
    kept = describe_payee(legal_name="Ada Example", email="new@example.org")
    enter_details(payee=payee, data=kept, by=author, at=MONDAY)
    assert [text for text in texts(at=None) if "account" in text] == []
    moved = describe_payee(legal_name="Ada Example", iban=IBANS[1])
    enter_details(payee=payee, data=moved, by=author, at=MONDAY + dt.timedelta(hours=1))
    (text,) = [text for text in texts(at=None) if "account" in text]
    assert text == "Ada Example was given another account to be paid to, by ada"


@pytest.mark.thorough
def test_corrected_result_of_the_bank_is_unusual_and_leads_to_its_entry(client):
    batch = make_batch(Status.APPROVED)
    payment = batch.payments.get()
    export_payments(batch=batch, by=make_user(), at=AT)
    for outcome in ("failed", "paid"):
        results = {payment.pk: (outcome, "The bank said so")}
        record_results(batch=batch, results=results, by=make_user(), at=AT)
    (found,) = [one for one in list_unusual(AT) if "corrected" in one.text]
    assert found.text.startswith("The bank’s result of payment ")
    client.force_login(make_user(is_superuser=True))
    assert "Recorded as" in client.get(found.link).content.decode()
