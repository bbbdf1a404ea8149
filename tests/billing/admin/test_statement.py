import datetime as dt
from decimal import Decimal

import pytest
from django.urls import reverse

from billing.bank.exports import export_payments
from billing.bank.results.recording import record_results
from billing.models import Adjustment, PaymentExport, PaymentLine, PayoutBatch
from billing.payouts import steps
from billing.payouts.adjustments import save_adjustment
from billing.payouts.holds import hold_payment
from billing.statements.batches import Statement
from tests.billing.batches import AT, OCTOBER, SEPTEMBER, make_batch
from tests.billing.pages import count_queries, make_october, make_view, make_views, press, url_of
from tests.billing.tampering import without_guards
from tests.factories import approve, make_blog, make_category, make_count, make_price, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.any_database, pytest.mark.slow]

Status = PayoutBatch.Status


def test_statement_adds_up():
    statement = Statement(make_october(authors=3))
    assert statement.sums.views == 6033
    assert statement.sums.total == Decimal("74.477385")
    assert statement.batch.total == Decimal("74.48")
    assert statement.sums.total + statement.rounding == statement.batch.total
    previous = statement.previous
    assert previous.batch.total == Decimal("37.08")
    assert (previous.change, previous.change_in_percent) == (Decimal("37.40"), Decimal("100.9"))


@pytest.mark.thorough
def test_first_batch_has_nothing_to_be_compared_with(client, sign_in):
    batch = make_batch()
    sign_in("Finance")
    assert "No batch of the month before" in client.get(url_of(batch)).text


def test_change_against_a_month_of_nothing_has_no_per_cent():
    steps.build_batch(month=SEPTEMBER, at=AT)
    make_batch()
    previous = Statement(PayoutBatch.objects.with_totals().get(month=OCTOBER)).previous
    assert (previous.change, previous.change_in_percent) == (Decimal(10), None)


@pytest.mark.thorough
def test_received_views_are_those_counted_and_those_excluded_for_each_reason():
    batch = make_october(authors=1)
    blog = PaymentLine.objects.first().blog
    for outcome, number in {"counted": 2015, "robot": 3, "double_click": 2, "own_view": 1}.items():
        make_views(blog, outcome, number)
    make_view(blog, "robot", dt.date(2026, 11, 1))
    sums = Statement(batch).reconciliation
    assert sums.received == 2021
    assert {name: views for name, _, views in sums.excluded if views} == {
        "robot": 3,
        "double_click": 2,
        "own_view": 1,
    }
    assert (sums.counted, sums.left, sums.late, sums.in_batch) == (2015, 15, 10, 2010)


@pytest.mark.thorough
def test_page_shows_the_figures_prices_and_late_views(client, sign_in):
    batch = make_october(authors=1)
    make_view(PaymentLine.objects.first().blog, "robot")
    sign_in("Auditors")
    text = client.get(url_of(batch)).text
    for part in ("€24.81", "€12.345", "€24.81345", "-€0.00345", "late views", "less robot"):
        assert part in text


@pytest.mark.thorough
def test_page_costs_the_same_for_2_and_20_payments(client, sign_in):
    sign_in("Finance")
    batch = make_october(authors=1)
    queries = []
    for authors in (1, 18):
        for _ in range(authors):  # whose first payments are flagged, which is one query
            make_count(make_blog(category=make_category("Tech")), 1000)
        steps.rebuild_batch(batch=batch, by=make_user())
        client.get(url_of(batch))
        queries.append(count_queries(client, url_of(batch)))
    assert batch.payments.count() == 20
    assert queries[0] == queries[1]


@pytest.mark.thorough
def test_payments_come_a_hundred_to_a_page(client, sign_in):
    batch = make_batch()
    payment = batch.payments.get()
    for number in range(100):
        payment.pk, payment.reference, payment.author = None, f"r{number}", make_user()
        payment.save()
    sign_in("Finance")
    response = client.get(url_of(batch))
    assert len(response.context["page"]) == 100
    assert "All 101 payments" in response.text
    assert '<a href="?p=2">2</a>' in response.text
    assert len(client.get(url_of(batch), {"p": "2"}).context["page"]) == 1
    assert client.get(url_of(batch), {"p": "nonsense"}).status_code == 200


@pytest.mark.thorough
def test_return_reason_stands_on_top_and_is_escaped(client, sign_in):
    batch = make_batch(Status.SUBMITTED)
    steps.return_batch(batch=batch, by=make_user(), reason="<b>Look</b> again")
    sign_in("Finance")
    text = client.get(url_of(batch)).text
    assert "returned this batch" in text
    assert "&lt;b&gt;Look&lt;/b&gt; again" in text
    assert "<b>Look</b>" not in text


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("status", "role", "sentence"),
    [
        (Status.DRAFT, "Finance", "Check the payments, then submit"),
        (Status.DRAFT, "Approvers", "Finance is checking the payments"),
        (Status.SUBMITTED, "Approvers", "Check the payments, then approve"),
        (Status.SUBMITTED, "Auditors", "Waiting for an approver."),
        (Status.APPROVED, "Finance", "Export the payments"),
        (Status.APPROVED, "Approvers", "Finance exports the payments"),
        (Status.CANCELLED, "Finance", "This batch was given up"),
    ],
)
def test_page_says_what_to_do_next(client, sign_in, status, role, sentence):
    batch = make_batch(status)
    sign_in(role)
    assert sentence in client.get(url_of(batch)).context["next_step"]


@pytest.mark.thorough
def test_submitter_is_told_that_somebody_else_has_to_approve(client, sign_in):
    batch = make_batch(Status.SUBMITTED, submitter=sign_in("Finance"))
    next_step = client.get(url_of(batch)).context["next_step"]
    assert next_step == (
        "Waiting for an approver. You submitted it, so somebody else has to approve it."
    )


@pytest.mark.thorough
def test_approver_who_took_part_in_it_is_told_so(client, sign_in):
    batch = make_batch(Status.SUBMITTED)
    approver = sign_in("Approvers")
    with without_guards():
        batch.payments.update(author=approver)
    assert client.get(url_of(batch)).context["next_step"].startswith("This batch pays you.")


@pytest.mark.thorough
def test_finance_is_told_what_to_do_with_returned_empty_and_paid_batches(client, sign_in):
    sign_in("Finance")
    empty, _ = steps.build_batch(month=SEPTEMBER, at=AT)
    assert "There is nothing to pay" in client.get(url_of(empty)).context["next_step"]
    batch = make_batch(Status.SUBMITTED)
    steps.return_batch(batch=batch, by=make_user(), reason="a test")
    assert "what the approver asks for" in client.get(url_of(batch)).context["next_step"]
    steps.submit_batch(batch=batch, by=make_user(), answer="Done")
    approve(batch)
    press(client, batch, "export")
    press(client, batch, "all-paid")
    assert "the payments were made." in client.get(url_of(batch)).context["next_step"]


@pytest.mark.thorough
def test_export_is_made_once_and_listed_on_the_page(client, sign_in):
    batch = make_batch(Status.APPROVED)
    user = sign_in("Finance")
    client.post(url_of(batch, "export"), {"format": "csv"})
    client.post(url_of(batch, "export"), {"format": "csv"})
    export = PaymentExport.objects.get()
    assert export.by == user
    url = reverse("admin:billing_paymentexport_download", args=[export.pk])
    response = client.get(url_of(batch))
    assert url in response.text
    assert "The payments are exported" in response.context["next_step"]
    assert export == export_payments(batch=batch)


# Adjustments, and what is kept back


@pytest.fixture
def october(settings):
    """October with €20 to be paid, of which €5 adjust and €10 were carried in; €4 are on hold."""
    settings.MINIMUM_PAYOUT = 5
    category = make_category("Tech")
    make_price(category, "10")
    paid, held, small = (make_blog(category=category) for _ in range(3))
    make_count(paid, 1000, dt.date(2026, 9, 10))
    september = approve_month(SEPTEMBER)
    export_payments(batch=september, at=AT)
    failed = {september.payments.get().pk: ("failed", "No such account.")}
    record_results(batch=september, results=failed, by=make_user(), at=AT)
    for blog, views in ((paid, 500), (held, 400), (small, 25)):
        make_count(blog, views)
    adjustment = Adjustment(author=paid.author, amount=5, reason="Prize of the survey.")
    save_adjustment(
        adjustment=adjustment, by=make_user(first_name="Fina", last_name="Sample"), at=AT
    )
    batch, _ = steps.build_batch(month=OCTOBER, at=AT)
    payment = batch.payments.get(author=held.author)
    hold_payment(payment=payment, by=make_user(), reason="Under review.", at=AT)
    return PayoutBatch.objects.with_totals().get(pk=batch.pk)


def approve_month(month):
    batch, _ = steps.build_batch(month=month, at=AT)
    return approve(steps.submit_batch(batch=batch, by=make_user(), at=AT), at=AT)


@pytest.mark.thorough
def test_amount_is_the_lines_less_what_is_kept_back(october):
    statement = Statement(october)
    sums, shares = statement.sums, statement.shares
    assert sums.categories == [("Tech", 925, Decimal("9.25"))]
    assert (sums.adjusted, sums.carried_in, sums.total) == (5, 10, Decimal("24.25"))
    assert shares["held"].exact == 4
    assert shares["carried"].exact == Decimal("0.25")
    assert (october.total, statement.rounding, statement.amounts.paying) == (20, 0, 1)


@pytest.mark.thorough
def test_views_paid_are_those_on_the_lines_less_those_kept_back(october):
    sums = Statement(october).reconciliation
    assert (sums.in_batch, sums.held, sums.carried, sums.paid) == (925, 400, 25, 500)


@pytest.mark.thorough
def test_page_names_each_adjustment_carry_and_hold_with_its_reason(client, sign_in, october):
    sign_in("Auditors")
    text = client.get(url_of(october)).text
    for part in (
        "Prize of the survey.", "Fina Sample", "202609-1-000001: No such account.",
        "Under review.", "Below the minimum of €5.00.", "less on hold", "-€4.00",
    ):  # fmt: skip
        assert part in text


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("status", "number"), [("payable", 1), ("held", 1), ("carried", 1), ("paid", 0), ("x", 3)]
)
def test_payments_of_one_status_are_picked_out(client, sign_in, october, status, number):
    sign_in("Auditors")
    assert len(client.get(url_of(october), {"status": status}).context["page"]) == number


@pytest.mark.thorough
def test_failed_payment_leads_to_the_batch_that_makes_it_again(client, sign_in, october):
    sign_in("Auditors")
    september = PayoutBatch.objects.get(month=SEPTEMBER)
    failure = Statement(PayoutBatch.objects.with_totals().get(month=SEPTEMBER)).failures[0]
    assert failure.reason == "No such account."
    assert failure.carried_to.get().payment.batch == october
    assert "No such account." in client.get(url_of(september)).text


@pytest.mark.thorough
def test_batch_that_pays_nothing_says_so(client, sign_in, settings):
    settings.MINIMUM_PAYOUT = 1000
    batch = make_batch()
    sign_in("Finance")
    assert "Nothing is paid out" in client.get(url_of(batch)).context["next_step"]
    approve(steps.submit_batch(batch=batch, by=make_user(), at=AT), at=AT)
    page = client.get(url_of(batch))
    assert "Nothing was paid out" in page.context["next_step"]
    assert "Record bank results" not in page.text


@pytest.mark.thorough
def test_batch_is_compared_with_the_three_months_before():
    for month in (6, 7, 8, 9):
        steps.build_batch(month=dt.date(2026, month, 1), at=AT)
    make_batch()
    statement = Statement(PayoutBatch.objects.with_totals().get(month=OCTOBER))
    assert [row.batch.month.month for row in statement.comparisons] == [9, 8, 7]
    assert {row.change for row in statement.comparisons} == {10}


# What was signed


@pytest.mark.thorough
def test_page_shows_who_signed_what_and_the_seals(client, sign_in):
    batch = make_batch(Status.APPROVED, approver=make_user(first_name="April", last_name="Hand"))
    sign_in("Auditors")
    response = client.get(url_of(batch))
    seal = batch.seals.get()
    for part in (batch.digest, seal.hash, "April Hand", "Looked at."):
        assert part in response.text
    assert reverse("admin:billing_payoutbatch_pack", args=[batch.pk]) in response.text


@pytest.mark.thorough
def test_what_stands_in_the_way_is_listed_with_the_way_to_it(client, sign_in):
    batch = make_batch()
    make_view(PaymentLine.objects.get().blog, "pending")
    sign_in("Finance")
    response = client.get(url_of(batch))
    assert "This batch can't be submitted yet" in response.text
    assert "1 view is still to be counted" in response.text
    assert response.context["next_step"].startswith("Fix the problems")
