"""Checks, by the history of a batch, who took it back, and that what was asked of it was answered.

What stood there before there were traces came when nobody was asked for an answer.
"""

import datetime as dt
from itertools import pairwise
from typing import Any

from backoffice.reasons import has_word
from billing.models import PayoutBatch
from billing.verification.differences import Difference

Status = PayoutBatch.Status


def check_requests(records: list[Any], *, since: dt.datetime | None) -> None:
    """Check a batch's records, the first one first. Those of before `since` are only read."""
    asked: set[str] = set()
    for before, record in pairwise(records):
        reason = record.history_change_reason or ""
        if since is None or record.history_date >= since:
            _check_step(before, record, reason, asked)
        if reason.startswith(PayoutBatch.RETURNED):
            asked.add(reason.removeprefix(PayoutBatch.RETURNED))


def _check_step(before: Any, record: Any, reason: str, asked: set[str]) -> None:
    step = before.status, record.status
    if step == (Status.SUBMITTED, Status.DRAFT):
        _check_taken_back(before, record, reason)
    elif reason.startswith((PayoutBatch.RETURNED, PayoutBatch.RECALLED)):
        raise Difference(record, f"says “{reason}”", "only a submitted batch goes back to finance")
    elif step == (Status.DRAFT, Status.DRAFT) and before.return_reason != record.return_reason:
        raise Difference(
            record,
            f"says that “{record.return_reason}” was asked",
            f"“{before.return_reason}” was, and is answered with the submission",
        )
    elif record.status == Status.SUBMITTED and before.return_reason in asked:
        _check_answer(before, reason, record)


def _check_taken_back(before: Any, record: Any, reason: str) -> None:
    by_submitter = record.history_user_id == before.submitted_by_id
    if reason.startswith(PayoutBatch.RECALLED):
        if not by_submitter:
            raise Difference(
                record,
                f"says that user {record.history_user_id} recalled the batch",
                f"user {before.submitted_by_id} had submitted it",
            )
    elif reason != f"{PayoutBatch.RETURNED}{record.return_reason}" or not record.history_user_id:
        raise Difference(
            record,
            f"takes the batch back, saying “{reason}”",
            "it is recalled by whoever submitted it, or returned by a person with a reason",
        )
    if record.digest or record.submitted_by_id or record.approved_by_id:
        raise Difference(record, "bears a signature", "a batch that goes back is signed by nobody")


def _check_answer(before: Any, reason: str, record: Any) -> None:
    answer = reason.removeprefix(PayoutBatch.ANSWERED)
    if answer == reason or not has_word(answer):
        raise Difference(
            record,
            f"submits the batch, saying “{reason}”",
            f"“{before.return_reason}” was asked, and is answered in words",
        )
