import pytest
from django.contrib.auth.models import User
from django.core.checks import run_checks
from django.db import connection

from backoffice.schema import find_schema_differences
from backoffice.schema_rules import find_foreign_rules
from tests.upgrades.databases import migrate, other_database

pytestmark = [pytest.mark.django_db, pytest.mark.slow, pytest.mark.postgresql]

KINDS = ("primary_key", "unique", "foreign_key", "check", "index")
BROKEN = {
    "DROP TABLE backoffice_historicaluser": "the whole table",
    # Of tables without guards: on SQLite a trigger holds the columns that it reads.
    "ALTER TABLE auth_permission DROP COLUMN name": "the column name",
    "ALTER TABLE auth_permission RENAME COLUMN name TO title": "the column name",
    "DROP INDEX {index}": "the index {index}",
}
BROKEN_BY_POSTGRESQL = {
    "ALTER TABLE auth_user ALTER COLUMN username TYPE varchar(75)": "the type character varying(150"
    ") of the column username, which is character varying(75)",
    "ALTER TABLE auth_user ALTER COLUMN email DROP NOT NULL": "NOT NULL on the column email",
    "ALTER TABLE auth_user DROP CONSTRAINT auth_user_username_key": "the unique constraint on "
    "username",
}


def read_schema():
    """Return {table: its columns, constraints and indexes}, whatever their order."""
    with connection.cursor() as cursor:
        return {
            table: (
                {
                    (column.name, column.null_ok, kind_of(column))
                    for column in connection.introspection.get_table_description(cursor, table)
                },
                sorted(
                    str((facts["columns"], *(bool(facts[kind]) for kind in KINDS)))
                    for facts in connection.introspection.get_constraints(cursor, table).values()
                ),
            )
            for table in connection.introspection.table_names(cursor)
        }


def kind_of(column):
    """Of the ids of its links to groups Django's migrations make larger numbers than its models."""
    is_integer = column.type_code in (20, 23)  # PostgreSQL's bigint and integer
    return "integer" if is_integer else (column.type_code, column.internal_size)


@pytest.mark.thorough
@pytest.mark.django_db(transaction=True)
def test_migrations_make_what_the_models_ask_for():
    """The tests' own database is made from the models, so that no worker waits for migrations."""
    own = read_schema()
    with other_database():
        migrate()
        assert find_schema_differences(connection) == {}
        assert find_foreign_rules(connection) == {}  # the same rules, and no others
        made = read_schema()
    assert own.keys() == made.keys()
    assert [(made[table], own[table]) for table in own if made[table] != own[table]] == []


@pytest.mark.parametrize(("statement", "lacks"), BROKEN.items())
def test_what_a_table_lacks_is_named_with_what_to_do(statement, lacks):
    index = _find_index()
    with connection.cursor() as cursor:
        cursor.execute(statement.format(index=index))
    (warning,) = run_checks(tags=["database"], databases=["default"])
    assert warning.id == "backoffice.W020"
    assert lacks.format(index=index) in warning.msg
    assert "restore a backup" in warning.hint


@pytest.mark.parametrize(("statement", "lacks"), BROKEN_BY_POSTGRESQL.items())
def test_postgresql_changes_columns_and_constraints_in_place(statement, lacks):
    if connection.vendor != "postgresql":
        pytest.skip("SQLite makes a table anew for that.")
    with connection.cursor() as cursor:
        cursor.execute(statement)
    assert lacks in find_schema_differences(connection)[User._meta.db_table]


def test_sqlite_is_compared_again_only_once_its_tables_are_others(django_assert_max_num_queries):
    if connection.vendor != "sqlite":
        pytest.skip("PostgreSQL's catalogue is read each time.")
    find_schema_differences(connection)
    with django_assert_max_num_queries(10):
        assert find_schema_differences(connection) == {}
    index = _find_index()
    with connection.cursor() as cursor:
        cursor.execute("SELECT tbl_name, sql FROM sqlite_master WHERE name = %s", [index])
        table, made_by = cursor.fetchone()
        cursor.execute(f"DROP INDEX {index}")
        assert find_schema_differences(connection) == {table: [f"the index {index}"]}
        cursor.execute(made_by)
    assert find_schema_differences(connection) == {}


def _find_index():
    """Return the name of an index that a model declares."""
    from backoffice.models import JobRun

    return JobRun._meta.indexes[0].name
