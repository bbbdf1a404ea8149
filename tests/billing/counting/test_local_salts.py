import datetime as dt
import os

import pytest

from billing.counting import local_salts
from billing.counting.local_salts import get_salt, keep_salt, list_salts, name_salt, purge_salts

pytestmark = pytest.mark.any_database

DAY = dt.date(2026, 10, 15)
MADE_AT = dt.datetime(2026, 10, 15, 10, tzinfo=dt.UTC)
ONE, OTHER = b"1" * 32, b"2" * 32


def keep(salt=ONE, *, day=DAY, made_at=MADE_AT):
    keep_salt(day, salt, made_at=made_at)


def test_machine_has_one_salt_of_a_day():
    salt = get_salt(DAY)
    assert (len(salt), get_salt(DAY)) == (32, salt)
    assert get_salt(DAY + dt.timedelta(days=1)) != salt


def test_salt_that_another_process_makes_meanwhile_is_taken(monkeypatch):
    read, calls = local_salts._read, []

    def read_too_early(path):
        calls.append(path)
        if len(calls) == 1:
            keep(OTHER, made_at=dt.datetime.now(dt.UTC))
            calls.append(path)
            raise FileNotFoundError
        return read(path)

    monkeypatch.setattr(local_salts, "_read", read_too_early)
    assert get_salt(DAY) == OTHER


@pytest.mark.parametrize("damaged", [b"", b"1" * 31, b"1" * 33])
def test_damaged_salt_is_none_and_another_takes_its_place(spool_dir, damaged):
    keep(made_at=dt.datetime.now(dt.UTC))
    [path] = spool_dir.iterdir()
    path.write_bytes(damaged)
    assert list_salts() == {}
    salt = get_salt(DAY)
    assert len(salt) == 32
    assert [salt for salt, _ in list_salts().values()] == [salt]


def test_salt_of_the_database_keeps_its_age():
    keep(made_at=MADE_AT)
    keep(made_at=MADE_AT + dt.timedelta(hours=1))
    assert list_salts() == {DAY: (ONE, MADE_AT)}


def test_salt_of_the_database_goes_over_one_made_here():
    keep(ONE)
    keep(OTHER, made_at=MADE_AT + dt.timedelta(hours=1))
    assert list_salts() == {DAY: (OTHER, MADE_AT + dt.timedelta(hours=1))}


@pytest.mark.parametrize(
    ("seconds", "gone"), [(48 * 3600, 0), (48 * 3600 + 1, 1), (-48 * 3600, 0), (-48 * 3600 - 1, 1)]
)
def test_salt_is_destroyed_48_hours_after_it_was_made_or_if_it_is_of_the_future(seconds, gone):
    keep()
    keep(day=dt.date(2020, 1, 1), made_at=MADE_AT + dt.timedelta(seconds=seconds))
    assert purge_salts(at=MADE_AT + dt.timedelta(seconds=seconds)) == gone
    assert len(list_salts()) == 2 - gone


def test_old_salt_is_destroyed_before_another_is_made():
    keep()
    assert get_salt(DAY) != ONE


def test_salts_are_for_nobody_else_and_leave_no_draft(spool_dir):
    get_salt(DAY)
    keep(OTHER)
    assert spool_dir.stat().st_mode & 0o777 == 0o700
    assert [(path.name, path.stat().st_mode & 0o777) for path in spool_dir.iterdir()] == [
        ("2026-10-15.salt", 0o600)
    ]


def test_draft_goes_where_the_disk_is_full(spool_dir, monkeypatch):
    def fail(descriptor):
        raise OSError("No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="No space left"):
        get_salt(DAY)
    assert list(spool_dir.iterdir()) == []


def test_name_tells_two_salts_apart_and_reveals_neither():
    assert (name_salt(ONE), name_salt(OTHER)) == ("b1d179e2", "74270997")
