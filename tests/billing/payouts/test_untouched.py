"""What somebody changed by SQL is neither signed nor paid, and not only named by night."""

from decimal import Decimal

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.test.utils import CaptureQueriesContext

from billing.bank.exports import export_payments
from billing.errors import BatchTampered, FourEyesViolation
from billing.models import Adjustment, PaymentExport, PayoutBatch
from billing.payouts import steps
from billing.payouts.adjustments import save_adjustment
from billing.payouts.four_eyes import find_objections
from billing.payouts.holds import hold_payment
from billing.payouts.untouched import check_entries
from billing.proof.traces import seal_traces
from tests.billing.batches import AT, OCTOBER, make_batch
from tests.billing.tampering import without_guards
from tests.factories import (
    approve,
    make_blog,
    make_category,
    make_count,
    make_payee,
    make_price,
    make_user,
)

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

Status = PayoutBatch.Status


@pytest.fixture
def draft():
    """Ada's payment goes to her payee; Bruno's waits; a deduction of Ada's is in it."""
    finn, category = make_user("finn"), make_category()
    make_price(category, "10", by=finn)
    ada, bruno = make_user("ada"), make_user("bruno")
    for author in (ada, bruno):
        make_count(make_blog(category=category, author=author), 2000)
        make_payee(author, at=AT)
    deduction = Adjustment(author=ada, amount=Decimal(-5), reason="A photograph")
    save_adjustment(adjustment=deduction, by=finn, at=AT)
    batch, _ = steps.build_batch(month=OCTOBER, at=AT)
    hold_payment(payment=batch.payments.get(author=bruno), by=finn, reason="New account", at=AT)
    return batch


def execute(sql, *params):
    with without_guards(), connection.cursor() as cursor:
        cursor.execute(sql, params)
        assert cursor.rowcount


FORGERIES = {
    "the limit above which two approve": "UPDATE billing_payoutbatch SET second_approval_above = 1",
    "a price": "UPDATE billing_categoryprice SET price_per_1000 = 99000000",
    "a price of its own": (
        "INSERT INTO billing_categoryprice (id, category_id, effective_from, price_per_1000, "
        "currency, note) SELECT 4711, category_id, '2026-10-20', 99000000, 'EUR', '' "
        "FROM billing_categoryprice"
    ),
    "a deduction": "UPDATE billing_adjustment SET amount = -1000000",
    "a deduction's history": "UPDATE billing_historicaladjustment SET amount = -1000000",
    "the end of a hold": (
        "UPDATE billing_hold SET ended_at = created_at, ended_by_id = created_by_id"
    ),
    "a hold's row": "DELETE FROM billing_hold",
    "whose account it is": "UPDATE billing_payeedetails SET legal_name = 'Mallory'",
    "who gets the money": (
        "UPDATE billing_payeeauthor SET payee_id = (SELECT max(payee_id) FROM billing_payeeauthor)"
    ),
}


@pytest.mark.parametrize("name", FORGERIES)
def test_nobody_submits_what_was_changed_by_sql(draft, name):
    execute(FORGERIES[name])
    if name != "the limit above which two approve":
        draft = steps.rebuild_batch(batch=draft, by=make_user(), at=AT)
    with pytest.raises(BatchTampered, match="was changed outside the application"):
        steps.submit_batch(batch=draft, by=make_user(), at=AT)
    draft.refresh_from_db()
    assert draft.status == Status.DRAFT


AFTER = [
    "a price of its own", "a deduction's history", "the end of a hold", "a hold's row",
    "who gets the money",
]  # fmt: skip


@pytest.mark.thorough
@pytest.mark.parametrize("name", AFTER)
def test_nobody_approves_what_was_changed_by_sql_meanwhile(draft, name):
    batch = steps.submit_batch(batch=draft, by=make_user(), at=AT)
    execute(FORGERIES[name])
    with pytest.raises(BatchTampered, match="was changed outside the application"):
        approve(batch, at=AT)
    batch.refresh_from_db()
    assert batch.status == Status.SUBMITTED


@pytest.mark.thorough
def test_what_people_entered_is_signed_and_paid(draft):
    batch = approve(steps.submit_batch(batch=draft, by=make_user(), at=AT), at=AT)
    assert export_payments(batch=batch, at=AT).total == Decimal(15)


@pytest.fixture
def lost_key(draft, settings):
    seal_traces(at=AT)
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another key", []


@pytest.mark.thorough
def test_what_was_sealed_by_a_key_that_is_gone_is_signed(draft, lost_key):
    batch = steps.submit_batch(batch=draft, by=make_user(), at=AT)
    assert batch.status == Status.SUBMITTED


@pytest.mark.thorough
def test_trace_that_no_seal_holds_is_of_nobody_without_its_key(draft, lost_key):
    execute("UPDATE billing_trace SET seal_id = NULL WHERE kind = 'hold'")
    with pytest.raises(BatchTampered, match="was changed outside the application"):
        steps.submit_batch(batch=draft, by=make_user(), at=AT)


@pytest.mark.thorough
def test_seals_are_read_for_the_traces_of_lost_keys_alone(draft):
    seal_traces(at=AT)
    with CaptureQueriesContext(connection) as asked:
        check_entries(draft)
    assert not [each for each in asked if "billing_traceseal" in each["sql"]]


PAID = {
    "a sum": "UPDATE billing_payment SET amount = amount + 1000000 WHERE amount > 0",
    "a reference": "UPDATE billing_payment SET reference = '202610-1-000009' WHERE amount > 0",
    "whose it is": "UPDATE billing_payment SET author_name = 'Mallory'",
    "a line": "UPDATE billing_paymentline SET blog_title = 'x'",
    "a hold": (
        "UPDATE billing_payment SET status = 'payable', amount = 20000000, carried_amount = 0 "
        "WHERE amount = 0"
    ),
    "the account": "UPDATE billing_paidpayee SET legal_name = 'Mallory'",
    "the digest": "UPDATE billing_payoutbatch SET digest = 'x'",
    "the approver": (
        "UPDATE billing_payoutbatch SET approved_by_id = (SELECT min(id) FROM auth_user)"
    ),
}


@pytest.mark.thorough
@pytest.mark.parametrize("name", PAID)
def test_no_file_is_made_of_what_was_changed_after_the_approval(draft, name):
    batch = approve(steps.submit_batch(batch=draft, by=make_user(), at=AT), at=AT)
    execute(PAID[name])
    with pytest.raises(BatchTampered, match="is not as it was approved"):
        export_payments(batch=batch, at=AT)
    assert not PaymentExport.objects.exists()


@pytest.mark.thorough
def test_batch_that_was_approved_by_sql_alone_has_no_file():
    batch = make_batch(Status.SUBMITTED)
    execute(
        "UPDATE billing_payoutbatch SET status = 'approved', approved_by_id = %s, approved_at = %s",
        make_user().pk,
        AT,
    )
    with pytest.raises(BatchTampered):
        export_payments(batch=batch, at=AT)


ACCOUNTS = {
    "a role": (
        "INSERT INTO auth_user_groups (user_id, group_id) SELECT {user}, min(id) FROM auth_group"
    ),
    "no superuser": "UPDATE auth_user SET is_superuser = TRUE WHERE id = {user}",
    "the address for its mail": "UPDATE auth_user SET email = 'm@example.org' WHERE id = {user}",
}


@pytest.mark.thorough
@pytest.mark.parametrize("name", ACCOUNTS)
def test_account_that_was_changed_by_sql_signs_nothing(name):
    Group.objects.create(name="Approvers")
    batch = make_batch(Status.SUBMITTED)
    approver = make_user()
    execute(ACCOUNTS[name].format(user=approver.pk))
    approver = type(approver).objects.get(pk=approver.pk)
    with pytest.raises(FourEyesViolation, match="were changed outside the application"):
        steps.approve_batch(batch=batch, by=approver, at=AT)
    batch = steps.return_batch(batch=batch, by=make_user(), reason="Look again")
    with pytest.raises(FourEyesViolation, match="were changed outside the application"):
        steps.submit_batch(batch=batch, by=approver, answer="Looked", at=AT)


@pytest.mark.thorough
def test_role_that_the_application_gave_stops_nobody():
    approver = make_user()
    role = Group.objects.create(name="Approvers")
    approver.groups.add(role)
    role.delete()
    assert find_objections(batch=make_batch(Status.SUBMITTED), by=approver, at=AT) == []
