import datetime as dt

import pytest
import time_machine
from django.core.management import CommandError, call_command

from billing.models import PayoutBatch
from tests.factories import make_blog, make_count, make_price

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def in_november():
    with time_machine.travel(dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC), tick=False):
        yield


@pytest.fixture
def blog():
    blog = make_blog()
    make_count(blog, 1000, dt.date(2026, 9, 1))
    make_count(blog, 1000, dt.date(2026, 10, 1))
    return blog


def run(capsys, **options):
    call_command("build_payout_batch", **options)
    return capsys.readouterr().out.strip()


def test_every_closed_month_gets_its_batch(blog, capsys):
    make_price(blog.category, "10")
    assert run(capsys) == "Built batches for 2026-09, 2026-10."
    assert run(capsys) == "Every closed month with views has its batch already."
    assert PayoutBatch.objects.count() == 2


def test_one_month_is_built_once(blog, capsys):
    make_price(blog.category, "10")
    assert run(capsys, month="2026-10") == "Built a batch for 2026-10: 1 payments."
    assert run(capsys, month="2026-10") == "There is a batch for 2026-10: 1 payments."


@pytest.mark.any_database
@pytest.mark.parametrize(
    ("month", "message"),
    [
        ("2026-11", "can be paid from 3 Dec 2026 on"),
        ("October", "“October” is no month"),
        ("2026-10", "No price for"),
        (None, "No price for"),
    ],
)
def test_refusal_says_what_to_do_and_writes_nothing(blog, month, message):
    with pytest.raises(CommandError, match=message):
        call_command("build_payout_batch", month=month)
    assert not PayoutBatch.objects.exists()
