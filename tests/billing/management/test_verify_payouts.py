import datetime as dt
import io

import pytest
from django.core.management import CommandError, call_command

from backoffice.jobs import run_job
from backoffice.models import JobRun
from billing.counting.folding import fold_views
from billing.models import DailyViewCount, Seal, Verification
from tests.billing.paid_months import make_views
from tests.billing.tampering import change

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


@pytest.fixture
def paid(paid_once):
    return paid_once


def verify(*arguments):
    output = io.StringIO()
    call_command("verify_payouts", *arguments, stdout=output)
    return output.getvalue()


def test_tells_what_was_checked_in_numbers(paid):
    head = Seal.objects.last().hash
    *numbers, proved, not_proved, outcome = verify("--head", head).splitlines(keepends=True)
    assert proved.startswith("Proved: every amount follows")
    assert numbers[-1].startswith("Not proved yet: 3 records and log entries are younger")
    assert not_proved.startswith("Not proved: whether a counted view was a person")
    assert "".join([*numbers[:-1], outcome]) == (
        "All months: checked 2 batches, 6 payments, 12 lines, 1 adjustments, "
        "2 amounts carried forward, 6 days, 63 counted views, 63 views under seal, "
        "8 seals of views, 6 seals, 4 bank results, 2 exported files, "
        "3 balances of authors in the books, 6 rows with a history, "
        "13 accounts and roles, 36 records and log entries, 4 seals of them.\n"
        f"No row differs. The chain ends with {head}.\n"
    )


@pytest.mark.thorough
def test_head_of_an_earlier_verification_has_to_be_in_the_chain(paid):
    verify()
    run = Verification.objects.get()
    Verification.objects.filter(pk=run.pk).update(chain_head="0" * 64)
    with pytest.raises(CommandError, match=r"it had one, says the verification of \d+ "):
        verify()


def test_exits_with_1_and_names_the_row(paid):
    count = DailyViewCount.objects.first()
    change(DailyViewCount.objects.filter(pk=count.pk), views=99)
    with pytest.raises(CommandError, match=r"billing_monthlyviewcount \d+\) says"):
        verify("--month", "2026-10")


@pytest.mark.thorough
def test_tells_how_many_views_wait_for_the_next_batch(paid):
    blog = DailyViewCount.objects.first().blog
    make_views(blog, dt.date(2026, 10, 29), 2)
    fold_views()
    assert "2 views wait for the next batch" in verify()


@pytest.mark.any_database
def test_month_that_is_none_is_refused(paid):
    with pytest.raises(CommandError, match="is no month"):
        verify("--month", "2026-13")


@pytest.mark.thorough
@pytest.mark.any_database
def test_nightly_job_is_recorded(paid):
    assert "No row differs" in run_job("verify_payouts").output
    assert JobRun.objects.get().status == "succeeded"
