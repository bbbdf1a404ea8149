import pytest

from billing.models import Hold, PayoutBatch
from billing.payouts import holds
from tests.billing.batches import AT, make_batch
from tests.billing.pages import count_queries
from tests.factories import make_user
from tests.pages import shown

pytestmark = [pytest.mark.django_db, pytest.mark.any_database, pytest.mark.slow]

Status = PayoutBatch.Status
LIST = "/admin/billing/hold/"


def hold_somebody(reason="Bank details are missing"):
    by = make_user(first_name="Finn", last_name="Finance")
    payment = make_batch().payments.get()
    return holds.hold_payment(payment=payment, by=by, reason=reason, at=AT)


def page_of(hold, page="change"):
    return f"{LIST}{hold.pk}/{page}/"


def end(client, hold, reason="They came"):
    data = {"reason": reason, "_form_submitted": "on"}
    return client.post(page_of(hold, "end"), data)


def make_hold(**values):
    facts = {"kind": "hold", "reason": "Asked", "created_at": AT}
    people = {"author": make_user(), "created_by": make_user()}
    return Hold.objects.create(**facts | people | values)


def test_list_shows_who_when_and_why_with_the_open_ones_first(client, sign_in):
    make_hold(ended_by=make_user(), ended_at=AT, end_reason="Solved", reason="Old")
    hold_somebody()
    make_hold(ended_by=make_user(), ended_at=AT, end_reason="Solved", reason="Older")
    sign_in("Auditors")
    response = client.get(LIST)
    assert response.context["cl"].result_list[0].ended_at is None
    for part in ("Bank details are missing", "22 Nov 2026, Finn Finance"):
        assert part in response.text


@pytest.mark.thorough
@pytest.mark.parametrize(("state", "number"), [("open", 1), ("ended", 2), ("", 3), ("x", 3)])
def test_list_is_filtered_by_state(client, sign_in, state, number):
    make_hold()
    for _ in range(2):
        make_hold(ended_by=make_user(), ended_at=AT, end_reason="Solved")
    sign_in("Finance")
    assert client.get(LIST, {"state": state}).context["cl"].result_count == number


@pytest.mark.thorough
def test_list_costs_the_same_for_2_and_20_holds(client, sign_in):
    sign_in("Finance")
    for _ in range(2):
        make_hold()
    client.get(LIST)
    queries = count_queries(client, LIST)
    for _ in range(18):
        make_hold(ended_by=make_user(), ended_at=AT)
    assert count_queries(client, LIST) == queries


def test_empty_list_says_where_a_hold_begins(client, sign_in):
    sign_in("Finance")
    assert "on the page of a payment" in client.get(LIST).text


@pytest.mark.thorough
def test_ending_asks_why_and_puts_the_draft_right(client, sign_in):
    hold = hold_somebody()
    payment = hold.author.payments.get()
    user = sign_in("Finance")
    page = client.get(page_of(hold)).text
    assert page_of(hold, "end") in page
    assert f"/admin/billing/payment/{payment.pk}/change/" in page
    assert "Bank details are missing" in client.get(page_of(hold, "end")).text
    assert "Say why" in end(client, hold, reason="").text
    hold.refresh_from_db()
    assert hold.ended_at is None
    assert end(client, hold)["HX-Redirect"] == page_of(hold)
    hold.refresh_from_db()
    payment.refresh_from_db()
    assert (hold.ended_by, hold.end_reason) == (user, "They came")
    assert payment.status == "payable"


def test_ended_hold_has_no_button_and_ends_once(client, sign_in):
    hold = make_hold(ended_by=make_user(), ended_at=AT, end_reason="Solved")
    sign_in("Superusers")
    assert page_of(hold, "end") not in client.get(page_of(hold)).text
    assert "was ended" in shown(end(client, hold))[0]
    hold.refresh_from_db()
    assert hold.end_reason == "Solved"


def test_nobody_ends_a_hold_about_themselves(client, sign_in):
    user = sign_in("Superusers")
    hold = make_hold(author=user)
    assert "payment of your own" in shown(end(client, hold))[0]


@pytest.mark.parametrize("role", ["Approvers", "Auditors"])
def test_holds_are_ended_by_finance_alone(client, sign_in, role):
    hold = make_hold()
    sign_in(role)
    assert client.get(page_of(hold)).status_code == 200
    assert end(client, hold).status_code == 403


def test_not_even_a_superuser_writes_a_hold_by_hand(client, sign_in):
    hold = make_hold()
    sign_in("Superusers")
    for url in (f"{LIST}add/", page_of(hold), page_of(hold, "delete")):
        assert client.post(url, {"reason": "Wrong", "post": "yes"}).status_code == 403
