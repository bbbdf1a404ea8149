"""Takes back what a test committed, in a tenth of the time of Django's flush.

A flush empties all tables, and makes all rights and guards anew: a quarter of a second for each
test. SQLite gets back a copy of its file from before the first test. PostgreSQL deletes the rows
that there are, with guards and keys switched off; should a guard, a right or a kind of content be
another than before, Django's flush does it after all.
"""

import contextlib
import sqlite3

from django.apps import apps
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.db import connection, transaction
from django.db.migrations.recorder import MigrationRecorder
from django.db.models import Max, Sum

from backoffice.accounts.guards import GUARDS
from backoffice.guards import find_missing_anywhere

STAYING = (ContentType, Permission, MigrationRecorder.Migration)
GUARDS_OF = """
    SELECT relname, string_agg(format('ENABLE ALWAYS TRIGGER %%I', tgname), ', ')
    FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid
    WHERE NOT tgisinternal AND relnamespace = current_schema()::regnamespace GROUP BY relname
"""

TRIES = 40  # four a second, while another connection holds SQLite locked

_before = {}  # what stood when the database was made, by its name


def keep() -> None:
    """Note what a database holds that is new, or was flushed."""
    connection.ensure_connection()
    name = connection.settings_dict["NAME"]
    if connection.vendor == "sqlite":
        copy = sqlite3.connect(":memory:", check_same_thread=False)
        connection.connection.backup(copy)
        _before[name] = copy
    elif _list_filled() == []:
        _before[name] = _read_staying()


def take_back() -> bool:
    """Bring the database back to what was kept. Return whether that was possible."""
    name = connection.settings_dict["NAME"]
    if name not in _before or connection.in_atomic_block:
        return False
    ContentType.objects.clear_cache()
    connection.ensure_connection()
    if connection.vendor == "sqlite":
        with contextlib.suppress(StillLocked):
            _before[name].backup(connection.connection, progress=_Patience())
            return True
        return False
    if _read_staying() != _before[name] or find_missing_anywhere(connection):
        return False
    _delete()
    return True


def remove_guards() -> None:
    """Let a flush pass. Its end makes the guards anew."""
    GUARDS.remove(connection)
    if apps.is_installed("billing"):
        from billing.guards import remove_guards

        remove_guards(connection)


class StillLocked(Exception):
    pass


class _Patience:
    """By itself Python's backup of SQLite waits for ever."""

    def __init__(self):
        self.tries = 0

    def __call__(self, status, remaining, total):
        self.tries += status in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
        if self.tries >= TRIES:
            raise StillLocked


def _read_staying():
    return [
        model.objects.using(connection.alias).aggregate(Max("pk"), Sum("pk")) for model in STAYING
    ]


def _list_filled() -> list[str]:
    staying = {model._meta.db_table for model in STAYING}
    tables = sorted(set(connection.introspection.table_names()) - staying)
    with connection.cursor() as cursor:
        cursor.execute(
            " UNION ALL ".join(
                f"SELECT '{table}' WHERE EXISTS (SELECT FROM \"{table}\")"  # noqa: S608
                for table in tables
            )
        )
        return [table for (table,) in cursor.fetchall()]


@transaction.atomic
def _delete() -> None:
    filled = _list_filled()
    with connection.cursor() as cursor:
        cursor.execute(GUARDS_OF, [])
        guards = dict(cursor.fetchall())
        cursor.execute("SET LOCAL session_replication_role = replica")  # no key is followed
        for table in filled:
            if table in guards:  # they fire all the same, unless they are off
                cursor.execute(f'ALTER TABLE "{table}" DISABLE TRIGGER USER')
            cursor.execute(f'DELETE FROM "{table}"')  # noqa: S608
            if table in guards:
                cursor.execute(f'ALTER TABLE "{table}" {guards[table]}')
