import json
from collections import Counter

import pytest

from billing.models import Payment, PayoutBatch, Verification
from billing.verification.chain import check_content, check_results
from billing.verification.differences import Difference
from tests.billing.batches import Status, make_batch
from tests.billing.tampering import without_guards

pytestmark = [pytest.mark.django_db, pytest.mark.any_database, pytest.mark.slow]

OF_EVERY_SEAL = ("number", "kind", "batch", "at")


@pytest.fixture
def seal():
    return make_batch(Status.APPROVED).seals.get()


def facts_of(seal):
    content = json.loads(seal.content)
    return {name: value for name, value in content.items() if name not in OF_EVERY_SEAL}


def test_content_that_is_what_the_rows_say_is_right(seal):
    check_content(seal, facts_of(seal))


@pytest.mark.thorough
def test_fact_that_the_seal_lacks_or_has_too_many_is_named(seal):
    with pytest.raises(Difference, match=r"sealed the more null, but the rows now say 7\."):
        check_content(seal, facts_of(seal) | {"more": 7})
    facts = facts_of(seal)
    del facts["digest"]
    with pytest.raises(Difference, match=r"sealed the digest .*, but the rows now say null\."):
        check_content(seal, facts)


@pytest.mark.thorough
@pytest.mark.parametrize("name", OF_EVERY_SEAL)
def test_number_kind_batch_and_time_are_those_of_the_seal(seal, name):
    seal.content = json.dumps(json.loads(seal.content) | {name: "another"})
    with pytest.raises(Difference, match=f'sealed the {name} "another", but the rows now say'):
        check_content(seal, facts_of(seal))


@pytest.mark.thorough
@pytest.mark.parametrize(("length", "shown"), [(498, f'"{"x" * 498}"'), (499, f'"{"x" * 499}…')])
def test_long_fact_is_shown_by_its_first_500_letters(seal, length, shown):
    with pytest.raises(Difference) as error:
        check_content(seal, facts_of(seal) | {"more": "x" * length})
    assert str(error.value).endswith(f"but the rows now say {shown}.")


@pytest.mark.thorough
@pytest.mark.parametrize("status", [Status.APPROVED, Status.PAID])
def test_results_of_the_bank_are_those_of_the_payments(status):
    numbers = Counter()
    check_results(Verification(), str(make_batch(status).pk), "", numbers)
    assert numbers["results"] == (status == Status.PAID)


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("status", "model", "becomes", "message"),
    [
        (Status.APPROVED, Payment, "paid", "is paid, but .* says that there is none yet"),
        (Status.APPROVED, Payment, "failed", "is failed, but .* says that there is none yet"),
        (Status.PAID, Payment, "failed", "is failed, but the bank's latest result says paid"),
        (Status.PAID, Payment, "payable", "is payable, but the bank's latest result says paid"),
        (Status.APPROVED, PayoutBatch, "paid", "is still to be paid, but the batch of"),
        (Status.PAID, PayoutBatch, "approved", "is approved, but no payment of it is left"),
    ],
)
def test_status_that_no_result_explains_is_named(status, model, becomes, message):
    batch = make_batch(status)
    with without_guards():
        model.objects.update(status=becomes)
    with pytest.raises(Difference, match=message):
        check_results(Verification(), str(batch.pk), "", Counter())
