"""Checks that the books say what the payments say: earned = paid + on its way + waiting.

The journal comes from lines and results, step by step. Here the rows as they stand now are added up
instead: each payment by its status, and whatever no later approved batch took in. An entry takes
from one account what it gives to another, so what agrees on each account is the equation as well.
"""

import datetime as dt
from collections import Counter, defaultdict
from decimal import Decimal

from django.contrib.auth.models import User
from django.db.models import Exists, F, OuterRef, Q, Sum

from backoffice.people import full_name
from billing.books.accounts import Account
from billing.books.balances import find_balances
from billing.books.journal import list_currencies
from billing.books.parts import Window
from billing.models import Payment, PaymentLine, Verification
from billing.money import from_millionths, in_millionths, in_whole_numbers
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
    """Return {author: {account: millionths}} by the rows as they stand now. Seven queries."""
    payments = Payment.objects.filter(batch__status__in=APPROVED, batch__currency=currency)
    lines = PaymentLine.objects.filter(payment__in=payments)
    taken_in = PaymentLine.objects.filter(
        carried_from=OuterRef("pk"), payment__batch__status__in=APPROVED
    )
    waiting = payments.filter(status__in=[Status.HELD, Status.CARRIED, Status.FAILED])
    made = payments.filter(status__in=[Status.PAYABLE, Status.PAID])
    exact = in_whole_numbers(F("amount") - F("rounding") + F("carried_amount"))
    sums = [
        (Account.COST, lines.filter(kind=Kind.VIEWS), "payment__author", in_millionths("amount")),
        (
            Account.ADJUSTMENTS,
            lines.filter(~Q(kind__in=[Kind.VIEWS, Kind.CARRIED_IN])),
            "payment__author",
            in_millionths("amount"),
        ),
        (Account.ROUNDING, made, "author", in_millionths("rounding")),
        (Account.WAITING, waiting.filter(~Exists(taken_in)), "author", exact),
        (Account.CLEARING, payments.payable(), "author", in_millionths("amount")),
        (Account.BANK, payments.filter(status=Status.PAID), "author", in_millionths("amount")),
    ]
    rows: defaultdict[int, Counter] = defaultdict(Counter)
    for account, found, author, amount in sums:
        for pk, total in found.order_by().values_list(author).annotate(total=Sum(amount)):
            rows[pk][account] += int(Decimal(total))
    return rows


def _name(author: int) -> str:
    user = User.objects.filter(pk=author).first()
    return f"{full_name(user)} ({user.username})" if user else f"account {author}"
