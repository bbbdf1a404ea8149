"""The indexes by which the trail is read: by moment, by person, by object, by words.

They come with every migrate, as the guards do, so that a new history has them by itself. On
PostgreSQL the words need the extension pg_trgm. Where the role may not add it, a search reads more.
"""

import hashlib
import logging
from collections.abc import Iterator

from django.db import Error, router, transaction
from django.db.models import Model

from backoffice.trail.search import write_words
from backoffice.trail.sources import TrailSource, list_sources

logger = logging.getLogger(__name__)

EXISTING = {
    "postgresql": "SELECT indexname FROM pg_indexes"
    " WHERE schemaname = current_schema() AND indexname LIKE 'trail\\_%%'",
    "sqlite": "SELECT name FROM sqlite_master WHERE type = 'index' AND name LIKE 'trail\\_%%'"
    " ESCAPE '\\'",
}
HAS_TRIGRAMS = "SELECT EXISTS (SELECT FROM pg_extension WHERE extname = 'pg_trgm')"


def receive_post_migrate(sender, *, using, **kwargs):
    from django.db import connections

    install_indexes(connections[using])


def install_indexes(connection) -> None:
    """Make what is missing, and drop what no source asks for any more."""
    with connection.cursor() as cursor:
        tables = set(connection.introspection.table_names(cursor))
        cursor.execute(EXISTING[connection.vendor])
        existing = {name for (name,) in cursor.fetchall()}
    wanted = dict(_write_all(connection, tables, words=_offers_trigrams(connection)))
    with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
        for name in sorted(existing - wanted.keys()):
            cursor.execute(f'DROP INDEX IF EXISTS "{name}"')
        for name in sorted(wanted.keys() - existing):
            model, sql = wanted[name]
            if _is_up_to_date(model, connection, cursor):
                cursor.execute(sql)


def _is_up_to_date(model, connection, cursor) -> bool:
    """Whether the table has all columns: not where somebody migrated to an earlier state."""
    table = connection.introspection.get_table_description(cursor, model._meta.db_table)
    fields = model._meta.local_concrete_fields
    return {field.column for field in fields} <= {column.name for column in table}


def _offers_trigrams(connection) -> bool:
    if connection.vendor != "postgresql":
        return False
    with connection.cursor() as cursor:
        cursor.execute(HAS_TRIGRAMS)
        if cursor.fetchone()[0]:
            return True
    try:
        with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
            cursor.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
    except Error as error:
        logger.warning("Searches of the audit trail stay slow: no pg_trgm (%s).", error)
        return False
    return True


def _write_all(
    connection, tables: set[str], *, words: bool
) -> Iterator[tuple[str, tuple[type[Model], str]]]:
    """Yield (name, (model, SQL)). The name holds what the index is on: another one replaces it."""
    for source in list_sources().values():
        table = source.model._meta.db_table
        if table in tables and router.allow_migrate_model(connection.alias, source.model):
            for columns in _list_columns(source, connection, words=words):
                sql = f"ON {connection.ops.quote_name(table)} {columns}"
                name = f"trail_{hashlib.sha256(sql.encode()).hexdigest()[:20]}"
                yield name, (source.model, f'CREATE INDEX "{name}" {sql}')


def _list_columns(source: TrailSource, connection, *, words: bool) -> Iterator[str]:
    def quote(name):
        return connection.ops.quote_name(source.model._meta.get_field(name).column)

    at = quote(source.at)
    if source.found_by:
        yield f"({quote(source.found_by)}, {at})"
        return
    if not getattr(source.model._meta.get_field(source.at), "db_index", False):
        yield f"({at})"
    tracked = getattr(source.model, "instance_type", None)  # of a history: whose it is
    whose = {tracked._meta.pk.attname} if tracked else set()
    for name in sorted({source.by, *source.people, *whose} - {""}):
        yield f"({quote(name)}, {at})"
    if words and source.words:
        text = write_words([quote(name) for name in source.words], vendor=connection.vendor)
        yield f"USING gin (({text}) gin_trgm_ops)"
