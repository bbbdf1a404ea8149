"""Locks for jobs that must run one at a time."""

import zlib
from enum import StrEnum

from django.db import connection


class Lock(StrEnum):
    """The locks, in the order in which whoever needs several takes them.

    Two that take the same locks in two orders could wait for each other for ever. The values make
    the keys in the database, so they stay as they are.
    """

    INTAKE = "import_access_log"  # adding views, from logs or the spool, and retiring old ones
    FOLD = "fold_views"  # counting views
    PAYOUTS = "payouts"  # batches, prices, adjustments, holds, seals
    FINDINGS = "findings"  # what the month's views show, and decisions about it
    TRACES = "traces"  # the chain over what the application wrote


def hold_lock(*locks: Lock) -> None:
    """Wait for the locks, in their order, and hold them until the transaction ends.

    PostgreSQL has advisory locks. On SQLite a transaction is the only writer from its first
    statement on (transaction_mode IMMEDIATE), so there is nothing more to do.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("hold_lock needs a transaction to hold the lock in.")
    for lock in Lock:
        if lock in locks:
            _take(lock)


def _take(lock: Lock) -> None:
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [zlib.crc32(lock.encode())])
