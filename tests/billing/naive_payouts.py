"""What billing should pay, worked out simply: in memory, from the start, in millionths."""

from collections import Counter
from dataclasses import dataclass, field
from itertools import pairwise

COINS = {"EUR": 10_000, "JPY": 1_000_000, "KWD": 1_000}  # of each currency, in millionths
DOUBLE_CLICK = 30  # seconds


@dataclass
class Batch:
    key: int
    month: object
    currency: str
    status: str = "draft"
    left_out: set = field(default_factory=set)  # categories without a price
    payments: dict = field(default_factory=dict)  # {author: Payment}


@dataclass(eq=False)
class Payment:
    exact: int
    views: Counter  # {(author, blog, category, day): views}
    adjustments: dict
    carried: list  # payments of earlier batches
    currency: str
    status: str = ""
    amount: int = 0


class House:
    """A publishing house: the acts of readers, the decisions of people, and the batches."""

    def __init__(self, minimum):
        self.minimum = minimum
        self.counts = Counter()  # {(author, blog, category, day): views}
        self.currency = "EUR"  # of what is entered and built from now on
        self.prices = {}  # {(category, first day): (price per 1,000 views, currency)}
        self.adjustments = {}  # {key: (author, amount, currency)}, without the withdrawn
        self.holds = {}  # {author: "hold" or "pay_out"}
        self.disputed = {}  # {line or key of an adjustment: (payment, {view: number})}
        self.deactivated = set()
        self.batches = []

    def price_on(self, category, day):
        """Return (first day, (price, currency)); of days without a price no currency."""
        started = [first for key, first in self.prices if key == category and first <= day]
        first_day = max(started, default=None)
        return first_day, self.prices.get((category, first_day), (0, None))

    def currency_of(self, view):
        return self.price_on(view[2], view[3])[1][1]

    def worth(self, views, currency):
        prices = ((number, self.price_on(key[2], key[3])[1]) for key, number in views.items())
        return sum(number * price // 1000 for number, (price, own) in prices if own == currency)

    def earned(self, author, currency):
        views = {key: number for key, number in self.counts.items() if key[0] == author}
        own = [each for each in self.adjustments.values() if each[::2] == (author, currency)]
        return self.worth(views, currency) + sum(amount for _, amount, _ in own)

    def quarantined(self, author):
        """Return the views that no price covers: they wait by themselves."""
        views = {k: n for k, n in self.counts.items() if k[0] == author}
        return sum(n for k, n in views.items() if self.currency_of(k) is None)

    def unpriced(self, month):
        views = {k for k, n in self.counts.items() if n and k[3].replace(day=1) == month}
        return {key[2] for key in views if self.currency_of(key) is None}

    def click(self, key, seconds, *, is_reader):
        """Count one reader's clicks on a blog on a day: each that no other follows at once."""
        for now, following in pairwise([*sorted(seconds), float("inf")]):
            self.counts[key] += is_reader and following - now > DOUBLE_CLICK

    def can_fill(self, batch):
        missing = self.unpriced(batch.month) - batch.left_out
        return batch.currency == self.currency and not missing

    def fill(self, batch):
        if not self.unpriced(batch.month):
            batch.left_out = set()
        others = [b for b in self.batches if b is not batch and b.status != "cancelled"]
        held = [payment for other in others for payment in other.payments.values()]
        months = {b.month for b in others if b.month < batch.month} | {batch.month}
        on = Counter()  # the views on other batches
        for payment in held:
            on.update(payment.views)
        due = {k for k in {*self.counts, *on} if k[3].replace(day=1) in months}
        views = self._leave_out_what_evens_out({k: self.counts[k] - on[k] for k in due})
        views = {k: n for k, n in views.items() if self.currency_of(k) == batch.currency}
        used = {*self.disputed, *(key for payment in held for key in payment.adjustments)}
        own = {key: each for key, each in self.adjustments.items() if each[2] == batch.currency}
        waiting = {key: facts for key, facts in own.items() if key not in used}
        taken_in = {payment for later in held for payment in later.carried}
        carries = [
            (author, payment)
            for other in others
            if other.status in ("approved", "paid") and other.month < batch.month
            if other.currency == batch.currency
            for author, payment in other.payments.items()
            if payment.status in ("failed", "held", "carried") and payment.exact
            if payment not in taken_in
        ]
        views = self._leave_out_what_is_disputed(views, on, held, carries)
        batch.payments = {}
        for author in {facts[0] for facts in [*views, *waiting.values(), *carries]}:
            own = Counter({key: number for key, number in views.items() if key[0] == author})
            added = {key: amount for key, (who, amount, _) in waiting.items() if who == author}
            carried = [payment for who, payment in carries if who == author]
            exact = sum(added.values()) + sum(p.exact for p in carried)
            exact += self.worth(own, batch.currency)
            batch.payments[author] = Payment(exact, own, added, carried, batch.currency)
            self.decide(author, batch.payments[author])

    def _leave_out_what_is_disputed(self, views, on, held, carries):
        """Lines in dispute wait, and come off a sum that was kept back with them."""
        views = {key: n for key, n in views.items() if self.line(key) not in self.disputed}
        for payment, days in self.disputed.values():
            while later := [p for p in held if payment in p.carried]:
                payment = later[0]
            is_on = all(0 < n <= on[key] or on[key] <= n < 0 for key, n in days.items())
            if is_on and payment in [one for _, one in carries]:
                views |= {key: -number for key, number in days.items()}
        return views

    def _leave_out_what_evens_out(self, views):
        """Views that moved to another day of the month at the same price make no line."""
        sums = Counter()
        for key, number in views.items():
            sums[self.line(key)] += number
        return {key: number for key, number in views.items() if number and sums[self.line(key)]}

    def line(self, key):
        return *key[:3], key[3].replace(day=1), self.price_on(key[2], key[3])[0]

    def decide(self, author, payment):
        coin = COINS[payment.currency]
        rounded = (payment.exact + coin // 2) // coin * coin
        hold = self.holds.get(author)
        if hold == "hold" or (author in self.deactivated and not hold):
            payment.status = "held"
        elif rounded <= 0 or (rounded < self.minimum and not hold):
            payment.status = "carried"
        else:
            payment.status = "payable"
        payment.amount = rounded if payment.status == "payable" else 0
