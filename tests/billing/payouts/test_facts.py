"""The facts of a payment are the same text by SQL as by Python, of older payments as well."""

import pytest

from billing.proof.digests import read_payments, record_payment, write_payment
from tests.billing.payouts.bare_batches import make_batch, make_payment

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("username", "payee_digest", "ends"),
    [("ada", "0" * 64, f',"ada","{"0" * 64}"]'), ("ada", "", ',0,"ada"]'), ("", "", ",0,0]")],
)
def test_facts_end_with_what_was_stored_then(username, payee_digest, ends):
    batch = make_batch()
    payment = make_payment(batch, username=username, payee_digest=payee_digest)
    (stored,) = read_payments(batch)
    assert stored.facts == write_payment(record_payment(payment))
    assert stored.facts.endswith(ends)
