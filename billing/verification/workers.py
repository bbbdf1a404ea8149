"""Runs several checks at a time, each on its own connection: a query keeps one processor busy."""

import contextlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from django.db import connection, connections

WORKERS = 2


def can_work_side_by_side() -> bool:
    """Return whether other connections see the same rows. SQLite would gain nothing by it."""
    return connection.vendor == "postgresql" and not connection.in_atomic_block


@contextlib.contextmanager
def open_workers() -> Iterator[ThreadPoolExecutor]:
    """Yield a pool of threads for the work. Work that has not begun at the end is dropped."""
    opened = []

    def join() -> None:
        own = connections[connection.alias]
        own.inc_thread_sharing()  # so that this thread can close it
        opened.append(own)

    pool = ThreadPoolExecutor(WORKERS, initializer=join)
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)
        for own in opened:
            own.close()
