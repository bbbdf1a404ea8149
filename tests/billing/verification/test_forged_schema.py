"""Random changes of what the database enforces: guards, CHECKs, unique indexes, columns.

Each is made by the owner of the database, and must be named with its table. TEST_ALL=1 tries more,
and FORGING_SEED=N others.
"""

import os
import random
import re
from collections import Counter

import pytest
from django.apps import apps
from django.contrib.auth.models import Group, User
from django.db import connection, transaction

from backoffice.guards import list_guard_places
from billing.models import Verification
from billing.verification.chain import check_guards
from billing.verification.differences import Difference
from billing.verification.schema import check_schema

pytestmark = [pytest.mark.django_db, pytest.mark.slow, pytest.mark.long, pytest.mark.thorough]

TRIES = 400 if os.environ.get("TEST_ALL") == "1" else 16
SEED = os.environ.get("FORGING_SEED", "")
AT_A_TIME = 40  # in each test
MODELS = [*apps.get_app_config("billing").get_models(include_auto_created=True), User, Group]
TABLES = [model._meta.db_table for model in MODELS]


def query(sql, *values):
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return cursor.fetchall() if cursor.description else []


def pick(generator, found):
    return generator.choice(sorted(found))


def pick_guard(generator):
    table_of = (
        "SELECT name, tbl_name FROM sqlite_master WHERE type = 'trigger'"
        if connection.vendor == "sqlite"
        else "SELECT tgname, tgrelid::regclass::text FROM pg_trigger WHERE NOT tgisinternal"
    )
    guards = list_guard_places(connection)
    return pick(generator, [row for row in query(table_of) if row[::-1] in guards])


def pick_index(generator):
    """Return a unique index that can be dropped by itself, and its table."""
    sql = (
        "SELECT name, tbl_name FROM sqlite_master WHERE type = 'index' AND sql LIKE '%%UNIQUE%%'"
        if connection.vendor == "sqlite"
        else "SELECT indexrelid::regclass::text, indrelid::regclass::text FROM pg_index "
        "WHERE indisunique AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid)"
    )
    return pick(generator, [row for row in query(sql) if row[1] in TABLES])


def drop_guard(generator):
    name, table = pick_guard(generator)
    query(f"DROP TRIGGER {name}" + ("" if connection.vendor == "sqlite" else f" ON {table}"))
    return name


def silence_guard(generator):
    name, table = pick_guard(generator)
    if connection.vendor == "sqlite":
        query(f"DROP TRIGGER {name}")
        query(f"CREATE TRIGGER {name} AFTER DELETE ON {table} WHEN 0 BEGIN SELECT 1; END")
    else:
        query(f"ALTER TABLE {table} DISABLE TRIGGER {name}")
    return name


def drop_unique_index(generator):
    name, table = pick_index(generator)
    query(f"DROP INDEX {name}")
    return table


def narrow_unique_index(generator):
    """Let it hold for no row, under its own name."""
    name, table = pick_index(generator)
    query(f"DROP INDEX {name}")
    _add_index(name, table)
    return table


def drop_check(generator):
    if connection.vendor == "sqlite":
        tables = {table: sql for table, sql in read_texts().items() if " CHECK (" in sql}
        table = pick(generator, tables)
        before, *rules = tables[table].split(" CHECK ")
        place = generator.randrange(len(rules))
        rules[place] = "(1)" + rules[place][_find_end(rules[place]) :]
        write_text(table, " CHECK ".join([before, *rules]))
        return table
    sql = "SELECT conname, conrelid::regclass::text FROM pg_constraint WHERE contype = 'c'"
    name, table = pick(generator, [row for row in query(sql) if row[1] in TABLES])
    query(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
    return table


def allow_null(generator):
    fields = [
        (model._meta.db_table, field.column)
        for model in MODELS
        for field in model._meta.concrete_fields
        if not field.null and not field.primary_key
    ]
    table, column = pick(generator, fields)
    if connection.vendor == "sqlite":
        begins = rf'("{column}" [a-z]+( unsigned)?(\(\d+\))?) NOT NULL'
        text, count = re.subn(begins, r"\1", read_texts()[table])
        assert count == 1, (table, column)
        write_text(table, text)
    else:
        query(f'ALTER TABLE {table} ALTER COLUMN "{column}" DROP NOT NULL')
    return table


def read_texts():
    sql = "SELECT name, sql FROM sqlite_master WHERE type = 'table'"
    return {name: sql for name, sql in query(sql) if name in TABLES}


def write_text(table, sql):
    """Change a table in its text, as SQLite's owner can."""
    query("PRAGMA writable_schema = ON")
    query("UPDATE sqlite_master SET sql = %s WHERE type = 'table' AND name = %s", sql, table)
    query("PRAGMA writable_schema = RESET")


def _find_end(rule):
    depth = 0
    for place, sign in enumerate(rule):
        depth += {"(": 1, ")": -1}.get(sign, 0)
        if depth == 0:
            return place + 1
    raise AssertionError(rule)


def add_trigger(generator):
    table = pick(generator, TABLES)
    if connection.vendor == "sqlite":
        query(f"CREATE TRIGGER theirs BEFORE INSERT ON {table} BEGIN SELECT RAISE(IGNORE); END")
        return table
    query("CREATE FUNCTION theirs() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'")
    query(f"CREATE TRIGGER theirs BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION theirs()")
    return table


def add_unique_index(generator):
    table = pick(generator, TABLES)
    _add_index("theirs", table)
    return table


def _add_index(name, table):
    (key,) = (model._meta.pk.column for model in MODELS if model._meta.db_table == table)
    query(f"CREATE UNIQUE INDEX {name} ON {table} ({key}) WHERE {key} IS NULL")


WAYS = [
    drop_guard,
    silence_guard,
    drop_unique_index,
    narrow_unique_index,
    drop_check,
    allow_null,
    add_trigger,
    add_unique_index,
]


def find_difference():
    """Return what a verification says of guards and tables."""
    run = Verification()
    try:
        check_guards(run, "", "", Counter())
        check_schema(run, "", "", Counter())
    except Difference as error:
        return str(error)
    return ", ".join(run.missing_guards)


@pytest.mark.parametrize("start", range(0, TRIES, AT_A_TIME))
def test_changed_schema_is_found_and_named(start):
    assert find_difference() == ""
    missed = []
    for number in range(start, min(start + AT_A_TIME, TRIES)):
        way = WAYS[number % len(WAYS)]
        with transaction.atomic():
            name = way(random.Random(f"{SEED} {number}"))
            if name not in (difference := find_difference()):
                missed.append((number, way.__name__, name, difference))
            transaction.set_rollback(True)
        if connection.vendor == "sqlite":
            query("PRAGMA writable_schema = RESET")  # forget the changed text
    assert missed == []
    assert find_difference() == ""
