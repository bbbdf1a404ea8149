"""Why a payment that is derived now differs from the one that a draft holds, by their lines."""

import datetime as dt
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from typing import NamedTuple

from billing.day_views import parse_days
from billing.models import PaymentLine
from billing.proof.digests import LineRecord

Kind = PaymentLine.Kind


class Fact(NamedTuple):
    """What a line says, without the payment and the number that it got. In millionths."""

    kind: str
    month: dt.date
    blog: int | None
    category: int | None
    price: int | None
    price_per_1000: int | None
    days: str
    adjustment: int | None
    carried_from: str | None
    amount: int
    names: tuple[str, str, str]  # of the blog and the category, and the note


@dataclass
class Causes:
    """What changed since a draft was built, counted. They add up over authors."""

    views_more: int = 0
    views_fewer: int = 0
    adjustments: int = 0
    carries: int = 0
    standings: int = 0  # payments held, carried or paid by another rule
    names: int = 0
    others: int = 0  # payments that differ, and nobody can say by what
    prices: set[int] = field(default_factory=set)

    def add(self, other: "Causes") -> None:
        for each in fields(self):
            if each.name != "prices":
                setattr(self, each.name, getattr(self, each.name) + getattr(other, each.name))
        self.prices |= other.prices

    @property
    def in_words(self) -> list[str]:
        """Return such as ["82 views", "1 adjustment", "2 prices"]; the empty list for nothing."""
        counted = [
            (self.views_more, "{} view", "{} views"),
            (self.views_fewer, "{} view fewer", "{} views fewer"),
            (self.adjustments, "{} adjustment", "{} adjustments"),
            (len(self.prices), "{} price", "{} prices"),
            (self.carries, "{} sum carried in", "{} sums carried in"),
            (self.standings, "{} hold or account", "{} holds or accounts"),
            (self.names, "{} name", "{} names"),
            (self.others, "{} payment rewritten", "{} payments rewritten"),
        ]
        return [(one if n == 1 else many).format(f"{n:,}") for n, one, many in counted if n]


def state_facts(lines: Iterable[LineRecord]) -> list[Fact]:
    """Return what derived lines say."""
    return [
        Fact(
            kind=line.kind,
            month=dt.date.fromisoformat(line.month),
            blog=line.blog_id,
            category=line.category_id,
            price=line.price_id,
            price_per_1000=line.price_per_1000,
            days=line.days,
            adjustment=line.adjustment_id,
            carried_from=line.carried_from,
            amount=line.amount,
            names=(line.blog_title, line.category_name, line.note),
        )
        for line in lines
    ]


def find_causes(before: list[Fact], after: list[Fact]) -> Causes:
    """Return what lies between an author's lines: views by day, prices, sums and names."""
    if before == after:
        return Causes()
    causes = Causes(
        adjustments=_count_changed(before, after, "adjustment"),
        carries=_count_changed(before, after, "carried_from"),
    )
    was, becomes = _spread(before), _spread(after)
    for day in was.keys() | becomes.keys():
        more = becomes.get(day, _NO_DAY).views - was.get(day, _NO_DAY).views
        causes.views_more += max(more, 0)
        causes.views_fewer += max(-more, 0)
    for day in was.keys() & becomes.keys():
        if was[day][:2] != becomes[day][:2]:
            causes.prices.add(becomes[day].price)
    causes.names = len(set(_name(after)) - set(_name(before))) if not causes.in_words else 0
    return causes


class _Day(NamedTuple):
    price: int
    price_per_1000: int
    views: int


_NO_DAY = _Day(0, 0, 0)


def _spread(facts: list[Fact]) -> dict[tuple, _Day]:
    """Return {(blog, category, day): its price and views}."""
    return {
        (fact.blog, fact.category, fact.month.replace(day=day)): _Day(
            fact.price or 0, fact.price_per_1000 or 0, views
        )
        for fact in facts
        if fact.kind == Kind.VIEWS
        for day, views in parse_days(fact.days).items()
    }


def _count_changed(before: list[Fact], after: list[Fact], source: str) -> int:
    """Return of how many adjustments, or sums carried in, the amounts differ."""
    sums: Counter = Counter()
    for sign, facts in ((-1, before), (1, after)):
        for fact in facts:
            if key := getattr(fact, source):
                sums[key] += sign * fact.amount
    known = {getattr(fact, source) for fact in before} ^ {getattr(fact, source) for fact in after}
    return len({key for key, amount in sums.items() if amount} | (known - {None}))


def _name(facts: list[Fact]) -> list[tuple]:
    return [(fact.blog, fact.category, fact.names) for fact in facts]
