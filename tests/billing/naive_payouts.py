"""What billing should pay, worked out the plain way: in memory, added up anew, in millionths."""

from collections import Counter
from dataclasses import dataclass, field


@dataclass
class Batch:
    key: int
    month: object
    status: str = "draft"
    payments: dict = field(default_factory=dict)  # {author: Payment}


@dataclass
class Payment:
    exact: int
    views: Counter  # {(author, blog, category, day): views}
    adjustments: dict
    carried: list  # payments of earlier batches
    status: str = ""
    amount: int = 0


class House:
    """A publishing house: what readers did, what people decided, and the batches."""

    def __init__(self, minimum):
        self.minimum = minimum
        self.counts = Counter()  # {(author, blog, category, day): views}
        self.prices = {}  # {(category, first day): price per 1,000 views}
        self.adjustments = {}  # {key: (author, amount)}, without the withdrawn
        self.holds = {}  # {author: "hold" or "pay_out"}
        self.deactivated = set()
        self.batches = []

    def price_on(self, category, day):
        first_day = max(first for key, first in self.prices if key == category and first <= day)
        return first_day, self.prices[category, first_day]

    def worth(self, views):
        prices = ((number, self.price_on(key[2], key[3])[1]) for key, number in views.items())
        return sum(number * price // 1000 for number, price in prices)

    def earned(self, author):
        views = {key: number for key, number in self.counts.items() if key[0] == author}
        return self.worth(views) + sum(
            amount for person, amount in self.adjustments.values() if person == author
        )

    def fill(self, batch):
        others = [b for b in self.batches if b is not batch and b.status != "cancelled"]
        held = [payment for other in others for payment in other.payments.values()]
        months = {b.month for b in others if b.month < batch.month} | {batch.month}
        views = Counter({k: n for k, n in self.counts.items() if k[3].replace(day=1) in months})
        for payment in held:
            taken = {k: n for k, n in payment.views.items() if k[3].replace(day=1) in months}
            views.subtract(taken)
        views = self._leave_out_what_evens_out(views)
        used = {key for payment in held for key in payment.adjustments}
        waiting = {key: facts for key, facts in self.adjustments.items() if key not in used}
        taken_in = {id(payment) for later in held for payment in later.carried}
        carries = [
            (author, payment)
            for other in others
            if other.status in ("approved", "paid") and other.month < batch.month
            for author, payment in other.payments.items()
            if payment.status in ("failed", "held", "carried") and payment.exact
            if id(payment) not in taken_in
        ]
        batch.payments = {}
        for author in {facts[0] for facts in [*views, *waiting.values(), *carries]}:
            own = Counter({key: number for key, number in views.items() if key[0] == author})
            added = {key: amount for key, (who, amount) in waiting.items() if who == author}
            carried = [payment for who, payment in carries if who == author]
            exact = self.worth(own) + sum(added.values()) + sum(p.exact for p in carried)
            batch.payments[author] = Payment(exact, own, added, carried)
            self.decide(author, batch.payments[author])

    def _leave_out_what_evens_out(self, views):
        """Views that moved to another day of their month at the same price are no line."""
        sums = Counter()
        for key, number in views.items():
            sums[self._line(key)] += number
        return {key: number for key, number in views.items() if number and sums[self._line(key)]}

    def _line(self, key):
        return *key[:3], key[3].replace(day=1), self.price_on(key[2], key[3])

    def decide(self, author, payment):
        cents = (payment.exact + 5_000) // 10_000
        hold = self.holds.get(author)
        if hold == "hold" or (author in self.deactivated and not hold):
            payment.status = "held"
        elif cents <= 0 or (cents * 10_000 < self.minimum and not hold):
            payment.status = "carried"
        else:
            payment.status = "payable"
        payment.amount = cents * 10_000 if payment.status == "payable" else 0
