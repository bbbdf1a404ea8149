"""Which act makes which entry. An entry moves an amount from one account to another.

Approving a batch posts, for each payment, all that came to it on the account of its author, and all
that became of it from there: the account is empty afterwards. A result posts what the bank did with
the payment. A result that corrects an earlier one takes back what that one posted, and posts its
own; no entry is ever changed. Each stands on the day on which it was made.

Amounts are millionths, twice: exact, and in coins as a ledger needs them. Each part of a payment is
rounded by itself, and the entry "rounding" holds what is left over; so both balance, entry by entry
and payment by payment, and a sum that is carried comes back as it went.
"""

import datetime as dt
from typing import NamedTuple

from django.db.models import TextChoices

from billing.books.accounts import Account


class Kind(TextChoices):
    EARNED = "earned", "earned"
    LATE = "late", "late views"
    TAKEN_BACK = "taken_back", "views taken away"
    ADJUSTMENT = "adjustment", "adjustments"
    CARRIED_IN = "carried_in", "carried in"
    ROUNDING = "rounding", "rounding"
    PAYABLE = "payable", "to be paid"
    HELD = "held", "on hold"
    CARRIED = "carried", "carried forward"
    PAID = "paid", "paid"
    PAID_BY_HAND = "paid_by_hand", "paid by hand"
    FAILED = "failed", "failed"
    ROUNDED_BACK = "rounded_back", "rounding of a failed payment"


# {kind: (debited, credited)}; a negative amount is posted the other way round. A further kind of
# line, such as a tax that is withheld, is a row here, an account, and a part in parts.
RULES = {
    Kind.EARNED: (Account.COST, Account.AUTHORS),
    Kind.LATE: (Account.COST, Account.AUTHORS),
    Kind.TAKEN_BACK: (Account.COST, Account.AUTHORS),
    Kind.ADJUSTMENT: (Account.ADJUSTMENTS, Account.AUTHORS),
    Kind.CARRIED_IN: (Account.WAITING, Account.AUTHORS),
    Kind.ROUNDING: (Account.ROUNDING, Account.AUTHORS),
    Kind.PAYABLE: (Account.AUTHORS, Account.CLEARING),
    Kind.HELD: (Account.AUTHORS, Account.WAITING),
    Kind.CARRIED: (Account.AUTHORS, Account.WAITING),
    Kind.PAID: (Account.CLEARING, Account.BANK),
    Kind.PAID_BY_HAND: (Account.CLEARING, Account.HAND),
    Kind.FAILED: (Account.CLEARING, Account.WAITING),
    Kind.ROUNDED_BACK: (Account.CLEARING, Account.ROUNDING),
}

# The parts of a payment that an approval posts, and of one that a result posts.
OF_APPROVALS = (
    Kind.EARNED,
    Kind.LATE,
    Kind.TAKEN_BACK,
    Kind.ADJUSTMENT,
    Kind.CARRIED_IN,
    Kind.ROUNDING,
    Kind.PAYABLE,
    Kind.HELD,
    Kind.CARRIED,
)
OF_RESULTS = (Kind.PAID, Kind.PAID_BY_HAND, Kind.FAILED, Kind.ROUNDED_BACK)


class Entry(NamedTuple):
    """An amount that goes from `credit` to `debit`; the other way round if it is negative.

    Without a payment it is the sum of a batch's entries of that kind on that day.
    """

    day: dt.date
    kind: Kind
    is_reversal: bool
    exact: int
    coins: int
    batch: int
    payment: int | None = None
    reference: str = ""
    author: int | None = None
    author_name: str = ""
    username: str = ""

    @property
    def debit(self) -> Account:
        return RULES[self.kind][0]

    @property
    def credit(self) -> Account:
        return RULES[self.kind][1]

    @property
    def label(self) -> str:
        return f"{self.kind.label}, taken back" if self.is_reversal else self.kind.label
