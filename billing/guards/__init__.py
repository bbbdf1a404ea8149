"""Triggers by which the database itself refuses to change what is signed.

They come with every migrate, and are gone while it changes billing's tables: on SQLite a changed
table loses its triggers, and can't be renamed while another table's trigger reads it.
"""

from django.db import router, transaction
from django.db.migrations.executor import MigrationExecutor

from billing.guards import postgresql, sqlite

VENDORS = {"postgresql": postgresql, "sqlite": sqlite}


def install_guards(connection) -> None:
    """Make all guards anew, whatever stands."""
    vendor = VENDORS[connection.vendor]
    with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
        vendor.drop_guards(connection)
        for sql in vendor.write_guards(connection).values():
            cursor.execute(sql)


def remove_guards(connection) -> None:
    """Take all guards away: for migrations that an administrator runs, and for tests.

    Nothing in the application calls it but migrate. Until install_guards, what is signed can be
    changed by anyone who may write.
    """
    with transaction.atomic(using=connection.alias):
        VENDORS[connection.vendor].drop_guards(connection)


def find_missing_guards(connection) -> list[str]:
    """Return the names of guards that are missing, disabled or not as they should be.

    Empty as long as billing is not migrated to its end. What can't be seen from here: a session
    that fires no triggers at all.
    """
    if not _is_migrated(connection):
        return []
    vendor = VENDORS[connection.vendor]
    standing = vendor.read_guards(connection)
    wanted = vendor.write_guards(connection)
    return [name for name, sql in wanted.items() if standing.get(name) != sql]


def _is_migrated(connection) -> bool:
    """Whether the migrations of billing are all applied, if its tables are in this database."""
    if not router.allow_migrate(connection.alias, "billing"):
        return False
    executor = MigrationExecutor(connection)
    return not executor.migration_plan(executor.loader.graph.leaf_nodes("billing"))
