"""Indexes of big tables, made and dropped by a migration while others read and write.

PostgreSQL makes them CONCURRENTLY, outside a transaction: the migration says `atomic = False` and
holds nothing else. If it is stopped half-way it is run again: what is whole is left as it is, and
an index that was left unfinished is made anew. SQLite knows no such thing, and is as quick.
"""

from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently

UNFINISHED = """
    SELECT 1 FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid
    WHERE NOT indisvalid AND relname = %s AND pg_table_is_visible(indexrelid)
"""


class AddIndexWhileInUse(AddIndexConcurrently):
    def database_forwards(self, app_label, schema_editor, from_state, to_state):
        model = to_state.apps.get_model(app_label, self.model_name)
        _add(schema_editor, model, self.index)

    def database_backwards(self, app_label, schema_editor, from_state, to_state):
        model = from_state.apps.get_model(app_label, self.model_name)
        _remove(schema_editor, model, self.index)


class RemoveIndexWhileInUse(RemoveIndexConcurrently):
    def database_forwards(self, app_label, schema_editor, from_state, to_state):
        state = from_state.models[app_label, self.model_name_lower]
        model = from_state.apps.get_model(app_label, self.model_name)
        _remove(schema_editor, model, state.get_index_by_name(self.name))

    def database_backwards(self, app_label, schema_editor, from_state, to_state):
        state = to_state.models[app_label, self.model_name_lower]
        model = to_state.apps.get_model(app_label, self.model_name)
        _add(schema_editor, model, state.get_index_by_name(self.name))


def _add(schema_editor, model, index):
    connection = schema_editor.connection
    is_postgresql = connection.vendor == "postgresql"
    if is_postgresql and _is_unfinished(connection, index.name):
        _remove(schema_editor, model, index)
    if not _exists(connection, model, index.name):
        schema_editor.add_index(model, index, **_options(is_postgresql))


def _remove(schema_editor, model, index):
    connection = schema_editor.connection
    is_postgresql = connection.vendor == "postgresql"
    if _exists(connection, model, index.name):
        schema_editor.remove_index(model, index, **_options(is_postgresql))


def _options(is_postgresql):
    return {"concurrently": True} if is_postgresql else {}


def _is_unfinished(connection, name):
    with connection.cursor() as cursor:
        cursor.execute(UNFINISHED, [name])
        return cursor.fetchone() is not None


def _exists(connection, model, name):
    with connection.cursor() as cursor:
        return name in connection.introspection.get_constraints(cursor, model._meta.db_table)
