"""A flag that is raised month after month for the same reason, and what was answered before."""

import calendar
import datetime as dt
import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

from backoffice.people import full_name
from billing.models import Acknowledgement, PayoutBatch
from billing.payouts.batch_checks import Flag, list_names

MONTHS_LOOKED_AT = 12
_NUMBER = re.compile(r"\d[\d.,]*")
_MONTH = re.compile(rf"\b({'|'.join(calendar.month_name[1:])})\b")


def with_earlier(batch: PayoutBatch, flags: Sequence[Flag]) -> list[Flag]:
    """Return the flags, each with what was answered to the same one of earlier months. One query.

    The same is said if only its numbers and its month are others: whoever new is named has no
    answer yet.
    """
    first = batch.month.replace(year=batch.month.year - MONTHS_LOOKED_AT // 12)
    answers = (
        Acknowledgement.objects.filter(
            flag__in=[flag.code for flag in flags],
            batch__month__gte=first,
            batch__month__lt=batch.month,
            batch__in=PayoutBatch.objects.signed(),
        )
        .select_related("by", "batch")
        .order_by("-batch__month", "-at", "-pk")
    )
    said = defaultdict(list)
    for answer in answers if flags else ():
        said[answer.flag, _reduce(answer.message)].append(answer)
    return [
        replace(flag, earlier=_tell(said.get((flag.code, _reduce(flag.message)), []), batch.month))
        for flag in flags
    ]


def _tell(answers: Sequence[Acknowledgement], month: dt.date) -> str:
    """Return “Also in September and August, acknowledged by Ada Example: “She is new.””."""
    if not answers:
        return ""
    months = list(dict.fromkeys(answer.batch.month for answer in answers))
    names = [f"{each:%B}" if each.year == month.year else f"{each:%B %Y}" for each in months]
    latest = answers[0]
    return f"Also in {list_names(names)}, acknowledged by {full_name(latest.by)}: “{latest.text}”"


def _reduce(message: str) -> str:
    """Return what a flag says without its numbers and months, in the singular."""
    text = _MONTH.sub("", _NUMBER.sub("#", message))
    words = re.sub(r"\b(is|are)\b", "be", text).split()
    return " ".join(word.rstrip("s:,.") for word in words)
