"""What the house owes each author at the end of a day, and what led there."""

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass

from billing.books.accounts import LIABILITIES, Account
from billing.books.entries import OF_APPROVALS, OF_RESULTS, RULES, Entry
from billing.books.journal import list_entries
from billing.books.parts import Window, list_columns, read_sums
from billing.periods import month_of

Balances = dict[Account, int]  # in millionths; a debit is above zero


def find_balances(window: Window) -> dict[int, Balances]:
    """Return {author: {account: balance}} of all entries of the window. Set by set."""
    found: dict[int, Balances] = defaultdict(lambda: dict.fromkeys(Account, 0))
    for kinds in (OF_APPROVALS, OF_RESULTS):
        columns = list_columns(kinds)
        for author, *parts in read_sums(kinds, window, "author_id"):
            balances = found[author]
            for (kind, _, _), exact in zip(columns, parts[::2], strict=True):
                debit, credit = RULES[kind]
                balances[debit] += int(exact)
                balances[credit] -= int(exact)
    return dict(found)


def add_up(balances: dict[int, Balances]) -> Balances:
    """Return the balance of each account, of all authors together."""
    return {account: sum(own[account] for own in balances.values()) for account in Account}


def owed(balances: Balances) -> int:
    """Return what the house owes: held, carried, failed, or on its way."""
    return -sum(balances[account] for account in LIABILITIES)


@dataclass(frozen=True)
class AuthorStatement:
    """Opening + movements = closing, of what the house owes an author in a currency."""

    opening: int
    movements: list[tuple[Entry, int]]  # with what each adds to what is owed
    closing: int
    waiting: int  # of the closing: held, carried forward, failed
    on_its_way: int  # of the closing: approved, without a result


def make_statement(*, author: int, day: dt.date, currency: str) -> AuthorStatement:
    """Return the author's movements of the month of `day`, until the end of that day."""
    first, until = month_of(day), day + dt.timedelta(days=1)
    nothing: Balances = dict.fromkeys(Account, 0)
    before = find_balances(Window(until=first, currency=currency, author=author))
    after = find_balances(Window(until=until, currency=currency, author=author))
    entries = list_entries(Window(first=first, until=until, currency=currency, author=author))
    movements = [(entry, added) for entry in entries if (added := _add_to_owed(entry))]
    closing = after.get(author, nothing)
    return AuthorStatement(
        opening=owed(before.get(author, nothing)),
        movements=movements,
        closing=owed(closing),
        waiting=-closing[Account.WAITING],
        on_its_way=-closing[Account.CLEARING],
    )


def _add_to_owed(entry: Entry) -> int:
    """Return what the entry adds to what is owed; nothing if it only moves it."""
    is_debited, is_credited = entry.debit in LIABILITIES, entry.credit in LIABILITIES
    return entry.exact * (is_credited - is_debited)
