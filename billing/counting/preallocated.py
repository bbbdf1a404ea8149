"""Files whose room is set aside, so that a full disk still takes what is written into them.

What is written over and over stands in two slots that take turns: a broken write leaves the one
before.
"""

import contextlib
import hashlib
import json
import os
import secrets
from pathlib import Path
from typing import Any

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


def make_slot(content: list, *, size: int) -> bytes:
    """Return the content as `size` bytes that tell if they are broken. Raises OSError if full."""
    text = json.dumps(content, separators=(",", ":"))
    slot = f"{hashlib.sha256(text.encode()).hexdigest()} {text}".encode().ljust(size)
    if len(slot) > size:
        raise OSError(f"The content takes {len(slot)} bytes, and there is room for {size}.")
    return slot


def read_slots(descriptor: int, *, size: int) -> list[Any]:
    """Return the content of those of both slots that are whole. Raises OSError."""
    slots = (_read_slot(os.pread(descriptor, size, number * size)) for number in range(2))
    return [content for content in slots if content is not None]


def _read_slot(slot: bytes) -> Any:
    digest, _, text = slot.rstrip(b"\0").rstrip().partition(b" ")
    if not text or digest.decode(errors="replace") != hashlib.sha256(text).hexdigest():
        return None
    return json.loads(text)
