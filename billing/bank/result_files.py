"""Bank results as people enter them: rows of reference, outcome and reason, all or none."""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from billing.bank.settlement import SETTLED_FROM
from billing.errors import InvalidResults
from billing.models import Payment, PaymentResult, PayoutBatch
from billing.models.seals import REASON_LENGTH

Outcome = PaymentResult.Outcome

COLUMNS = ["reference", "outcome", "reason"]
PROBLEMS_SHOWN = 20
MOST_ROWS = 200_000
LONGEST_LINE = 10_000
LONG_LINE = re.compile(rf"[^\n]{{{LONGEST_LINE + 1}}}")


@dataclass(frozen=True)
class ResultRow:
    number: int  # line number in the file or the field
    reference: str
    outcome: str
    reason: str


def read_results(text: str) -> list[ResultRow]:
    """Return the rows of a CSV text with commas, semicolons or tabs. Raises InvalidResults.

    It skips empty rows and the row of column names.
    """
    first = text.partition("\n")[0]
    delimiter = next((mark for mark in ",;\t" if mark in first), ",")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    if LONG_LINE.search(text):
        _refuse([f"A line is longer than {LONGEST_LINE:,} characters. Is this the right file?"])
    rows: list[ResultRow] = []
    try:
        for cells in reader:
            if len(rows) == MOST_ROWS:
                _refuse([f"There are more than {MOST_ROWS:,} rows. Split the file."])
            cells = [cell.strip() for cell in cells]
            if not any(cells) or [cell.lower() for cell in cells[:3]] == COLUMNS:
                continue
            reference, outcome, *rest = [*cells, ""]
            reason = ", ".join(filter(None, rest))  # a comma in it needs no quotes
            rows.append(ResultRow(reader.line_num, reference, outcome.lower(), reason))
    except csv.Error as error:
        _refuse([f"Row {reader.line_num}: this can't be read as CSV ({error})."])
    return rows


def match_results(
    *, batch: PayoutBatch, rows: Iterable[ResultRow], others_paid: bool
) -> dict[int, tuple[Outcome, str]]:
    """Return {payment_id: (outcome, reason)} for settlement.record_results.

    One query. `others_paid` adds every payment that has no row and no result yet as paid. Raises
    InvalidResults, which names each wrong row.
    """
    payments = {
        reference: (pk, status)
        for reference, pk, status in batch.payments.values_list("reference", "pk", "status")
    }
    results: dict[int, tuple[Outcome, str]] = {}
    problems: list[str] = []
    for row in rows:
        found = list(_find_problems(row, payments, results))
        problems += [f"Row {row.number}: {problem}" for problem in found]
        if not found:
            pk, _ = payments[row.reference]
            results[pk] = (Outcome(row.outcome), row.reason)
    _refuse(problems)
    if others_paid:
        for pk, status in payments.values():
            if status == Payment.Status.PAYABLE:
                results.setdefault(pk, (Outcome.PAID, ""))
    return results


def describe_results(results: Mapping[int, tuple[Outcome, str]]) -> str:
    """Return the numbers as text, such as “12 as paid and 1 as failed”."""
    numbers = Counter(outcome for outcome, _ in results.values())
    parts = [f"{numbers[outcome]:,} as {outcome}" for outcome in Outcome if numbers[outcome]]
    return " and ".join(parts)


def _find_problems(row: ResultRow, payments: dict, results: dict) -> Iterator[str]:
    if row.reference not in payments:
        yield f"“{row.reference}” is no payment of this batch."
        return
    pk, status = payments[row.reference]
    if pk in results:
        yield f"{row.reference} has a row already."
    if row.outcome not in Outcome:
        yield f"“{row.outcome}” is no outcome. Write paid or failed."
        return
    if status not in SETTLED_FROM[Outcome(row.outcome)]:
        name = Payment.Status(status).label
        yield f"{row.reference} is {name}: it can't be recorded as {row.outcome}."
    if row.outcome == Outcome.FAILED and not row.reason:
        yield f"say why {row.reference} failed, as the bank says it."
    if len(row.reason) > REASON_LENGTH:
        yield f"the reason is longer than {REASON_LENGTH} characters."


def _refuse(problems: list[str]) -> None:
    if not problems:
        return
    if rest := len(problems) - PROBLEMS_SHOWN:
        problems = problems[:PROBLEMS_SHOWN] + ([f"And {rest:,} more."] if rest > 0 else [])
    raise InvalidResults(problems)
