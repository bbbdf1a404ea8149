"""Whatever the database answers, a view is stored, kept in the spool, or counted as lost."""

import datetime as dt
import sqlite3
import time

import pytest
from django.core import mail
from django.db import (
    DatabaseError,
    DataError,
    IntegrityError,
    InterfaceError,
    InternalError,
    OperationalError,
    ProgrammingError,
    connection,
)
from django.urls import reverse
from django.utils import timezone

from billing import receivers
from billing.counting import local_salts, readers, recording
from billing.counting.folding import fold_views
from billing.counting.losses import read_losses
from billing.counting.retention import purge_readers
from billing.counting.spool_intake import get_spool_ready
from billing.counting.spool_status import spool_status
from billing.models import BlogView, DailyViewCount, LostViewTotal, ReaderSalt
from billing.periods import day_of
from tests.factories import FIREFOX, make_blog, make_click, make_user

pytestmark = [pytest.mark.postgresql, pytest.mark.slow]

ERRORS = [
    OperationalError("database is locked"),
    OperationalError("database or disk is full"),
    OperationalError("attempt to write a readonly database"),
    OperationalError("FATAL: sorry, too many clients already"),
    OperationalError("canceling statement due to statement timeout"),
    InternalError("cannot execute INSERT in a read-only transaction"),
    ProgrammingError('relation "billing_blogview" does not exist'),
    IntegrityError("violates a constraint that is new"),
    DataError("out of range"),
    InterfaceError("connection already closed"),
    DatabaseError("anything else"),
]


@pytest.fixture
def blog():
    return make_blog(slug="paper-notebook")


@pytest.fixture
def refuse(monkeypatch):
    """Return a function that makes the database refuse every view with an error."""

    def refuse(error, *, at="append_click"):
        monkeypatch.setattr(recording, at, refuse_with(error))

    return refuse


def refuse_with(error):
    def refuse(*arguments, **facts):
        raise error

    return refuse


def visit(client, blog):
    return client.get(
        reverse("weblog:blog_detail", args=[blog.slug]), headers={"user-agent": FIREFOX}
    )


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("error", ERRORS, ids=str)
def test_view_that_the_database_refuses_waits_and_is_counted(
    client, blog, refuse, monkeypatch, error
):
    refuse(error)
    assert visit(client, blog).status_code == 200
    assert not BlogView.objects.exists()
    assert spool_status().views == 1
    monkeypatch.undo()
    make_click(blog, ip_address="192.0.2.2")
    result = fold_views()
    assert result.intake.taken_in == 1
    assert "1 taken in from the spool" in str(result)
    assert BlogView.objects.count() == 2
    assert spool_status().views == 0


@pytest.mark.django_db(transaction=True)
def test_view_that_was_committed_although_an_error_came_is_not_doubled(blog, monkeypatch):
    append = recording.append_click

    def append_and_fail(click):
        append(click)
        raise OperationalError("server closed the connection unexpectedly")

    monkeypatch.setattr(recording, "append_click", append_and_fail)
    make_click(blog)
    monkeypatch.undo()
    assert spool_status().views == 1
    intake = fold_views().intake
    assert (intake.taken_in, intake.known) == (0, 1)
    assert BlogView.objects.count() == 1
    assert DailyViewCount.objects.get().views == 1


@pytest.mark.django_db(transaction=True)
def test_process_that_starts_while_the_database_is_away_makes_the_same_keys(
    blog, refuse, monkeypatch
):
    now = timezone.now()
    get_spool_ready()
    make_click(blog, start=now - dt.timedelta(minutes=2))
    readers._salts.clear()
    monkeypatch.setattr(readers, "_salt_of", refuse_with(OperationalError("gone")))
    make_click(blog, start=now - dt.timedelta(minutes=1, seconds=50))
    monkeypatch.undo()
    intake = fold_views().intake
    assert (intake.taken_in, intake.other_salt) == (1, 0)
    assert BlogView.objects.filter(outcome="double_click").count() == 1


@pytest.mark.django_db(transaction=True)
def test_salt_made_here_while_the_database_is_away_becomes_the_salt_of_the_day(
    blog, monkeypatch, spool_dir
):
    now = timezone.now()
    monkeypatch.setattr(readers, "_salt_of", refuse_with(OperationalError("gone")))
    make_click(blog, start=now - dt.timedelta(minutes=2))
    monkeypatch.undo()
    fold_views()
    make_click(blog, start=now - dt.timedelta(minutes=1, seconds=50))
    fold_views()
    assert BlogView.objects.filter(outcome="double_click").count() == 1
    assert ReaderSalt.objects.count() == len(local_salts.list_salts())


@pytest.mark.django_db(transaction=True)
def test_views_of_a_salt_that_the_database_does_not_know_are_named(blog, monkeypatch, caplog):
    now = timezone.now()
    monkeypatch.setattr(readers, "_salt_of", refuse_with(OperationalError("gone")))
    make_click(blog, start=now - dt.timedelta(minutes=2))
    monkeypatch.undo()
    ReaderSalt.objects.create(day=day_of(now), salt=bytes(32))  # by another machine
    make_click(blog, start=now - dt.timedelta(minutes=1, seconds=50))
    result = fold_views()
    assert result.intake.other_salt == 1
    assert "1 with a salt of this machine alone" in str(result)
    assert DailyViewCount.objects.get().views == 2  # what nobody can tell apart counts


@pytest.mark.django_db
def test_salts_of_this_machine_are_destroyed_with_the_databases(spool_dir):
    get_spool_ready()
    [row, *_] = ReaderSalt.objects.all()
    salts = local_salts.list_salts()
    salt, made_at = salts[row.day]
    assert salt == bytes(row.salt)
    assert abs(made_at - row.created_at) < dt.timedelta(seconds=1)
    later = row.created_at + dt.timedelta(hours=48, seconds=1)
    purge_readers(at=later)
    assert not local_salts.list_salts()
    assert not ReaderSalt.objects.exists()
    assert not list(spool_dir.glob("*.salt"))


@pytest.mark.django_db
def test_what_waits_holds_no_address_and_no_user_agent(blog, refuse, spool_dir):
    refuse(OperationalError("gone"))
    make_click(blog, ip_address="203.0.113.77", user_agent="Secret/1.0 Firefox/144.0")
    text = b"".join(path.read_bytes() for path in spool_dir.iterdir())
    assert b'"reader_key":"' in text
    assert not any(word in text for word in (b"203.0.113", b"Secret", b"Firefox"))


@pytest.mark.django_db
def test_view_that_nothing_can_keep_is_counted_named_and_told(
    client, blog, refuse, monkeypatch, settings, caplog, django_capture_on_commit_callbacks
):
    settings.ADMINS = ["Ada Example <ada@example.org>"]
    refuse(OperationalError("database or disk is full"))
    refuse(OSError(28, "No space left on device"), at="keep_view")
    assert visit(client, blog).status_code == 200
    [(day, reason)] = read_losses().sums
    assert reason == "not_kept"
    assert "Lost: 1 view" in caplog.text
    monkeypatch.undo()
    for _ in range(2):
        with django_capture_on_commit_callbacks(execute=True):
            result = fold_views()
    assert result.intake.lost == 0  # told once
    lost = LostViewTotal.objects.get()
    assert (lost.day, lost.reason, lost.views) == (day, "not_kept", 1)
    [message] = [each for each in mail.outbox if "Views were lost" in each.subject]
    assert f"1 of {day}: neither the database nor the spool could be written" in message.body


@pytest.mark.django_db
def test_error_in_the_program_is_logged_and_counted(client, blog, monkeypatch, caplog):
    def fail(**facts):
        raise TypeError("a bug")

    monkeypatch.setattr(receivers, "record_view", fail)
    assert visit(client, blog).status_code == 200
    assert [reason for _, reason in read_losses().sums] == ["program_error"]
    assert "a bug" in caplog.text
    assert any(record.levelname == "ERROR" and record.exc_info for record in caplog.records)


@pytest.mark.django_db
def test_database_that_is_slow_to_refuse_is_left_alone_for_a_moment(blog, monkeypatch):
    tries = []

    def refuse_slowly(click):
        tries.append(click)
        clock[0] += recording.SLOW_REFUSAL
        raise OperationalError("database is locked")

    clock = [1_000.0]
    monkeypatch.setattr(recording.time, "monotonic", lambda: clock[0])
    monkeypatch.setattr(recording, "append_click", refuse_slowly)
    for _ in range(5):
        make_click(blog)
    assert len(tries) == 1
    clock[0] += recording.REST
    make_click(blog)
    assert len(tries) == 2
    assert spool_status().views == 6


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "sqlite", reason="SQLite locks the whole database.")
def test_reader_does_not_wait_for_sqlite_to_be_unlocked(client, blog):
    make_click(blog)  # the salt of the day
    other = sqlite3.connect(connection.settings_dict["NAME"], isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    started_at = time.monotonic()
    for _ in range(5):
        assert visit(client, blog).status_code == 200
    assert time.monotonic() - started_at < 3 * recording.SLOW_REFUSAL
    other.execute("ROLLBACK")
    other.close()
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA busy_timeout")
        assert cursor.fetchone() == (20_000,)
    assert spool_status().views == 5
    fold_views()
    assert BlogView.objects.count() == 6


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "sqlite", reason="SQLite alone has the pragma.")
def test_full_sqlite_keeps_no_view_and_loses_none(client, blog):
    make_click(blog)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM")  # other tests leave free pages, which would take them all
        cursor.execute("PRAGMA page_count")
        cursor.execute(f"PRAGMA max_page_count = {cursor.fetchone()[0]}")
        for _ in range(200):
            make_click(blog)
        cursor.execute("PRAGMA max_page_count = 1073741823")
    waiting = spool_status().views
    assert waiting > 0
    assert BlogView.objects.count() + waiting == 201
    fold_views()
    assert BlogView.objects.count() == 201


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "postgresql", reason="PostgreSQL alone has the setting.")
@pytest.mark.parametrize(
    ("change", "back"),
    [
        ("SET default_transaction_read_only = on", "SET default_transaction_read_only = off"),
        (
            "ALTER TABLE billing_blogview RENAME TO elsewhere",
            "ALTER TABLE elsewhere RENAME TO billing_blogview",
        ),
        (
            "ALTER TABLE billing_blogview ADD COLUMN soon integer NOT NULL",
            "ALTER TABLE billing_blogview DROP COLUMN soon",
        ),
    ],
)
def test_postgresql_that_refuses_loses_none(client, blog, change, back):
    with connection.cursor() as cursor:
        cursor.execute(change)
        assert visit(client, blog).status_code == 200
        cursor.execute(back)
    assert spool_status().views + BlogView.objects.count() == 1
    fold_views()
    assert BlogView.objects.count() == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite knows no statement timeout.")
def test_table_that_is_locked_on_postgresql_loses_none(blog, django_db_blocker):
    make_click(blog)
    other = connection.copy()
    other.ensure_connection()
    try:
        with other.cursor() as cursor:
            cursor.execute("BEGIN")
            cursor.execute("LOCK TABLE billing_blogview IN ACCESS EXCLUSIVE MODE")
            with connection.cursor() as ours:
                ours.execute("SET lock_timeout = '200ms'")
            make_click(blog, 60)
            cursor.execute("ROLLBACK")
    finally:
        other.close()
    assert spool_status().views == 1
    fold_views()
    assert BlogView.objects.count() == 2


@pytest.mark.django_db
def test_robots_own_and_staff_views_keep_their_reason_in_the_spool(blog, refuse, monkeypatch):
    refuse(OperationalError("gone"))
    make_click(blog, user_agent="Googlebot/2.1")
    make_click(blog, user=blog.author)
    make_click(blog, user=make_user())
    monkeypatch.undo()
    fold_views()
    outcomes = BlogView.objects.values_list("outcome", flat=True)
    assert sorted(outcomes) == ["own_view", "robot", "staff_view"]
