"""Files whose room is set aside, so that a full disk still takes what is written into them."""

import contextlib
import os
import secrets
from pathlib import Path

from backoffice.durable import flush_folder


def preallocate(path: Path, *, size: int, content: bytes = b"") -> None:
    """Make the file with room for `size` bytes, all zeros after `content`, unless it exists.

    It appears whole or not at all, once, however many processes make it. Raises OSError.
    posix_fallocate guarantees that writes to it don't fail for lack of room (POSIX.1-2017).
    """
    if path.exists():
        return
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f"{secrets.token_hex(8)}.draft")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        os.posix_fallocate(descriptor, 0, size)
        os.pwrite(descriptor, content, 0)
        os.fsync(descriptor)
        with contextlib.suppress(FileExistsError):
            path.hardlink_to(draft)
    finally:
        os.close(descriptor)
        draft.unlink(missing_ok=True)
    flush_folder(path.parent)
