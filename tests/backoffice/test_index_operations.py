"""Indexes that a migration makes while the site is in use, and that it was stopped at."""

import pytest
from django.db import connection, models
from django.db.migrations.state import ProjectState

from backoffice.index_operations import AddIndexWhileInUse, RemoveIndexWhileInUse
from backoffice.models import JobRun

pytestmark = pytest.mark.django_db(transaction=True)

NAME = "backoffice_jobrun_try"
ADD = AddIndexWhileInUse("jobrun", models.Index(fields=["host"], name=NAME))
REMOVE = RemoveIndexWhileInUse("jobrun", NAME)


def run(operation, way="database_forwards", states=None):
    before, after = states or find_states()
    with connection.schema_editor(atomic=False) as editor:
        getattr(operation, way)("backoffice", editor, before, after)


def find_states():
    """Return the models without the index and with it."""
    from django.apps import apps

    before = ProjectState.from_apps(apps)
    after = before.clone()
    ADD.state_forwards("backoffice", after)
    return before, after


def is_there():
    with connection.cursor() as cursor:
        return NAME in connection.introspection.get_constraints(cursor, JobRun._meta.db_table)


def test_index_is_made_and_dropped_and_neither_minds_that_it_is_done():
    before, after = find_states()
    for _ in range(2):
        run(ADD, states=(before, after))
        assert is_there()
    for _ in range(2):
        run(REMOVE, states=(after, before))
        assert not is_there()
    run(REMOVE, "database_backwards", (before, after))
    assert is_there()
    run(ADD, "database_backwards", (after, before))
    assert not is_there()


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite leaves none unfinished.")
def test_index_that_was_left_unfinished_is_made_anew():
    states = find_states()
    run(ADD, states=states)
    facts = "FROM pg_index WHERE indexrelid = %s::regclass"
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE pg_index SET indisvalid = false WHERE indexrelid = %s::regclass", [NAME]
        )
        run(ADD, states=states)
        cursor.execute(f"SELECT indisvalid {facts}", [NAME])
        assert cursor.fetchone() == (True,)
    run(REMOVE, states=states[::-1])
