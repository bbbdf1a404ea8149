import datetime as dt
import re
from decimal import Decimal

import pytest

from billing.bank.exports import export_payments
from billing.bank.results.recording import record_results
from billing.models import PayoutBatch
from billing.payouts import steps
from billing.payouts.batch_checks import FLAGGING_CHECKS, ROWS
from billing.prices.rules import save_price
from billing.statements.batches import Statement
from billing.statements.tracker import track
from tests.billing.adjustments import make_adjustment
from tests.billing.batches import AT, OCTOBER, SEPTEMBER, make_batch
from tests.billing.pages import press, url_of
from tests.factories import approve, make_blog, make_category, make_count, make_price, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.any_database, pytest.mark.slow]

Status = PayoutBatch.Status
TABS = ["overview", "payments", "checks", "evidence", "activity"]


def make_outdated():
    """Make a draft of October that a rebuild would pay €4.20 more: views, prices, an adjustment."""
    tech, sports = make_category("Tech"), make_category("Sports")
    prices = [make_price(tech, "10"), make_price(sports, "5")]
    rails, goals = make_blog(category=tech), make_blog(category=sports)
    for blog in (rails, goals):
        make_count(blog, 1000)
    batch, _ = steps.build_batch(month=OCTOBER, at=AT)
    make_count(rails, 82, dt.date(2026, 10, 20))
    for price, amount in zip(prices, ("12", "6"), strict=True):
        price.price_per_1000 = Decimal(amount)
        save_price(price=price, by=make_user())
    make_adjustment("0.22", author=goals.author)
    return batch


def track_of(batch):
    batch = PayoutBatch.objects.with_totals().with_state().get(pk=batch.pk)
    return track(Statement(batch))


def test_each_tab_is_a_part_of_the_page_that_its_link_names(client, sign_in):
    batch = make_batch()
    sign_in("Finance")
    text = client.get(url_of(batch)).text
    assert re.findall(r'<a href="#(\w+)" data-tab', text) == TABS
    assert re.findall(r'<div class="bl-tab" id="(\w+)"', text) == TABS
    assert re.findall(r'<div class="bl-tab" id="(\w+)" data-first', text) == ["overview"]


@pytest.mark.thorough
@pytest.mark.parametrize("query", [{"p": "1"}, {"status": "held"}])
def test_page_of_payments_opens_their_tab(client, sign_in, query):
    batch = make_batch()
    sign_in("Finance")
    text = client.get(url_of(batch), query).text
    assert re.findall(r'<div class="bl-tab" id="(\w+)" data-first', text) == ["payments"]


@pytest.mark.thorough
def test_bar_says_the_state_the_total_and_the_next_step(client, sign_in):
    batch = make_batch(Status.SUBMITTED)
    sign_in("Approvers")
    text = client.get(url_of(batch)).text
    bar = text[text.index('<div class="bl-bar">') : text.index('id="overview"')]
    for part in ("October 2026", "Submitted", "€10.00", "Check the payments, then approve"):
        assert part in bar


@pytest.mark.thorough
def test_outdated_draft_says_what_changed_and_for_whom_before_the_rebuild(client, sign_in):
    batch = make_outdated()
    sign_in("Finance")
    text = client.get(url_of(batch)).text
    for part in (
        "Since it was built: 82 views, 1 adjustment, 2 prices.",
        "+€4.20",
        "What a rebuild would change, for 2 authors",
        "€12.98",
        "€6.22",
        "Rebuild the batch, which is out of date",
    ):
        assert part in text
    dialog = client.get(url_of(batch, "rebuild")).text
    assert "82 views, 1 adjustment, 2 prices" in dialog
    assert "+€2.98" in dialog
    assert PayoutBatch.objects.with_totals().get().total == Decimal(15)


@pytest.mark.thorough
def test_page_of_all_authors_says_the_same_and_takes_no_post(client, sign_in):
    batch = make_outdated()
    sign_in("Auditors")
    text = client.get(url_of(batch, "foreseen")).text
    assert "82 views, 1 adjustment, 2 prices" in text
    assert "+€2.98" in text
    assert "+€1.22" in text
    assert client.post(url_of(batch, "foreseen")).status_code == 405
    assert client.get("/admin/billing/payoutbatch/x/foreseen/").status_code == 404


@pytest.mark.thorough
def test_draft_that_is_up_to_date_has_no_banner(client, sign_in):
    batch = make_batch()
    sign_in("Finance")
    assert 'id="outdated"' not in client.get(url_of(batch)).text
    assert "A rebuild would change nothing" in client.get(url_of(batch, "foreseen")).text


@pytest.mark.thorough
def test_large_draft_is_not_compared_unasked(client, sign_in, monkeypatch):
    batch = make_outdated()
    monkeypatch.setattr("billing.payouts.foreseen.LINES_AT_ONCE", 1)
    PayoutBatch.objects.update(built_at=AT)
    sign_in("Finance")
    text = client.get(url_of(batch)).text
    assert "This draft may be out of date." in text
    assert "prices, adjustments" in text
    assert "+€4.20" not in text
    assert "+€4.20" in client.get(url_of(batch, "foreseen")).text


@pytest.mark.thorough
def test_payments_of_a_draft_keep_their_address_over_a_rebuild(client, sign_in):
    batch = make_outdated()
    sign_in("Finance")
    payment = batch.payments.order_by("pk").first()
    address = f"/admin/billing/payment/{payment.pk}/change/"
    assert "€10.00" in client.get(address).text
    press(client, batch, "rebuild")
    response = client.get(address)
    assert response.status_code == 200
    assert "€12.98" in response.text
    assert response.context["payment"].author == payment.author


@pytest.mark.thorough
def test_amounts_stand_in_cents_with_the_exact_ones_on_demand(client, sign_in):
    batch = make_batch(views=1234, price="12.345")
    sign_in("Finance")
    text = client.get(url_of(batch)).text
    assert '<span class="bl-cents" title="Exactly €15.23373">€15.23</span>' in text
    exact = client.get(url_of(batch), {"exact": "1"}).text
    assert '<td class="bo-num">€15.23373</td>' in exact
    assert "bl-cents" not in exact


@pytest.mark.thorough
def test_tracker_names_who_took_each_step_and_when():
    finance, approver = make_user(), make_user()
    batch = make_batch(Status.APPROVED, submitter=finance, approver=approver)
    made = track_of(batch)
    assert [(step.name, step.state) for step in made] == [
        ("Built", "done"), ("Submitted", "done"), ("Approved", "done"), ("Sent", "now"),
        ("Settled", "later"),
    ]  # fmt: skip
    assert [step.by for step in made[:3]] == [None, finance, approver]
    assert [step.at for step in made[:3]] == [AT, AT, AT]
    export_payments(batch=batch, by=finance, at=AT)
    results = {payment.pk: ("paid", "") for payment in batch.payments.all()}
    record_results(batch=batch, results=results, by=finance, at=AT)
    sent, settled = track_of(batch)[3:]
    assert (sent.state, sent.by, sent.at) == ("done", finance, AT)
    assert (settled.state, settled.by) == ("done", finance)


@pytest.mark.thorough
def test_tracker_knows_two_approvers_and_the_way_back(settings):
    settings.SECOND_APPROVAL_ABOVE = Decimal(1)
    first, returner = make_user(), make_user()
    batch = approve(make_batch(Status.SUBMITTED), by=first, at=AT)
    assert [(step.name, step.state) for step in track_of(batch)[1:4]] == [
        ("Submitted", "done"), ("Approved", "done"), ("Approved, as the second", "now"),
    ]  # fmt: skip
    steps.return_batch(batch=batch, by=returner, reason="Look at Tech again")
    returned = track_of(batch)[1]
    assert (returned.name, returned.by, returned.note) == (
        "Returned", returner, "Look at Tech again",
    )  # fmt: skip
    steps.cancel_batch(batch=batch, by=returner, reason="Built too soon")
    assert [(step.name, step.note) for step in track_of(batch)][1:] == [
        ("Cancelled", "Built too soon")
    ]


def make_months(*texts):
    """Make approved batches of August and September, whose flag `texts` answer, and October's."""
    price = make_price(make_category("Tech"), "10")
    ada = make_user(first_name="Ada", last_name="Known")
    approver = make_user(first_name="Bea", last_name="Checker")
    for month, text in zip([dt.date(2026, 8, 1), SEPTEMBER], texts, strict=False):
        make_count(make_blog(category=price.category, author=ada), 1000, month)
        batch, _ = steps.build_batch(month=month, at=AT)
        batch = steps.submit_batch(batch=batch, by=make_user(), at=AT)
        answers = dict.fromkeys(
            ["first_payouts", "tripled", "unusually_large", "price_changed", "new_account"], text
        )
        steps.approve_batch(batch=batch, by=approver, acknowledgements=answers, at=AT)
    make_count(make_blog(category=price.category, author=ada), 1000)
    batch, _ = steps.build_batch(month=OCTOBER, at=AT)
    return steps.submit_batch(batch=batch, by=make_user(), at=AT)


@pytest.mark.thorough
def test_flag_of_each_month_for_the_same_reason_says_so(client, sign_in, monkeypatch):
    def flag(batch):
        return f"{batch.month.month} views are lost in {batch}: the server was away.", "/", 1

    monkeypatch.delitem(ROWS, "first_payouts")
    monkeypatch.setitem(FLAGGING_CHECKS, "first_payouts", flag)
    batch = make_months("The server was moved", "The old server, once more")
    sign_in("Approvers")
    said = "Also in September and August, acknowledged by Bea Checker: “The old server, once more”"
    assert said in client.get(url_of(batch)).text
    assert said in client.get(url_of(batch, "approve")).text


@pytest.mark.thorough
def test_flag_about_somebody_else_has_no_answer_yet(monkeypatch):
    def flag(batch):
        return f"The account of author {chr(64 + batch.month.month)} is new.", "/", 1

    monkeypatch.delitem(ROWS, "first_payouts")
    monkeypatch.setitem(FLAGGING_CHECKS, "first_payouts", flag)
    batch = make_months("She wrote to us", "He wrote to us")
    earlier = {each.code: each.earlier for each in Statement(batch).flags}
    assert earlier["first_payouts"] == ""


@pytest.mark.thorough
@pytest.mark.parametrize("text", ["ok", "Checked.", "Geprüft", "ja!"])
def test_word_alone_is_no_acknowledgement(client, sign_in, text):
    batch = make_batch(Status.SUBMITTED)
    sign_in("Approvers")
    response = press(client, batch, "approve", flag_first_payouts=text)
    assert "is no sentence. Write your answer in a sentence" in response.text
    assert response.context["form"]["flag_first_payouts"].value() == text
    batch.refresh_from_db()
    assert batch.status == Status.SUBMITTED


@pytest.mark.thorough
def test_domain_itself_refuses_a_word_alone():
    batch = make_batch(Status.SUBMITTED)
    with pytest.raises(Exception, match="with a sentence each"):
        steps.approve_batch(
            batch=batch, by=make_user(), acknowledgements={"first_payouts": "ok"}, at=AT
        )
    assert not batch.acknowledgements.exists()


@pytest.mark.parametrize("role", ["Authors", "Editors", None])
def test_who_may_not_see_the_batch_is_refused_before_the_method_is_looked_at(client, sign_in, role):
    batch = make_batch()
    sign_in(role)
    assert client.get(url_of(batch, "foreseen")).status_code == 403
    assert client.post(url_of(batch, "foreseen")).status_code == 403
