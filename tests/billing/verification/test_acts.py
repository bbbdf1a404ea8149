"""Acts that were taken from a batch, added to it or changed, and signers who did one: all named."""

from collections import Counter
from decimal import Decimal

import pytest
from django.contrib.auth.models import User

from billing.models import Adjustment, BatchAct, PayoutBatch, Verification
from billing.payouts import steps
from billing.payouts.adjustments import save_adjustment
from billing.payouts.holds import end_hold, hold_payment
from billing.verification.acts import check_acts
from billing.verification.differences import Difference
from tests.billing.batches import AT, make_batch
from tests.billing.tampering import change, without_guards
from tests.factories import approve, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.any_database, pytest.mark.slow]


@pytest.fixture(scope="module")
def batch_for_all(shared_rows):
    """The number of the batch of `batch`."""
    person = make_user("person")
    batch = make_batch()
    payment = batch.payments.get()
    adjustment = Adjustment(author=payment.author, amount=Decimal(3), reason="A talk")
    save_adjustment(adjustment=adjustment, by=person, at=AT)
    batch = steps.rebuild_batch(batch=batch, by=make_user(), at=AT)
    hold = hold_payment(payment=batch.payments.get(), by=person, reason="A dispute")
    batch = approve(steps.submit_batch(batch=batch, by=make_user(), at=AT), at=AT)
    end_hold(hold=hold, by=make_user(), reason="It is settled")
    return batch.pk


@pytest.fixture
def batch(batch_for_all):
    """An approved batch with a hold that the person began, and an adjustment that they made."""
    return PayoutBatch.objects.get(pk=batch_for_all)


@pytest.fixture
def person(batch):
    return User.objects.get(username="person")


def derive(batch):
    check_acts(Verification(), str(batch.pk), "", Counter())


def test_acts_are_derived_the_same_again_after_what_came_later(batch, person):
    acts = batch.acts.filter(by=person)
    assert sorted(acts.values_list("kind", "effect", "by")) == [
        ("adjustment", 3, person.pk),
        ("hold", -13, person.pk),
    ]
    derive(batch)


@pytest.mark.thorough
@pytest.mark.parametrize("kind", ["adjustment", "hold"])
def test_act_that_was_erased_is_named(batch, kind):
    with without_guards():
        batch.acts.filter(kind=kind).delete()
    with pytest.raises(Difference, match=f"keeps no act “{kind} .*the histories tell of it"):
        derive(batch)


@pytest.mark.thorough
@pytest.mark.parametrize(("name", "value"), [("effect", 2), ("kind", "price"), ("at", AT)])
def test_act_that_was_changed_is_named(batch, name, value):
    change(batch.acts.filter(kind="adjustment"), **{name: value})
    with pytest.raises(Difference, match=f"has the {name} "):
        derive(batch)


@pytest.mark.thorough
def test_act_that_nobody_did_is_named(batch):
    facts = {"kind": "log", "text": "Imported", "effect": 1, "at": AT, "by": make_user()}
    with without_guards():
        BatchAct.objects.create(
            batch=batch, digest=batch.digest, source="access log import 7", **facts
        )
    with pytest.raises(Difference, match="no history tells of it"):
        derive(batch)


@pytest.mark.parametrize("name", ["approved_by", "second_approved_by"])
@pytest.mark.parametrize("is_kept", [True, False])
def test_approver_who_did_one_is_named(batch, person, name, is_kept):
    change(PayoutBatch.objects.filter(pk=batch.pk), **{name: person})
    if not is_kept:
        with without_guards():
            batch.acts.all().delete()
    with pytest.raises(Difference, match=f"approved by user {person.pk}, .*somebody else had to"):
        derive(batch)
