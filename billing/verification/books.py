"""Checks that the books say what the payments say: earned = paid + on its way + waiting.

The journal comes from lines and results, step by step. Here the rows as they stand now are added up
instead: each payment by its status, and whatever no later approved batch took in. An entry takes
from one account what it gives to another, so what agrees on each account is the equation as well.
"""

import datetime as dt
from collections import Counter, defaultdict
from decimal import Decimal

from django.contrib.auth.models import User
from django.db.models import Q, Sum

from backoffice.people import full_name
from billing.books.accounts import Account
from billing.books.balances import find_balances
from billing.books.journal import list_currencies
from billing.books.parts import Window
from billing.models import Payment, PaymentLine, Verification
from billing.money import from_millionths, in_millionths, to_millionths
from billing.payouts.amounts import add_up_payments
from billing.verification.differences import Difference

Kind = PaymentLine.Kind
Status = Payment.Status

THE_END = dt.date(9999, 1, 1)
APPROVED = ("approved", "paid")

# What an account should hold, in the words of a difference.
WORDS = {
    Account.COST: "earned by views",
    Account.ADJUSTMENTS: "adjusted",
    Account.ROUNDING: "added by rounding",
    Account.AUTHORS: "being settled",
    Account.WAITING: "waiting: held, carried forward or failed",
    Account.CLEARING: "on its way",
    Account.BANK: "paid",
    Account.HAND: "paid by hand",
}
OWN_SIDE = {Account.COST: 1, Account.ADJUSTMENTS: 1, Account.ROUNDING: 1}  # debits; others credits


def check_books(run: Verification, key: str, after: str, numbers: Counter) -> str | None:
    """Check the currency that follows `after`, and return it."""
    currency = next((currency for currency in list_currencies() if currency > after), None)
    if currency is None:
        return None
    journal = find_balances(Window(until=THE_END, currency=currency))
    rows = _add_up_rows(currency)
    for author in sorted({*journal, *rows}):
        for account, words in WORDS.items():
            side = OWN_SIDE.get(account, -1)
            says = side * journal.get(author, {}).get(account, 0)
            should = rows[author][account]
            if says != should:
                raise Difference(
                    f"The journal of {_name(author)}",
                    f"ends with {from_millionths(says):f} {currency} {words}",
                    f"the payments add up to {from_millionths(should):f}",
                )
        numbers["balances"] += 1
    return currency


def _add_up_rows(currency: str) -> defaultdict[int, Counter]:
    """Return {author: {account: millionths}} by the rows as they stand now. Four queries."""
    payments = Payment.objects.filter(batch__status__in=APPROVED, batch__currency=currency)
    lines = PaymentLine.objects.filter(payment__in=payments)
    made = payments.filter(status__in=[Status.PAYABLE, Status.PAID])
    others = ~Q(kind__in=[Kind.VIEWS, Kind.CARRIED_IN])
    sums = [
        (Account.COST, lines.filter(kind=Kind.VIEWS), "payment__author", "amount"),
        (Account.ADJUSTMENTS, lines.filter(others), "payment__author", "amount"),
        (Account.ROUNDING, made, "author", "rounding"),
    ]
    rows: defaultdict[int, Counter] = defaultdict(Counter)
    for account, found, author, amount in sums:
        of_authors = found.order_by().values_list(author)
        for pk, total in of_authors.annotate(total=Sum(in_millionths(amount))):
            rows[pk][account] += int(Decimal(total))
    for pk, amounts in add_up_payments(payments, per="author").items():
        rows[pk][Account.WAITING] += to_millionths(amounts.waiting.exact)
        rows[pk][Account.CLEARING] += to_millionths(amounts.payable.amount)
        by_hand = amounts.by_hand.amount
        rows[pk][Account.BANK] += to_millionths(amounts.paid.amount - by_hand)
        rows[pk][Account.HAND] += to_millionths(by_hand)
    return rows


def _name(author: int) -> str:
    user = User.objects.filter(pk=author).first()
    return f"{full_name(user)} ({user.username})" if user else f"account {author}"
