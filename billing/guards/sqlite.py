"""The rules as triggers of SQLite.

REPLACE passes a DELETE trigger by, unless the connection has recursive_triggers on: settings.py.
"""

from billing.guards.rules import list_rules

TRIGGER = """CREATE TRIGGER {name} AFTER {event} ON {table}
WHEN {condition}
BEGIN
    SELECT RAISE(ABORT, 'billing: {reason}');
END"""


def write_guards(connection) -> dict[str, str]:
    """Return the SQL that makes each guard, by name, just as SQLite keeps it."""
    return {
        rule.name: TRIGGER.format(
            name=rule.name,
            event=rule.event,
            table=rule.table,
            condition=rule.refused_if.replace("IS DISTINCT FROM", "IS NOT"),  # before SQLite 3.39
            reason=rule.reason,
        )
        for rule in list_rules()
    }


def read_guards(connection) -> dict[str, str]:
    """Return the SQL of each guard that stands, by name."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' "
            "AND name GLOB 'billing_guard_*'"
        )
        return dict(cursor.fetchall())


def drop_guards(connection) -> None:
    with connection.cursor() as cursor:
        for name in read_guards(connection):
            cursor.execute(f"DROP TRIGGER {connection.ops.quote_name(name)}")
