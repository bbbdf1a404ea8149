"""A few slots per machine for what costs much: locks on files, the same for all workers."""

import contextlib
import fcntl
import os
from collections.abc import Iterable

from django.conf import settings


def take_slot(stack: contextlib.ExitStack, kind: str, numbers: Iterable[int]) -> bool:
    """Lock the first file that nobody has locked. The lock goes with the file, or its process."""
    settings.HASH_SLOTS_DIR.mkdir(mode=0o700, parents=True, exist_ok=True)
    for number in numbers:
        path = settings.HASH_SLOTS_DIR / f"{kind}-{number}.lock"
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(descriptor)
        else:
            stack.callback(os.close, descriptor)
            return True
    return False
