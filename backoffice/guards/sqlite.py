"""The rules as triggers of SQLite.

REPLACE passes a DELETE trigger by, unless the connection has recursive_triggers on: settings.py.
"""

from collections.abc import Iterable

from backoffice.guards.rules import Rule

TRIGGER = """CREATE TRIGGER {name} AFTER {event} ON {table}
WHEN {condition}
BEGIN
    SELECT RAISE(ABORT, '{app}: {reason}');
END"""


def write_guards(connection, rules: Iterable[Rule]) -> dict[str, str]:
    """Return the SQL that makes each guard, by name, just as SQLite keeps it."""
    return {
        rule.name: TRIGGER.format(
            name=rule.name,
            event=rule.occasion,
            table=rule.table,
            condition=_write_condition(rule),
            app=rule.app,
            reason=rule.reason,
        )
        for rule in rules
    }


def list_places(rules: Iterable[Rule]) -> set[tuple[str, str]]:
    """Return (table, name) of each guard."""
    return {(rule.table, rule.name) for rule in rules}


def _write_condition(rule: Rule) -> str:
    condition = f"{rule.when} AND ({rule.refused_if})" if rule.when else rule.refused_if
    return condition.replace("IS DISTINCT FROM", "IS NOT")  # before SQLite 3.39


def read_guards(connection, app: str) -> dict[str, str]:
    """Return the SQL of each of the app's guards that stands, by name."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND name GLOB %s",
            [f"{app}_guard_*"],
        )
        return dict(cursor.fetchall())


def drop_guards(connection, app: str) -> None:
    with connection.cursor() as cursor:
        for name in read_guards(connection, app):
            cursor.execute(f"DROP TRIGGER {connection.ops.quote_name(name)}")
