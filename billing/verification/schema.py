"""Checks that the database enforces what the models ask for, and nothing that nobody here made."""

from collections import Counter

from django.db import connection

from backoffice.schema import find_schema_differences, list_waiting_migrations
from backoffice.schema_rules import EVERY_TABLE, find_foreign_rules
from billing.models import Verification
from billing.verification.differences import Difference


def check_schema(run: Verification, key: str, after: str, numbers: Counter) -> None:
    """Each table has the columns, CHECKs, keys and unique indexes of its model, and no others."""
    if waiting := list_waiting_migrations(connection):
        raise Difference(
            "The table django_migrations",
            f"lacks {', '.join(waiting)}",
            "nothing can be compared before it has run: migrate, or ask who took it out",
        )
    for table, lacks in find_schema_differences(connection).items():
        raise Difference(f"The table {table}", f"lacks {', '.join(lacks)}", "its model asks for it")
    for table, has in find_foreign_rules(connection).items():
        name = table.capitalize() if table == EVERY_TABLE else f"The table {table}"
        raise Difference(name, f"has {', '.join(has)}", "nobody here made that")
