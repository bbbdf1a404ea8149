"""Verification names an author whose journal ends with something else than the payments say."""

from collections import Counter

import pytest

from billing.models import Payment, PaymentLine, PaymentResult, Verification
from billing.verification import start_verification
from billing.verification.books import check_books
from billing.verification.differences import Difference
from tests.billing.tampering import change

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


@pytest.fixture
def paid(paid_once):
    return paid_once


def check():
    numbers = Counter()
    after = ""
    while after := check_books(Verification(), "", after, numbers):
        pass
    return numbers


@pytest.mark.thorough
def test_balances_of_all_authors_are_proved(paid):
    assert check() == {"balances": 3}


def test_only_a_run_over_all_months_proves_the_books(paid):
    whole, of_month = start_verification(), start_verification(month=paid[0].month)
    assert "books" in [name for name, *_ in whole.remaining]
    assert "books" not in [name for name, *_ in of_month.remaining]


def failed():
    return Payment.objects.filter(status="failed")


# (rows, what somebody writes into them, what is said)
TAMPERED = [
    (failed, {"status": "paid"}, "0.230000 EUR paid, but the payments add up to 0.350000"),
    (failed, {"status": "payable"}, "0.000000 EUR on its way, but the payments add up to 0.12"),
    (lambda: PaymentLine.objects.filter(kind="adjustment"), {"amount": "-5.000001"}, "settled"),
    (lambda: PaymentLine.objects.filter(kind="carried_in"), {"amount": "1"}, "settled|waiting"),
    (lambda: PaymentResult.objects.filter(outcome="failed"), {"outcome": "paid"}, "EUR"),
    (
        lambda: Payment.objects.filter(status="paid"),
        {"rounding": "0.5"},
        "EUR being settled",
    ),
]


@pytest.mark.thorough
@pytest.mark.parametrize("number", range(len(TAMPERED)))
def test_balance_that_differs_is_named_with_the_author_and_both_amounts(number, paid):
    rows, values, said = TAMPERED[number]
    assert change(rows(), **values)
    with pytest.raises(Difference, match=rf"The journal of .* ends with .*({said})"):
        check()
