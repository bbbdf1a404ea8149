"""The accounts of the journal, and the numbers they have in the ledger of the house."""

import re
from collections.abc import Iterator

from django.conf import settings
from django.db.models import TextChoices

# Xero takes ten characters (Chart of accounts: Code), DATEV four to eight digits.
NUMBER = re.compile(r"[0-9A-Za-z][0-9A-Za-z./-]{0,9}", re.ASCII)


class Account(TextChoices):
    """What an entry is posted on."""

    COST = "cost", "Author fees"
    ADJUSTMENTS = "adjustments", "Adjustments of author fees"
    ROUNDING = "rounding", "Rounding differences"
    AUTHORS = "authors", "Authors, being settled"  # empty once a batch is approved
    WAITING = "waiting", "Authors, waiting"  # held, carried forward, failed
    CLEARING = "clearing", "Payments on their way"  # approved, and no result yet
    BANK = "bank", "Bank"
    HAND = "by_hand", "Paid by hand"  # cash, cards, set off; the bank's number without its own


# What the house owes its authors.
LIABILITIES = (Account.AUTHORS, Account.WAITING, Account.CLEARING)

# Entries between these move nothing that a ledger has to show: they may share a number.
GROUPS = (
    {Account.COST, Account.ADJUSTMENTS, Account.ROUNDING},
    {Account.AUTHORS, Account.WAITING},
    {Account.CLEARING},
    {Account.BANK, Account.HAND},
)


def find_number(account: Account) -> str:
    """Return the account's number in the ledger of the house, or an empty text."""
    number = str(settings.BOOKS_ACCOUNTS.get(account.value, "")).strip()
    return find_number(Account.BANK) if account == Account.HAND and not number else number


def find_problems() -> Iterator[str]:
    """Yield what is wrong with BOOKS_ACCOUNTS, in sentences that an administrator can act on."""
    for name in settings.BOOKS_ACCOUNTS:
        if name not in Account.values:
            yield f"BOOKS_ACCOUNTS names “{name}”. There are: {', '.join(Account.values)}."
    users: dict[str, set[Account]] = {}
    for account in Account:
        number = find_number(account)
        if account == Account.HAND and number == find_number(Account.BANK):
            continue  # what is wrong with it is told of the bank's
        if not number:
            yield f"BOOKS_ACCOUNTS has no number for “{account.value}” ({account.label})."
        elif not NUMBER.fullmatch(number):
            yield (
                f"BOOKS_ACCOUNTS gives “{account.value}” the number “{number}”: give up to ten "
                "letters, digits, dots, dashes and slashes."
            )
        else:
            users.setdefault(number, set()).add(account)
    for number, accounts in users.items():
        if not any(accounts <= group for group in GROUPS):
            names = " and ".join(account.value for account in Account if account in accounts)
            yield f"BOOKS_ACCOUNTS gives {names} one number, {number}: an entry would move nothing."
