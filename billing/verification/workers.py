"""Several checks at a time, each on a connection of its own: a query keeps one processor busy."""

import contextlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from django.db import connection, connections

WORKERS = 2


def can_work_side_by_side() -> bool:
    """Whether other connections see what this one sees. SQLite would gain nothing by it."""
    return connection.vendor == "postgresql" and not connection.in_atomic_block


@contextlib.contextmanager
def open_workers() -> Iterator[ThreadPoolExecutor]:
    """Yield threads to submit work to. What has not begun at the end is given up."""
    opened = []

    def join() -> None:
        own = connections[connection.alias]
        own.inc_thread_sharing()  # so that it can be closed from here
        opened.append(own)

    pool = ThreadPoolExecutor(WORKERS, initializer=join)
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)
        for own in opened:
            own.close()
