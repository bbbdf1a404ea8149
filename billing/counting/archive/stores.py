"""Where the archive lies: a folder, or a bucket by the S3 protocol. ARCHIVE_URL says which.

A file is there whole or not at all, under its final name, and on the disk when `put` returns.
"""

import contextlib
import datetime as dt
import os
import secrets
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, Protocol
from urllib.parse import unquote, urlsplit

from django.conf import settings

from backoffice.durable import flush_folder
from billing.errors import ArchiveMissing, ArchiveUnreachable

RETRIES = 3  # after that the next run of the job tries
SCHEMES = ("s3", "gs", "az", "https")


class Stored(NamedTuple):
    """A file of the archive: its name, and when it was written."""

    name: str
    at: dt.datetime


class Store(Protocol):
    """Names are paths with "/" below the archive's root. All methods raise ArchiveUnreachable."""

    def put(self, name: str, source: Path) -> None: ...

    def fetch(self, name: str, target: Path) -> None:
        """Copy a file to `target`. Raises FileNotFoundError."""

    def has(self, name: str) -> bool: ...

    def list(self) -> Iterator[Stored]: ...

    def delete(self, name: str) -> None:
        """Delete a file, which may be gone already."""


def open_store(url: str | None = None) -> Store:
    """Return the store at `url`, by default settings.ARCHIVE_URL. Raises ArchiveMissing."""
    url = settings.ARCHIVE_URL if url is None else url
    if not url:
        raise ArchiveMissing("There is no archive: ARCHIVE_URL is not set.")
    check_url(url)
    parts = urlsplit(url)
    return Bucket(url) if parts.scheme in SCHEMES else Folder(Path(unquote(parts.path)))


def check_url(url: str) -> None:
    """Raise ArchiveMissing where the address names neither a bucket nor a whole path."""
    parts = urlsplit(url)
    is_folder = parts.scheme in ("", "file") and not parts.netloc and parts.path.startswith("/")
    # Keys, a port or options behind a ? would be left out without a word.
    is_whole = parts.scheme == "https" or parts.netloc == parts.hostname
    is_bucket = parts.scheme in SCHEMES and parts.netloc and is_whole and not parts.query
    if not is_folder and not is_bucket:
        raise ArchiveMissing(
            f"ARCHIVE_URL is “{url}”. Write a whole path, such as /srv/archive, or s3://bucket/path."
        )


class Folder:
    """A folder of this machine, or one that is mounted here."""

    def __init__(self, root: Path):
        self._root = root

    def put(self, name: str, source: Path) -> None:
        target = self._root / name
        # Not by the process's number: several machines may have mounted this folder.
        partial = target.with_name(f".{target.name}.{secrets.token_hex(8)}")
        with _told():
            target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with source.open("rb") as read, partial.open("wb") as written:
                partial.chmod(0o600)
                shutil.copyfileobj(read, written, 1 << 20)
                written.flush()
                os.fsync(written.fileno())
            partial.rename(target)
            for folder in (target.parent, target.parent.parent):
                flush_folder(folder)

    def fetch(self, name: str, target: Path) -> None:
        with _told():
            shutil.copyfile(self._root / name, target)

    def has(self, name: str) -> bool:
        with _told():
            return (self._root / name).is_file()

    def list(self) -> Iterator[Stored]:
        with _told():
            for path in sorted(self._root.glob("*/*")):
                with contextlib.suppress(FileNotFoundError):
                    facts = path.stat()
                    if not stat.S_ISREG(facts.st_mode):
                        continue
                    at = dt.datetime.fromtimestamp(facts.st_mtime, dt.UTC)
                    yield Stored(path.relative_to(self._root).as_posix(), at)

    def delete(self, name: str) -> None:
        path = self._root / name
        with _told():
            path.unlink(missing_ok=True)
            with contextlib.suppress(OSError):  # the folder of the day, once it is empty
                path.parent.rmdir()


class Bucket:
    """A bucket of S3 or of what speaks its protocol. Keys and address come as AWS_... variables."""

    def __init__(self, url: str):
        from obstore.store import from_url  # of the extra "scale"

        with _told():
            self._store = from_url(url, retry_config={"max_retries": RETRIES})

    def put(self, name: str, source: Path) -> None:
        with _told():
            self._store.put(name, source)

    def fetch(self, name: str, target: Path) -> None:
        with _told(), target.open("wb") as written:
            for part in self._store.get(name).stream():
                written.write(part)

    def has(self, name: str) -> bool:
        with _told(), contextlib.suppress(FileNotFoundError):
            self._store.head(name)
            return True
        return False

    def list(self) -> Iterator[Stored]:
        with _told():
            for portion in self._store.list():
                for each in portion:
                    yield Stored(each["path"], each["last_modified"])

    def delete(self, name: str) -> None:
        with _told(), contextlib.suppress(FileNotFoundError):
            self._store.delete(name)


@contextlib.contextmanager
def _told():
    """Tell a store that does not answer as ArchiveUnreachable; a file that is not there, as it is.

    obstore's errors have no base beside Exception.
    """
    try:
        yield
    except FileNotFoundError:
        raise
    except Exception as error:
        if isinstance(error, OSError) or type(error).__module__.startswith("obstore"):
            told = str(error).partition("\n")[0]
            raise ArchiveUnreachable(f"The archive does not answer: {told}") from error
        raise
