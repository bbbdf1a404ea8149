import datetime as dt
from decimal import Decimal

import pytest
import time_machine

from billing.models import Adjustment, PayoutBatch
from billing.payouts import steps
from billing.payouts.adjustments import save_adjustment, withdraw_adjustment
from tests.billing.adjustments import make_adjustment, make_held_adjustment
from tests.billing.batches import AT, OCTOBER
from tests.billing.pages import count_queries
from tests.factories import make_blog, make_user
from tests.pages import shown

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.usefixtures("today"),
    pytest.mark.any_database,
    pytest.mark.slow,
]

Status = PayoutBatch.Status
LIST = "/admin/billing/adjustment/"
AUTHORS = f"{LIST}authors/"


@pytest.fixture
def today():
    with time_machine.travel(AT, tick=False):
        yield


def page_of(adjustment, page="change"):
    return f"{LIST}{adjustment.pk}/{page}/"


def save(client, url=f"{LIST}add/", **data):
    return client.post(url, {"author": "", "amount": "5", "reason": "", "version": ""} | data)


def change(client, adjustment, **data):
    """Save the form with its page's values, except those in `data`."""
    url = page_of(adjustment)
    form = client.get(url).context["adminform"].form
    shown_data = {name: form[name].value() for name in form.fields}
    return save(client, url, **shown_data | data)


def errors_of(response):
    return [
        message
        for messages in response.context["adminform"].form.errors.values()
        for message in messages
    ]


# The list


@pytest.mark.thorough
def test_list_says_where_each_adjustment_is(client, sign_in):
    held = make_held_adjustment(Status.SUBMITTED)
    make_adjustment("-7.50", author=held.author)
    withdraw_adjustment(
        adjustment=make_adjustment(),
        by=make_user(first_name="Finn", last_name="Finance"),
        reason="Entered twice",
    )
    sign_in("Auditors")
    text = client.get(LIST).text
    for part in (
        "In the batch of October 2026",
        "Waits for the next batch",
        "Withdrawn by Finn Finance",
        "+€5.00",
        "-€7.50",
    ):
        assert part in text


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("state", "number"), [("waiting", 1), ("signed", 1), ("draft", 0), ("withdrawn", 0), ("", 2)]
)
def test_list_is_filtered_by_state(client, sign_in, state, number):
    make_adjustment(author=make_held_adjustment(Status.SUBMITTED).author)
    sign_in("Finance")
    assert client.get(LIST, {"state": state}).context["cl"].result_count == number


@pytest.mark.thorough
def test_list_is_searched_by_author_and_reason(client, sign_in):
    author = make_blog(author=make_user(first_name="Ada", last_name="Example")).author
    make_adjustment(author=author, reason="A correction of May")
    sign_in("Finance")
    for query, number in [("Ada Exa", 1), ("correction", 1), ("Bruno", 0)]:
        assert client.get(LIST, {"q": query}).context["cl"].result_count == number


@pytest.mark.thorough
def test_list_costs_the_same_for_2_and_20_adjustments(client, sign_in):
    held = make_held_adjustment(Status.SUBMITTED)
    make_adjustment(author=held.author)
    sign_in("Finance")
    client.get(LIST)
    queries = count_queries(client, LIST)
    for _ in range(18):
        make_adjustment()
    assert count_queries(client, LIST) == queries


def test_empty_list_says_what_to_do(client, sign_in):
    sign_in("Finance")
    assert "“Add adjustment” adds an amount" in client.get(LIST).text


# The form


@pytest.mark.parametrize("amount", ["12.5", "-12.50"])
def test_finance_adds_an_adjustment(client, sign_in, amount):
    author = make_blog().author
    user = sign_in("Finance")
    response = save(client, author=author.pk, amount=amount, reason="A correction")
    assert response.status_code == 302
    adjustment = Adjustment.objects.get()
    assert (adjustment.author, adjustment.amount) == (author, Decimal(amount))
    assert (adjustment.created_by, adjustment.created_at) == (user, AT)
    assert "The next new batch includes it." in shown(response)


def test_message_names_the_draft_to_rebuild(client, sign_in):
    author = make_held_adjustment(Status.DRAFT).author
    sign_in("Finance")
    response = save(client, author=author.pk)
    assert any("Rebuild the draft of October 2026" in message for message in shown(response))


@pytest.mark.parametrize(
    ("amount", "message"),
    [
        ("", "This field is required."),
        ("0", "An adjustment adds something or takes something off."),
        ("0.001", "An amount in EUR has at most 2 decimals."),
        ("0.0000001", "This amount has too many decimals."),
        ("NaN", "Enter the amount as a number, such as 12.50 or -12.50."),
        ("Infinity", "Enter the amount as a number, such as 12.50 or -12.50."),
        ("1e400", "This amount is too large."),
        ("1234567890", "This amount is too large."),
        ("ten", "Enter the amount as a number, such as 12.50 or -12.50."),
        ("1\x00", "Enter the amount as a number, such as 12.50 or -12.50."),
    ],
)
def test_amount_that_is_none_is_refused(client, sign_in, amount, message):
    sign_in("Finance")
    response = save(client, author=make_blog().author.pk, amount=amount)
    assert errors_of(response) == [message]
    assert not Adjustment.objects.exists()


@pytest.mark.parametrize("author", ["", "0", "x", "²", "9" * 40, "1\x00"])
def test_author_who_is_none_is_refused(client, sign_in, author):
    sign_in("Finance")
    assert len(errors_of(save(client, author=author))) == 1
    assert not Adjustment.objects.exists()


@pytest.mark.parametrize("role", ["Finance", "Superusers"])
def test_nobody_adds_an_adjustment_for_themselves(client, sign_in, role):
    user = sign_in(role)
    make_blog(author=user)
    assert errors_of(save(client, author=user.pk)) == [
        "Nobody adjusts a payment of their own, or of an author with whom they write a blog. Ask "
        "somebody else."
    ]
    assert not Adjustment.objects.exists()


def test_reason_longer_than_a_line_holds_is_refused(client, sign_in):
    sign_in("Finance")
    response = save(client, author=make_blog().author.pk, reason="Wrong" * 1001)
    assert "at most 1000 characters" in errors_of(response)[0]


def test_adjustment_is_edited_until_a_batch_is_signed(client, sign_in):
    adjustment = make_held_adjustment(Status.DRAFT)
    user = sign_in("Finance")
    response = change(client, adjustment, amount="6", reason="Six, not five")
    assert response.status_code == 302
    adjustment.refresh_from_db()
    assert (adjustment.amount, adjustment.reason) == (6, "Six, not five")
    record = adjustment.history.first()
    assert (record.history_user, record.history_change_reason) == (user, "Six, not five")


def test_form_names_the_author_who_is_chosen_and_no_other(client, sign_in):
    adjustment = make_adjustment(
        author=make_blog(author=make_user(first_name="Ada", last_name="Example")).author
    )
    make_blog(author=make_user(first_name="Bruno", last_name="Sample"))
    sign_in("Finance")
    text = client.get(page_of(adjustment)).text
    assert "Ada Example" in text
    assert "Bruno Sample" not in text


def test_second_of_two_open_forms_is_told_who_was_first(client, sign_in):
    adjustment = make_adjustment()
    sign_in("Finance")
    form = client.get(page_of(adjustment)).context["adminform"].form
    seen = {name: form[name].value() for name in form.fields}
    adjustment.amount = Decimal(9)
    save_adjustment(adjustment=adjustment, by=make_user(first_name="Fay", last_name="Finance"))
    response = save(client, page_of(adjustment), **seen | {"amount": "6"})
    assert "Fay Finance changed this adjustment while you had it open" in errors_of(response)[0]
    adjustment.refresh_from_db()
    assert adjustment.amount == 9


def test_signed_adjustment_is_shown_with_the_way_out(client, sign_in):
    adjustment = make_held_adjustment(Status.SUBMITTED)
    sign_in("Finance")
    response = client.get(page_of(adjustment))
    assert "Make a counter-adjustment instead" in response.text
    assert 'name="amount"' not in response.text
    assert f"/admin/billing/payment/{adjustment.lines.get().payment_id}/change/" in response.text
    assert page_of(adjustment, "withdraw") not in response.text


@pytest.mark.thorough
def test_adjustment_that_was_signed_in_the_meantime_is_not_saved(client, sign_in):
    adjustment = make_held_adjustment(Status.DRAFT)
    sign_in("Finance")
    form = client.get(page_of(adjustment)).context["adminform"].form
    seen = {name: form[name].value() for name in form.fields}
    steps.submit_batch(batch=PayoutBatch.objects.get(), by=make_user())
    response = save(client, page_of(adjustment), **seen | {"amount": "6"})
    assert "counter-adjustment" in errors_of(response)[0]
    adjustment.refresh_from_db()
    assert adjustment.amount == 5


def test_reason_is_escaped(client, sign_in):
    adjustment = make_adjustment(reason="<script>alert(1)</script>")
    sign_in("Auditors")
    for url in (LIST, page_of(adjustment), page_of(adjustment, "history")):
        assert "<script>alert(1)</script>" not in client.get(url).text


# Withdrawing


def withdraw(client, adjustment, reason="Entered twice"):
    data = {"reason": reason, "_form_submitted": "on"}
    return client.post(page_of(adjustment, "withdraw"), data)


def test_withdrawing_asks_why_and_only_its_post_acts(client, sign_in):
    adjustment = make_adjustment()
    user = sign_in("Finance")
    assert page_of(adjustment, "withdraw") in client.get(page_of(adjustment)).text
    assert "+€5.00" in client.get(page_of(adjustment, "withdraw")).text
    assert "Say why" in withdraw(client, adjustment, reason=" ").text
    adjustment.refresh_from_db()
    assert adjustment.withdrawn_at is None
    response = withdraw(client, adjustment)
    assert response["HX-Redirect"] == page_of(adjustment)
    adjustment.refresh_from_db()
    assert (adjustment.withdrawn_by, adjustment.withdrawn_at) == (user, AT)
    assert "Withdrawn: Entered twice" in client.get(page_of(adjustment, "history")).text


def test_withdrawing_what_is_signed_is_refused_with_the_way_out(client, sign_in):
    adjustment = make_held_adjustment(Status.SUBMITTED)
    sign_in("Superusers")
    assert "counter-adjustment" in shown(withdraw(client, adjustment))[0]
    adjustment.refresh_from_db()
    assert adjustment.withdrawn_at is None


def test_withdrawing_nothing_is_not_found(client, sign_in):
    sign_in("Finance")
    assert client.get(f"{LIST}0/withdraw/").status_code == 404


# Finding authors


def find(client, term="", **data):
    return client.get(AUTHORS, {"term": term} | data).json()


def test_authors_are_found_by_every_part_of_their_names(client, sign_in):
    ada = make_blog(author=make_user("demo.ada", first_name="Ada", last_name="Example")).author
    make_blog(author=make_user("demo.bruno"))
    make_user("clerk", first_name="Ada")
    sign_in("Finance")
    found = {"id": str(ada.pk), "text": "Ada Example (demo.ada)"}
    for term in ("ada", "exa ADA", "demo.a", "Ada\x00"):
        assert find(client, term)["results"] == [found], term
    assert [row["text"] for row in find(client)["results"]] == ["demo.bruno", found["text"]]
    assert find(client, "nobody") == {"results": [], "pagination": {"more": False}}


@pytest.mark.thorough
def test_authors_come_a_page_at_a_time(client, sign_in):
    for _ in range(21):
        make_blog()
    sign_in("Finance")
    assert find(client)["pagination"]["more"]
    second = find(client, page="2")
    assert (len(second["results"]), second["pagination"]["more"]) == (1, False)
    assert find(client, page="x")["pagination"]["more"]


# Doors


@pytest.mark.thorough
@pytest.mark.parametrize("role", ["Approvers", "Auditors"])
def test_adjustments_are_made_by_finance_alone(client, sign_in, role):
    adjustment = make_adjustment()
    sign_in(role)
    assert client.get(LIST).status_code == 200
    page = client.get(page_of(adjustment))
    assert 'name="amount"' not in page.text
    for url in (f"{LIST}add/", page_of(adjustment), page_of(adjustment, "withdraw")):
        assert client.post(url, {"amount": "9", "reason": "Wrong"}).status_code == 403
    assert client.get(AUTHORS).status_code == 403


@pytest.mark.parametrize("role", ["Authors", "Editors"])
def test_adjustments_are_hidden_from_who_writes_and_edits(client, sign_in, role):
    sign_in(role)
    assert client.get(LIST).status_code == client.get(AUTHORS).status_code == 403


def test_no_adjustment_is_deleted_or_brought_back(client, sign_in):
    adjustment = make_adjustment()
    sign_in("Superusers")
    version = adjustment.history.get().pk
    for page in ("delete", f"history/{version}"):
        response = client.post(page_of(adjustment, page), {"amount": "99", "post": "yes"})
        assert response.status_code == 403
    assert Adjustment.objects.get().amount == 5


def test_adjustment_of_a_cancelled_batch_waits_again(client, sign_in):
    adjustment = make_held_adjustment(Status.CANCELLED)
    sign_in("Finance")
    assert "Waits for the next batch" in client.get(LIST).text
    with time_machine.travel(AT + dt.timedelta(days=1)):
        batch, _ = steps.build_batch(month=OCTOBER)
    assert batch.payments.get().lines.filter(adjustment=adjustment).exists()
