"""Compares what a database enforces by itself with what the models ask it to enforce.

CHECKs, unique indexes and foreign keys are made once more from the models, in tables that nobody
keeps, and compared as the database tells them. Nothing else may stand there: a trigger, rule or
policy of somebody else's changes or hides rows behind the application's back.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from django.apps import apps
from django.db import connections, models, router
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.executor import MigrationExecutor

from backoffice import schema_catalogue as catalogue
from backoffice.guards import list_guard_places

EVERY_TABLE = "every table"

type Found = dict[str, list[str]]  # {table: rules, in words}


def find_lacking_rules(connection) -> Found:
    """Return which CHECKs, unique indexes and foreign keys tables lack, or have otherwise."""
    should, stands = _read_both(connection)
    return _sort({table: (should[table] - stands[table]).elements() for table in should})


def find_foreign_rules(connection) -> Found:
    """Return what stands on our tables that nobody here made. Nothing while migrations wait."""
    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        return {}
    should, stands = _read_both(connection)
    found = {table: list((stands[table] - should[table]).elements()) for table in should}
    ours = list_guard_places(connection)
    for table, what, name in catalogue.read_foreign(connection):
        if table in found and (table, name) not in ours:
            found[table].append(f"{what} {name}".strip())
    if everywhere := catalogue.read_foreign_everywhere(connection):
        found[EVERY_TABLE] = everywhere
    return _sort(found)


def _read_both(connection) -> tuple[catalogue.Rules, catalogue.Rules]:
    """Return the rules that the models ask for, and those that stand, in the same words."""
    vendor, alias = connection.vendor, connection.alias
    should, stands = _expect(vendor, alias), catalogue.read_rules(connection)
    if vendor == "postgresql" and any(stands[table] != should[table] for table in should):
        words = _word_as_restored(alias)
        for table in should:
            rules = stands[table].elements()
            stands[table] = Counter(words.get((table, rule), rule) for rule in rules)
    return should, stands


def _sort(found) -> Found:
    return {table: rules for table in sorted(found) if (rules := sorted(found[table]))}


@cache
def _expect(vendor: str, alias: str) -> catalogue.Rules:
    """Return the rules that the models ask for. Once in each process: models do not change."""
    scratch = connections[alias].copy()
    try:
        if vendor == "sqlite":
            scratch.settings_dict["NAME"] = ":memory:"
            # Its transaction would be one of the connection of that alias, not of this one.
            with scratch.schema_editor(atomic=False) as editor:
                _make_tables(editor, alias)
            return catalogue.read_rules(scratch)
        return _expect_of_postgresql(scratch, alias)
    finally:
        BaseDatabaseWrapper.close(scratch)  # SQLite's own would keep what is in memory


def _expect_of_postgresql(scratch: Any, alias: str) -> catalogue.Rules:
    """Temporary tables refer to no others, so foreign keys are told from the models."""
    with _make_temporary(scratch, alias):
        rules = catalogue.read_rules(scratch, schema="pg_my_temp_schema()")
    for model in apps.get_models(include_auto_created=True):
        for field in model._meta.local_concrete_fields:
            if field.remote_field and getattr(field, "db_constraint", False):
                rules[model._meta.db_table][_write_key(field)] += 1
    return rules


@contextmanager
def _make_temporary(scratch: Any, alias: str) -> Iterator[Any]:
    """Make temporary tables of the models, and yield a cursor."""
    with scratch.schema_editor(collect_sql=True, atomic=False) as editor:
        _make_tables(editor, alias)
    scratch.set_autocommit(False)
    with scratch.cursor() as cursor:
        cursor.execute("SET LOCAL search_path TO pg_temp")
        for statement in editor.collected_sql:
            if "FOREIGN KEY" not in statement:
                cursor.execute(statement)
        yield cursor
    scratch.rollback()


@cache
def _word_as_restored(alias: str) -> dict[tuple[str, str], str]:
    """Return {(table, rule): the same rule as PostgreSQL words it when the models made it}.

    It words some casts and brackets otherwise once what it said was made again, as by a dump that
    was restored or a column whose type was changed: once, and once more.
    """
    scratch: Any = connections[alias].copy()
    words: dict[tuple[str, str], str] = {}
    try:
        with _make_temporary(scratch, alias) as cursor:
            first = catalogue.read_each(scratch)
            for _ in range(2):
                for drop, make in catalogue.list_remakings(scratch):
                    cursor.execute(drop)
                    cursor.execute(make)
                for key, (table, rule) in catalogue.read_each(scratch).items():
                    words[table, rule] = first[key][1]
    finally:
        BaseDatabaseWrapper.close(scratch)
    return words


def _write_key(field: Any) -> str:
    target = field.target_field
    return (
        f"FOREIGN KEY ({field.column}) REFERENCES {target.model._meta.db_table}({target.column}) "
        "DEFERRABLE INITIALLY DEFERRED"
    )


def _make_tables(editor: Any, alias: str) -> None:
    for model in apps.get_models():
        if _has_own_table(model) and router.allow_migrate_model(alias, model):
            editor.create_model(model)


def _has_own_table(model: type[models.Model]) -> bool:
    return model._meta.managed and not model._meta.proxy and not model._meta.swapped
