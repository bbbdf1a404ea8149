"""Publishes approved new texts at their set time."""

import datetime as dt
import logging
from collections import Counter
from typing import NamedTuple

from weblog.errors import TransitionNotAllowed
from weblog.models import NewText
from weblog.publishing.new_texts import go_live

logger = logging.getLogger(__name__)

Status = NewText.Status


class Outcome(NamedTuple):
    """The numbers of texts that went live, went back to review, or failed and stay scheduled."""

    live: int
    sent_back: int
    failed: int

    def __str__(self):
        return (
            f"New texts: {self.live} went live, {self.sent_back} went back to review, "
            f"{self.failed} failed."
        )


def publish_due_texts(*, at: dt.datetime) -> Outcome:
    """Publish the texts due at `at`, each in its own transaction, so a bad one stops no other."""
    found: Counter[str] = Counter()
    for new_text in NewText.objects.due(at=at).defer("body"):
        try:
            found[go_live(new_text=new_text, at=at).status] += 1
        except TransitionNotAllowed:
            continue  # somebody, or another run, was faster
        except Exception:
            logger.exception("The new text %s did not go live.", new_text.pk)
            found["failed"] += 1
    return Outcome(found[Status.PUBLISHED], found[Status.IN_REVIEW], found["failed"])
