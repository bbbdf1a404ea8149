"""What SQLite's catalogue tells is read once for each state of it, and never trusted beyond that.

One long-lived process compares; another one, with a connection of its own, changes the file.
"""

import contextlib
import sqlite3

import pytest
from django.db import connection

from backoffice.guards import find_missing_anywhere
from backoffice.schema import find_schema_differences
from backoffice.schema_catalogue import kept_of_sqlite
from backoffice.schema_rules import find_foreign_rules

pytestmark = [
    pytest.mark.django_db(transaction=True),  # within one, SQLite makes no copy of its file
    pytest.mark.skipif(connection.vendor != "sqlite", reason="Only SQLite's is kept."),
]


@pytest.fixture
def path(tmp_path):
    """A file with the tables and guards of the house."""
    path = tmp_path / "house.sqlite3"
    connection.ensure_connection()
    with contextlib.closing(sqlite3.connect(path)) as copy:
        connection.connection.backup(copy)
    return path


@pytest.fixture
def process(path):
    """The connection of a process that goes on."""
    other = connection.copy()
    other.settings_dict = {**connection.settings_dict, "NAME": str(path)}
    yield other
    other.close()


def change(path, *statements):
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as other:
        for statement in statements:
            other.execute(statement)


def look(process):
    return (
        find_missing_anywhere(process),
        find_foreign_rules(process),
        find_schema_differences(process),
    )


GUARD = "backoffice_guard_securityevent_delete"
UNIQUE = "billing_handpayment_one_stands"
ENDED = "CREATE TRIGGER {name} AFTER DELETE ON backoffice_securityevent BEGIN SELECT 1; END"


def test_guard_that_went_or_does_nothing_is_missing_at_the_next_look(path, process):
    assert look(process) == ([], {}, {})
    (was,) = _read(path, "SELECT sql FROM sqlite_master WHERE name = ?", GUARD)
    change(path, f"DROP TRIGGER {GUARD}")
    assert look(process)[0] == [GUARD]
    change(path, ENDED.format(name=GUARD))
    assert look(process)[0] == [GUARD]
    change(path, f"DROP TRIGGER {GUARD}", was)
    assert look(process) == ([], {}, {})


def test_trigger_of_somebody_else_is_seen_at_the_next_look(path, process):
    assert look(process) == ([], {}, {})
    change(path, ENDED.format(name="theirs"))
    assert look(process)[1] == {"backoffice_securityevent": ["the trigger theirs"]}
    change(path, "DROP TRIGGER theirs")
    assert look(process) == ([], {}, {})


def test_check_that_was_written_out_of_a_table_is_lacking_at_the_next_look(path, process):
    assert look(process) == ([], {}, {})
    change(
        path,
        "PRAGMA writable_schema = ON",
        "UPDATE sqlite_master SET sql = replace(sql, 'CHECK (', 'CHECK (1 OR ')"
        " WHERE type = 'table' AND name = 'billing_payment'",
    )
    missing, foreign, lacking = look(process)
    assert missing == []
    assert set(foreign) == set(lacking) == {"billing_payment"}


def test_unique_index_that_went_is_lacking_at_the_next_look(path, process):
    assert look(process) == ([], {}, {})
    (was,) = _read(path, "SELECT sql FROM sqlite_master WHERE name = ?", UNIQUE)
    change(path, f"DROP INDEX {UNIQUE}")
    _, _, lacking = look(process)
    assert list(lacking) == ["billing_handpayment"]
    assert UNIQUE in " ".join(lacking["billing_handpayment"])
    change(path, was)
    assert look(process) == ([], {}, {})


def test_what_was_another_while_it_was_read_is_read_again(path, process):
    """Whoever breaks a table again after the look must not be told by it."""
    index = "CREATE INDEX theirs ON auth_group (id)"

    @kept_of_sqlite
    def find(connection):
        if meanwhile:
            change(path, meanwhile.pop())
        return _read(path, "SELECT name FROM sqlite_master WHERE name = ?", "theirs")

    meanwhile = [index]
    assert find(process) == ["theirs"]
    change(path, "DROP INDEX theirs")
    assert find(process) == []


def _read(path, sql, *parameters):
    with contextlib.closing(sqlite3.connect(path)) as other:
        return [value for (value,) in other.execute(sql, parameters)]
