"""Changes of batches and of append-only rows that the database refuses, and that it allows."""

import datetime as dt

import pytest
from django.db import IntegrityError, connection

from billing.guards.rules import list_rules
from billing.models import Adjustment, CategoryPrice, PayoutBatch
from tests.billing.guarded import (
    APPROVE,
    APPROVE_FIRST,
    APPROVE_SECOND,
    AT,
    NO_DRAFT,
    STATUSES,
    copy_of,
    execute,
    make_acknowledgement,
    make_batch,
    make_hold,
    make_result,
    refuses,
    submit,
)
from tests.billing.tampering import undone
from tests.factories import make_user, make_view_seal

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql, pytest.mark.cases(100)]


def test_each_rule_is_about_a_table_of_its_own_name():
    rules = list_rules()
    assert len({rule.name for rule in rules}) == len(rules)
    assert all(len(rule.name) <= 63 and "'" not in rule.reason for rule in rules)
    assert {rule.table for rule in rules} <= set(connection.introspection.table_names())


# What is only added


@pytest.fixture
def one_of_each():
    """A row in each append-only table."""
    batch = make_batch("submitted")
    make_acknowledgement(batch)
    make_result(batch.payments.get(), "paid")
    make_hold(make_user())


APPEND_ONLY = [
    "billing_acknowledgement",
    "billing_historicaladjustment",
    "billing_historicalcategoryprice",
    "billing_historicalhold",
    "billing_historicalpayoutbatch",
    "billing_paymentexport",
    "billing_paymentresult",
    "billing_seal",
]


def test_what_is_added_is_never_changed_or_deleted(one_of_each, subtests):
    changes = ["UPDATE {0} SET {1} = {1} + 1000", "UPDATE {0} SET {1} = {1}", "DELETE FROM {0}"]
    for table in APPEND_ONLY:
        key = "history_id" if "historical" in table else "id"
        for sql in changes:
            with subtests.test(sql.format(table, key)), undone():
                assert refuses(sql.format(table, key))


@pytest.mark.parametrize("status", ["draft", "approved", "paid", "cancelled"])
def test_only_a_submitted_batch_is_acknowledged(status):
    batch = make_batch(status)
    with pytest.raises(IntegrityError, match="billing: only a batch that awaits approval"):
        make_acknowledgement(batch)


# Batches


@pytest.mark.parametrize("old", STATUSES)
def test_a_batch_moves_as_its_transitions_say(old, subtests):
    batch = make_batch(old)
    make_view_seal(batch.month, "submission", attempt=1, digest="d")
    for new in STATUSES:
        with subtests.test(new), undone():
            check_move(old, new)


def check_move(old, new):
    sign = "UPDATE billing_payoutbatch SET status = %s"
    values = [new]
    if old in ("draft", "cancelled") and new not in ("draft", "cancelled"):
        sign += ", digest = 'd', submitted_at = %s, submitted_by_id = %s"
        values += [AT, make_user().pk]
    if old not in ("approved", "paid") and new in ("approved", "paid"):
        sign += ", approved_at = %s, approved_by_id = %s"
        values += [AT, make_user().pk]
    if (old, new) == ("submitted", "draft"):
        sign += ", digest = '', submitted_at = NULL, submitted_by_id = NULL"
    allowed = old == new or new in PayoutBatch.TRANSITIONS[old]
    assert refuses(sign, *values) is not allowed
    assert PayoutBatch.objects.get().status == (new if allowed else old)


@pytest.mark.parametrize("status", STATUSES)
def test_a_batch_is_never_deleted(status):
    make_batch(status)
    assert refuses("DELETE FROM billing_payoutbatch")


def test_a_new_batch_is_a_draft_that_nobody_has_signed():
    make_batch()
    other = {"month": "'2026-09-01'", "digest": "'d'", "submitted_at": "built_at"}
    first, second = make_user().pk, make_user().pk
    approved = {"approved_by_id": first, "approved_at": "built_at"}
    for values in [
        {"status": "'submitted'", "submitted_by_id": second},
        {"status": "'approved'", "submitted_by_id": second, **approved},
        {"status": "'paid'", "submitted_by_id": second, **approved},
        {"status": "'cancelled'"},
        {"submitted_by_id": first},
        {"approved_by_id": first},
        {"approved_by_id": first, "second_approved_by_id": second},
    ]:
        assert refuses(copy_of(PayoutBatch, **other, **values)), values
    assert not refuses(copy_of(PayoutBatch, **other))


FACTS = {
    "month": dt.date(2020, 1, 1),
    "currency": "USD",
    "time_zone": "Asia/Tokyo",
    "rules_version": "2",
    "attempt": 7,
    "minimum_payout": 5,
    "built_at": AT - dt.timedelta(days=1),
}
SUBMISSION = {
    "digest": "e",
    "submitted_at": AT - dt.timedelta(days=1),
    "return_reason": "Because",
}
UNSIGNED = {
    "status": "'draft'", "digest": "''", "submitted_by_id": "NULL", "submitted_at": "NULL",
}  # fmt: skip


@pytest.mark.parametrize("status", NO_DRAFT)
def test_a_batch_that_is_no_draft_is_not_changed(status, subtests):
    make_batch(status)
    for column, value in (FACTS | SUBMISSION).items():
        with subtests.test(column), undone():
            assert refuses(f"UPDATE billing_payoutbatch SET {column} = %s", value)  # noqa: S608


@pytest.mark.parametrize("status", NO_DRAFT)
def test_nobody_else_has_submitted_a_batch(status):
    make_batch(status)
    assert refuses("UPDATE billing_payoutbatch SET submitted_by_id = %s", make_user().pk)


def test_a_submitted_batch_needs_no_other_number_of_approvers():
    make_batch("submitted")
    assert refuses("UPDATE billing_payoutbatch SET approvals_needed = 2")


def test_returning_a_batch_changes_nothing_that_was_built(subtests):
    make_batch("submitted")
    for column, value in (FACTS | SUBMISSION).items():
        changed = {name: sign for name, sign in UNSIGNED.items() if name != column}
        signs = ", ".join(f"{name} = {sign}" for name, sign in changed.items())
        returned = f"UPDATE billing_payoutbatch SET {signs}, {column} = %s"  # noqa: S608
        with subtests.test(column), undone():
            assert refuses(returned, value) is (column in FACTS or column in UNSIGNED)


def test_a_draft_bears_no_approval():
    batch = make_batch()
    assert refuses(APPROVE_FIRST, AT, make_user().pk)
    submit(batch, approvals_needed=2)
    execute(APPROVE_FIRST, AT, make_user().pk)
    signs = ", ".join(f"{name} = {sign}" for name, sign in UNSIGNED.items())
    assert refuses(f"UPDATE billing_payoutbatch SET {signs}")  # noqa: S608
    assert not refuses(f"UPDATE billing_payoutbatch SET {signs}, approved_by_id = NULL")  # noqa: S608


def test_two_approve_one_after_the_other():
    submit(make_batch(), approvals_needed=2)
    first, second, other = make_user(), make_user(), make_user()
    assert not refuses(APPROVE_FIRST, AT, first.pk)
    assert refuses(APPROVE_FIRST, AT, other.pk)
    assert not refuses(APPROVE_SECOND, AT, second.pk)
    assert refuses(APPROVE_FIRST, AT, other.pk)
    assert refuses(APPROVE_SECOND, AT, other.pk)


# Four eyes


def edit(row):
    row._history_user = make_user()
    row.save()
    return row._history_user


def be_paid(batch):
    return batch.payments.get().author


def make_an_adjustment(batch):
    return Adjustment.objects.get().created_by


def edit_an_adjustment(batch):
    editor = edit(Adjustment.objects.get())
    edit(Adjustment.objects.get())
    return editor


def edit_a_price_last(batch):
    edit(CategoryPrice.objects.get())
    return edit(CategoryPrice.objects.get())


def hold_a_payment(batch):
    return make_hold(be_paid(batch)).created_by


def hold_a_payment_until_it_was_built(batch):
    ended = {"ended_at": batch.built_at, "ended_by": make_user()}
    return make_hold(be_paid(batch), **ended).created_by


@pytest.mark.parametrize(
    "meddle",
    [
        be_paid,
        make_an_adjustment,
        edit_an_adjustment,
        edit_a_price_last,
        hold_a_payment,
        hold_a_payment_until_it_was_built,
    ],
)
def test_nobody_who_took_part_in_it_approves(meddle):
    batch = make_batch()
    meddler = meddle(batch)
    submit(batch, approvals_needed=2)
    assert refuses(APPROVE_FIRST, AT, meddler.pk)
    assert not refuses(APPROVE_FIRST, AT, make_user().pk)
    assert refuses(APPROVE_SECOND, AT, meddler.pk)
    assert not refuses(APPROVE_SECOND, AT, make_user().pk)


def test_somebody_who_no_longer_takes_part_approves():
    batch = make_batch()
    first_editor = edit(CategoryPrice.objects.get())
    edit(CategoryPrice.objects.get())
    ended = {"ended_at": dt.datetime(2026, 9, 30, 12, tzinfo=dt.UTC), "ended_by": make_user()}
    holder = make_hold(be_paid(batch), **ended).created_by
    submit(batch, approvals_needed=2)
    assert not refuses(APPROVE_FIRST, AT, first_editor.pk)
    assert not refuses(APPROVE_SECOND, AT, holder.pk)


@pytest.mark.parametrize("meddle", [be_paid, make_an_adjustment, edit_a_price_last, hold_a_payment])
def test_a_part_in_another_batch_does_not_matter(meddle):
    meddler = meddle(make_batch(month=dt.date(2026, 9, 1)))
    batch = make_batch("submitted")
    assert not refuses(f"{APPROVE} WHERE id = {batch.pk}", AT, meddler.pk)
