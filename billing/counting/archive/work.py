"""A folder for the files that are being made or read. It holds readers' keys, so it goes away."""

import contextlib
import fcntl
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from tempfile import mkdtemp

from django.conf import settings

LOCKED = ".in_use"  # in each folder, locked by its owner
PREFIX = "views-"  # of the folders' names
MAKING = ".making"  # beside them, locked while one is made or removed


@contextlib.contextmanager
def open_work_folder() -> Iterator[Path]:
    """Give a folder of one's own under ARCHIVE_WORK_DIR, and remove those whose owner died."""
    with _lock_root() as root:
        _remove_left(root)
        folder = Path(mkdtemp(prefix=PREFIX, dir=root))
        lock = os.open(folder / LOCKED, os.O_CREAT | os.O_RDWR)
        fcntl.flock(lock, fcntl.LOCK_EX)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)


def remove_left_folders() -> None:
    """Remove the folders of processes that died."""
    if settings.ARCHIVE_WORK_DIR.is_dir():
        with _lock_root() as root:
            _remove_left(root)


@contextlib.contextmanager
def _lock_root() -> Iterator[Path]:
    """Hold what no two processes hold at once, so that none removes what another is making."""
    root = settings.ARCHIVE_WORK_DIR
    root.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (root / MAKING).open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield root


def _remove_left(root: Path) -> None:
    """Remove the folders that nobody has locked, and those whose owner died before it did."""
    for folder in root.glob(f"{PREFIX}*"):
        with contextlib.suppress(BlockingIOError), contextlib.ExitStack() as stack:
            with contextlib.suppress(FileNotFoundError):
                file = stack.enter_context((folder / LOCKED).open())
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder, ignore_errors=True)
