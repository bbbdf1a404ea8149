"""The submissions of batches in their order, with their seals of views and what stood beside."""

import datetime as dt
import json
from collections import Counter
from typing import Any, NamedTuple

from billing.models import PayoutBatch, Verification, ViewSeal
from billing.verification.differences import Difference

Status = PayoutBatch.Status


class Submission(NamedTuple):
    """The last submission of a signed batch."""

    batch: PayoutBatch
    at: dt.datetime
    seal: int | None  # the number of its seal of views; None from before there were any
    beside: frozenset[int]  # the other batches that stood then
    rebuilt: frozenset[int]  # those of them whose lines may have been others then


def check_submissions(run: Verification, key: str, after: str, numbers: Counter) -> None:
    """Check that each batch was submitted with a seal of views, from the first such seal on."""
    is_sealed = False
    for submission in list_submissions(dt.date.min):
        if is_sealed and submission.seal is None:
            raise Difference(
                submission.batch, "was submitted without a seal of views", "earlier ones have one"
            )
        is_sealed = is_sealed or submission.seal is not None


def list_submissions(first: dt.date) -> list[Submission]:
    """Return the submissions of the signed batches of the month `first` and of later ones.

    The lock "payouts" lets one step of a batch happen at a time, so the order of their records is
    the order of the steps. Raises Difference for a batch that is not as its seal says.
    """
    records = list(PayoutBatch.history.order_by("history_id"))
    seals = _read_seals()
    found = {}
    for batch in PayoutBatch.objects.signed().filter(month__gte=first):
        number, digest = seals.get((batch.month, batch.attempt), (None, batch.digest))
        record = _find_record(records, batch)
        if digest != batch.digest or (number and not record):
            raise Difference(
                batch, f"has the digest {batch.digest}", f"seal {number} of views says {digest}"
            )
        if record:
            found[record.history_id] = _make_submission(batch, number, record, records)
    return [found[position] for position in sorted(found)]


def _read_seals() -> dict[tuple[dt.date, int], tuple[int, str]]:
    """Return {(month, attempt): (number, digest)} of each batch's last submission. One query."""
    last = {}
    for seal in ViewSeal.objects.filter(kind=ViewSeal.Kind.SUBMISSION).order_by("number"):
        content = json.loads(seal.content)
        last[seal.day, content["attempt"]] = (seal.number, content["digest"])
    return last


def _find_record(records: list[Any], batch: PayoutBatch) -> Any | None:
    """Return the record of the batch's last submission."""
    for record in reversed(records):
        is_submission = record.status == Status.SUBMITTED and record.approved_by_id is None
        if record.id == batch.pk and is_submission and record.digest == batch.digest:
            return record
    return None


def _make_submission(
    batch: PayoutBatch, number: int | None, record: Any, records: list[Any]
) -> Submission:
    before = [other for other in records if other.history_id < record.history_id]
    cancelled = {other.id for other in before if other.status == Status.CANCELLED}
    beside = {other.id for other in before} - cancelled - {batch.pk}
    drafts = {
        other.id
        for other in records
        if other.history_id > record.history_id and other.status == Status.DRAFT
    }
    return Submission(
        batch, record.history_date, number, frozenset(beside), frozenset(beside & drafts)
    )
