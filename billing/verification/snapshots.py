"""Reads several tables at one moment while others write."""

import contextlib
from collections.abc import Iterator

from django.db import connection, transaction

# What a sort of PostgreSQL may hold before it goes to the disk; the default is 4 MB. A day of
# 300,000 views takes 50 MB.
SORT_MEMORY = "64MB"


@contextlib.contextmanager
def read_at_one_moment() -> Iterator[None]:
    """Let all queries in the block see the database as the first one does.

    The block must not write. Inside a caller's transaction, that transaction gives the view.
    """
    if connection.in_atomic_block:
        yield
    elif connection.vendor == "postgresql":
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            cursor.execute(f"SET LOCAL work_mem = '{SORT_MEMORY}'")
            yield
    else:
        # Not atomic(): it begins IMMEDIATE, and every writer would wait.
        with connection.cursor() as cursor:
            cursor.execute("BEGIN DEFERRED")
            try:
                yield
            finally:
                cursor.execute("ROLLBACK")
