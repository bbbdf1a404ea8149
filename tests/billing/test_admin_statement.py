import datetime as dt
from decimal import Decimal

import pytest
from django.urls import reverse

from billing import payouts
from billing.exports import export_payments
from billing.models import PaymentExport, PaymentLine, PayoutBatch
from billing.statements import Statement
from tests.billing.pages import count_queries, make_october, make_view, url_of
from tests.billing.test_payouts import AT, OCTOBER, SEPTEMBER, make_batch
from tests.factories import make_blog, make_category, make_count, make_user

pytestmark = pytest.mark.django_db

Status = PayoutBatch.Status


def test_statement_adds_up():
    statement = Statement(make_october(authors=3))
    assert statement.views == 6033
    assert statement.exact_total == Decimal("74.477385")
    assert statement.batch.total == Decimal("74.48")
    assert statement.exact_total + statement.rounding == statement.batch.total
    assert statement.previous.total == Decimal("37.08")
    assert (statement.change, statement.change_in_percent) == (Decimal("37.40"), Decimal("100.9"))


def test_first_batch_has_nothing_to_be_compared_with(client, sign_in):
    batch = make_batch()
    sign_in("Finance")
    assert "No batch of the month before" in client.get(url_of(batch)).text


def test_change_against_a_month_of_nothing_has_no_per_cent():
    payouts.build_batch(month=SEPTEMBER, at=AT)
    make_batch()
    statement = Statement(PayoutBatch.objects.with_totals().get(month=OCTOBER))
    assert (statement.change, statement.change_in_percent) == (Decimal(10), None)


def test_received_views_are_those_counted_and_those_excluded_for_each_reason():
    batch = make_october(authors=1)
    blog = PaymentLine.objects.first().blog
    for outcome, number in {"counted": 2015, "robot": 3, "double_click": 2, "own_view": 1}.items():
        for _ in range(number):
            make_view(blog, outcome)
    make_view(blog, "robot", dt.date(2026, 11, 1))
    sums = Statement(batch).reconciliation
    assert sums.received == 2021
    assert {name: views for name, _, views in sums.excluded if views} == {
        "robot": 3,
        "double_click": 2,
        "own_view": 1,
    }
    assert (sums.counted, sums.left, sums.late, sums.paid) == (2015, 15, 10, 2010)


def test_page_shows_the_figures_prices_and_late_views(client, sign_in):
    batch = make_october(authors=1)
    make_view(PaymentLine.objects.first().blog, "robot")
    sign_in("Auditors")
    text = client.get(url_of(batch)).text
    for part in ("€24.81", "€12.345", "€24.81345", "-€0.00345", "late views", "less robot"):
        assert part in text


def test_page_costs_the_same_for_2_and_20_payments(client, sign_in):
    sign_in("Finance")
    batch = make_october(authors=2)
    client.get(url_of(batch))
    queries = count_queries(client, url_of(batch))
    for _ in range(18):
        make_count(make_blog(category=make_category("Tech")), 1000)
    payouts.rebuild_batch(batch=batch, by=make_user())
    assert batch.payments.count() == 20
    assert count_queries(client, url_of(batch)) == queries


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
    assert len(client.get(url_of(batch), {"page": "2"}).context["page"]) == 1
    assert client.get(url_of(batch), {"page": "nonsense"}).status_code == 200


def test_return_reason_stands_on_top_and_is_escaped(client, sign_in):
    batch = make_batch(Status.SUBMITTED)
    payouts.return_batch(batch=batch, by=make_user(), reason="<b>Look</b> again")
    sign_in("Finance")
    text = client.get(url_of(batch)).text
    assert "An approver returned this batch" in text
    assert "&lt;b&gt;Look&lt;/b&gt; again" in text
    assert "<b>Look</b>" not in text


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


def test_submitter_is_told_that_somebody_else_has_to_approve(client, sign_in):
    batch = make_batch(Status.SUBMITTED, submitter=sign_in("Finance"))
    next_step = client.get(url_of(batch)).context["next_step"]
    assert next_step == (
        "Waiting for an approver. You submitted it, so somebody else has to approve it."
    )


def test_approver_with_a_finger_in_it_is_told_so(client, sign_in):
    batch = make_batch(Status.SUBMITTED)
    approver = sign_in("Approvers")
    batch.payments.update(author=approver)
    assert client.get(url_of(batch)).context["next_step"].startswith("This batch pays you.")


def test_finance_is_told_what_to_do_with_returned_empty_and_paid_batches(client, sign_in):
    sign_in("Finance")
    empty, _ = payouts.build_batch(month=SEPTEMBER, at=AT)
    assert "There is nothing to pay" in client.get(url_of(empty)).context["next_step"]
    batch = make_batch(Status.SUBMITTED)
    payouts.return_batch(batch=batch, by=make_user(), reason="a test")
    assert "what the approver asks for" in client.get(url_of(batch)).context["next_step"]
    payouts.submit_batch(batch=batch, by=make_user())
    payouts.approve_batch(batch=batch, by=make_user())
    PayoutBatch.objects.filter(pk=batch.pk).update(status=Status.PAID)
    assert "payments were made" in client.get(url_of(batch)).context["next_step"]


def test_export_is_made_once_and_listed_on_the_page(client, sign_in):
    batch = make_batch(Status.APPROVED)
    user = sign_in("Finance")
    client.post(url_of(batch, "export"), {"_form_submitted": "True"})
    client.post(url_of(batch, "export"), {"_form_submitted": "True"})
    export = PaymentExport.objects.get()
    assert export.by == user
    url = reverse("admin:billing_paymentexport_download", args=[export.pk])
    response = client.get(url_of(batch))
    assert url in response.text
    assert "The payments are exported" in response.context["next_step"]
    assert export == export_payments(batch=batch)
