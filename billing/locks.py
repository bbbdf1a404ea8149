"""Locks for jobs that must run one at a time."""

import zlib

from django.db import connection


def hold_lock(name: str) -> None:
    """Wait for the lock called `name` and hold it until the transaction ends.

    PostgreSQL has advisory locks. On SQLite a transaction is the only writer from its first
    statement on (transaction_mode IMMEDIATE), so there is nothing more to do.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("hold_lock needs a transaction to hold the lock in.")
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [zlib.crc32(name.encode())])
