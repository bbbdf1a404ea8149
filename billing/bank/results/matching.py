"""Match rows of results with the payments of a batch, all or none."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from billing.bank.results.recording import RECORDED_FROM, says_why
from billing.bank.results.registry import ResultRow, refuse
from billing.models import Payment, PaymentResult, PayoutBatch
from billing.models.seals import REASON_LENGTH

Outcome = PaymentResult.Outcome


def match_results(
    *, batch: PayoutBatch, rows: Iterable[ResultRow], others_paid: bool
) -> dict[int, tuple[Outcome, str]]:
    """Return {payment_id: (outcome, reason)} for record_results.

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
    refuse(problems)
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
    if status not in RECORDED_FROM[Outcome(row.outcome)]:
        name = Payment.Status(status).label
        yield f"{row.reference} is {name}: it can't be recorded as {row.outcome}."
    if row.outcome == Outcome.FAILED and not says_why(row.reason):
        yield f"say why {row.reference} failed, as the bank says it."
    if len(row.reason) > REASON_LENGTH:
        yield f"the reason is longer than {REASON_LENGTH} characters."
