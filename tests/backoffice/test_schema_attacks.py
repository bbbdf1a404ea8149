"""What the owner of a database does to it so that it looks as before; each must be named."""

import contextlib
import sqlite3

import pytest
from django.db import connection

from backoffice.guards import find_missing_anywhere
from backoffice.schema import find_schema_differences
from backoffice.schema_rules import find_foreign_rules

pytestmark = [pytest.mark.django_db, pytest.mark.slow, pytest.mark.postgresql]

GUARD = "billing_guard_payment_delete"
ANYWHERE = "backoffice_securityevent"  # a table of ours that the guard is not on
FUNCTION = "CREATE FUNCTION {}() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'"


def execute(*statements):
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def look():
    """Return all that is told of the database, in one text."""
    return str(
        [
            find_missing_anywhere(connection),
            find_schema_differences(connection),
            find_foreign_rules(connection),
        ]
    )


OF_POSTGRESQL = {
    "a trigger named as a guard of another table": (
        [
            FUNCTION.format("theirs"),
            f"CREATE TRIGGER {GUARD} BEFORE INSERT ON {ANYWHERE} "
            "FOR EACH ROW EXECUTE FUNCTION theirs()",
        ],
        f"'{ANYWHERE}': ['the trigger {GUARD}']",
    ),
    "a guard with a function of the same name of another schema": (
        [
            "CREATE SCHEMA theirs",
            FUNCTION.format(f"theirs.{GUARD}"),
            f"CREATE OR REPLACE TRIGGER {GUARD} AFTER DELETE ON billing_payment "
            f"FOR EACH ROW EXECUTE FUNCTION theirs.{GUARD}()",
            f"ALTER TABLE billing_payment ENABLE ALWAYS TRIGGER {GUARD}",
        ],
        f"['{GUARD}']",
    ),
    "a trigger said to be of the database itself": (
        [
            FUNCTION.format("theirs"),
            f"CREATE TRIGGER theirs BEFORE INSERT ON {ANYWHERE} "
            "FOR EACH ROW EXECUTE FUNCTION theirs()",
            "UPDATE pg_trigger SET tgisinternal = TRUE WHERE tgname = 'theirs'",
        ],
        "the trigger theirs",
    ),
    "a table said to have no triggers": (
        ["UPDATE pg_class SET relhastriggers = FALSE WHERE relname = 'billing_payment'"],
        "'billing_payment': ['triggers that are switched off",
    ),
    "a table said to have no CHECKs": (
        ["UPDATE pg_class SET relchecks = 0 WHERE relname = 'billing_payment'"],
        "'billing_payment': ['CHECKs that are switched off",
    ),
    "keys without the triggers that hold them": (
        [
            "DELETE FROM pg_trigger WHERE tgrelid = 'billing_payment'::regclass "
            "AND tgfoid = '\"RI_FKey_check_ins\"'::regproc"
        ],
        "'billing_payment': ['no working triggers for its keys",
    ),
    "a function nearer to the type of a column than PostgreSQL's own": (
        [
            "CREATE FUNCTION lower(varchar) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT ''x'''",
        ],
        "the function public.lower(character varying)",
    ),
    "an operator nearer to the type of a column than PostgreSQL's own": (
        [
            "CREATE FUNCTION theirs(varchar, varchar) RETURNS boolean LANGUAGE sql IMMUTABLE "
            "AS 'SELECT TRUE'",
            "CREATE OPERATOR = (LEFTARG = varchar, RIGHTARG = varchar, FUNCTION = theirs)",
        ],
        "the operator public.=(character varying, character varying)",
    ),
    "a function in a schema further down the path": (
        [
            "CREATE SCHEMA theirs",
            "CREATE FUNCTION theirs.upper(varchar) RETURNS text LANGUAGE sql IMMUTABLE "
            "AS 'SELECT ''x'''",
            "SET LOCAL search_path TO public, theirs",
        ],
        "the function theirs.upper(character varying)",
    ),
    "a cast of somebody": (
        [
            "CREATE FUNCTION theirs(date) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT 1'",
            "CREATE CAST (date AS integer) WITH FUNCTION theirs(date) AS IMPLICIT",
        ],
        "the cast from date to integer",
    ),
    "a column in which letters are alike": (
        [
            "CREATE COLLATION theirs (provider = libc, locale = 'C')",
            "ALTER TABLE auth_group ALTER COLUMN name TYPE varchar(150) COLLATE theirs",
        ],
        "of the column name, which is character varying(150) COLLATE theirs",
    ),
    "a column that is worked out": (
        [
            "ALTER TABLE auth_permission DROP COLUMN name",
            "ALTER TABLE auth_permission ADD COLUMN name varchar(255) NOT NULL "
            "GENERATED ALWAYS AS ('x') STORED",
        ],
        "of the column name, which is character varying(255) GENERATED",
    ),
    "a CHECK that was never checked": (
        [
            "ALTER TABLE billing_payment DROP CONSTRAINT billing_payment_in_bounds",
            "ALTER TABLE billing_payment ADD CONSTRAINT billing_payment_in_bounds {rule} NOT VALID",
        ],
        "NOT VALID",
    ),
    "a CHECK with a cast more": (
        [
            "ALTER TABLE billing_payment DROP CONSTRAINT billing_payment_in_bounds",
            "ALTER TABLE billing_payment ADD CONSTRAINT billing_payment_in_bounds {cast}",
        ],
        "::integer",
    ),
    "a unique constraint that holds at the end alone": (
        [
            "ALTER TABLE auth_group DROP CONSTRAINT auth_group_name_key",
            "ALTER TABLE auth_group ADD CONSTRAINT auth_group_name_key UNIQUE (name) "
            "DEFERRABLE INITIALLY DEFERRED",
        ],
        "'auth_group': ['the rule UNIQUE btree (name)",
    ),
    "a view in the place of a table": (
        [
            "ALTER TABLE auth_permission RENAME TO theirs",
            "CREATE VIEW auth_permission AS SELECT * FROM theirs",
        ],
        "'auth_permission': ['a view in its place",
    ),
    "a table of the same name before ours": (
        [
            "CREATE SCHEMA theirs",
            "CREATE TABLE theirs.billing_payment (LIKE public.billing_payment INCLUDING ALL)",
            "SET LOCAL search_path TO theirs, public",
        ],
        GUARD,
    ),
    "keys that are off for this role": (
        ["SET LOCAL session_replication_role = replica"],
        "session_replication_role",
    ),
}


@pytest.mark.parametrize("attack", OF_POSTGRESQL)
def test_what_looks_as_before_on_postgresql_is_named(attack):
    if connection.vendor != "postgresql":
        pytest.skip("Of PostgreSQL's catalogue.")
    statements, named = OF_POSTGRESQL[attack]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_get_constraintdef(oid) FROM pg_constraint "
            "WHERE conname = 'billing_payment_in_bounds'"
        )
        (rule,) = cursor.fetchone()
    cast = rule.replace("(amount ", "(amount::integer ")
    assert cast != rule
    execute(*(sql.replace("{rule}", rule).replace("{cast}", cast) for sql in statements))
    assert named in look()


OF_SQLITE = {
    "a unique column that drops the older row": (
        [
            "UPDATE sqlite_master SET sql = replace(sql, 'UNIQUE', 'UNIQUE ON CONFLICT REPLACE') "
            "WHERE name = 'auth_group'"
        ],
        "'auth_group': ['ON CONFLICT",
    ),
    "a CHECK that drops what it refuses": (
        [
            "UPDATE sqlite_master SET sql = replace(sql, 'NOT NULL', 'NOT NULL ON CONFLICT IGNORE')"
            " WHERE name = 'billing_payment'"
        ],
        "'billing_payment': ['ON CONFLICT",
    ),
    "a column in which letters are alike": (
        [
            "UPDATE sqlite_master SET sql = replace(sql, 'varchar(150)', "
            "'varchar(150) COLLATE NOCASE') WHERE name = 'auth_group'"
        ],
        "'auth_group': ['COLLATE",
    ),
    "a comment between the words": (
        [
            "UPDATE sqlite_master SET sql = replace(sql, 'UNIQUE', "
            "'UNIQUE ON/**/CONFLICT REPLACE') WHERE name = 'auth_group'"
        ],
        "'auth_group': [",
    ),
    "a CHECK in a comment": (
        [
            "UPDATE sqlite_master SET sql = replace(sql, 'CHECK (', '/* CHECK (') || '*/)' "
            "WHERE name = 'billing_categoryprice'"
        ],
        "'billing_categoryprice': [",
    ),
    "a view in the place of a table": (
        [
            "ALTER TABLE auth_permission RENAME TO theirs",
            "CREATE VIEW auth_permission AS SELECT * FROM theirs",
        ],
        "auth_permission",
    ),
}


@pytest.mark.parametrize("attack", OF_SQLITE)
def test_what_looks_as_before_on_sqlite_is_named(attack):
    if connection.vendor != "sqlite":
        pytest.skip("Of SQLite's catalogue.")
    statements, named = OF_SQLITE[attack]
    try:
        execute("PRAGMA writable_schema = ON", *statements)
        assert named in look()
    finally:
        execute("PRAGMA writable_schema = RESET")


@pytest.mark.thorough
def test_rules_that_were_dumped_and_restored_are_no_others():
    if connection.vendor != "postgresql":
        pytest.skip("SQLite keeps the words of a rule.")
    of_ours = (
        "SELECT format('ALTER TABLE %I DROP CONSTRAINT %I', relname, conname), "
        "format('ALTER TABLE %I ADD CONSTRAINT %I %s', relname, conname, "
        "pg_get_constraintdef(held.oid)) "
        "FROM pg_constraint held JOIN pg_class ON pg_class.oid = conrelid WHERE contype = 'c' "
        "AND pg_class.relnamespace = current_schema()::regnamespace"
    )
    for _ in range(3):
        with connection.cursor() as cursor:
            cursor.execute(of_ours)
            remakings = cursor.fetchall()
        assert len(remakings) > 50
        for drop, make in remakings:
            execute(drop, make)
        assert look() == "[[], {}, {}]"


LIES = [
    "UPDATE sqlite_master SET type = 'index' WHERE type = 'trigger'",
    "UPDATE sqlite_master SET tbl_name = 'nothing' WHERE type = 'trigger'",
    "UPDATE sqlite_master SET name = 'ours' WHERE type = 'trigger'",
]


@pytest.mark.any_database
def test_sqlite_reads_no_catalogue_in_which_a_name_is_another_than_in_its_statement(tmp_path):
    path = tmp_path / "house.sqlite3"
    trigger = "CREATE TRIGGER theirs BEFORE INSERT ON t BEGIN SELECT RAISE(IGNORE); END"
    for lie in LIES:
        path.unlink(missing_ok=True)
        with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as house:
            house.executescript(f"CREATE TABLE t (a); {trigger}; PRAGMA writable_schema = ON;")
            house.execute(lie)
        with (
            contextlib.closing(sqlite3.connect(path)) as house,
            pytest.raises(sqlite3.DatabaseError, match="malformed"),
        ):
            house.execute("SELECT * FROM t")
