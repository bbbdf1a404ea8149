"""Checks that code which takes several locks takes them in the order of billing.locks.Lock."""

from django.db import connection

from billing.locks import Lock

ORDER = list(Lock)


class LockOrder:
    """Follows each transaction's locks. Inside a test's own transaction it is a savepoint."""

    def __init__(self):
        self.held = {}  # {savepoint: its locks, in the order in which they were taken}
        self.wrong = []

    def take(self, lock):
        savepoint = self._find_savepoint()
        held = self.held.setdefault(savepoint, []) if savepoint else []
        if lock in held:
            return
        if any(ORDER.index(lock) < ORDER.index(other) for other in held):
            self.wrong.append(f"{lock.name} after {', '.join(other.name for other in held)}")
        held.append(lock)

    def _find_savepoint(self):
        """Return the savepoint of the outermost block below the test's own, or None in a thread."""
        depth = sum(block._from_testcase for block in connection.atomic_blocks)
        is_inside = 0 < depth < len(connection.atomic_blocks)
        return connection.savepoint_ids[depth - 1] if is_inside else None
