"""Gathers the acts of all kinds, keeps them with a submitted batch, and says what bars whom."""

from collections.abc import Callable, Iterable, Iterator
from itertools import batched
from operator import attrgetter

from django.contrib.auth.models import User

from billing.models import BatchAct, PayoutBatch
from billing.money import format_amount
from billing.payouts.acts.amounts import (
    find_account_acts,
    find_adjustment_acts,
    find_hold_acts,
    find_result_acts,
)
from billing.payouts.acts.disputes import find_dispute_acts
from billing.payouts.acts.payees import find_payee_acts
from billing.payouts.acts.prices import find_price_acts
from billing.payouts.acts.views import (
    find_blog_acts,
    find_finding_acts,
    find_log_acts,
    find_robot_acts,
)
from billing.payouts.acts.window import Act, Period, find_period
from billing.proof.traces import trace_rows

FINDERS: list[Callable[[Period], Iterator[Act]]] = [
    find_price_acts,
    find_adjustment_acts,
    find_hold_acts,
    find_account_acts,
    find_result_acts,
    find_finding_acts,
    find_log_acts,
    find_blog_acts,
    find_robot_acts,
    find_payee_acts,
    find_dispute_acts,
]
ROWS_AT_A_TIME = 1_000
SHOWN = 3


def find_acts(batch: PayoutBatch) -> list[Act]:
    """Return what people did that changed what the batch pays, oldest first.

    Acts after the submission changed nothing in it. The number of queries grows only with the logs.
    """
    return sorted(_iter_acts(batch), key=attrgetter("at", "source"))


def _iter_acts(batch: PayoutBatch) -> Iterator[Act]:
    period = find_period(batch)
    for find in FINDERS:
        yield from find(period)


def list_acts(batch: PayoutBatch) -> list[BatchAct]:
    """Return the acts as keep_acts would store them now, with their people."""
    acts = _make_rows(batch, find_acts(batch))
    people = User.objects.in_bulk({act.by_id for act in acts})
    for act in acts:
        act.by = people[act.by_id]
    return acts


def keep_acts(batch: PayoutBatch) -> None:
    """Store the acts with a batch that was just submitted."""
    for acts in batched(find_acts(batch), ROWS_AT_A_TIME):
        # A batch that was returned and submitted unchanged has most of its acts already.
        BatchAct.objects.bulk_create(_make_rows(batch, acts), ignore_conflicts=True)
    trace_rows(batch.acts.filter(digest=batch.digest).iterator())


def _make_rows(batch: PayoutBatch, acts: Iterable[Act]) -> list[BatchAct]:
    return [BatchAct(batch=batch, digest=batch.digest, **act._asdict()) for act in acts]


def explain_acts(batch: PayoutBatch, by: User) -> list[str]:
    """Return why the acts of `by` bar them from approving the batch, as sentences.

    Those that are stored, and those that the histories tell of now.
    """
    stored = batch.acts.filter(by=by, digest=batch.digest).values_list("source", "text", "effect")
    told = {source: (text, effect) for source, text, effect in stored}
    found = sorted(
        (act for act in _iter_acts(batch) if act.by_id == by.pk), key=attrgetter("at", "source")
    )
    told |= {act.source: (act.text, act.effect) for act in found}
    if not told:
        return []
    sentences = [
        f"{text} ({format_amount(effect, exact=True, currency=batch.currency)})"
        for text, effect in dict.fromkeys(told.values())
    ][:SHOWN]
    if rest := len(set(told.values())) - len(sentences):
        sentences.append(f"and {rest:,} more")
    return [f"What you did changed what this batch pays: {'; '.join(sentences)}."]
