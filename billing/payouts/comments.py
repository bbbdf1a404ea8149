"""Comments on a batch, with files: added by people, never edited, and answered by comments."""

import datetime as dt
import hashlib
from collections.abc import Iterable

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from billing.errors import FileRefused, WrongStatus, require_reason
from billing.locks import Lock, hold_lock
from billing.models import BatchAttachment, BatchComment, PayoutBatch
from billing.payouts.attachments import MOST_FILES, File
from billing.proof.traces import trace_rows

A_MOMENT = dt.timedelta(minutes=1)


@transaction.atomic
def add_comment(
    *,
    batch: PayoutBatch,
    text: str,
    by: User,
    files: Iterable[File] = (),
    answers: BatchComment | None = None,
    at: dt.datetime | None = None,
) -> BatchComment:
    """Keep a comment and its files, all or nothing. It decides about nothing.

    The same once more within a minute, as by a double click, is the first one. `files` come from
    look_at_file. Raises ReasonRequired, WrongStatus and FileRefused.
    """
    require_reason(text, "Write the comment in words.")
    files = list(files)
    if len(files) > MOST_FILES:
        raise FileRefused([f"A comment takes {MOST_FILES} files. Add the others to an answer."])
    if answers and answers.batch_id != batch.pk:
        raise WrongStatus("That comment is on another batch.")
    hold_lock(Lock.PAYOUTS)
    at = at or timezone.now()
    facts = {"batch": batch, "text": text.strip(), "by": by, "answers": answers}
    digests = [hashlib.sha256(file.content).hexdigest() for file in files]
    if earlier := _find_same(facts, digests, at=at):
        return earlier
    comment = BatchComment.objects.create(**facts, at=at)
    trace_rows([comment])
    for file, digest in zip(files, digests, strict=True):
        attachment = BatchAttachment.objects.create(
            comment=comment,
            file_name=file.name,
            content_type=file.content_type,
            size=len(file.content),
            sha256=digest,
            scanned=file.scanned,
            content=file.content,
        )
        trace_rows([attachment])
    return comment


def _find_same(facts: dict, digests: list[str], *, at: dt.datetime) -> BatchComment | None:
    """Return what the person wrote a moment ago, if it is the same, with the same files."""
    last = BatchComment.objects.filter(**facts, at__gt=at - A_MOMENT, at__lte=at).last()
    if last is None:
        return None
    kept = last.attachments.order_by("pk").values_list("sha256", flat=True)
    return last if list(kept) == digests else None
