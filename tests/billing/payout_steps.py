"""Events in a publishing house, applied to the database and to its naive model alike."""

import datetime as dt
from collections import Counter
from decimal import Decimal

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from billing.bank.exports import export_payments
from billing.bank.results.recording import record_results
from billing.counting.counts import add_to_counts
from billing.counting.folding import fold_views
from billing.counting.recording import record_view
from billing.day_views import parse_days
from billing.errors import (
    BatchBlocked,
    BatchOutdated,
    BillingError,
    MonthsRefused,
    NothingToBuild,
)
from billing.locks import Lock, hold_lock
from billing.models import (
    Adjustment,
    CategoryPrice,
    Dispute,
    Payment,
    PaymentLine,
    PayoutBatch,
)
from billing.money import to_millionths
from billing.payouts import steps
from billing.payouts.adjustments import save_adjustment, withdraw_adjustment
from billing.payouts.disputes import answer_dispute, ask_about_line
from billing.payouts.holds import hold_payment, pay_out_payment, release_payment
from billing.payouts.price_withdrawal import withdraw_price
from billing.periods import iter_months, last_closed_month, next_month, previous_month
from billing.prices.rules import save_price
from tests.billing.naive_payouts import Batch, House
from tests.factories import FIREFOX, approve, make_view_seal
from weblog.models import Blog, Category

JANUARY = dt.date(2026, 1, 1)
FIRST_DAYS = [dt.date(2020, 1, 1), dt.date(2026, 1, 9)]  # of each category: before, no price
REASON = "Their price is not agreed yet"
LEAVE_OUT = dict.fromkeys(iter_months(dt.date(2025, 1, 1), dt.date(2035, 1, 1)), REASON)
MINIMUM, SECOND_APPROVAL_ABOVE = Decimal("1.50"), Decimal(20)
PRICES = [Decimal(price) for price in ("5", "10", "12.345", "0.001", "99.999")]
CURRENCIES = ["EUR", "EUR", "JPY", "KWD"]
GAPS = [0, 10, 30, 31, 45]  # seconds from one click to the next
READERS = {"reader": FIREFOX, "robot": "Googlebot/2.1", "author": FIREFOX}
AMOUNTS = [Decimal(amount) for amount in ("3", "-3", "0.000001", "-0.004999", "1.494999", "-25")]

HOLDS = [(hold_payment, "hold"), (pay_out_payment, "pay_out"), (release_payment, None)]

# How many choices a step has: each is made as a number, by Hypothesis or by a seeded generator.
CHOICES = {
    "author": 3, "blog": 4, "category": 2, "months_ago": 4, "day": 28, "views": 400,
    "currency": len(CURRENCIES), "gap": len(GAPS), "gap_after": len(GAPS), "reader": len(READERS),
    "price": len(PRICES), "hold": len(HOLDS), "amount": len(AMOUNTS), "which": 1000,
}  # fmt: skip
STEPS = {}


def step(*names):
    def make_rule(function):
        STEPS[function.__name__] = names
        return rule(**{name: st.integers(0, CHOICES[name] - 1) for name in names})(function)

    return make_rule


def pick(rows, which):
    return rows[which % len(rows)] if rows else None


class PayoutSteps(RuleBasedStateMachine):
    """Months of a publishing house, beside their naive model. Nothing is committed."""

    @initialize()
    def start(self):
        self.transaction = transaction.atomic()
        self.transaction.__enter__()
        self.keys = iter(range(1_000_000, 2_000_000))  # the same on every database
        self.month = JANUARY
        self.finance, self.approver, self.second_approver = [self.person() for _ in range(3)]
        # Another result than before takes a second person, who approves nothing.
        self.colleague = User.objects.create(pk=999_999, username="colleague")
        self.authors = [self.person() for _ in range(CHOICES["author"])]
        self.house = House(minimum=to_millionths(MINIMUM))
        settings.CURRENCY = self.house.currency
        self.categories = [
            Category.objects.create(pk=key, name=f"Category {key}", slug=f"category-{key}")
            for key in (next(self.keys) for _ in range(CHOICES["category"]))
        ]
        for category, first_day in zip(self.categories, FIRST_DAYS, strict=True):
            self.save_price(category, first_day, PRICES[1])
        self.blogs = [self.blog(number) for number in range(CHOICES["blog"])]
        self.a_month_goes_by()
        self.a_month_goes_by()

    def teardown(self):
        transaction.set_rollback(True)
        self.transaction.__exit__(None, None, None)

    def person(self):
        key = next(self.keys)
        return User.objects.create(pk=key, username=f"person{key}", last_name=f"Example {key}")

    def blog(self, number):
        key = next(self.keys)
        return Blog.objects.create(
            pk=key,
            title=f"Blog {key}",
            slug=f"blog-{key}",
            author=pick(self.authors, number),
            category=pick(self.categories, number),
            status=Blog.Status.PUBLISHED,
            publish_at=dt.datetime(2025, 1, 1, tzinfo=dt.UTC),
        )

    @property
    def at(self):
        return dt.datetime.combine(self.month.replace(day=20), dt.time(12), tzinfo=dt.UTC)

    def attempt(self, act, **arguments):
        """Return whether the act was allowed. A refused act leaves everything as it was."""
        try:
            with transaction.atomic():
                act(**arguments)
        except BillingError:
            return False
        return True

    # Views, and what they are worth

    @step("blog", "months_ago", "day", "views")
    def views_come_in(self, blog, months_ago, day, views):
        month = self.month
        for _ in range(months_ago):
            month = previous_month(month)
        blog = self.blogs[blog]
        self.add_views(
            (blog.author_id, blog.pk, blog.category_id, month.replace(day=day + 1)), views
        )

    @step("which", "views")
    def views_are_taken_away(self, which, views):
        if key := pick(sorted(self.house.counts), which):
            self.add_views(key, -min(views, self.house.counts[key]))

    @step("blog", "months_ago", "day", "gap", "gap_after", "reader")
    def somebody_clicks(self, blog, months_ago, day, gap, gap_after, reader):
        """Three clicks of one reader, or of a robot or the author, on an evening."""
        month, blog = self.month, self.blogs[blog]
        for _ in range(months_ago):
            month = previous_month(month)
        day, who = month.replace(day=day + 1), list(READERS)[reader]
        seconds = [0, GAPS[gap], GAPS[gap] + GAPS[gap_after]]
        evening = dt.datetime.combine(day, dt.time(18), tzinfo=dt.UTC)
        address = f"192.0.2.{next(self.keys) % 250}"
        for second in seconds:
            record_view(
                blog=blog, viewed_at=evening + dt.timedelta(seconds=second), ip_address=address,
                user_agent=READERS[who], user=blog.author if who == "author" else None,
            )  # fmt: skip
        fold_views(at=max(self.at, evening + dt.timedelta(minutes=5)))
        key = blog.author_id, blog.pk, blog.category_id, day
        self.house.click(key, seconds, is_reader=who == "reader")

    @step("which", "day")
    def views_move_to_another_day(self, which, day):
        if key := pick(sorted(self.house.counts), which):
            views = self.house.counts[key]
            self.add_views(key, -views)
            self.add_views((*key[:3], key[3].replace(day=day + 1)), views)

    def add_views(self, key, views):
        author, blog, category, day = key
        with transaction.atomic():
            hold_lock(Lock.FOLD)
            add_to_counts(Counter({(blog, author, category, day): views}), seal=make_view_seal(day))
        self.house.counts[key] += views

    @step("blog", "author", "category")
    def blog_changes_hands(self, blog, author, category):
        blog = self.blogs[blog]
        blog.author, blog.category = self.authors[author], self.categories[category]
        blog.save()

    @step("category", "months_ago", "day", "price")
    def price_is_added(self, category, months_ago, day, price):
        first_day = self.month.replace(day=day + 1) - dt.timedelta(days=31 * (months_ago - 1))
        self.save_price(self.categories[category], first_day, PRICES[price])

    def save_price(self, category, first_day, price_per_1000):
        price = CategoryPrice(
            pk=next(self.keys),
            category=category,
            effective_from=first_day,
            price_per_1000=price_per_1000,
        )
        if self.attempt(save_price, price=price, by=self.finance):
            facts = to_millionths(price_per_1000), self.house.currency
            self.house.prices[category.pk, first_day] = facts

    @step("which", "price")
    def price_is_changed(self, which, price):
        row = pick(CategoryPrice.objects.order_by("pk"), which)
        row.price_per_1000 = PRICES[price]
        if self.attempt(save_price, price=row, by=self.finance):
            key = row.category_id, row.effective_from
            self.house.prices[key] = to_millionths(PRICES[price]), self.house.prices[key][1]

    @step("which")
    def price_is_withdrawn(self, which):
        """All but the first of the first category."""
        prices = CategoryPrice.objects.exclude(effective_from=FIRST_DAYS[0])
        row = pick(prices.order_by("pk"), which)
        if row is None:
            return
        used = list(PayoutBatch.objects.drafts().filter(payments__lines__price=row).distinct())
        allowed = self.attempt(
            withdraw_price, price=row, by=self.finance, reason="Wrong", at=self.at
        )
        if allowed:
            del self.house.prices[row.category_id, row.effective_from]
            for batch in used:
                self.house.fill(self.naive(batch))

    # What people decide

    @step("author", "amount")
    def adjustment_is_made(self, author, amount):
        author, key = self.authors[author], next(self.keys)
        adjustment = Adjustment(pk=key, author=author, amount=AMOUNTS[amount], reason="Agreed")
        if self.attempt(save_adjustment, adjustment=adjustment, by=self.finance, at=self.at):
            facts = author.pk, to_millionths(AMOUNTS[amount]), self.house.currency
            self.house.adjustments[key] = facts

    @step("which", "amount")
    def adjustment_is_changed(self, which, amount):
        if adjustment := pick(Adjustment.objects.order_by("pk"), which):
            adjustment.amount = AMOUNTS[amount]
            if self.attempt(save_adjustment, adjustment=adjustment, by=self.finance):
                author, _, currency = self.house.adjustments[adjustment.pk]
                facts = author, to_millionths(AMOUNTS[amount]), currency
                self.house.adjustments[adjustment.pk] = facts

    @step("which")
    def adjustment_is_withdrawn(self, which):
        adjustment = pick(Adjustment.objects.order_by("pk"), which)
        if adjustment and self.attempt(
            withdraw_adjustment,
            adjustment=adjustment, by=self.finance, reason="Wrong", at=self.at,
        ):  # fmt: skip
            del self.house.adjustments[adjustment.pk]

    @step("hold", "which")
    def hold_is_started_or_ended(self, hold, which):
        act, kind = HOLDS[hold]
        drafts = Payment.objects.filter(batch__status="draft").order_by("reference")
        payment = pick(drafts, which)
        if payment and self.attempt(
            act, payment=payment, by=self.finance, reason="Asked for", at=self.at
        ):
            self.house.holds[payment.author_id] = kind
            for batch in self.house.batches:
                if batch.status == "draft" and payment.author_id in batch.payments:
                    self.house.decide(payment.author_id, batch.payments[payment.author_id])

    @step("which")
    def author_asks_about_a_line(self, which):
        lines = (
            PaymentLine.objects.standing()
            .exclude(kind="carried_in")
            .order_by("payment__reference", "number")
        )
        line = pick(lines.select_related("payment__author", "price"), which)
        if line is None or not self.attempt(
            ask_about_line, line=line, author=line.payment.author, text="Why?", at=self.at
        ):
            return
        place, payment = (line.payment.author_id, line.blog_id, line.category_id), line.payment
        days = {
            (*place, line.month.replace(day=day)): views
            for day, views in parse_days(line.days).items()
        }
        key = line.adjustment_id or (*place, line.month, line.price.effective_from)
        naive = next(each for each in self.house.batches if each.key == payment.batch_id)
        self.house.disputed[key] = naive.payments[payment.author_id], days

    @step("which")
    def question_is_answered(self, which):
        dispute = pick(Dispute.objects.open().select_related("price").order_by("pk"), which)
        if dispute and self.attempt(
            answer_dispute, dispute=dispute, outcome="rejected", text="So it is", by=self.finance,
            at=self.at,
        ):  # fmt: skip
            place = dispute.author_id, dispute.blog_id, dispute.category_id, dispute.month
            del self.house.disputed[dispute.adjustment_id or (*place, dispute.price.effective_from)]

    @step("author")
    def account_is_switched_off_or_on(self, author):
        author = self.authors[author]
        author.is_active = not author.is_active
        author.save()
        self.house.deactivated ^= {author.pk}

    @step()
    def a_month_goes_by(self):
        for number, blog in enumerate(self.blogs):
            key = blog.author_id, blog.pk, blog.category_id, self.month.replace(day=7 * number + 1)
            self.add_views(key, 100 * number + 1)
        self.month = next_month(self.month)
        try:
            batches = steps.build_closed_months(by=self.finance, leave_out=LEAVE_OUT, at=self.at)
        except MonthsRefused as refused:
            batches = refused.batches
        for batch in batches:
            self.note_built(batch)

    @step("currency")
    def currency_is_changed(self, currency):
        settings.CURRENCY = self.house.currency = CURRENCIES[currency]

    # The batches

    def naive(self, batch):
        return next(naive for naive in self.house.batches if naive.key == batch.pk)

    def has_a_line_in_dispute(self, naive):
        asked_about = [payment for payment, _ in self.house.disputed.values()]
        return any(payment in asked_about for payment in naive.payments.values())

    def batch(self, which, *status):
        return pick(PayoutBatch.objects.filter(status__in=status).order_by("pk"), which)

    @step("months_ago")
    def batch_is_built(self, months_ago):
        month = last_closed_month(self.at)
        for _ in range(months_ago):
            month = previous_month(month)
        try:
            with transaction.atomic():
                batch, is_new = steps.build_batch(
                    month=month, by=self.finance, leave_out=REASON, at=self.at
                )
        except NothingToBuild:
            nothing = self.begin_naive(None, month)
            self.house.fill(nothing)
            assert nothing.left_out
            assert not nothing.payments
        else:
            if is_new:
                self.note_built(batch)

    def begin_naive(self, key, month):
        left_out = self.house.unpriced(month)
        return Batch(key, month, self.house.currency, left_out=left_out)

    def note_built(self, batch):
        self.house.batches.append(self.begin_naive(batch.pk, batch.month))
        self.house.fill(self.house.batches[-1])

    @step("which")
    def draft_is_rebuilt(self, which):
        if batch := self.batch(which, "draft"):
            is_rebuilt = self.attempt(steps.rebuild_batch, batch=batch, by=self.finance, at=self.at)
            assert is_rebuilt == self.house.can_fill(self.naive(batch))
            if is_rebuilt:
                self.house.fill(self.naive(batch))

    @step("which")
    def draft_is_submitted(self, which):
        if batch := self.batch(which, "draft"):
            naive = self.naive(batch)
            try:
                steps.submit_batch(batch=batch, by=self.finance, answer="Done", at=self.at)
            except BatchBlocked:
                unpriced = self.house.unpriced(naive.month) - naive.left_out
                assert not naive.payments or unpriced or self.has_a_line_in_dispute(naive)
            except BatchOutdated:
                assert not self.has_a_line_in_dispute(naive)
                can_submit = self.house.can_fill(naive)
                self.draft_is_rebuilt(which)  # after which only an empty one is refused
                can_submit = can_submit and bool(naive.payments)
                assert can_submit == self.attempt(
                    steps.submit_batch, batch=batch, by=self.finance, answer="Done", at=self.at
                )
                naive.status = "submitted" if can_submit else "draft"
            else:
                assert not self.has_a_line_in_dispute(naive)
                naive.status, submitted = "submitted", facts_of(naive)
                self.house.fill(naive)
                assert facts_of(naive) == submitted

    @step("which")
    def batch_is_approved(self, which):
        if batch := self.batch(which, "submitted"):
            total = sum(payment.amount for payment in self.naive(batch).payments.values())
            is_last = batch.approved_by or total <= to_millionths(SECOND_APPROVAL_ABOVE)
            by = self.second_approver if batch.approved_by else self.approver
            approve(batch, by=by, at=self.at)
            if is_last:
                self.naive(batch).status = "approved"
                self.close_if_all_have_results(self.naive(batch))

    @step("which")
    def batch_goes_all_the_way(self, which):
        self.draft_is_submitted(which)
        for _ in range(2):
            self.batch_is_approved(0)
        for number in range(CHOICES["author"]):
            self.record(which + number, "paid")

    def close_if_all_have_results(self, naive):
        if all(payment.status != "payable" for payment in naive.payments.values()):
            naive.status = "paid"

    @step("which")
    def batch_is_returned(self, which):
        if batch := self.batch(which, "submitted"):
            steps.return_batch(batch=batch, by=self.approver, reason="Look again")
            self.naive(batch).status = "draft"

    @step("which")
    def draft_is_cancelled(self, which):
        if batch := self.batch(which, "draft"):
            steps.cancel_batch(batch=batch, by=self.finance, reason="Begun too early")
            self.naive(batch).status = "cancelled"

    @step("which")
    def payment_is_made(self, which):
        self.record(which, "paid")

    @step("which")
    def payment_fails(self, which):
        self.record(which, "failed")

    def record(self, which, outcome):
        payments = Payment.objects.filter(batch__status__in=["approved", "paid"])
        payment = pick(payments.select_related("batch").order_by("reference"), which)
        if payment is None:
            return
        if payment.status == "payable":  # none is exported where an author asked about each
            self.attempt(export_payments, batch=payment.batch, by=self.finance, at=self.at)
        if self.attempt(
            record_results,
            batch=payment.batch,
            results={payment.pk: (outcome, "Account closed" if outcome == "failed" else "Made")},
            by=self.colleague if payment.results.count() % 2 else self.finance,
            at=self.at,
        ):
            naive = self.naive(payment.batch)
            naive.payments[payment.author_id].status = outcome
            self.close_if_all_have_results(naive)


def facts_of(naive):
    """Return {author: (status, amount, rounding, carried_amount)}."""
    facts = {}
    for author, payment in naive.payments.items():
        is_kept_back = payment.status in ("held", "carried")
        rest = (0, payment.exact) if is_kept_back else (payment.amount - payment.exact, 0)
        facts[author] = (payment.status, payment.amount, *rest)
    return facts
