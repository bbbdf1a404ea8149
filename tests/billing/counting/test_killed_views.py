"""Exclusions and retirements die at every statement: views are as before, or sealed and gone."""

import contextlib
import datetime as dt
import itertools
import signal
from collections import Counter

import pytest
from django.db import transaction

from billing.counting.folding import fold_views
from billing.counting.retention import retire_day
from billing.errors import WrongStatus
from billing.models import BlogView, Finding, RetiredViewTotal, ViewSeal
from billing.payouts import steps
from billing.verification import verify_payouts
from tests.billing.counting.folds import all_counts
from tests.billing.killed_payouts import AT, OCTOBER, die_in
from tests.billing.killed_views import PAST_RETENTION, exclude, purge
from tests.factories import approve, make_blog, make_click, make_finding, make_price, make_user

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

DAYS = [dt.date(2026, 10, 15), dt.date(2026, 10, 16)]


@pytest.fixture
def blog():
    """Two days of views: four readers, one of them twice, and a robot."""
    blog = make_blog()
    make_price(blog.category, "10")
    for seconds in (0, 100, 86_400, 86_500):
        make_click(blog, seconds, ip_address=f"192.0.2.{seconds % 7}")
    make_click(blog, 300, user_agent="Googlebot/2.1")
    fold_views(at=AT)
    return blog


def facts():
    return {
        "views": Counter(BlogView.objects.values_list("day", "outcome", "finding")),
        "seals": list(ViewSeal.objects.values_list("number", "hash")),
        "counts": all_counts(),
        "dropped": Counter(RetiredViewTotal.objects.values_list("day", "outcome", "views")),
        "findings": list(Finding.objects.values_list("status", "views")),
        "decisions": list(Finding.history.order_by("history_id").values_list("status")),
    }


def after(act, *arguments, **values):
    """Return the facts after the act, and undo it."""
    with transaction.atomic():
        with contextlib.suppress(WrongStatus):  # where it was killed after its COMMIT
            act(*arguments, **values)
        found = facts()
        transaction.set_rollback(True)
    return found


def kill_at_each_statement(act, person, states):
    """Let processes die in the act until one ends it. Each leaves one of the states."""
    assert all(one != other for one, other in itertools.combinations(states, 2))
    for step in itertools.count(1, 2):
        assert die_in(act, person, step) == -signal.SIGKILL
        found = facts()
        assert found in states, f"after the death at step {step}"
        if found == states[-1]:
            break
    assert step > 30  # there were statements to die at
    assert verify_payouts().difference == ""


def test_exclusion_is_sealed_with_its_counts_or_nothing_changes(blog):
    view = BlogView.objects.filter(outcome="counted", day=DAYS[0]).first()
    make_finding(blog, day=DAYS[0], reader_key=view.reader_key)
    person = make_user()
    states = [facts(), after(exclude, person)]
    assert states[1]["views"][DAYS[0], "excluded", Finding.objects.get().pk] == 1
    kill_at_each_statement(exclude, person, states)


@pytest.mark.thorough
def test_day_past_its_retention_is_sealed_and_dropped_or_kept_whole(blog):
    batch, _ = steps.build_batch(month=OCTOBER, at=AT)
    approve(steps.submit_batch(batch=batch, by=make_user(), at=AT), at=AT)
    person = make_user()
    first = after(retire_day, DAYS[0], at=PAST_RETENTION)
    states = [facts(), first, after(purge, person)]
    assert states[2]["dropped"] == {
        (DAYS[0], "counted", 2): 1, (DAYS[0], "robot", 1): 1, (DAYS[1], "counted", 2): 1,
    }  # fmt: skip
    kill_at_each_statement(purge, person, states)
