"""Nothing vanishes: earned = paid + outstanding, for any events in any order."""

import datetime as dt
import hashlib
import os
import random
from collections import Counter, defaultdict
from pathlib import Path

import pytest
import time_machine
from django.db import connection
from hypothesis import HealthCheck, settings
from hypothesis.stateful import invariant, run_state_machine_as_test

from billing.books.accounts import Account
from billing.books.balances import find_balances
from billing.books.journal import list_entries
from billing.books.parts import Window
from billing.day_views import parse_days
from billing.models import (
    Adjustment,
    CategoryPrice,
    DailyViewCount,
    Payment,
    PaymentLine,
    PayoutBatch,
    Seal,
    Verification,
)
from billing.money import to_millionths
from billing.payouts import filling
from billing.proof import sealing
from billing.verification.decisions import check_decisions, check_nobody_left_out
from tests.billing import naive_payouts
from tests.billing.naive_payouts import COINS
from tests.billing.payout_steps import (
    CHOICES,
    MINIMUM,
    SECOND_APPROVAL_ABOVE,
    STEPS,
    PayoutSteps,
    facts_of,
)

pytestmark = [pytest.mark.slow, pytest.mark.thorough]

SETTINGS = settings(
    stateful_step_count=30,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)
FIRST_OF_DECEMBER = dt.datetime(2026, 12, 1, tzinfo=dt.UTC)

# {seed: SHA-256 of all digests and seals after 120 random steps}
DIGESTS = [
    (1, "58d897ff6e6881724ec75a862a27efad45cec0848c23b09699134d968e58b38a"),
    (2, "569c887680e39eb5a3625f71860b9196ae516870ea3496b4655bc726e50f4e36"),
]


class Payouts(PayoutSteps):
    """The steps in any order, with the rules that hold after each."""

    @invariant()
    def batches_are_those_of_the_naive_model(self):
        if hasattr(self, "house"):
            stored = defaultdict(dict)
            for payment in Payment.objects.all():
                amounts = payment.amount, payment.rounding, payment.carried_amount
                stored[payment.batch_id][payment.author_id] = (
                    payment.status, *map(to_millionths, amounts),
                )  # fmt: skip
            statuses = {naive.key: naive.status for naive in self.house.batches}
            assert dict(PayoutBatch.objects.values_list("pk", "status")) == statuses
            for naive in self.house.batches:
                assert stored[naive.key] == facts_of(naive)

    def teardown(self):
        """Before all goes: verification comes to the same decisions."""
        for batch in PayoutBatch.objects.signed():
            check_decisions(Verification(), str(batch.pk), "", Counter())
            check_nobody_left_out(Verification(), str(batch.pk), "", Counter())
        super().teardown()

    @invariant()
    def what_was_earned_is_paid_or_outstanding(self):
        if hasattr(self, "house"):
            paid, outstanding, quarantined = add_up()
            for author in self.authors:
                assert self.house.quarantined(author.pk) == quarantined[author.pk]
                for currency in COINS:
                    key = author.pk, currency
                    assert self.house.earned(*key) == paid[key] + outstanding[key]

    @invariant()
    def journal_balances_and_closes_with_what_the_naive_model_owes(self):
        if not hasattr(self, "house"):
            return
        until = (self.at + dt.timedelta(days=2)).date()
        approved = [naive for naive in self.house.batches if naive.status in ("approved", "paid")]
        for currency in {naive.currency for naive in approved}:
            window = Window(until=until, currency=currency)
            closing = close_naively(self.house, currency)
            own = find_balances(window)
            assert own.keys() == closing.keys()
            for author, balances in own.items():
                assert balances[Account.AUTHORS] == 0
                assert sum(balances.values()) == 0
                assert {name: balances[name] for name in closing[author]} == closing[author]
            coins = Counter()
            for entry in list_entries(window):
                assert entry.coins % COINS[currency] == 0
                coins[entry.payment, entry.debit] += entry.coins
                coins[entry.payment, entry.credit] -= entry.coins
            on_the_way = [key for key, left in coins.items() if left and key[1] == Account.AUTHORS]
            assert on_the_way == []


def close_naively(house, currency):
    """Return {author: {account: balance}} of the accounts with authors and the bank."""
    approved = [batch for batch in house.batches if batch.status in ("approved", "paid")]
    payments = [
        (author, payment)
        for batch in approved
        if batch.currency == currency
        for author, payment in batch.payments.items()
    ]
    taken_in = {id(earlier) for _, payment in payments for earlier in payment.carried}
    closing = defaultdict(lambda: dict.fromkeys((Account.WAITING, Account.CLEARING, "bank"), 0))
    for author, payment in payments:
        if payment.status == "paid":
            closing[author]["bank"] -= payment.amount
        elif payment.status == "payable":
            closing[author][Account.CLEARING] -= payment.amount
        else:
            closing[author][Account.WAITING] -= 0 if id(payment) in taken_in else payment.exact
    return closing


def add_up():
    """Return millionths paid and outstanding, by author and currency; and views without a price.

    Drafts are proposals: what they hold is outstanding as if they were not there.
    """
    paid, outstanding, quarantined, views = Counter(), Counter(), Counter(), Counter()
    signed = Payment.objects.filter(batch__status__in=["submitted", "approved", "paid"])
    lines = PaymentLine.objects.filter(payment__in=signed)
    taken_in = set(lines.values_list("carried_from", flat=True))
    for payment in signed.select_related("batch"):
        key = payment.author_id, payment.batch.currency
        if payment.status == "paid":
            paid[key] += to_millionths(payment.exact_amount)
        elif payment.pk not in taken_in:
            outstanding[key] += to_millionths(payment.exact_amount)
    for count in DailyViewCount.objects.all():
        views[count.author_id, count.category_id, count.day] += count.views
    for line in lines.filter(kind="views").select_related("payment"):
        for day, number in parse_days(line.days).items():
            views[line.payment.author_id, line.category_id, line.month.replace(day=day)] -= number
    prices = list(CategoryPrice.objects.order_by("effective_from"))
    for (author, category, day), number in views.items():
        started = [p for p in prices if p.category_id == category and p.effective_from <= day]
        if not started:
            quarantined[author] += number
            continue
        price = started[-1]
        key = author, price.currency
        outstanding[key] += to_millionths(number * price.price_per_1000 / 1000)
    for adjustment in Adjustment.objects.standing().exclude(lines__in=lines):
        key = adjustment.author_id, adjustment.currency
        outstanding[key] += to_millionths(adjustment.amount)
    return paid, outstanding, quarantined


@pytest.fixture(autouse=True)
def rules_of_the_house(db, settings, monkeypatch):
    settings.MINIMUM_PAYOUT = MINIMUM
    settings.SECOND_APPROVAL_ABOVE = SECOND_APPROVAL_ABOVE
    settings.TIME_ZONE, settings.CURRENCY = "Europe/Berlin", "EUR"
    monkeypatch.setattr(filling, "describe_rules", lambda: "the rules of the day")


@pytest.mark.timeout(7200 if os.environ.get("TEST_ALL") == "1" else 900)
def test_nothing_vanishes_and_a_naive_model_agrees(some_of):
    examples = len(some_of(range(300), 2 if connection.vendor == "postgresql" else 6))
    run_state_machine_as_test(Payouts, settings=settings(SETTINGS, max_examples=examples))


def test_naive_model_is_short_and_shares_nothing_with_what_it_checks():
    text = Path(naive_payouts.__file__).read_text()
    assert len(text.splitlines()) <= 150
    imports = [line for line in text.splitlines() if line.startswith(("import", "from"))]
    assert [line.split()[1] for line in imports] == ["collections", "dataclasses", "itertools"]


@pytest.mark.django_db(transaction=True, reset_sequences=True)  # seals name rows by their numbers
@pytest.mark.parametrize(("seed", "expected"), DIGESTS)
def test_every_database_comes_to_the_same_digests(seed, expected, monkeypatch):
    """Both suites run this, so both databases make the same bytes.

    All but the head of the traces: PostgreSQL gives no number twice, even of what was rolled back.
    """
    monkeypatch.setattr(sealing, "read_trace_head", list)
    generator, months = random.Random(seed), Payouts()
    with time_machine.travel(FIRST_OF_DECEMBER, tick=False):
        months.start()
        for name in generator.choices(list(STEPS), k=120):
            getattr(months, name)(**{choice: draw(generator, choice) for choice in STEPS[name]})
    months.batches_are_those_of_the_naive_model()
    months.what_was_earned_is_paid_or_outstanding()
    digests = [
        *PayoutBatch.objects.order_by("month", "attempt").values_list("digest", flat=True),
        *Payment.objects.order_by("reference").values_list("digest", flat=True),
        *Seal.objects.values_list("hash", flat=True),
    ]
    months.teardown()
    assert hashlib.sha256("\n".join(digests).encode()).hexdigest() == expected


def draw(generator, choice):
    return generator.randrange(CHOICES[choice])
