"""A folder for the files that are being made or read. It holds readers' keys, so it goes away."""

import contextlib
import fcntl
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from tempfile import mkdtemp

from django.conf import settings

LOCKED = ".in_use"


@contextlib.contextmanager
def open_work_folder() -> Iterator[Path]:
    """Give a folder of one's own under ARCHIVE_WORK_DIR, and remove those whose owner died."""
    root = settings.ARCHIVE_WORK_DIR
    root.mkdir(mode=0o700, parents=True, exist_ok=True)
    remove_left_folders()
    folder = Path(mkdtemp(dir=root))
    lock = os.open(folder / LOCKED, os.O_CREAT | os.O_RDWR)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)


def remove_left_folders() -> None:
    """Remove the folders of processes that died. One that is just being made has no lock yet."""
    for lock in settings.ARCHIVE_WORK_DIR.glob(f"*/{LOCKED}"):
        with contextlib.suppress(OSError), lock.open() as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(lock.parent, ignore_errors=True)
