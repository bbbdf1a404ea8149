import pytest
from django.contrib.auth.models import User
from django.core.checks import run_checks
from django.db import connection

from backoffice.schema import find_schema_differences

pytestmark = pytest.mark.django_db

BROKEN = {
    "DROP TABLE backoffice_historicaluser": "the whole table",
    "ALTER TABLE auth_user DROP COLUMN last_name": "the column last_name",
    "ALTER TABLE auth_user RENAME COLUMN email TO mail": "the column email",
    "DROP INDEX {index}": "the index {index}",
}
BROKEN_BY_POSTGRESQL = {
    "ALTER TABLE auth_user ALTER COLUMN username TYPE varchar(75)": "the type character varying(150"
    ") of the column username, which is character varying(75)",
    "ALTER TABLE auth_user ALTER COLUMN email DROP NOT NULL": "NOT NULL on the column email",
    "ALTER TABLE auth_user DROP CONSTRAINT auth_user_username_key": "the unique constraint on "
    "username",
}


def test_a_migrated_database_lacks_nothing():
    assert find_schema_differences(connection) == {}


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
    assert find_schema_differences(connection) == {User._meta.db_table: [lacks]}


def _find_index():
    """Return the name of an index that a model declares."""
    from backoffice.models import JobRun

    return JobRun._meta.indexes[0].name
