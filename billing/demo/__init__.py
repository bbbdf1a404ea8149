"""The demo publishing house: people, blogs, prices, and a year of views and batches.

All of it comes by the same functions as in a real house, each on its day. Start at set_up; year.py
tells what happened in which month.
"""

import datetime as dt
from functools import partial
from pathlib import Path

from django.core.management import call_command
from django.db import transaction
from django.utils import timezone

from backoffice.clocks import confirm_clock, find_doubt
from billing.counting.folding import fold_views
from billing.counting.retention import purge_readers
from billing.demo.clock import travel
from billing.demo.people import find_people, make_people, set_passwords
from billing.demo.readers import replay_live, start_at
from billing.demo.texts import FIXTURES, load_blogs, name_a_co_author, plan_texts
from billing.demo.year import (
    GROWTH,
    LATE_MONTH,
    begin_prices,
    build_due,
    list_months,
    live_a_month,
    plan_a_price,
    run_job,
)
from billing.findings.decisions import find_in_open_months
from billing.models import BlogView
from billing.payees.examples import enter_examples
from billing.periods import last_closed_month, month_of, next_month
from billing.verification import verify_payouts

HIRED_BEFORE = dt.timedelta(days=20)


def is_set_up() -> bool:
    return BlogView.objects.exists()


@transaction.atomic
def set_up(*, accounts_file: Path, at: dt.datetime | None = None) -> None:
    """Fill an empty database. One transaction: an interrupted run leaves nothing behind."""
    at = at or timezone.now()
    months = list_months(last_closed_month(at))
    opened_at = start_at(months[0], dt.time(9)) - HIRED_BEFORE
    with travel(opened_at):
        call_command("loaddata", *sorted(FIXTURES.glob("*groups.json")), verbosity=0)
        people = make_people(at=opened_at)
        enter_examples(people, at=opened_at)
        late = start_at(months[LATE_MONTH], dt.time(7))
        load_blogs(by=people["editor"], before=opened_at, late=late)
        name_a_co_author(people)
        prices = FIXTURES / "35_prices.json"
        why = "The prices that the house begins with."
        call_command("loaddata", prices, by="finance", reason=why, verbosity=0)
        begin_prices(people, first=months[0])
        set_passwords(find_people(), accounts_file)
    for number, month in enumerate(months):
        live_a_month(month, number, people, at=at)
    month = next_month(months[-1])
    growth = GROWTH[-1]
    while month <= month_of(timezone.localdate(at)):
        replay_live(month, growth, at=at)
        month = next_month(month)
    with travel(at):
        plan_texts(people, at=at)
        plan_a_price(people, at=at)
        run_job("fold_views", partial(fold_views, at=at), at=at)
        run_job("find_findings", partial(_search, at=at), at=at)
        run_job("build_payout_batch", partial(build_due, at=at), at=at)
        run_job("purge_readers", partial(purge_readers, at=at), at=at)
        verify = partial(verify_payouts, month=months[-3], at=at)
        run_job("verify_payouts", verify, at=at)


def _search(*, at: dt.datetime) -> str:
    return f"{sum(find_in_open_months(at=at).values())} new findings."


def wake_up() -> None:
    """Say that the clock is right: no job has run since the demo was left alone."""
    if find_doubt(timezone.now()):
        confirm_clock(by="setup_demo", reason="The demo did not run in between.")


def ensure_accounts_file(accounts_file: Path) -> None:
    """Give the demo's people new passwords if the file that holds them is gone."""
    if not accounts_file.exists():
        set_passwords(find_people(), accounts_file)
