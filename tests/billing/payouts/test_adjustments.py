import datetime as dt
from decimal import Decimal

import pytest
from django.contrib.auth.models import Group, Permission
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from billing.errors import (
    AdjustmentInUse,
    FourEyesViolation,
    InvalidAdjustment,
    ReasonRequired,
    WrongStatus,
)
from billing.models import Adjustment, PayoutBatch
from billing.payouts import steps
from billing.payouts.adjustments import find_authors, save_adjustment, withdraw_adjustment
from tests.billing.adjustments import Status, make_adjustment, make_held_adjustment
from tests.billing.batches import AT, make_batch
from tests.factories import make_blog, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


@pytest.mark.parametrize("amount", ["25", "-25", "0.01", "0.000001"])
def test_adjustment_is_kept_with_who_and_when_and_why(amount):
    by = make_user()
    adjustment = make_adjustment(amount, by=by, reason="A correction")
    adjustment.refresh_from_db()
    assert (adjustment.amount, adjustment.reason) == (Decimal(amount), "A correction")
    assert (adjustment.created_by, adjustment.created_at) == (by, AT)
    record = adjustment.history.get()
    assert (record.history_user, record.history_change_reason) == (by, "A correction")


@pytest.mark.any_database
def test_adjustment_waits_for_its_reason():
    assert make_adjustment(reason="").reason == ""


@pytest.mark.any_database
@pytest.mark.parametrize("reason", [".", "x", "12"])
def test_reason_of_an_adjustment_is_a_word_or_nothing_yet(reason):
    with pytest.raises(ReasonRequired, match=f"“{reason}” says nothing. Say why"):
        make_adjustment(reason=reason)


@pytest.mark.any_database
def test_change_keeps_who_made_it_and_says_who_changed_it():
    maker, editor = make_user(), make_user()
    adjustment = make_adjustment(by=maker)
    adjustment.amount, adjustment.reason = Decimal(7), "Two more"
    adjustment.created_by = editor
    save_adjustment(adjustment=adjustment, by=editor, at=AT + dt.timedelta(days=1))
    adjustment.refresh_from_db()
    assert (adjustment.amount, adjustment.created_by, adjustment.created_at) == (7, maker, AT)
    record = adjustment.history.first()
    assert (record.history_user, record.history_change_reason) == (editor, "Two more")


@pytest.mark.any_database
def test_nothing_is_refused_as_an_adjustment():
    with pytest.raises(InvalidAdjustment, match="adds something or takes something off"):
        make_adjustment("0")
    assert not Adjustment.objects.exists()


def test_seventh_decimal_is_refused():
    with pytest.raises(ValidationError, match="six decimals"):
        make_adjustment("0.0000001")


# For whom


def test_adjustment_is_for_who_may_write_wrote_or_was_viewed():
    Group.objects.create(name="Writers").permissions.set(
        [Permission.objects.get_by_natural_key("add_blog", "weblog", "blog")]
    )
    writer = make_user(groups=["Writers"])
    gone = make_user(groups=["Writers"], is_active=False)
    blog = make_blog(author=make_user(is_active=False, is_staff=False))
    clerk, _superuser = make_user(), make_user(is_superuser=True)
    assert set(find_authors()) == {writer, gone, blog.author}
    with pytest.raises(InvalidAdjustment, match="somebody who writes blogs"):
        make_adjustment(author=clerk)


def test_former_author_of_a_blog_stays_an_author():
    batch = make_batch()
    author = batch.payments.get().author
    author.blogs.update(author=make_user())
    assert make_adjustment(author=author).author == author


@pytest.mark.any_database
@pytest.mark.parametrize("is_superuser", [False, True])
def test_nobody_adjusts_a_payment_of_their_own(is_superuser):
    author = make_blog(author=make_user(is_superuser=is_superuser)).author
    with pytest.raises(FourEyesViolation, match="payment of their own"):
        make_adjustment(author=author, by=author)
    assert not Adjustment.objects.exists()


@pytest.mark.any_database
def test_nobody_changes_withdraws_or_hands_on_an_adjustment_of_their_own():
    author, other = make_blog().author, make_blog().author
    adjustment = make_adjustment("-5", author=author)
    with pytest.raises(FourEyesViolation):
        withdraw_adjustment(adjustment=adjustment, by=author, reason="I want it back", at=AT)
    adjustment.author = other
    with pytest.raises(FourEyesViolation):
        save_adjustment(adjustment=adjustment, by=author, at=AT)
    adjustment.refresh_from_db()
    assert (adjustment.author, adjustment.withdrawn_at) == (author, None)


@pytest.mark.any_database
def test_nobody_gives_an_adjustment_to_who_made_it():
    maker = make_blog(author=make_user(first_name="Finn", last_name="Finance")).author
    adjustment = make_adjustment(by=maker)
    adjustment.author = maker
    with pytest.raises(FourEyesViolation, match="Finn Finance made this adjustment"):
        save_adjustment(adjustment=adjustment, by=make_user(), at=AT)


def test_database_refuses_nothing_and_ones_own_too():
    author = make_blog().author
    for values in ({"amount": 0, "created_by": make_user()}, {"amount": 1, "created_by": author}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Adjustment.objects.create(author=author, reason="Wrong", created_at=AT, **values)


# Until when


@pytest.mark.parametrize("status", [Status.DRAFT, Status.CANCELLED])
def test_adjustment_may_change_until_a_batch_that_holds_it_is_signed(status):
    adjustment = make_held_adjustment(status)
    adjustment.amount = Decimal(6)
    save_adjustment(adjustment=adjustment, by=make_user(), at=AT)
    withdraw_adjustment(adjustment=adjustment, by=make_user(), reason="Not needed", at=AT)


@pytest.mark.thorough
def test_returned_batch_gives_the_adjustment_back():
    adjustment = make_held_adjustment(Status.SUBMITTED)
    batch = PayoutBatch.objects.get()
    steps.return_batch(batch=batch, by=make_user(), reason="Look again")
    withdraw_adjustment(adjustment=adjustment, by=make_user(), reason="Not needed", at=AT)
    steps.rebuild_batch(batch=batch, by=make_user(), at=AT)
    assert not adjustment.lines.exists()


@pytest.mark.parametrize("status", [Status.SUBMITTED, Status.APPROVED])
def test_signed_adjustment_stays_and_a_counter_adjustment_is_the_way(status):
    adjustment = make_held_adjustment(status)
    message = "The batch of October 2026 holds this adjustment.*counter-adjustment"
    adjustment.amount = Decimal(6)
    with pytest.raises(AdjustmentInUse, match=message):
        save_adjustment(adjustment=adjustment, by=make_user(), at=AT)
    with pytest.raises(AdjustmentInUse, match=message):
        withdraw_adjustment(adjustment=adjustment, by=make_user(), reason="Wrong", at=AT)
    adjustment.refresh_from_db()
    assert (adjustment.amount, adjustment.withdrawn_at) == (5, None)


@pytest.mark.any_database
def test_withdrawn_adjustment_stays_to_be_read_with_the_reason():
    by = make_user()
    adjustment = withdraw_adjustment(
        adjustment=make_adjustment(), by=by, reason="Entered twice", at=AT
    )
    assert (adjustment.withdrawn_by, adjustment.withdrawn_at) == (by, AT)
    assert adjustment.history.first().history_change_reason == "Withdrawn: Entered twice"
    assert not Adjustment.objects.standing().exists()


@pytest.mark.any_database
def test_withdrawn_adjustment_neither_changes_nor_comes_back():
    adjustment = make_adjustment()
    stale = Adjustment.objects.get(pk=adjustment.pk)
    withdraw_adjustment(adjustment=adjustment, by=make_user(), reason="Entered twice", at=AT)
    with pytest.raises(WrongStatus, match="was withdrawn"):
        save_adjustment(adjustment=stale, by=make_user(), at=AT)
    with pytest.raises(WrongStatus, match="was withdrawn"):
        withdraw_adjustment(adjustment=stale, by=make_user(), reason="Again", at=AT)


@pytest.mark.any_database
@pytest.mark.parametrize("reason", ["", "  \n"])
def test_withdrawing_needs_a_reason(reason):
    with pytest.raises(ReasonRequired):
        withdraw_adjustment(adjustment=make_adjustment(), by=make_user(), reason=reason, at=AT)


@pytest.mark.parametrize(
    ("status", "state"),
    [("draft", "draft"), ("submitted", "signed"), ("approved", "signed"), ("cancelled", "waiting")],
)
def test_state_says_where_an_adjustment_is(status, state):
    make_held_adjustment(status)
    assert Adjustment.objects.with_state().get().state == state


def test_withdrawn_is_a_state_whatever_the_draft_says():
    adjustment = make_held_adjustment(Status.DRAFT)
    withdraw_adjustment(adjustment=adjustment, by=make_user(), reason="Entered twice", at=AT)
    assert Adjustment.objects.with_state().get().state == "withdrawn"
