"""What is earned, paid and outstanding, by SQL of its own and by the application's one place."""

from collections import defaultdict
from decimal import Decimal

from django.contrib.auth.models import User
from django.db import connection
from django.utils import timezone

from billing.books.accounts import Account
from billing.books.journal import list_entries
from billing.books.parts import Window
from billing.models import Payment, PayoutBatch
from billing.money import MILLION
from billing.payouts.amounts import add_up_batch
from billing.payouts.outstanding import Cause, list_waiting
from billing.periods import last_closed_month, next_month

EARNED = """
SELECT author_id, SUM(amount) FROM (
    SELECT count.author_id AS author_id, count.views * (
        SELECT price.price_per_1000 FROM billing_categoryprice price
        WHERE price.category_id = count.category_id AND price.effective_from <= count.day
        ORDER BY price.effective_from DESC LIMIT 1
    ) / 1000 AS amount
    FROM billing_dailyviewcount count WHERE count.day < %s
    UNION ALL
    SELECT author_id, amount FROM billing_adjustment WHERE withdrawn_at IS NULL
) AS all_of_it GROUP BY author_id
"""
PAID_OR_ON_ITS_WAY = """
SELECT payment.author_id, SUM(payment.amount - payment.rounding + payment.carried_amount)
FROM billing_payment payment JOIN billing_payoutbatch batch ON batch.id = payment.batch_id
WHERE batch.status IN ('draft', 'submitted')
    OR batch.status IN ('approved', 'paid') AND payment.status IN ('payable', 'paid')
GROUP BY payment.author_id
"""
PAID_BY_BATCH = """
SELECT SUM(payment.amount) FROM billing_payment payment
JOIN billing_paymentresult result ON result.payment_id = payment.id
WHERE payment.batch_id = %s AND result.outcome = 'paid' AND result.id = (
    SELECT MAX(latest.id) FROM billing_paymentresult latest WHERE latest.payment_id = payment.id
)
"""


def check_money():
    """Compare earned with paid + outstanding + in dispute, and debit with credit.

    Return {author: what is in dispute}.
    """
    earned = _read(EARNED, [next_month(last_closed_month(timezone.now()))])
    paid = _read(PAID_OR_ON_ITS_WAY)
    waits, disputed = defaultdict(Decimal), defaultdict(Decimal)
    for row in list_waiting(at=timezone.now()):
        kind = disputed if row.cause == Cause.DISPUTED else waits
        kind[row.author] += row.amount
    assert len(earned) == 12
    for author, amount in earned.items():
        assert amount == paid.get(author, 0) + waits[author] + disputed[author], author
    _check_amounts()
    _check_journal()
    return {User.objects.get(pk=author).username: sum for author, sum in disputed.items() if sum}


def _check_amounts():
    """Compare the application's one place with the bank's last word on each payment."""
    for batch in PayoutBatch.objects.standing():
        with connection.cursor() as cursor:
            cursor.execute(PAID_BY_BATCH, [batch.pk])
            paid = Decimal(int(cursor.fetchone()[0] or 0)) / MILLION
        amounts = add_up_batch(batch)
        assert amounts.paid.amount == paid, batch
        assert amounts.total == sum(payment.amount for payment in batch.payments.all()), batch


def _check_journal():
    """Hold the journal's accounts against the payments as they stand."""
    first, until = PayoutBatch.objects.earliest("month").month, timezone.localdate()
    accounts = dict.fromkeys(Account, Decimal(0))
    for entry in list_entries(Window(first=first, until=next_month(until), currency="EUR")):
        accounts[entry.debit] += Decimal(entry.exact) / MILLION
        accounts[entry.credit] -= Decimal(entry.exact) / MILLION
    signed = Payment.objects.filter(batch__status__in=["approved", "paid"])
    assert sum(accounts.values()) == 0
    assert accounts[Account.AUTHORS] == 0
    assert -accounts[Account.WAITING] == sum(one.exact_amount for one in signed.owed())
    assert -accounts[Account.CLEARING] == sum(one.amount for one in signed.payable())
    out = accounts[Account.BANK] + accounts[Account.HAND]
    assert -out == sum(one.amount for one in signed.filter(status="paid"))


def _read(sql, params=()):
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return {author: Decimal(int(total)) / MILLION for author, total in cursor.fetchall()}
