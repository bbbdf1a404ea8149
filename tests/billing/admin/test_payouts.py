import datetime as dt

import pytest

from billing.bank.exports import export_payments
from billing.models import (
    Acknowledgement,
    Payment,
    PaymentExport,
    PaymentLine,
    PaymentResult,
    PayoutBatch,
    Seal,
)
from tests.billing.batches import AT, make_batch
from tests.billing.pages import BATCHES, count_queries, press, url_of
from tests.factories import make_blog, make_category, make_count, make_price, make_user
from tests.pages import shown

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.any_database,
    pytest.mark.slow,
    pytest.mark.usefixtures("lock_order"),
]

Status = PayoutBatch.Status
ROLES = ["Authors", "Editors", "Finance", "Approvers", "Auditors"]

# Of each button: the status it is for, the role that has it, the status it leads to.
BUTTONS = {
    "submit": (Status.DRAFT, "Finance", Status.SUBMITTED),
    "rebuild": (Status.DRAFT, "Finance", Status.DRAFT),
    "cancel": (Status.DRAFT, "Finance", Status.CANCELLED),
    "approve": (Status.SUBMITTED, "Approvers", Status.APPROVED),
    "return": (Status.SUBMITTED, "Approvers", Status.DRAFT),
    "all-paid": (Status.APPROVED, "Finance", Status.PAID),
}


def facts():
    """Return everything that a button could change."""
    return [
        list(model.objects.order_by("pk").values())
        for model in (
            PayoutBatch,
            PayoutBatch.history.model,
            Payment,
            PaymentLine,
            PaymentExport,
            PaymentResult,
            Acknowledgement,
            Seal,
        )
    ]


# Buttons


@pytest.mark.parametrize("button", BUTTONS)
def test_opening_a_dialog_changes_nothing_and_shows_the_figures(client, sign_in, button):
    status, role, _ = BUTTONS[button]
    batch = make_batch(status)
    if button == "all-paid":
        export_payments(batch=batch, at=AT)
    sign_in(role)
    before = facts()
    response = client.get(url_of(batch, button))
    assert facts() == before
    assert response.status_code == 200
    for figure in ("October 2026", "€10.00"):
        assert figure in response.text


@pytest.mark.thorough
@pytest.mark.parametrize("button", BUTTONS)
def test_button_moves_the_batch(client, sign_in, button):
    status, role, leads_to = BUTTONS[button]
    batch = make_batch(status)
    if button == "all-paid":
        export_payments(batch=batch, at=AT)
    user = sign_in(role)
    response = press(client, batch, button)
    batch.refresh_from_db()
    assert response["HX-Redirect"] == url_of(batch)
    assert batch.status == leads_to
    assert "October 2026" in shown(response)[0]
    assert batch.history.first().history_user == user


@pytest.mark.thorough
@pytest.mark.parametrize("button", BUTTONS)
def test_button_is_refused_without_its_permission(client, sign_in, subtests, button):
    status, allowed_role, _ = BUTTONS[button]
    batch = make_batch(status)
    for role in [role for role in ROLES if role != allowed_role]:
        with subtests.test(role):
            sign_in(role)
            before = facts()
            assert client.get(url_of(batch, button)).status_code == 403
            assert press(client, batch, button).status_code == 403
            assert facts() == before


@pytest.mark.parametrize("button", BUTTONS)
def test_button_pressed_too_late_says_why_nothing_happened(client, sign_in, button):
    batch = make_batch(Status.CANCELLED)
    sign_in(BUTTONS[button][1])
    before = facts()
    response = press(client, batch, button)
    assert "cancelled" in shown(response)[0]
    assert facts() == before


@pytest.mark.parametrize("button", BUTTONS)
@pytest.mark.parametrize("pk", ["0", "nonsense", "9" * 30])
def test_button_of_no_batch_is_not_found(client, sign_in, button, pk):
    sign_in("Superusers")
    assert client.get(f"{BATCHES}{pk}/{button}/").status_code == 404


@pytest.mark.thorough
@pytest.mark.parametrize("button", ["return", "cancel"])
@pytest.mark.parametrize("reason", ["", "   "])
def test_reason_is_asked_for_again_where_it_is_missing(client, sign_in, button, reason):
    status, role, _ = BUTTONS[button]
    batch = make_batch(status)
    sign_in(role)
    response = press(client, batch, button, reason=reason)
    assert "HX-Redirect" not in response
    assert "Say why" in response.text
    batch.refresh_from_db()
    assert batch.status == status


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("status", "role", "titles"),
    [
        (Status.DRAFT, "Finance", ["Submit", "Rebuild", "Cancel batch"]),
        (Status.DRAFT, "Approvers", []),
        (Status.SUBMITTED, "Finance", []),
        (Status.SUBMITTED, "Approvers", ["Approve", "Return"]),
        (Status.APPROVED, "Finance", ["All paid"]),
        (Status.APPROVED, "Auditors", []),
        (Status.CANCELLED, "Superusers", []),
    ],
)
def test_page_has_the_buttons_that_fit_status_and_role(client, sign_in, status, role, titles):
    batch = make_batch(status)
    sign_in(role)
    buttons = client.get(url_of(batch)).context["actions_detail"]
    assert [button["title"] for button in buttons] == titles


# Closed months


def test_building_makes_the_batches_of_closed_months(client, sign_in):
    user = sign_in("Finance")
    blog = make_blog()
    make_price(blog.category, "10", dt.date(2010, 1, 1))
    make_count(blog, 1000, dt.date(2020, 1, 31))
    assert "January 2020" in client.get(f"{BATCHES}build/").text
    assert PayoutBatch.objects.count() == 0
    response = client.post(f"{BATCHES}build/", {"_form_submitted": "True"})
    assert response["HX-Redirect"] == BATCHES
    assert shown(response) == ["Built as drafts: January 2020."]
    assert PayoutBatch.objects.get().history.get().history_user == user


def test_building_with_nothing_to_build_says_so(client, sign_in):
    sign_in("Finance")
    assert "nothing to build" in client.get(f"{BATCHES}build/").text
    response = client.post(f"{BATCHES}build/", {"_form_submitted": "True"})
    assert shown(response) == ["There was no month to build."]


def test_building_without_a_price_names_the_category(client, sign_in):
    sign_in("Finance")
    make_count(make_blog(category=make_category("Tech")), 1, dt.date(2020, 1, 31))
    response = client.post(f"{BATCHES}build/", {"_form_submitted": "True"})
    assert "No price for Tech" in shown(response)[0]


@pytest.mark.parametrize("role", ["Authors", "Editors", "Approvers", "Auditors"])
def test_building_is_for_finance(client, sign_in, role):
    sign_in(role)
    assert client.post(f"{BATCHES}build/", {"_form_submitted": "True"}).status_code == 403


# Doors that must stay shut


FORGED = {"month": "2026-01-01", "status": "approved", "currency": "USD", "digest": "0" * 64}


@pytest.mark.parametrize(
    "path", ["add/", "{pk}/change/", "{pk}/delete/", "{pk}/history/{version}/"]
)
def test_not_even_a_superuser_changes_a_batch_by_a_form(client, sign_in, path):
    batch = make_batch()
    sign_in("Superusers")
    before = facts()
    version = batch.history.get().pk
    url = BATCHES + path.format(pk=batch.pk, version=version)
    assert client.post(url, FORGED | {"post": "yes"}).status_code == 403
    assert facts() == before


@pytest.mark.thorough
def test_history_shows_each_step_to_auditors(client, sign_in):
    batch = make_batch(Status.APPROVED, approver=make_user(first_name="April", last_name="Hand"))
    sign_in("Auditors")
    response = client.get(url_of(batch, "history"))
    assert "April Hand" in response.text
    version = batch.history.first().pk
    assert client.get(f"{BATCHES}{batch.pk}/history/{version}/").status_code == 200


@pytest.mark.parametrize("role", ["Authors", "Editors"])
def test_batches_are_hidden_from_who_writes_and_edits(client, sign_in, role):
    batch = make_batch()
    sign_in(role)
    for url in (BATCHES, url_of(batch), url_of(batch, "history")):
        assert client.get(url).status_code == 403


def test_missing_batch_is_not_found(client, sign_in):
    sign_in("Finance")
    assert client.get(f"{BATCHES}0/change/").status_code == 404


# The list


@pytest.mark.thorough
def test_list_shows_status_payments_total_and_who_signed(client, sign_in):
    make_batch(Status.APPROVED, approver=make_user(first_name="April", last_name="Hand"))
    sign_in("Finance")
    text = client.get(BATCHES).text
    for part in ("October 2026", "Approved", "€10.00", "April Hand"):
        assert part in text


def test_empty_list_says_what_to_do(client, sign_in):
    sign_in("Finance")
    assert "“Build closed months”" in client.get(BATCHES).text
    assert "Nothing found" in client.get(BATCHES, {"q": "2026"}).text


@pytest.mark.thorough
def test_list_is_searched_by_month_and_filtered_by_status(client, sign_in):
    make_batch()
    sign_in("Finance")
    assert client.get(BATCHES, {"q": "2026-10"}).context["cl"].result_count == 1
    assert client.get(BATCHES, {"q": "2026-11"}).context["cl"].result_count == 0
    assert client.get(BATCHES, {"status__exact": "approved"}).context["cl"].result_count == 0


@pytest.mark.thorough
def test_list_costs_the_same_for_2_and_20_batches(client, sign_in):
    sign_in("Auditors")
    client.get(BATCHES)
    counts = []
    for number in range(20):
        PayoutBatch.objects.create(
            month=dt.date(2000 + number, 1, 1),
            currency="EUR",
            time_zone="Europe/Berlin",
            built_at=AT,
        )
        if number in (1, 19):
            counts.append(count_queries(client, BATCHES))
    assert counts[0] == counts[1]
