"""Compares the tables of a database with the models.

Django knows which migrations ran, not what they did. A migration that was edited after it ran, a
table changed by hand, or a half-read dump leaves a schema that no later migration repairs.
"""

from collections.abc import Iterator

from django.apps import apps
from django.db import models, router
from django.db.migrations.executor import MigrationExecutor

from backoffice.schema_catalogue import kept_of_sqlite, read_constraints
from backoffice.schema_rules import find_lacking_rules

# PostgreSQL's names of types that Django names otherwise.
OTHER_NAMES = {"varchar": "character varying"}
AS_GOOD = {("smallint", "integer"), ("smallint", "bigint"), ("integer", "bigint")}  # as asked for

WHOLE_TABLE = "the whole table"

COLUMN_TYPES = {
    "postgresql": """
        SELECT attname, format_type(atttypid, atttypmod)
            || CASE WHEN attcollation IN (0, typcollation) THEN ''
                ELSE ' COLLATE ' || attcollation::regcollation END
            || CASE attgenerated WHEN '' THEN '' ELSE ' GENERATED' END, NOT attnotnull
        FROM pg_attribute JOIN pg_type ON pg_type.oid = atttypid
        WHERE attrelid = to_regclass(%s) AND attnum > 0 AND NOT attisdropped
    """,
    "sqlite": 'SELECT name, type, NOT "notnull" FROM pragma_table_info(%s)',
}


def find_schema_differences(connection) -> dict[str, list[str]]:
    """Return {table: what it lacks, in words}, or {} while migrations wait to be applied.

    Tables and columns that only the database has are no difference.
    """
    if list_waiting_migrations(connection):
        return {}
    found = {table: [*lacks] for table, lacks in _compare_tables(connection).items()}
    for table, lacks in find_lacking_rules(connection).items():
        if found.get(table) != [WHOLE_TABLE]:
            found.setdefault(table, []).extend(f"the rule {rule}" for rule in lacks)
    return found


def list_waiting_migrations(connection) -> list[str]:
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return [str(migration) for migration, _ in plan]


@kept_of_sqlite
def _compare_tables(connection) -> dict[str, list[str]]:
    tables = set(connection.introspection.table_names())
    found = {}
    for model in _list_models(connection):
        table = model._meta.db_table
        lacks = list(_compare(model, connection)) if table in tables else [WHOLE_TABLE]
        if lacks:
            found[table] = lacks
    return found


def _list_models(connection) -> list[type[models.Model]]:
    every = apps.get_models(include_auto_created=True)
    own = [model for model in every if model._meta.managed and not model._meta.proxy]
    return [model for model in own if router.allow_migrate_model(connection.alias, model)]


def _compare(model: type[models.Model], connection) -> Iterator[str]:
    columns = _read_columns(model._meta.db_table, connection)
    constraints = read_constraints(connection, model._meta.db_table)
    for field in model._meta.local_concrete_fields:
        column = _column_of(field)
        if column not in columns:
            yield f"the column {column}"
            continue
        kind, is_nullable = columns[column]
        should = _name_type(field, connection)
        if kind.lower() != should and (should, kind.lower()) not in AS_GOOD:
            yield f"the type {should} of the column {column}, which is {kind}"
        if is_nullable != field.null and not field.primary_key:
            yield f"{'NULL' if field.null else 'NOT NULL'} on the column {column}"
        yield from _compare_keys(field, constraints.values())
    fields = {field.name: field for field in model._meta.local_concrete_fields}
    for names in model._meta.unique_together:
        asked = [_column_of(fields[name]) for name in names]
        if not _has(constraints.values(), asked, "unique"):
            yield f"the unique constraint on {', '.join(asked)}"
    for index in [*model._meta.indexes, *model._meta.constraints]:
        if index.name not in constraints:
            kind = "index" if isinstance(index, models.Index) else "constraint"
            yield f"the {kind} {index.name}"


def _column_of(field: models.Field) -> str:
    return field.get_attname_column()[1] or ""


def _read_columns(table: str, connection) -> dict[str, tuple[str, bool]]:
    """Return {column: (type, whether it may be NULL)}."""
    with connection.cursor() as cursor:
        name = connection.ops.quote_name(table) if connection.vendor == "postgresql" else table
        cursor.execute(COLUMN_TYPES[connection.vendor], [name])
        return {column: (kind, bool(null)) for column, kind, null in cursor.fetchall()}


def _name_type(field: models.Field, connection) -> str:
    kind = field.db_type(connection) or ""
    if connection.vendor == "postgresql":
        for django, other in OTHER_NAMES.items():
            kind = kind.replace(django, other)
    return kind.lower()


def _compare_keys(field: models.Field, constraints) -> Iterator[str]:
    column = [_column_of(field)]
    is_indexed = getattr(field, "db_index", False)
    if field.primary_key:
        if not _has(constraints, column, "primary_key"):
            yield f"the primary key {field.column}"
    elif field.unique and not _has(constraints, column, "unique"):
        yield f"the unique constraint on {field.column}"
    elif is_indexed and not field.unique and not _has(constraints, column, "index"):
        yield f"the index on {field.column}"
    is_held = field.remote_field and getattr(field, "db_constraint", False)
    if is_held and not _has(constraints, column, "foreign_key"):
        yield f"the foreign key on {field.column}"


def _has(constraints, columns: list[str], kind: str) -> bool:
    return any(facts["columns"] == columns and facts[kind] for facts in constraints)
