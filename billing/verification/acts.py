"""Derives the acts of people again, and compares them with those that a batch keeps.

Whoever did one did not approve the batch. What a log's views came to may be gone since, and with it
the act; an act that is kept must then have its import. Acts that no lock of the batch holds back
may have been written while it was submitted: those of the last minute are not missed.
"""

import datetime as dt
from collections import Counter

from billing.models import AccessLogImport, BatchAct, BlogView, PayoutBatch, Verification
from billing.payouts.acts.gathering import find_acts
from billing.payouts.acts.window import Act
from billing.periods import next_month
from billing.verification.differences import Difference
from billing.verification.submissions import Submission, list_submissions

Kind = BatchAct.Kind

# What may be done while a batch is submitted, and how long that may take.
UNLOCKED = (Kind.ACCOUNT, Kind.BLOG, Kind.LOG, Kind.ROBOTS)
MOMENT = dt.timedelta(minutes=1)
# The effects that follow from rows that never change. A finding's follows from its blog's category.
EXACT = (Kind.PRICE, Kind.ADJUSTMENT, Kind.HOLD, Kind.ACCOUNT, Kind.RESULT, Kind.BLOG)


def check_acts(run: Verification, key: str, after: str, numbers: Counter) -> None:
    """Check the acts of a batch, unless it was submitted before acts were kept."""
    batch = PayoutBatch.objects.get(pk=key)
    kept = {(act.source, act.by_id): act for act in batch.acts.filter(digest=batch.digest)}
    for identity in kept:
        _check_signers(batch, *identity)
    submissions = list_submissions(batch.month)
    submission = next((each for each in submissions if each.batch == batch), None)
    if submission is None or (submission.seal is None and not kept):
        return
    derived = {(act.source, act.by_id): act for act in find_acts(batch)}
    for identity, act in sorted(derived.items()):
        _check_signers(batch, *identity)
        if identity in kept:
            _compare(kept[identity], act)
        elif not _may_be_missing(act, submission):
            raise Difference(
                batch,
                f"keeps no act “{act.source}” of user {act.by_id}",
                f"the histories tell of it on {act.at:%Y-%m-%d}: {act.text}",
            )
    for identity in sorted(kept.keys() - derived.keys()):
        _check_untold(kept[identity])
    numbers["acts"] += len(kept)


def _check_signers(batch: PayoutBatch, source: str, person: int) -> None:
    if person in (batch.approved_by_id, batch.second_approved_by_id):
        raise Difference(
            batch,
            f"was approved by user {person}",
            f"what they did changed what it pays ({source}): somebody else had to",
        )


def _compare(kept: BatchAct, act: Act) -> None:
    for name in ("kind", "at", "effect") if kept.kind in EXACT else ("kind", "at"):
        if getattr(kept, name) != getattr(act, name):
            raise Difference(
                kept,
                f"has the {name} {getattr(kept, name)}",
                f"the histories give {getattr(act, name)}",
            )


def _may_be_missing(act: Act, submission: Submission) -> bool:
    if act.kind in UNLOCKED and act.at > submission.at - MOMENT:
        return True
    if act.kind != Kind.LOG:
        return False
    counted = BlogView.objects.filter(
        log_import=int(act.source.rpartition(" ")[2]),
        outcome=BlogView.Outcome.COUNTED,
        day__lt=next_month(submission.batch.month),
        seal__lt=submission.seal or 0,
    )
    return not counted.exists()


def _check_untold(kept: BatchAct) -> None:
    """Check an act that is not derived any more: a log's views may not count now."""
    logs = AccessLogImport.objects.filter(by=kept.by_id, started_at=kept.at)
    if kept.kind != Kind.LOG or not logs.filter(pk=kept.source.rpartition(" ")[2]).exists():
        raise Difference(kept, f"is kept as an act of user {kept.by_id}", "no history tells of it")
