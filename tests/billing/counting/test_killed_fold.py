"""A fold is killed with SIGKILL at every statement and every COMMIT: no count is ever wrong."""

import datetime as dt
import itertools
import signal
from collections import Counter

import pytest

from billing.counting import folding
from billing.counting.folding import fold_views
from billing.models import BlogView
from tests.billing.counting.folds import Snapshot, all_counts
from tests.billing.killed_fold import LATER, die_in_fold
from tests.factories import make_blog, make_click

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

FOLD_SIZE = 4
STRIDE = 8  # of so many places to die at, a case tries one; between them, the cases try all
MIDNIGHT = dt.datetime(2026, 10, 31, 23, tzinfo=dt.UTC)  # in Berlin, at the end of the month


@pytest.fixture(autouse=True)
def fold_in_small_portions(monkeypatch):
    monkeypatch.setattr(folding, "FOLD_SIZE", FOLD_SIZE)


def outcomes():
    return dict(BlogView.objects.values_list("pk", "outcome"))


def recount():
    """Return all counts, made from the views that are marked as counted."""
    by_day, by_month, by_category = Counter(), Counter(), Counter()
    for view in BlogView.objects.filter(outcome="counted"):
        facts = (view.blog_id, view.author_id, view.category_id)
        by_day[*facts, view.day] += 1
        by_month[*facts, view.day.replace(day=1)] += 1
        by_category[view.category_id, view.day] += 1
    return by_day, by_month, by_category


@pytest.mark.cases(1)
@pytest.mark.parametrize("begin", range(STRIDE))
def test_fold_killed_at_any_statement_leaves_no_wrong_count(begin, settings):
    settings.TIME_ZONE = "Europe/Berlin"
    first, second = make_blog(), make_blog()
    for seconds in (-200, -100, -20, 200):
        make_click(first, seconds, start=MIDNIGHT)
    fold_views(at=LATER)
    # Double clicks, a counted one of the month before replaced by one after midnight, and more.
    for seconds in (-190, 5, 10, 300):
        make_click(first, seconds, start=MIDNIGHT)
    for seconds in (0, 100, 131):
        make_click(second, seconds, start=MIDNIGHT)
    make_click(second, 300, start=MIDNIGHT, user_agent="Googlebot/2.1")
    before = Snapshot()
    fold_views(at=LATER)
    expected = outcomes(), all_counts()
    assert Counter(expected[0].values()) == {"counted": 8, "double_click": 3, "robot": 1}

    for step in itertools.count(begin, STRIDE):
        before.restore()
        exit_code = die_in_fold(step, FOLD_SIZE)
        assert all_counts() == recount(), f"after the death at step {step}"
        if exit_code == 0:
            break
        assert exit_code == -signal.SIGKILL
        fold_views(at=LATER)
        assert (outcomes(), all_counts()) == expected, f"after the fold that followed step {step}"
    assert (outcomes(), all_counts()) == expected
    assert step > 20  # there were statements to die at
