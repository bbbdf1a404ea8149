"""Moving from SQLite to PostgreSQL moves every value, or nothing and says why."""

import contextlib
import datetime as dt
import gzip
import os
import shutil
import sqlite3
import subprocess
import sys

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, connection

from backoffice.models import JobRun
from backoffice.moving import move
from backoffice.moving.errors import MoveError
from backoffice.moving.move import move_to_postgresql
from billing.guards import find_missing_guards
from billing.models import BlogView, LogLineKey, Seal, ViewSeal
from billing.verification import verify_payouts
from tests.upgrades.databases import DUMPS, other_database
from weblog.models import Blog

pytestmark = [pytest.mark.slow, pytest.mark.thorough]

TEXT = "<p>\t\\N \\. \"\r\n'Zoë' 😀</p>"
FIRST, SECOND = "2026-10-25 01:30:00.000001", "9999-12-31 22:59:59.999999"


@pytest.fixture(scope="module")
def moved_from(tmp_path_factory):
    """The file of an installation, with values that the two databases may read differently."""
    if connection.vendor != "postgresql":
        pytest.skip("It is moved to PostgreSQL.")
    file = tmp_path_factory.mktemp("house") / "db.sqlite3"
    dump = gzip.decompress((DUMPS / "157f2d7.sqlite.sql.gz").read_bytes()).decode()
    with contextlib.closing(sqlite3.connect(file)) as database:
        database.executescript(dump)
    command = [sys.executable, "manage.py", "migrate", "--verbosity=0", "--skip-checks"]
    settings = {"DATABASE_URL": f"sqlite:///{file}", "DJANGO_SETTINGS_MODULE": "tests.settings"}
    subprocess.run(command, env=os.environ | settings, check=True)
    with contextlib.closing(sqlite3.connect(file)) as database, database:
        database.execute("UPDATE auth_user SET last_login = ? WHERE username = 'ada'", [FIRST])
        database.execute("UPDATE auth_user SET last_login = ? WHERE username = 'bruno'", [SECOND])
        database.execute("UPDATE weblog_blog SET body = ? WHERE slug = 'cafe'", [TEXT])
        key = bytes(range(32))
        database.execute("INSERT INTO billing_loglinekey VALUES (1, ?, ?)", [key, FIRST])
        database.execute("INSERT INTO sqlite_sequence VALUES ('backoffice_jobrun', 41)")
    return file


@pytest.fixture
def file(moved_from, tmp_path):
    return shutil.copy(moved_from, tmp_path / "db.sqlite3") and tmp_path / "db.sqlite3"


@pytest.fixture
def target(django_db_setup, django_db_blocker, settings, tmp_path):
    settings.MEDIA_ROOT, settings.SPOOL_DIR = tmp_path / "new" / "media", tmp_path / "new" / "spool"
    with django_db_blocker.unblock(), other_database():
        yield


def change(file, statement):
    """Change the file directly, like somebody who has access to it."""
    with contextlib.closing(sqlite3.connect(file)) as database, database:
        triggers = database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        for (name,) in triggers.fetchall():
            database.execute(f"DROP TRIGGER {name}")
        database.execute(statement)


def test_an_installation_is_moved_whole_or_not_at_all(file, target, settings, tmp_path):
    """First a row points to nobody, then the move is killed, then it succeeds, then repeats."""
    whole = file.read_bytes()
    change(file, "UPDATE weblog_blog SET author_id = 999 WHERE slug = 'cafe'")
    with pytest.raises(IntegrityError, match="foreign key"):
        move_to_postgresql(file=file)
    file.write_bytes(whole)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(move.target, "read_checksum", _break_off)
        with pytest.raises(KeyboardInterrupt):
            move_to_postgresql(file=file)
    assert User.objects.count() == 0

    (tmp_path / "media" / "pictures").mkdir(parents=True)
    (tmp_path / "media" / "pictures" / "a.png").write_bytes(b"picture")
    told = []
    move_to_postgresql(file=file, files=tmp_path, tell=told.append)
    assert f"the head {Seal.objects.latest('number').hash}" in told[-1]
    assert "billing_blogview: 119 rows" in "\n".join(told)
    assert (settings.MEDIA_ROOT / "pictures" / "a.png").read_bytes() == b"picture"
    _check_values()
    _check_that_it_is_guarded()
    _check_that_views_are_as_sqlite_sealed_them()
    with pytest.raises(MoveError, match="The target is not empty"):
        move_to_postgresql(file=file)
    assert BlogView.objects.count() == 119


def _break_off(*args):
    raise KeyboardInterrupt


def _check_values():
    moments = dict(User.objects.values_list("username", "last_login"))
    assert (moments["ada"], moments["bruno"]) == (
        dt.datetime(2026, 10, 25, 1, 30, 0, 1, tzinfo=dt.UTC),
        dt.datetime(9999, 12, 31, 22, 59, 59, 999_999, tzinfo=dt.UTC),
    )
    assert Blog.objects.get(slug="cafe").body == TEXT
    assert bytes(LogLineKey.objects.get().key) == bytes(range(32))
    assert JobRun.objects.create(name="a", started_at=moments["ada"]).pk == 42
    assert User.objects.create_user("new").pk == User.objects.count()


def _check_that_it_is_guarded():
    assert find_missing_guards(connection) == []
    for statement in ("DELETE FROM billing_seal", "UPDATE weblog_blog SET author_id = 999"):
        with pytest.raises(IntegrityError), connection.cursor() as cursor:
            cursor.execute(f"SET CONSTRAINTS ALL IMMEDIATE; {statement}")


def _check_that_views_are_as_sqlite_sealed_them():
    run = verify_payouts(at=dt.datetime(2026, 11, 12, tzinfo=dt.UTC))
    assert (run.difference, run.status) == ("", "passed")
    sealed = BlogView.objects.filter(seal__isnull=False).count()
    assert run.numbers["sealed views"] == sealed > 100
    assert run.numbers["view seals"] == ViewSeal.objects.count() > 3


REFUSED = {
    "UPDATE weblog_blog SET body = 'a' || char(0) || 'b' WHERE slug = 'cafe'": "body has a NUL",
    "UPDATE weblog_blog SET title = printf('%0300d', 1) WHERE slug = 'cafe'": "title is over 200",
    "UPDATE auth_user SET last_login = '0000-01-01 00:00:00' WHERE id = 1": "last_login is no mom",
    "UPDATE auth_user SET last_login = '2026-02-30 00:00:00' WHERE id = 1": "last_login is no mom",
    "UPDATE billing_dailyviewcount SET day = 'soon' WHERE id = 1": "day is no date",
    "UPDATE billing_dailyviewcount SET views = 1.5 WHERE id = 1": "views is no whole number",
    "UPDATE billing_seal SET number = 3000000000 WHERE number = 1": "number is over 2147483647",
    "UPDATE billing_paymentline SET month = '2026-06-31'": "month is no date",
    "UPDATE billing_blogview SET id = 'x' || id": "id is no UUID",
    "DELETE FROM django_migrations WHERE app = 'billing'": "has not run",
}


@pytest.mark.parametrize(("statement", "named"), REFUSED.items())
def test_what_postgresql_would_not_take_is_named_before_anything_is_written(
    file, target, statement, named
):
    change(file, statement)
    with pytest.raises(MoveError, match=named):
        move_to_postgresql(file=file)
    assert connection.introspection.table_names() == []
