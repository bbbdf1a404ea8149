"""Match rows of results with the payments of a batch, all or none, and say what becomes of each.

Memory holds a portion of the rows and their payments. Of each payment that gets a result it keeps
that result and where it stands in the file, of what people read the first rows.
"""

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import batched
from typing import NamedTuple

from django.db.models import TextChoices
from django.utils import timezone

from billing.bank.results.recording import RECORDED_FROM, Result, explain_day, says_why
from billing.bank.results.registry import PENDING, TAKEN_BACK, ResultRow, refuse
from billing.bank.results.whole_files import find_file, list_rows
from billing.models import Payment, PaymentResult, PayoutBatch
from billing.models.seals import BANK_REFERENCE_LENGTH, REASON_LENGTH
from billing.money import format_amount

Outcome = PaymentResult.Outcome

ROWS_SHOWN = 50
ROWS_AT_A_TIME = 1_000
COMPARED = ("reference", "status", "amount", "author_name")  # what is read of a payment


class Fate(TextChoices):
    """What becomes of a row. A row that is wrong stops all."""

    PAID = "paid", "Paid"
    FAILED = "failed", "Failed"
    CORRECTED = "corrected", "Another result than before"
    SETTLED = "settled", "Settled before: nothing changes"
    PENDING = "pending", "On its way: no result yet"
    OTHER = "other", "No payment of this batch"
    UNKNOWN = "unknown", "Unknown reference"
    TWICE = "twice", "Twice in the file"
    AMOUNT = "amount", "Another amount"
    CURRENCY = "currency", "Another currency"
    WRONG = "wrong", "Can't be recorded"


TAKEN = (Fate.PAID, Fate.FAILED, Fate.CORRECTED, Fate.SETTLED)
WRONG_FATES = (Fate.UNKNOWN, Fate.TWICE, Fate.AMOUNT, Fate.CURRENCY, Fate.WRONG)


@dataclass(frozen=True)
class MatchedRow:
    row: ResultRow
    fate: Fate
    payment: Payment | None = None
    problem: str = ""


class Taken(NamedTuple):
    """What is kept of a row that gives a payment its result."""

    fate: Fate
    place: str
    outcome: str
    value_date: dt.date | None
    is_other: bool


class Group(NamedTuple):
    fate: Fate
    number: int
    amount: Decimal  # of its payments
    rows: list[MatchedRow]  # the first ones
    is_wrong: bool


@dataclass
class Match:
    """What a file says, by what becomes of its rows. `results` is for record_results."""

    results: dict[int, Result] = field(default_factory=dict)
    numbers: Counter = field(default_factory=Counter)
    sums: dict[Fate, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    shown: dict[Fate, list[MatchedRow]] = field(default_factory=lambda: defaultdict(list))
    problems: list[str] = field(default_factory=list)

    def add(self, matched: MatchedRow) -> None:
        self.numbers[matched.fate] += 1
        if matched.payment:
            self.sums[matched.fate] += matched.payment.amount
        if len(self.shown[matched.fate]) < ROWS_SHOWN:
            self.shown[matched.fate].append(matched)
        if matched.problem:
            self.problems.append(f"{matched.row.place}: {matched.problem}")

    def drop(self, payment: Payment, fate: Fate) -> None:
        """Forget the payment's row that a later one of the same file overtakes."""
        self.numbers[fate] -= 1
        self.sums[fate] -= payment.amount
        self.shown[fate] = [each for each in self.shown[fate] if each.payment != payment]

    @property
    def groups(self) -> list[Group]:
        """Return the groups of rows, what is wrong first."""
        order = [*WRONG_FATES, *(fate for fate in Fate if fate not in WRONG_FATES)]
        return [
            Group(fate, self.numbers[fate], self.sums[fate], self.shown[fate], fate in WRONG_FATES)
            for fate in order
            if self.numbers[fate]
        ]


def match_results(
    *, batch: PayoutBatch, rows: Iterable[ResultRow], others_paid: bool
) -> dict[int, Result]:
    """Return {payment_id: Result} for record_results.

    `others_paid` adds as paid every payment in a file that has no row and no result yet. Raises
    InvalidResults, which names each wrong row.
    """
    match = compare_results(batch=batch, rows=rows)
    refuse(match.problems)
    if others_paid:
        paid = Result(Outcome.PAID)
        for pk in batch.payments.waiting_for_result().values_list("pk", flat=True).iterator():
            match.results.setdefault(pk, paid)
    return match.results


def compare_results(*, batch: PayoutBatch, rows: Iterable[ResultRow]) -> Match:
    """Say what becomes of each row. Two queries at most for every 1,000 rows."""
    match = Match()
    taken: dict[int, Taken] = {}
    for portion in batched(_spread(rows, batch), ROWS_AT_A_TIME):
        references = {row.reference for row, _ in portion} - {""}
        payments = _load_payments(batch, references)
        batches = _name_batches(references - payments.keys())
        for row, judged in portion:
            matched = judged or _match_row(row, batch, payments, batches, taken)
            _take(matched, match, taken)
    return match


def _take(matched: MatchedRow, match: Match, taken: dict[int, Taken]) -> None:
    row, payment = matched.row, matched.payment
    if payment is None or matched.fate not in TAKEN:
        match.add(matched)
        return
    kept = Taken(matched.fate, row.place, row.outcome, row.value_date, row.is_other)
    if overtaken := taken.get(payment.pk):
        if _is_return(kept, overtaken):  # a statement with the latest movement first
            return
        match.drop(payment, overtaken.fate)
    match.add(matched)
    taken[payment.pk] = kept
    match.results.pop(payment.pk, None)
    if matched.fate != Fate.SETTLED:
        match.results[payment.pk] = Result(
            Outcome(row.outcome), row.reason, row.value_date, row.bank_reference
        )


def describe_results(results: Mapping[int, tuple]) -> str:
    """Return the numbers as text, such as “12 as paid and 1 as failed”."""
    numbers = Counter(outcome for outcome, *_ in results.values())
    parts = [f"{numbers[outcome]:,} as {outcome}" for outcome in Outcome if numbers[outcome]]
    return " and ".join(parts)


def _load_payments(batch: PayoutBatch, references: Collection[str]) -> dict[str, Payment]:
    payments = batch.payments.filter(reference__in=references)
    return {each.reference: each for each in payments.only(*COMPARED)}


def _name_batches(references: Collection[str]) -> dict[str, str]:
    """Return {reference: its batch} of payments of other batches."""
    if not references:
        return {}
    others = Payment.objects.filter(reference__in=references).select_related("batch")
    return {payment.reference: str(payment.batch) for payment in others}


def _spread(
    rows: Iterable[ResultRow], batch: PayoutBatch
) -> Iterator[tuple[ResultRow, MatchedRow | None]]:
    """Yield each row, and what becomes of it where that is known already.

    In place of an answer to a whole file, yield a row for each payment in it.
    """
    for row in rows:
        if row.of_all is None:
            yield row, None
        elif row.outcome not in Outcome:
            yield row, MatchedRow(row, Fate.PENDING)
        else:
            export, problem = find_file(row, batch)
            if export:
                yield from ((each, None) for each in list_rows(row, export))
            else:
                yield row, MatchedRow(row, Fate.WRONG, problem=problem)


def _match_row(row: ResultRow, batch, payments: Mapping, batches: Mapping, taken: dict):
    payment = payments.get(row.reference)
    if payment is None:
        return _match_stranger(row, batches)
    if row.outcome == PENDING:
        return MatchedRow(row, Fate.PENDING, payment)
    fate, problem = _find_problem(row, payment, batch, taken)
    if problem:
        return MatchedRow(row, fate, payment, problem)
    if payment.status == row.outcome:
        return MatchedRow(row, Fate.SETTLED, payment)
    is_first = payment.status == Payment.Status.PAYABLE
    return MatchedRow(row, Fate(row.outcome) if is_first else Fate.CORRECTED, payment)


def _match_stranger(row: ResultRow, batches: Mapping) -> MatchedRow:
    if row.is_other:
        return MatchedRow(row, Fate.OTHER)
    elsewhere = batches.get(row.reference)
    problem = f"“{row.reference}” is no payment of this batch"
    problem += f", but one of {elsewhere}." if elsewhere else "."
    return MatchedRow(row, Fate.UNKNOWN, problem=problem)


def _find_problem(row: ResultRow, payment: Payment, batch, taken: dict) -> tuple[Fate, str]:
    reference = payment.reference
    if row.outcome == TAKEN_BACK:
        return Fate.WRONG, (
            f"{reference} came back before, and now the bank takes that back: the money may be "
            "gone all the same. Ask the bank, and record the result by hand."
        )
    if row.outcome not in Outcome:
        return Fate.WRONG, f"“{row.outcome}” is no outcome. Write paid or failed."
    first = taken.get(payment.pk)
    if first and not (_is_return(first, row) or _is_return(row, first)):
        return Fate.TWICE, f"{reference} has a row already, in {first.place.lower()}."
    if row.currency and row.currency != batch.currency:
        return Fate.CURRENCY, f"{reference} is in {batch.currency}, not in {row.currency}."
    if row.amount is not None and row.amount != payment.amount:
        should = format_amount(payment.amount, currency=batch.currency)
        return Fate.AMOUNT, f"{reference} is a payment of {should}, not of {row.amount:f}."
    status = Payment.Status(payment.status)
    if status != row.outcome and status not in RECORDED_FROM[Outcome(row.outcome)]:
        return Fate.WRONG, f"{reference} is {status.label}: it can't be recorded as {row.outcome}."
    if problem := explain_day(batch, row.value_date, at=timezone.now()):
        return Fate.WRONG, f"{reference}: {problem}"
    if len(row.reason) > REASON_LENGTH:
        return Fate.WRONG, f"the reason is longer than {REASON_LENGTH} characters."
    if row.outcome == Outcome.FAILED and not says_why(row.reason):
        return Fate.WRONG, f"say why {reference} failed, as the bank says it."
    if len(row.bank_reference) > BANK_REFERENCE_LENGTH:
        most = BANK_REFERENCE_LENGTH
        return Fate.WRONG, f"the bank's reference is longer than {most} characters."
    return Fate.PAID, ""


def _is_return(earlier: ResultRow | Taken, later: ResultRow | Taken) -> bool:
    """Whether a statement lists a payment and, before or after it, that it came back."""
    if not (later.is_other and earlier.outcome == Outcome.PAID and later.outcome == Outcome.FAILED):
        return False
    days = earlier.value_date, later.value_date
    return None in days or days[0] <= days[1]  # type: ignore[operator]
