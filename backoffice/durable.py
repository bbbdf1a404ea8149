"""What makes files survive a power cut."""

import os
from pathlib import Path


def flush_folder(folder: Path) -> None:
    """Flush the folder, so that its file names survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
