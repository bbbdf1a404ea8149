"""The rules as triggers of PostgreSQL, each with a function of its own.

A rule that reads OLD or NEW alone is checked once a statement, over all its rows: that costs a
third of checking them one by one. One with a WHEN or columns of its own costs nothing for the rows
that it passes over. ENABLE ALWAYS fires under session_replication_role
"replica" too. The search path is fixed, so that no temporary table stands in for one of ours.

A trigger sees what is committed: a line that is added while another transaction submits its batch
is kept out by the lock "payouts" alone, and found by verify_payouts.
"""

from collections.abc import Collection

from django.db.models import Model

from backoffice.guards.rules import Rule

# Both as the catalogue shows them, so that what stands can be compared with what should.
FUNCTION = """CREATE OR REPLACE FUNCTION {schema}.{name}()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', '{schema}', 'pg_temp'
AS $function$
BEGIN
    IF ({condition}) THEN
        RAISE integrity_constraint_violation USING MESSAGE = '{app}: {reason}';
    END IF;
    RETURN NULL;
END
$function$
"""
TRIGGER = "CREATE TRIGGER {name} {when} ON {table} {scope} EXECUTE FUNCTION {name}()"
ENABLE = "ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}"

STANDING_TRIGGERS = """
    SELECT trigger.tgname, pg_get_functiondef(trigger.tgfoid),
           pg_get_triggerdef(trigger.oid, true), relation.relname, trigger.tgenabled
    FROM pg_trigger trigger
    JOIN pg_class relation ON relation.oid = trigger.tgrelid
    WHERE relation.relnamespace = current_schema()::regnamespace
    AND starts_with(trigger.tgname, %s)
"""
STANDING_FUNCTIONS = """
    SELECT proname FROM pg_proc
    WHERE pronamespace = current_schema()::regnamespace AND starts_with(proname, %s)
"""


def write_guards(connection, rules: Collection[Rule]) -> dict[str, str]:
    """Return the SQL that makes each guard, by name."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_schema()")
        (schema,) = cursor.fetchone()
    guards = {rule.name: _write_rule(rule, schema) for rule in rules}
    for model, app in dict.fromkeys((rule.model, rule.app) for rule in rules):
        name = _name_truncate(model, app)
        guards[name] = _write(
            name=name,
            when="BEFORE TRUNCATE",
            table=model._meta.db_table,
            scope="FOR EACH STATEMENT",
            condition="TRUE",
            reason=f"{model._meta.verbose_name_plural} are never deleted all at once.",
            schema=schema,
            app=app,
        )
    return guards


def list_places(rules: Collection[Rule]) -> set[tuple[str, str]]:
    """Return (table, name) of each guard."""
    places = {(rule.table, rule.name) for rule in rules}
    return places | {(rule.table, _name_truncate(rule.model, rule.app)) for rule in rules}


def _name_truncate(model: type[Model], app: str) -> str:
    return f"{app}_guard_{model._meta.model_name}_truncate"


def _write_rule(rule: Rule, schema: str) -> str:
    condition, scope = rule.refused_if, "FOR EACH ROW"
    if rule.when:
        scope = f"FOR EACH ROW WHEN ({rule.when})"
    elif not rule.columns and ("OLD." not in condition or "NEW." not in condition):
        side = "NEW" if "NEW." in condition else "OLD"
        rows = f"{side.lower()}_rows"
        condition = condition.replace(f"{side}.", f"{rows}.")
        condition = f"EXISTS (SELECT FROM {rows} WHERE {condition})"
        scope = f"REFERENCING {side} TABLE AS {rows} FOR EACH STATEMENT"
    return _write(
        name=rule.name,
        when=f"AFTER {rule.occasion}",
        table=rule.table,
        scope=scope,
        condition=condition,
        reason=rule.reason,
        schema=schema,
        app=rule.app,
    )


def _write(**parts: str) -> str:
    return _join(FUNCTION.format(**parts), TRIGGER.format(**parts), ENABLE.format(**parts))


def _join(*statements: str) -> str:
    return ";\n".join(statements)


def read_guards(connection, app: str) -> dict[str, str]:
    """Return the SQL of each of the app's guards that stands, by name, as it should be written."""
    with connection.cursor() as cursor:
        cursor.execute(STANDING_TRIGGERS, [f"{app}_guard_"])
        return {
            name: _join(
                function, trigger, ENABLE.format(table=table, name=name) if enabled == "A" else ""
            )
            for name, function, trigger, table, enabled in cursor.fetchall()
        }


def drop_guards(connection, app: str) -> None:
    quote = connection.ops.quote_name
    with connection.cursor() as cursor:
        cursor.execute(STANDING_TRIGGERS, [f"{app}_guard_"])
        for name, _, _, table, _ in cursor.fetchall():
            cursor.execute(f"DROP TRIGGER {quote(name)} ON {quote(table)}")
        cursor.execute(STANDING_FUNCTIONS, [f"{app}_guard_"])
        for (name,) in cursor.fetchall():
            cursor.execute(f"DROP FUNCTION {quote(name)}()")
