"""A year of the demo's house: twelve closed months, each step on its day and by its person.

The oldest months are paid, the last but one is approved, and the last is a draft for people to
submit and approve. Each month has its own story: see STORIES.
"""

import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from functools import partial

from django.contrib.auth.models import User

from backoffice.jobs import records
from backoffice.models import JobRun
from billing.bank.exports import export_payments
from billing.bank.results.recording import record_results
from billing.counting.retention import purge_readers
from billing.demo.clock import travel
from billing.demo.readers import View, crowd_views, repeat_views, replay_log, start_at
from billing.demo.texts import LATE_CATEGORY
from billing.errors import BillingError
from billing.findings.decisions import accept_finding, exclude_views, find_in_open_months
from billing.models import Adjustment, CategoryPrice, Finding, PaymentResult, PayoutBatch
from billing.payouts.adjustments import save_adjustment
from billing.payouts.batch_checks import find_flags
from billing.payouts.holds import hold_payment
from billing.payouts.steps import approve_batch, build_closed_months, return_batch, submit_batch
from billing.periods import closes_on, format_month, next_month, previous_month
from billing.prices.rules import save_price
from weblog.models import Category

MONTHS = 12
# How many readers there were, in % of the sample: the house grew. The last is the month so far.
GROWTH = [5, 6, 8, 10, 12, 16, 20, 28, 36, 70, 82, 94, 100]
LATE_MONTH = 3  # the fourth month is the first with views of LATE_CATEGORY

Outcome = PaymentResult.Outcome
type People = dict[str, User]


def list_months(last: dt.date) -> list[dt.date]:
    """Return the closed months of the demo's year, the oldest first."""
    months = [last]
    while len(months) < MONTHS:
        months.insert(0, previous_month(months[0]))
    return months


def begin_prices(people: People, *, first: dt.date) -> None:
    """Enter the prices of the year's beginning: one changes later, one category is still new."""
    _enter_price(people, "fashion", "4.500", first, "For a trial year, agreed with the authors.")
    _enter_price(people, "food", "6.000", first, "A new category.")


def live_a_month(month: dt.date, number: int, people: People, *, at: dt.datetime) -> None:
    """Bring the views of a closed month, build its batch and go as far as its story goes.

    `number` counts from the oldest month, 0. No step is later than `at`.
    """
    left = MONTHS - 1 - number
    on_first = start_at(next_month(month), dt.time(0, 30))
    with travel(min(on_first, at)) as moment:
        replay_log(month, GROWTH[number], odd=ODD_VIEWS.get(left, _no_views)(month), at=moment)
    clock = partial(_clock, start_at(closes_on(month), dt.time(3, 20)), at)
    if number == LATE_MONTH:
        with clock(days=0) as moment:  # refused, and told: Travel has no price yet
            run_job("build_payout_batch", partial(build_due, at=moment), at=moment)
        with clock(days=0, hours=7):
            _enter_price(
                people, LATE_CATEGORY, "8.000", month, "Forgotten when the category was added."
            )
        clock = partial(
            _clock, start_at(closes_on(month) + dt.timedelta(days=1), dt.time(3, 20)), at
        )
    with clock(days=0) as moment:
        STORIES_BEFORE.get(left, _nothing)(people, at=moment)
        run_job("build_payout_batch", partial(build_due, at=moment), at=moment)
        run_job("purge_readers", partial(purge_readers, at=moment), at=moment)
    batch = PayoutBatch.objects.standing().get(month=month)
    with clock(days=0, hours=6) as moment:
        STORIES.get(left, _nothing)(batch, people, at=moment)
    if left == 0:
        return
    with clock(days=0, hours=7) as moment:
        submit_batch(batch=batch, by=people["finance"], at=moment)
    if left == 3:
        _return_once(batch, people, clock)
    with clock(days=1, hours=8) as moment:
        _approve(batch, people, at=moment)
    if left == 1:
        return
    with clock(days=1, hours=12) as moment:
        export_payments(batch=batch, by=people["finance"], at=moment)
    with clock(days=4, hours=7) as moment:
        _record_results(batch, failing="demo.ada" if left == 2 else "", people=people, at=moment)


def plan_a_price(people: People, *, at: dt.datetime) -> None:
    start = next_month(next_month(at.date().replace(day=1)))
    _enter_price(people, "fashion", "5.500", start, "Agreed with the authors for next season.")


@contextmanager
def _clock(start: dt.datetime, at: dt.datetime, **after: float) -> Iterator[dt.datetime]:
    with travel(min(start + dt.timedelta(**after), at)) as moment:
        yield moment


def run_job(name: str, do: Callable[[], object], *, at: dt.datetime) -> None:
    """Run it as the job of that name would, and keep the record of the run."""
    run = JobRun.objects.create(name=name, started_at=at, host=records.HOST)
    try:
        result = do()
    except BillingError as refusal:
        records.finish(run, JobRun.Status.FAILED, str(refusal))
        return
    records.finish(run, JobRun.Status.SUCCEEDED, str(result))


def build_due(*, at: dt.datetime) -> str:
    batches = build_closed_months(at=at)
    if not batches:
        return "Every closed month with views has its batch already."
    return f"Built batches for {', '.join(format_month(batch.month) for batch in batches)}."


# What happened in a month, by how many closed months came after it


def _hold_bruno(batch: PayoutBatch, people: People, *, at: dt.datetime) -> None:
    payment = batch.payments.get(author=people["demo.bruno"])
    reason = "Waits for a signed contract."
    hold_payment(payment=payment, by=people["finance"], reason=reason, at=at)


def _accept_spike(batch: PayoutBatch, people: People, *, at: dt.datetime) -> None:
    reason = "A newspaper linked to it on that day; the readers came from all over."
    for finding in Finding.objects.filter(month=batch.month, status=Finding.Status.OPEN):
        accept_finding(finding=finding, by=people["finance"], reason=reason, at=at)


def _advance_to_chiara(people: People, *, at: dt.datetime) -> None:
    _adjust(people, "demo.chiara", "-20.00", "Paid in advance in the spring.", at=at)


def _exclude_program(people: People, *, at: dt.datetime) -> None:
    """Decide before the batch is built: the views are not in it."""
    find_in_open_months(at=at)
    for finding in Finding.objects.filter(kind=Finding.Kind.BUSY_READER, status="open"):
        reason = "A program that loads the page each minute: no person reads so."
        exclude_views(finding=finding, by=people["finance"], reason=reason, at=at)


def _prize_to_ada(people: People, *, at: dt.datetime) -> None:
    _adjust(people, "demo.ada", "25.00", "Prize of the readers' survey.", at=at)


def _return_once(batch: PayoutBatch, people: People, clock: Callable) -> None:
    with clock(days=0, hours=9):
        asked = "Hana's blog has four times its readers. Is the newspaper's link proved?"
        return_batch(batch=batch, by=people["approver"], reason=asked)
    with clock(days=0, hours=11) as moment:
        answer = "Yes: the link is in the paper's online edition of that day."
        submit_batch(batch=batch, by=people["finance"], answer=answer, at=moment)


def _restore_price(people: People, *, at: dt.datetime) -> None:
    start = at.date().replace(day=15)
    _enter_price(people, "fashion", "5.000", start, "The trial ended: the price of the contracts.")


def _nothing(*arguments: object, at: dt.datetime) -> None: ...


def _no_views(month: dt.date) -> list[View]:
    return []


ODD_VIEWS: dict[int, Callable[[dt.date], list[View]]] = {
    5: lambda month: repeat_views("jacket-from-a-tent", month.replace(day=12), 44),
    3: lambda month: crowd_views("sensor-in-the-attic", month.replace(day=9), 330),
    0: lambda month: repeat_views("left-handed-goalkeeper", month.replace(day=18), 36),
}
STORIES_BEFORE: dict[int, Callable] = {
    5: _exclude_program, 4: _restore_price, 2: _advance_to_chiara, 0: _prize_to_ada,
}  # fmt: skip
STORIES: dict[int, Callable] = {3: _accept_spike, 1: _hold_bruno}


def _enter_price(
    people: People, category: str, price: str, effective_from: dt.date, note: str
) -> None:
    row = CategoryPrice(
        category=Category.objects.get_by_natural_key(category),
        effective_from=effective_from,
        price_per_1000=price,
        note=note,
    )
    save_price(price=row, by=people["finance"])


def _adjust(people: People, author: str, amount: str, reason: str, *, at: dt.datetime) -> None:
    adjustment = Adjustment(author=people[author], amount=Decimal(amount), reason=reason)
    save_adjustment(adjustment=adjustment, by=people["finance"], at=at)


def _approve(batch: PayoutBatch, people: People, *, at: dt.datetime) -> None:
    batch.refresh_from_db()
    notes = {flag.code: "Compared with the contracts and the blogs." for flag in find_flags(batch)}
    approve_batch(batch=batch, by=people["approver"], acknowledgements=notes, at=at)


def _record_results(batch: PayoutBatch, *, failing: str, people: People, at: dt.datetime) -> None:
    results = {
        payment.pk: (Outcome.FAILED, "The account is closed.")
        if payment.author.username == failing
        else (Outcome.PAID, "")
        for payment in batch.payments.payable().select_related("author")
    }
    record_results(batch=batch, results=results, by=people["finance"], at=at)
