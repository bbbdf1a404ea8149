"""Uploaded files on their way into the database: private, short-lived, taken once.

Uploads may name people, so only this application can read them, for LIFETIME at most.
"""

import datetime as dt
import hashlib
import os
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from django.conf import settings
from django.contrib.auth.models import User

from backoffice.errors import Refusal

LIFETIME = dt.timedelta(hours=1)


class UploadGone(Refusal):
    pass


def keep_upload(*, chunks: Iterable[bytes], by: User) -> tuple[str, str]:
    """Keep a file for its uploader, and return its random name and its SHA-256."""
    settings.UPLOAD_DIR.mkdir(mode=0o700, parents=True, exist_ok=True)
    name = secrets.token_hex(16)
    digest = hashlib.sha256()
    descriptor = os.open(_path_of(name, by), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            for chunk in chunks:
                digest.update(chunk)
                file.write(chunk)
    except BaseException:
        drop_upload(name, by=by)
        raise
    return name, digest.hexdigest()


@contextmanager
def open_upload(name: str, *, sha256: str, by: User) -> Iterator[BinaryIO]:
    """Open a file that `by` uploaded. Raises UploadGone, also for a changed file."""
    try:
        file = _path_of(name, by).open("rb")
    except FileNotFoundError as error:
        raise UploadGone("The uploaded file is no longer there. Upload it again.") from error
    with file:
        if hashlib.file_digest(file, "sha256").hexdigest() != sha256:
            raise UploadGone("The uploaded file has changed. Upload it again.")
        file.seek(0)
        yield file


@contextmanager
def take_upload(name: str, *, sha256: str, by: User) -> Iterator[BinaryIO]:
    """Open a file for the last time; only one caller gets it. Raises UploadGone."""
    with open_upload(name, sha256=sha256, by=by) as file:
        if not drop_upload(name, by=by):
            raise UploadGone("The uploaded file is being imported already.")
        yield file


def drop_upload(name: str, *, by: User) -> bool:
    """Remove a file, and return whether it was there."""
    try:
        _path_of(name, by).unlink()
    except FileNotFoundError:
        return False
    return True


def drop_stale_uploads(*, at: dt.datetime) -> int:
    """Remove files that nobody imported within LIFETIME, and return their number.

    This includes files that a killed worker was receiving.
    """
    oldest = (at - LIFETIME).timestamp()
    stale = [path for path in settings.UPLOAD_DIR.glob("*.upload*") if _changed_at(path) < oldest]
    for path in stale:
        path.unlink(missing_ok=True)
    return len(stale)


def _path_of(name: str, by: User) -> Path:
    return settings.UPLOAD_DIR / f"{by.pk}-{name}.upload"


def _changed_at(path: Path) -> int:
    try:
        return int(path.stat().st_mtime)
    except FileNotFoundError:
        return 0
