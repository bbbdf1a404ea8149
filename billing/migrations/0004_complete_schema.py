"""Bring a database that ran the first text of 0001_initial to the schema that its second makes.

That text was changed after it had landed, so such a database missed five tables, four columns and
an index, and nothing said so. What is there is left as it is: on every other database this does
nothing. Since then tests/test_migrations.py holds every landed migration to its text.
"""

from django.db import migrations
from django.db.models import F

# What rows that came before a column get, where the field's own default would say too little. Of
# one reader the browser is one: so an address still shows how many browsers it had, and no browser
# seems to have had many addresses.
FIRST_VALUES = {("billing_blogview", "agent_key"): F("reader_key")}


def complete_schema(apps, schema_editor):
    models = list(apps.get_app_config("billing").get_models())
    tables = set(schema_editor.connection.introspection.table_names())
    for model in models:
        if model._meta.db_table not in tables:
            schema_editor.create_model(model)
    for model in models:
        if model._meta.db_table in tables:
            _add_columns(model, schema_editor)
            _lengthen_columns(model, schema_editor)
            _complete_indexes(model, schema_editor)


def _add_columns(model, editor):
    """Add each missing column empty, fill it, and then ask for what the field asks for."""
    columns = _read_columns(model, editor)
    missing = [field for field in model._meta.local_concrete_fields if field.column not in columns]
    strict = []
    for field in missing:
        if field.null:
            editor.add_field(model, field)
        else:
            empty = _vary(field, model, null=True)
            editor.add_field(model, empty)
            strict.append((empty, field))
    for empty, field in strict:
        first = FIRST_VALUES.get((model._meta.db_table, field.column), field.get_default())
        model._base_manager.update(**{field.name: first})
        editor.alter_field(model, empty, field)


def _lengthen_columns(model, editor):
    columns = _read_columns(model, editor)
    for field in model._meta.local_concrete_fields:
        length = columns[field.column].display_size or columns[field.column].internal_size
        is_text = field.get_internal_type() == "CharField"
        if is_text and field.max_length and length and length < field.max_length:
            editor.alter_field(model, _vary(field, model, max_length=length), field)


def _complete_indexes(model, editor):
    found = _read_constraints(model, editor)
    declared = {index.name: index for index in model._meta.indexes}
    for name in declared.keys() - found.keys():
        editor.add_index(model, declared[name])
    for constraint in model._meta.constraints:
        if constraint.name not in found:
            editor.add_constraint(model, constraint)
    for field in model._meta.local_concrete_fields:
        if field.remote_field and not field.db_index:
            for name, facts in found.items():
                if name not in declared and _is_plain_index(facts, field.column):
                    editor.execute(f"DROP INDEX {editor.quote_name(name)}")


def _is_plain_index(facts, column):
    is_other = facts["unique"] or facts["primary_key"] or facts["foreign_key"] or facts["check"]
    return facts["index"] and not is_other and facts["columns"] == [column]


def _vary(field, model, **changes):
    varied = field.clone()
    for name, value in changes.items():
        setattr(varied, name, value)
    varied.set_attributes_from_name(field.name)
    varied.model = model
    return varied


def _read_columns(model, editor):
    with editor.connection.cursor() as cursor:
        table = model._meta.db_table
        description = editor.connection.introspection.get_table_description(cursor, table)
    return {column.name: column for column in description}


def _read_constraints(model, editor):
    with editor.connection.cursor() as cursor:
        table = model._meta.db_table
        return editor.connection.introspection.get_constraints(cursor, table)


class Migration(migrations.Migration):
    dependencies = [("billing", "0003_spool_and_log_keys")]

    operations = [
        migrations.RunPython(complete_schema, migrations.RunPython.noop),
    ]
