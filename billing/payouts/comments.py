"""Comments on a batch, with files: added by people, never edited, and answered by comments."""

import datetime as dt
import hashlib
from collections.abc import Iterable

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from billing.errors import FileRefused, WrongStatus, require_reason
from billing.models import BatchAttachment, BatchComment, PayoutBatch
from billing.payouts.attachments import MOST_FILES, File
from billing.proof.traces import trace_rows


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

    `files` come from look_at_file. Raises ReasonRequired, WrongStatus and FileRefused.
    """
    require_reason(text, "Write the comment in words.")
    files = list(files)
    if len(files) > MOST_FILES:
        raise FileRefused([f"A comment takes {MOST_FILES} files. Add the others to an answer."])
    if answers and answers.batch_id != batch.pk:
        raise WrongStatus("That comment is on another batch.")
    comment = BatchComment.objects.create(
        batch=batch, text=text.strip(), by=by, answers=answers, at=at or timezone.now()
    )
    trace_rows([comment])
    for file in files:
        attachment = BatchAttachment.objects.create(
            comment=comment,
            file_name=file.name,
            content_type=file.content_type,
            size=len(file.content),
            sha256=hashlib.sha256(file.content).hexdigest(),
            scanned=file.scanned,
            content=file.content,
        )
        trace_rows([attachment])
    return comment
