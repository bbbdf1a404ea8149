"""Triggers that make the database refuse changes to signed and logged rows.

They come with every migrate, and are gone while it changes the tables that they are on or read: on
SQLite a changed table loses its triggers, and can't be renamed while another's trigger reads it.
Each app has Guards of its own, by the rules that it lists.
"""

from collections.abc import Callable
from typing import NamedTuple

from django.db import router, transaction
from django.db.migrations.executor import MigrationExecutor

from backoffice.guards import postgresql, sqlite
from backoffice.guards.rules import Rule

VENDORS = {"postgresql": postgresql, "sqlite": sqlite}

_all_guards: list["Guards"] = []


class Guards(NamedTuple):
    app: str
    list_rules: Callable[[], list[Rule]]

    def install(self, connection) -> None:
        """Make all guards anew, and replace existing ones."""
        vendor = VENDORS[connection.vendor]
        with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
            vendor.drop_guards(connection, self.app)
            for sql in self.write(connection).values():
                cursor.execute(sql)

    def remove(self, connection) -> None:
        """Remove all guards, for an administrator's migrations and for tests.

        Only migrate calls it in the application. Until install() runs, everybody with write access
        can change the guarded rows.
        """
        with transaction.atomic(using=connection.alias):
            VENDORS[connection.vendor].drop_guards(connection, self.app)

    def write(self, connection) -> dict[str, str]:
        """Return the SQL that makes each guard, by name."""
        return VENDORS[connection.vendor].write_guards(connection, self.list_rules())

    def find_missing(self, connection) -> list[str]:
        """Return the names of guards that are missing, disabled or changed.

        Empty until all migrations of the app have run. It can't see a session that fires no
        triggers at all.
        """
        if not self._is_migrated(connection):
            return []
        standing = VENDORS[connection.vendor].read_guards(connection, self.app)
        return [name for name, sql in self.write(connection).items() if standing.get(name) != sql]

    def _is_migrated(self, connection) -> bool:
        """Whether all migrations of the app are applied, if its tables are in this database."""
        if not router.allow_migrate(connection.alias, self.app):
            return False
        executor = MigrationExecutor(connection)
        return not executor.migration_plan(executor.loader.graph.leaf_nodes(self.app))


def register_guards(guards: Guards) -> None:
    """Make an app's guards known, so that a trigger of nobody's stands out."""
    _all_guards.append(guards)


def find_missing_anywhere(connection) -> list[str]:
    """Return the names of the guards of all apps that are missing, disabled or changed."""
    return [name for guards in _all_guards for name in guards.find_missing(connection)]


def list_guard_places(connection) -> set[tuple[str, str]]:
    """Return (table, name) of each trigger that the apps' guards are."""
    vendor = VENDORS[connection.vendor]
    return {place for guards in _all_guards for place in vendor.list_places(guards.list_rules())}
