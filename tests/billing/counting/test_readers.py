import datetime as dt

import pytest
import time_machine
from django.db import transaction

from billing.counting import local_salts, readers
from billing.counting.readers import adopt_salts, lay_in_salts, make_key, recall_salts
from billing.models import ReaderSalt

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]

DAY = dt.date(2026, 10, 15)
NOON = dt.datetime(2026, 10, 15, 10, tzinfo=dt.UTC)
ONE, OTHER = b"1" * 32, b"2" * 32


def day(number):
    return DAY + dt.timedelta(days=number)


def store(number, salt=ONE):
    return ReaderSalt.objects.create(day=day(number), salt=salt)


def test_key_is_made_of_the_salt_of_its_day_and_cut_to_16_bytes():
    store(0)
    store(1, OTHER)
    salts = {}
    assert make_key("192.0.2.1", day(0), salts).hex() == "fa746c93a23a78d7d5eb1a50ac26490d"
    assert make_key("192.0.2.1", day(1), salts).hex() == "a9c865b24b437eead1c9e544314085e4"
    assert salts == {day(0): ONE, day(1): OTHER}


def test_salt_that_a_caller_has_costs_no_query(django_assert_num_queries):
    with django_assert_num_queries(0):
        assert (
            make_key("192.0.2.1", day(0), {day(0): ONE}).hex() == "fa746c93a23a78d7d5eb1a50ac26490d"
        )


@time_machine.travel(NOON, tick=False)
def test_memory_keeps_salts_of_less_than_two_days_before_or_after(
    django_capture_on_commit_callbacks,
):
    for number in (-2, -1, 0, 1, 2):
        store(number)
        with django_capture_on_commit_callbacks(execute=True):
            make_key("192.0.2.1", day(number), {})
    assert sorted(readers._salts) == [day(-1), day(0), day(1)]


def test_salt_that_was_rolled_back_is_not_kept():
    with transaction.atomic():
        make_key("192.0.2.1", day(0), {})
        transaction.set_rollback(True)
    assert (readers._salts, ReaderSalt.objects.count()) == ({}, 0)


@time_machine.travel(NOON, tick=False)
@pytest.mark.parametrize(("number", "is_of_here"), [(-2, False), (-1, True), (1, True), (2, False)])
def test_new_salt_of_a_current_day_is_the_one_of_this_machine(number, is_of_here):
    local_salts.keep_salt(day(number), OTHER, made_at=NOON)
    salts = {}
    make_key("192.0.2.1", day(number), salts)
    assert (salts[day(number)] == OTHER) is is_of_here
    assert len(salts[day(number)]) == 32


def test_salts_are_recalled_from_memory_the_database_or_this_machine(monkeypatch):
    monkeypatch.setitem(readers._salts, day(0), ONE)
    store(0, b"3" * 32)
    store(1, OTHER)
    assert recall_salts({day(0), day(1)}) == {day(0): ONE, day(1): OTHER}
    monkeypatch.setattr(readers, "_read_salt", lambda day: None)
    assert recall_salts({day(1)}) == {day(1): local_salts.get_salt(day(1))}


def test_salts_made_here_are_adopted_with_their_age_unless_the_day_has_one():
    store(0)
    made_at = NOON - dt.timedelta(hours=1)
    for number in (0, 1):
        local_salts.keep_salt(day(number), OTHER, made_at=made_at)
    adopt_salts()
    assert [bytes(row.salt) for row in ReaderSalt.objects.order_by("day")] == [ONE, OTHER]
    assert ReaderSalt.objects.get(day=day(1)).created_at == made_at


@pytest.mark.parametrize(
    ("at", "number"),
    [("21:29:59", 1), ("21:30:00", 2), ("10:00:00", 1)],  # UTC, two hours before Berlin
)
def test_salts_of_the_coming_half_hour_are_laid_in(settings, at, number):
    settings.TIME_ZONE = "Europe/Berlin"
    lay_in_salts(at=dt.datetime.fromisoformat(f"2026-10-15T{at}+00:00"))
    laid_in = local_salts.list_salts()
    assert sorted(laid_in) == [day(n) for n in range(number)]
    assert {day: salt for day, (salt, _) in laid_in.items()} == {
        row.day: bytes(row.salt) for row in ReaderSalt.objects.all()
    }
