"""The checks of a batch: blockers stop its submission, flags need the approvers' answers.

One registry holds all checks. Finance can't submit the batch until every blocker is fixed. A flag
lets the batch through, but every approver has to answer it with a sentence of their own.

To add a check, write a function of the batch and decorate it. It returns None if all is well:

    @blocks("bank_details")
    def block_unknown_accounts(batch):
        return "Ada Example has no bank account. Ask for it, or hold the payment.", url

    @flags("new_account", rows=lambda batch: PayeeDetails.objects.filter(…))
    def flag_new_accounts(batch):
        return "2 payments go to accounts that are new: … Write why they are right.", url, 2

The message is a sentence for a clerk: what was found, in numbers, and what to do; the url is where
to do it. A flag also says how many payments, or other things, it is about. The number of queries
stays the same for any number of payments. A check's code is stored with the acknowledgements, so it
keeps its name.

`rows` returns the rows without which a check has nothing to say. All checks that name theirs are
looked up by one query, and only those that have some are called: mostly none. The others are called
each time. A flag's rows of a submitted batch are those that it flags, so that they can be counted;
with `exact=False` there may be more, and the check is called where there are any.

Blockers stand in blockers.py, flags in flags.py, and BillingConfig.ready() imports both; so has a
check in another module to be.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.db.models import Exists, QuerySet
from django.urls import reverse
from django.utils.text import Truncator

from billing.models import PayoutBatch
from billing.periods import format_month

NAMES_SHOWN = 3
NAME_LENGTH = 60


@dataclass(frozen=True)
class Blocker:
    """The reason why finance can't submit a batch, with the URL of the page to fix it."""

    code: str
    message: str
    url: str


@dataclass(frozen=True)
class Flag:
    """A matter that an approver has to answer in writing, with the URL of its page."""

    code: str
    message: str
    url: str
    count: int
    earlier: str = ""  # what was answered before, from earlier_answers.with_earlier


BLOCKING_CHECKS: dict[str, Callable[[PayoutBatch], tuple[str, str] | None]] = {}
FLAGGING_CHECKS: dict[str, Callable[[PayoutBatch], tuple[str, str, int] | None]] = {}
ROWS: dict[str, Callable[[PayoutBatch], QuerySet]] = {}
INEXACT: set[str] = set()


def _register(
    registry: dict[str, Callable],
    code: str,
    *,
    rows: Callable[[PayoutBatch], QuerySet] | None = None,
    exact: bool = True,
) -> Callable:
    def add(check):
        if registry.setdefault(code, check) is not check:
            raise ValueError(f"There is a check “{code}” already.")
        if rows:
            ROWS[code] = rows
        if not exact:
            INEXACT.add(code)
        return check

    return add


blocks = partial(_register, BLOCKING_CHECKS)
flags = partial(_register, FLAGGING_CHECKS)


def find_blockers(batch: PayoutBatch) -> list[Blocker]:
    """Return the blockers that finance has to fix before it submits the batch."""
    found = _ask(BLOCKING_CHECKS, batch)
    return [Blocker(code, *remark) for code, remark in found if remark]


def find_flags(batch: PayoutBatch) -> list[Flag]:
    """Return the flags that each approver of the batch has to answer."""
    found = _ask(FLAGGING_CHECKS, batch)
    return [Flag(code, *remark) for code, remark in found if remark]


def count_flags(batch: PayoutBatch) -> int:
    """Return how many flags a submitted batch has. One query, unless a check's rows tell less."""
    found = look_up(FLAGGING_CHECKS, batch)
    return sum(
        found[code] if code in found.keys() - INEXACT else check(batch) is not None
        for code, check in FLAGGING_CHECKS.items()
        if found.get(code, True)
    )


def _ask[Remark](
    checks: Mapping[str, Callable[[PayoutBatch], Remark]], batch: PayoutBatch
) -> Iterator[tuple[str, Remark]]:
    """Yield the remark of each check that has rows to speak of. One query, and those of these."""
    facts = look_up(checks, batch)
    for code, check in checks.items():
        if facts.get(code, True):
            yield code, check(batch)


def look_up(checks: Iterable[str], batch: PayoutBatch) -> dict[str, bool]:
    """Return {code: whether there are rows} of the checks that name theirs. One query."""
    looked_up = {code: Exists(ROWS[code](batch)) for code in checks if code in ROWS}
    if not looked_up:
        return {}
    row: Any = PayoutBatch.objects.filter(pk=batch.pk).values(**looked_up).get()
    return row


# Words that the checks share


def count_are(number: int, noun: str) -> str:
    """Return “1 view is” or “12 views are”."""
    return f"1 {noun} is" if number == 1 else f"{number:,} {noun}s are"


def list_names(names: Sequence[str], number: int | None = None) -> str:
    """Return “Ada, Bruno, Cleo and 9 more”: a few of the `number` names, each cut short."""
    shown = [Truncator(name).chars(NAME_LENGTH) for name in names[:NAMES_SHOWN]]
    if rest := (number or len(names)) - len(shown):
        shown.append(f"{rest:,} more")
    return " and ".join(filter(None, [", ".join(shown[:-1]), shown[-1]]))


def explained_url(batch) -> str:
    return reverse(
        "admin:billing_views_explained_changelist", query={"month": format_month(batch.month)}
    )


def list_url(model: str, **filters) -> str:
    return reverse(f"admin:billing_{model}_changelist", query=filters)
