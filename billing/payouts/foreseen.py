"""What a rebuild of a draft would change, before it is done: derived as the rebuild derives it.

Views that are not counted yet are not in it. A rebuild counts them first.
"""

from collections import defaultdict
from collections.abc import Iterator
from copy import copy
from dataclasses import dataclass, field
from decimal import Decimal
from typing import NamedTuple

from django.conf import settings
from django.db.models import F

from billing.errors import AmountTooLarge, BillingError
from billing.models import (
    Adjustment,
    CategoryPrice,
    Finding,
    Payment,
    PaymentLine,
    PayoutBatch,
    ViewSeal,
)
from billing.money import format_amount, house_currency, in_millionths
from billing.payouts.filling import (
    check_prices,
    check_settings,
    derive_in_bounds,
    take_todays_rules,
)
from billing.payouts.line_changes import Causes, Fact, find_causes, state_facts
from billing.periods import next_month, previous_month

Status = PayoutBatch.Status

LINES_AT_ONCE = 2_000  # a page may compare so many by itself; more are compared when asked for
STORED = (
    "kind", "month", "blog_id", "category_id", "price_id", "price_millionths", "days",
    "adjustment_id", "carried_from__reference", "amount_millionths",
)  # fmt: skip
NAMES = ("blog_title", "category_name", "note")


class Standing(NamedTuple):
    """What an author gets, or would get: paid now, or kept back, and by which rule."""

    amount: Decimal
    kept_back: Decimal
    status: str
    reason: str
    name: str
    digest: str
    reference: str

    @property
    def label(self) -> str:
        return str(Payment.Status(self.status).label)


class AuthorChange(NamedTuple):
    """What a rebuild would change for an author; None where there is no payment."""

    author: int
    name: str
    before: Standing | None
    after: Standing | None
    causes: Causes

    @property
    def change(self) -> Decimal:
        """What would be paid more, or less, now."""
        return _amount(self.after) - _amount(self.before)

    @property
    def kept_change(self) -> Decimal:
        """What would be kept back more, or less. Exact."""
        return _kept(self.after) - _kept(self.before)


@dataclass
class Foreseen:
    """The changes for each author that a rebuild would make, the largest first."""

    currency: str
    authors: list[AuthorChange] = field(default_factory=list)
    causes: Causes = field(default_factory=Causes)
    rules: list[str] = field(default_factory=list)
    refusal: str = ""  # why a rebuild would be refused

    @property
    def is_outdated(self) -> bool:
        return bool(self.authors or self.rules)

    @property
    def change(self) -> Decimal:
        return sum((row.change for row in self.authors), Decimal(0))

    @property
    def kept_change(self) -> Decimal:
        return sum((row.kept_change for row in self.authors), Decimal(0))

    @property
    def since(self) -> str:
        """Return such as “82 views, 1 adjustment, 2 prices”."""
        return ", ".join([*self.causes.in_words, *self.rules])


def foresee_rebuild(batch: PayoutBatch) -> Foreseen:
    """Return what a rebuild of the draft would change now. Reads only.

    One pass over all that is due, as the rebuild makes it: 14 queries, and 4 for each 500 authors.
    """
    foreseen = Foreseen(batch.currency, refusal=_find_refusal(batch))
    planned = copy(batch)
    if (batch.currency, batch.time_zone) == (house_currency(), settings.TIME_ZONE):
        take_todays_rules(planned)
        foreseen.rules = _compare_rules(batch, planned)
    stored = {
        author: Standing._make(facts)
        for author, *facts in batch.payments.values_list(
            "author", "amount", "carried_amount", "status", "status_reason", "author_name",
            "digest", "reference",
        )
    }  # fmt: skip
    try:
        for change in _compare_payments(batch, planned, stored):
            foreseen.authors.append(change)
            foreseen.causes.add(change.causes)
    except AmountTooLarge as refusal:
        return Foreseen(batch.currency, refusal=str(refusal))
    foreseen.authors.sort(key=lambda row: (-abs(row.change), -abs(row.kept_change), row.name))
    return foreseen


def is_small(batch: PayoutBatch) -> bool:
    """Whether a page may compare all lines each time it opens. One query."""
    lines = PaymentLine.objects.filter(payment__batch=batch).order_by().values("pk")
    return lines[: LINES_AT_ONCE + 1].count() <= LINES_AT_ONCE


def find_news(batch: PayoutBatch) -> list[str]:
    """Return what was entered or counted since the draft was built, and may touch it. 4 queries.

    For a draft that is too large to be compared each time: it says what, not how much. Of views it
    knows those of the batch's month and the two before. A hold is in the draft at once.
    """
    at, until = batch.built_at, next_month(batch.month)
    first = previous_month(previous_month(batch.month))
    seals = ViewSeal.objects.exclude(kind__in=(ViewSeal.Kind.SUBMISSION, ViewSeal.Kind.ARCHIVE))
    found = {
        "views": seals.filter(day__gte=first, day__lt=until, at__gt=at),
        "prices": CategoryPrice.history.filter(history_date__gt=at, effective_from__lt=until),
        "adjustments": Adjustment.history.filter(history_date__gt=at),
        "findings": Finding.objects.filter(month__lte=batch.month, decided_at__gt=at),
    }
    return [name for name, rows in found.items() if rows.exists()]


def _find_refusal(batch: PayoutBatch) -> str:
    try:
        check_settings(batch)
        check_prices(batch)
    except BillingError as refusal:
        return str(refusal)
    return ""


def _compare_rules(batch: PayoutBatch, planned: PayoutBatch) -> list[str]:
    """Return the limits that a rebuild would take over, in words."""
    words = []
    if batch.minimum_payout != planned.minimum_payout:
        least = format_amount(planned.minimum_payout, currency=planned.currency)
        words.append(f"the minimum payout, now {least}")
    if batch.second_approval_above != planned.second_approval_above:
        words.append("the amount above which two approve")
    return words


def _compare_payments(
    batch: PayoutBatch, planned: PayoutBatch, stored: dict[int, Standing]
) -> Iterator[AuthorChange]:
    """Yield what differs. The stored payments that are still there afterwards are due no more."""
    for portion in derive_in_bounds(planned):
        facts = _load_facts(batch, [payment.author_id for payment, _ in portion])
        for payment, lines in portion:
            after = Standing(
                payment.amount, payment.carried_amount, payment.status, payment.status_reason,
                payment.author_name, payment.digest, payment.reference,
            )  # fmt: skip
            before = stored.pop(payment.author_id, None)
            derived = state_facts(line for line, _ in lines)
            if change := _compare(payment.author_id, before, after, facts, derived):
                yield change
    facts = _load_facts(batch, list(stored)) if stored else {}
    for author, before in list(stored.items()):
        if change := _compare(author, before, None, facts, []):
            yield change


def _compare(
    author: int,
    before: Standing | None,
    after: Standing | None,
    facts: dict[int, list[Fact]],
    derived: list[Fact],
) -> AuthorChange | None:
    own = facts.get(author, [])
    causes = find_causes(own, derived)
    name = (after or before).name  # type: ignore[union-attr]
    if before and after:
        is_same = not causes.in_words
        if before[2:4] != after[2:4] and (is_same or "held" in (before.status, after.status)):
            causes.standings += 1
        if before.name != after.name:
            causes.names += 1
        if not causes.in_words and not _differ(before, after):
            return None
        causes.others += not causes.in_words
    return AuthorChange(author, name, before, after, causes)


def _differ(before: Standing, after: Standing) -> bool:
    """Whether the rows differ, though not in what is compared: one was written by other means.

    A reference moves on when a payment before it comes or goes; that alone changes nothing.
    """
    if before.reference != after.reference:
        return before[:2] != after[:2]
    return before.digest != after.digest


def _load_facts(batch: PayoutBatch, authors: list[int]) -> dict[int, list[Fact]]:
    """Return {author: what the stored lines say, in order}. One query."""
    lines = (
        PaymentLine.objects.filter(payment__batch=batch, payment__author__in=authors)
        .annotate(
            price_millionths=in_millionths("price_per_1000"),
            amount_millionths=in_millionths("amount"),
        )
        .order_by("payment", "number")
        .values_list(F("payment__author"), *STORED, *NAMES)
    )
    facts: defaultdict[int, list[Fact]] = defaultdict(list)
    for author, kind, month, *values in lines:
        stated, names = values[: len(STORED) - 2], values[len(STORED) - 2 :]
        facts[author].append(Fact._make([kind, month, *stated, tuple(names)]))
    return facts


def _amount(standing: Standing | None) -> Decimal:
    return standing.amount if standing else Decimal(0)


def _kept(standing: Standing | None) -> Decimal:
    return standing.kept_back if standing else Decimal(0)
