"""No rotation of SECRET_KEY makes look forged what the application wrote."""

import datetime as dt

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.utils import timezone

from billing.models import StreamPosition, Trace, TraceSeal
from billing.proof.traces import seal_traces
from billing.verification import verify_payouts
from tests.factories import make_category, make_price, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]

AT = dt.datetime(2026, 11, 5, 9, tzinfo=dt.UTC)


@pytest.fixture(autouse=True)
def at():
    with time_machine.travel(AT, tick=False):
        yield


@pytest.fixture
def file(tmp_path, settings):
    file = tmp_path / ".env"
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "first" * 12, []
    file.write_text(f"SECRET_KEY={settings.SECRET_KEY}\n")
    return file


@pytest.fixture
def rotate(file, settings):
    """Return what runs the command, and then has the keys that the next process reads."""

    def run(*arguments):
        call_command("rotate_secret", *arguments, file=file)
        values = dict(line.split("=", 1) for line in file.read_text().splitlines())
        settings.SECRET_KEY = values["SECRET_KEY"]
        fallbacks = values["SECRET_KEY_FALLBACKS"]
        settings.SECRET_KEY_FALLBACKS = fallbacks.split(",") if fallbacks else []

    return run


@pytest.fixture
def write():
    """Return what writes a price, of which a trace waits for its seal."""
    finn, category, years = make_user("finn"), make_category("Tech"), iter(range(2027, 2100))
    return lambda: make_price(category, "15", dt.date(next(years), 1, 1), by=finn)


def write_as_before(write, settings, key):
    """Write as a worker does that was not restarted."""
    now, fallbacks = settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = key, []
    write()
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = now, fallbacks


def test_key_of_what_waits_for_its_seal_stays_until_it_has_it(rotate, write, file):
    write()
    assert Trace.objects.filter(seal=None).count() == 2  # of the price, and of who set it
    rotate()
    before = file.read_text()
    with pytest.raises(CommandError, match=r"\(2\) wait for a seal.*seal_traces"):
        rotate("--drop-fallbacks")
    assert file.read_text() == before
    seal_traces(at=AT)
    rotate("--drop-fallbacks")
    assert verify_payouts(at=AT).difference == ""


def test_worker_that_was_not_restarted_keeps_its_key(rotate, write, settings):
    first = settings.SECRET_KEY
    rotate()
    rotate()
    write()
    write_as_before(write, settings, first)
    with pytest.raises(CommandError, match=r"\(2\) wait .*not restarted.* Restart the web"):
        rotate("--drop-fallbacks")
    seal_traces(at=AT)
    rotate("--drop-fallbacks")
    assert verify_payouts(at=AT).difference == ""


def test_what_is_forged_already_keeps_no_key(rotate, write):
    write()
    seal_traces(at=AT)
    Trace.objects.create(kind="price", row=1, digest="0" * 64, mark="1" * 64)
    rotate()
    rotate("--drop-fallbacks")


def test_older_seal_after_one_of_today_is_dropped_together_with_it(rotate, write, settings):
    first = settings.SECRET_KEY
    rotate()
    second = settings.SECRET_KEY
    write()
    seal_traces(at=AT)
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = first, [second]
    write()
    seal_traces(at=AT)
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = second, [first]
    assert TraceSeal.objects.count() == 2
    with pytest.raises(CommandError, match=r"sealed traces with an older key.*rotate_secret"):
        rotate("--drop-fallbacks")
    rotate()
    write()
    seal_traces(at=AT)
    rotate("--drop-fallbacks")
    assert verify_payouts(at=AT).difference == ""


@pytest.mark.parametrize("minutes", [None, 6, 4])
def test_key_of_views_in_the_broker_stays_until_it_was_found_empty(rotate, settings, minutes):
    settings.VIEWS_BROKER = "nats://127.0.0.1:4222"
    if minutes:
        at = timezone.now() - dt.timedelta(minutes=minutes)
        StreamPosition.objects.create(stream="VIEWS", drained_at=at)
    rotate()
    if minutes == 4:
        rotate("--drop-fallbacks")
        assert settings.SECRET_KEY_FALLBACKS == []
    else:
        with pytest.raises(CommandError, match="wait in the broker"):
            rotate("--drop-fallbacks")
