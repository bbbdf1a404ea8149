"""The journal: the entries of a month, one by one or summed as a ledger takes them.

An entry stands on the day on which its act was made, so a month that is over never changes: what is
corrected later stands in the later month. Amounts of two currencies never meet: each has a journal.
"""

import datetime as dt
import heapq
from collections.abc import Iterator
from functools import cache
from operator import itemgetter

from billing.books.accounts import Account
from billing.books.entries import OF_APPROVALS, OF_RESULTS, RULES, Entry, Kind
from billing.books.parts import (
    Window,
    day_in,
    list_columns,
    read_moment,
    read_payments,
    read_sums,
)
from billing.models import PayoutBatch, Seal
from billing.periods import iter_months, month_of, next_month


def month_window(month: dt.date, currency: str) -> Window:
    return Window(first=month, until=next_month(month), currency=currency)


def list_entries(window: Window) -> Iterator[Entry]:
    """Yield the entries in the order in which they were made. Memory holds a portion.

    Those of one payment's approval, and of one result, follow each other and end at zero on the
    account that they pass through.
    """
    zones = _find_zones()
    both = heapq.merge(
        _read_rows(OF_APPROVALS, window), _read_rows(OF_RESULTS, window), key=itemgetter(0)
    )
    day_of = cache(day_in)
    for moment, kinds, row in both:
        batch, _, payment, reference, author, name, username, *parts = row
        day = day_of(moment, zones[batch])
        for kind, is_reversal, exact, coins in _split(kinds, parts):
            yield Entry(
                day, kind, is_reversal, exact, coins, batch, payment, reference, author, name,
                username,
            )  # fmt: skip


def _read_rows(kinds, window: Window) -> Iterator[tuple]:
    parse = cache(read_moment)
    for row in read_payments(kinds, window):
        yield parse(row[1]), kinds, row


def _split(kinds, parts) -> Iterator[tuple[Kind, bool, int, int]]:
    """Yield the kinds of a row that move something."""
    for number, (kind, is_reversal, _) in enumerate(list_columns(kinds)):
        exact, coins = parts[2 * number], parts[2 * number + 1]
        if exact or coins:
            yield kind, is_reversal, int(exact), int(coins)


def sum_entries(window: Window) -> list[Entry]:
    """Return the sums of each day, batch and kind, in order: what a ledger is given."""
    zones = _find_zones()
    sums: dict[tuple, list[int]] = {}
    for kinds in (OF_APPROVALS, OF_RESULTS):
        for batch, moment, *parts in read_sums(kinds, window, "batch_id", "moment"):
            day = day_in(read_moment(moment), zones[batch])
            for kind, is_reversal, exact, coins in _split(kinds, parts):
                total = sums.setdefault((day, batch, is_reversal, kind), [0, 0])
                total[0] += exact
                total[1] += coins
    order = list(Kind)
    keys = sorted(sums, key=lambda key: (key[0], key[1], not key[2], order.index(key[3])))
    return [
        Entry(key[0], key[3], key[2], exact=sums[key][0], coins=sums[key][1], batch=key[1])
        for key in keys
    ]


def _find_zones() -> dict[int, str]:
    return dict(PayoutBatch.objects.order_by().values_list("pk", "time_zone"))


class AccountSum:
    """What a month posted on an account, on each side, in millionths."""

    def __init__(self, account: Account, opening: int):
        self.account, self.opening = account, opening
        self.debit = self.credit = self.debit_coins = self.credit_coins = 0

    @property
    def closing(self) -> int:
        return self.opening + self.debit - self.credit


def sum_accounts(entries: list[Entry], opening: dict[Account, int]) -> list[AccountSum]:
    """Return each account that has a balance or an entry, with both sides of the entries."""
    rows = {account: AccountSum(account, opening.get(account, 0)) for account in Account}
    for entry in entries:
        for exact, name in ((entry.exact, ""), (entry.coins, "_coins")):
            sides = ("debit", "credit") if exact > 0 else ("credit", "debit")
            for account, side in zip(RULES[entry.kind], sides, strict=True):
                row = rows[account]
                setattr(row, side + name, getattr(row, side + name) + abs(exact))
    return [row for row in rows.values() if row.opening or row.debit or row.credit]


def list_active_months(until: dt.date) -> list[tuple[dt.date, set[str]]]:
    """Return every month from the first entry to that of `until`, the latest first.

    Each with the currencies of its entries: none where nothing was approved or recorded.
    """
    found: dict[dt.date, set[str]] = {}
    for at, second, zone, currency in _list_moments():
        month = month_of(day_in(second or at, zone))
        found.setdefault(month, set()).add(currency)
    if not found:
        return []
    end = next_month(max(month_of(until), *found))
    return [(month, found.get(month, set())) for month in reversed([*iter_months(min(found), end)])]


def _list_moments() -> Iterator[tuple]:
    """Yield the moment of each approval, and of each record of results. Two queries."""
    facts = ("time_zone", "currency")
    approved = PayoutBatch.objects.filter(status__in=["approved", "paid"]).order_by()
    yield from approved.values_list("approved_at", "second_approved_at", *facts)
    seals = Seal.objects.filter(kind=Seal.Kind.RESULTS).order_by()
    for at, *rest in seals.values_list("at", *(f"batch__{fact}" for fact in facts)):
        yield at, None, *rest


def list_currencies() -> list[str]:
    """Return the currencies of the books."""
    approved = PayoutBatch.objects.filter(status__in=["approved", "paid"]).order_by()
    return sorted(approved.values_list("currency", flat=True).distinct())
