"""Verification over several connections, each of which sees what is committed."""

import pytest
from django.db import connection

from backoffice import schema_rules
from billing.counting.folding import fold_views
from billing.models import BlogView, DailyViewCount, PaymentLine
from billing.verification import advance_verification, start_verification, verify_payouts
from tests.billing.paid_months import OCTOBER, make_views, pay_two_months
from tests.billing.tampering import change, without_guards
from tests.factories import make_blog, make_category

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


@pytest.mark.thorough
@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one connection's work.")
def test_several_connections_find_what_one_finds():
    pay_two_months()
    alone = advance_verification(start_verification(), seconds=60)
    together = verify_payouts()
    assert together.status == alone.status == "passed"
    assert without_traces(together) == without_traces(alone)
    assert together.chain_head == alone.chain_head
    assert (together.remaining, together.done) == ([], together.steps)

    with without_guards():
        PaymentLine.objects.filter(number=1).update(blog_title="Another")
    alone = advance_verification(start_verification(), seconds=60)
    together = verify_payouts()
    assert together.status == alone.status == "failed"
    assert together.difference == alone.difference
    assert together.done == alone.done
    assert connection.is_usable()


@pytest.mark.thorough
@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one connection's work.")
def test_days_are_proved_side_by_side_and_the_first_that_differs_is_named():
    blog = make_blog(category=make_category("Tech"))
    for day in (1, 5, 31):
        make_views(blog, OCTOBER.replace(day=day), day)
    fold_views()
    shown = []
    together = verify_payouts(show_progress=lambda done, steps, what: shown.append((done, what)))
    alone = advance_verification(start_verification(), seconds=60)
    assert together.status == alone.status == "passed"
    assert without_traces(together) == without_traces(alone)
    assert (together.numbers["days"], together.numbers["sealed views"]) == (3, 37)
    days = [done for done, what in shown if what == "views of each day, October 2026"]
    assert days == list(range(days[0], days[0] + 31))

    for day in (31, 5):
        view = BlogView.objects.filter(day=OCTOBER.replace(day=day)).first()
        change(BlogView.objects.filter(pk=view.pk), agent_key=bytes(16))
        difference = verify_payouts().difference
        assert f"of {day} Oct 2026" in difference
        assert difference == advance_verification(start_verification(), seconds=60).difference


def without_traces(run):
    """Return what was counted, but for traces: the run before left one of itself."""
    return {name: number for name, number in run.numbers.items() if "trace" not in name}


@pytest.mark.thorough
def test_each_portion_reads_the_database_as_of_one_moment():
    blog = make_blog(category=make_category("Tech"))
    make_views(blog, OCTOBER, 2)
    fold_views()
    assert verify_payouts().status == "passed"
    change(DailyViewCount.objects.all(), views=3)
    assert "the days add up to 3" in verify_payouts().difference


def test_nothing_to_verify_is_no_difference():
    assert verify_payouts().status == "passed"


@pytest.mark.thorough
def test_first_verification_of_a_process_compares_the_schema():
    """What the models ask for is read once, inside the transaction in which the check reads."""
    schema_rules._expect.cache_clear()
    assert verify_payouts().status == "passed"
