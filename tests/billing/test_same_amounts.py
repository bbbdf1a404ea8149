"""Random histories: page, list, home, Evidence, books, CSV and statements tell the same."""

import csv
import datetime as dt
import io
import random
from decimal import Decimal
from types import SimpleNamespace

import pytest

from billing.bank.by_hand import confirm_hand_payment, propose_hand_payment
from billing.bank.exports import export_payments
from billing.bank.results.recording import record_results
from billing.books.accounts import Account
from billing.books.balances import find_balances
from billing.books.parts import Window
from billing.models import Payment, PaymentLine, PayoutBatch
from billing.money import format_amount
from billing.payouts import steps
from billing.payouts.holds import end_hold, hold_payment
from billing.statements.authors import MonthlyStatement, list_statements
from billing.statements.months import write_month
from billing.statements.payments import Payslip
from tests.billing.pages import BATCHES, url_of
from tests.factories import approve, make_blog, make_category, make_count, make_price, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.any_database, pytest.mark.slow]

MONTHS = [dt.date(2026, month, 1) for month in (7, 8, 9, 10)]
AT = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)
NOT_MADE = ("The bank could not pay it", "Not paid by hand")  # as a statement's state begins


class History:
    """A house whose authors are paid, held, carried, paid by hand, refused and corrected."""

    def __init__(self, seed, settings):
        settings.MINIMUM_PAYOUT = Decimal(2)
        self.random = random.Random(seed)
        category = make_category()
        make_price(category, "10.001")
        self.blogs = [make_blog(category=category) for _ in range(5)]

    def run(self):
        for month in MONTHS:
            for blog in self.blogs:
                make_count(blog, self.random.randrange(0, 900), month.replace(day=3))
            self.take_steps(steps.build_batch(month=month, at=AT)[0])

    def take_steps(self, batch):
        self.hold_some(batch)
        for step in (self.submit, self.approve, self.pay_by_hand, self.export, self.record,
                     self.correct):  # fmt: skip
            if self.random.random() < 0.1 and step != self.submit and batch.month == MONTHS[-1]:
                return
            batch = step(batch) or batch

    def hold_some(self, batch):
        for payment in batch.payments.all():
            hold = payment.author.holds.filter(ended_at=None).first()
            if hold and self.random.random() < 0.5:
                end_hold(hold=hold, by=make_user(), reason="Found out", at=AT)
            elif not hold and self.random.random() < 0.2:
                hold_payment(payment=payment, by=make_user(), reason="Asked for it", at=AT)

    def submit(self, batch):
        return steps.submit_batch(batch=batch, by=make_user(), at=AT)

    def approve(self, batch):
        return approve(batch, at=AT)

    def pay_by_hand(self, batch):
        for payment in batch.payments.payable():
            if self.random.random() < 0.25:
                proposal = propose_hand_payment(
                    payment=payment, means="cash", paid_on=AT.date(), reason="No bank", at=AT,
                    by=make_user(),
                )  # fmt: skip
                if self.random.random() < 0.6:
                    confirm_hand_payment(proposal=proposal, by=make_user(), at=AT)

    def export(self, batch):
        if batch.payments.paying().exists():
            export_payments(batch=batch, at=AT)

    def record(self, batch):
        outcomes = ["paid", "paid", "failed", None]
        chosen = {p.pk: self.random.choice(outcomes) for p in batch.payments.paying()}
        self.write(batch, {pk: outcome for pk, outcome in chosen.items() if outcome})

    def correct(self, batch):
        settled = batch.payments.filter(status__in=["paid", "failed"])
        other = {"paid": "failed", "failed": "paid"}
        chosen = {p.pk: other[p.status] for p in settled if self.random.random() < 0.3}
        self.write(batch, chosen)

    def write(self, batch, outcomes):
        if outcomes:
            results = {pk: (outcome, "Account closed") for pk, outcome in outcomes.items()}
            record_results(batch=batch, results=results, by=make_user(), at=AT)


def work_out(batch):
    """Return the amounts of a batch by a loop over its payments, which asks no function of ours."""
    sums = SimpleNamespace(
        total=Decimal(0), paid=Decimal(0), by_hand=Decimal(0), failed=Decimal(0),
        kept_back=Decimal(0), waiting=Decimal(0),
    )  # fmt: skip
    is_signed = batch.status in ("approved", "paid")
    for payment in batch.payments.all():
        exact = sum((line.amount for line in payment.lines.all()), Decimal(0))
        taken_over = any(
            line.payment.batch.status in ("approved", "paid")
            for line in PaymentLine.objects.filter(carried_from=payment)
        )
        hand = payment.by_hand.filter(confirmed_at__isnull=False).exists()
        sums.total += payment.amount
        sums.paid += payment.amount if payment.status == "paid" else 0
        sums.by_hand += payment.amount if payment.status == "paid" and hand else 0
        sums.failed += payment.amount if payment.status == "failed" else 0
        sums.kept_back += exact if payment.status in ("held", "carried") else 0
        if payment.status in ("held", "carried", "failed") and is_signed and not taken_over:
            sums.waiting += exact
    return sums


def says(amounts):
    return SimpleNamespace(
        total=amounts.total, paid=amounts.paid.amount, by_hand=amounts.by_hand.amount,
        failed=amounts.failed.amount, kept_back=amounts.kept_back, waiting=amounts.waiting.exact,
    )  # fmt: skip


def read_csv(client, batch):
    """Return {status: sum} of the list of a batch's payments, as its export gives it."""
    url = f"/admin/billing/payment/export/?batch__id__exact={batch.pk}"
    fields = PaymentFields | {"format": "0"}
    text = client.post(url, fields).content.decode()
    sums = dict.fromkeys(Payment.Status.values, Decimal(0))
    for row in csv.DictReader(io.StringIO(text)):
        sums[row["status"]] += Decimal(row["amount"])
    return sums


PaymentFields = {
    f"resource_{name}": "on"
    for name in ("reference", "month", "author", "amount", "currency", "status")
} | {"resource": ""}


@pytest.mark.thorough
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_each_page_tells_the_same_amounts_and_state(seed, client, sign_in, settings):
    History(seed, settings).run()
    sign_in("Superusers")
    in_list = {batch.pk: batch for batch in client.get(BATCHES).context["cl"].result_list}
    sections = {section.name: section for section in client.get("/admin/").context["sections"]}
    at_home = {batch.pk: (batch, amounts) for batch, amounts in sections["batches"].content}
    for batch in PayoutBatch.objects.with_state():
        should, state = work_out(batch), batch.state
        page = client.get(url_of(batch))
        assert says(page.context["statement"].amounts) == should
        assert state in page.text
        assert (says(in_list[batch.pk].amounts), in_list[batch.pk].state) == (should, state)
        if batch.pk in at_home:
            assert (says(at_home[batch.pk][1]), at_home[batch.pk][0].state) == (should, state)
        else:
            assert (state, should.waiting) == ("Settled", 0)
        evidence = client.get("/admin/views-explained/", {"month": f"{batch.month:%Y-%m}"})
        for row in evidence.context["equation"].batches:
            if row.batch.pk == batch.pk:
                assert (says(row.batch.amounts), row.batch.state) == (should, state)
        for amount in (should.paid, should.failed, should.waiting):
            assert format_amount(amount, currency="EUR", exact=True) in page.text
        sums = read_csv(client, batch)
        assert (sums["paid"], sums["failed"]) == (should.paid, should.failed)
        assert sum(sums.values()) == should.total
        if should.failed and should.waiting and state == "Settled":
            assert not batch.payments.owed().filter(status="failed").exists()


@pytest.mark.thorough
@pytest.mark.parametrize("seed", [4, 5])
def test_books_and_payslips_tell_the_same_of_all_batches_together(seed, settings):
    History(seed, settings).run()
    signed = PayoutBatch.objects.filter(status__in=["approved", "paid"])
    sums = [work_out(batch) for batch in signed]
    balances = find_balances(Window(until=dt.date(9999, 1, 1), currency="EUR"))
    books = {
        account: Decimal(sum(own[account] for own in balances.values())).scaleb(-6)
        for account in Account
    }
    on_its_way = sum(s.total - s.paid - s.failed for s in sums)
    assert -books[Account.BANK] == sum(s.paid - s.by_hand for s in sums)
    assert -books[Account.HAND] == sum(s.by_hand for s in sums)
    assert -books[Account.WAITING] == sum(s.waiting for s in sums)
    assert -books[Account.CLEARING] == on_its_way
    assert sum(books.values()) == 0
    slips = [Payslip(payment) for payment in Payment.objects.filter(batch__in=signed)]
    owed = sum(slip.outstanding for slip in slips if not is_passed_on(slip))
    assert owed == sum(s.waiting for s in sums)


def is_passed_on(slip):
    later = slip.taken_in_by
    return later is not None and later.batch.status in ("approved", "paid")


def read_amount(text):
    return Decimal(text.replace("\N{EURO SIGN}", "").replace(",", "")) if text else Decimal(0)


@pytest.mark.cases(1)
@pytest.mark.parametrize("seed", [6, 7])
def test_statements_of_a_batch_add_up_to_what_finance_sees(seed, settings):
    History(seed, settings).run()
    for batch in PayoutBatch.objects.all():
        should, told = work_out(batch), dict.fromkeys(["total", "paid", "failed", "waiting"], 0)
        for payment in list_statements().filter(batch=batch):
            facts = dict(write_month(MonthlyStatement(payment, at=AT)).facts)
            amount = read_amount(facts["Amount"])
            told["total"] += amount
            told["paid"] += amount if facts["State"].startswith("Paid on") else 0
            told["failed"] += amount if facts["State"].startswith(NOT_MADE) else 0
            told["waiting"] += read_amount(facts.get("Still waits", ""))
            assert ("Paid with" in facts) == is_passed_on(Payslip(payment))
            is_by_hand = payment.by_hand.exists()
            assert not (is_by_hand and "bank" in facts["State"])
            assert not (is_by_hand and "on its way" in facts["State"])
        assert told == {name: getattr(should, name) for name in told}
