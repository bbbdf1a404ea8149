"""The file of a backup: a tar whose last member lists the others. A broken-off file lacks it."""

import contextlib
import hashlib
import io
import json
import os
import tarfile
from collections.abc import Iterator
from pathlib import Path

from backoffice.backups.errors import BackupError
from backoffice.durable import flush_folder

MANIFEST = "manifest.json"
BLOCK = 1 << 20


class ArchiveWriter:
    def __init__(self, tar: tarfile.TarFile):
        self.tar = tar
        self.digests: dict[str, str] = {}

    def add(self, path: Path, name: str) -> None:
        """Add a file, and note the SHA-256 of exactly the bytes that were written."""
        with path.open("rb") as file:
            info = self.tar.gettarinfo(arcname=name, fileobj=file)
            info.mode, info.uid, info.gid, info.uname, info.gname = 0o600, 0, 0, "", ""
            reader = _Hashing(file)
            self.tar.addfile(info, reader)
        self.digests[name] = reader.sha256.hexdigest()


class _Hashing:
    def __init__(self, file):
        self.file, self.sha256 = file, hashlib.sha256()

    def read(self, size: int = -1, /) -> bytes:
        block = self.file.read(size)
        self.sha256.update(block)
        return block


@contextlib.contextmanager
def write_archive(path: Path, facts: dict) -> Iterator[ArchiveWriter]:
    """Write the archive beside `path`, and rename it to `path` once all of it is on the disk.

    `facts` go into the manifest as they are at the end. Mode 0600.
    """
    unfinished = path.with_name(f".{path.name}.unfinished")
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            with tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as tar:
                writer = ArchiveWriter(tar)
                yield writer
                manifest = json.dumps(facts | {"files": writer.digests}, indent=1, sort_keys=True)
                info = tarfile.TarInfo(MANIFEST)
                info.size, info.mode = len(manifest.encode()), 0o600
                tar.addfile(info, io.BytesIO(manifest.encode()))
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise
    unfinished.rename(path)
    flush_folder(path.parent)


def read_manifest(path: Path) -> dict:
    """Return the archive's manifest, after comparing all files with it. Raises BackupError."""
    digests, manifest = {}, None
    try:
        with tarfile.open(path) as tar:
            for member in tar:
                content = _open_member(path, tar, member)
                if member.name == MANIFEST:
                    manifest = json.load(content)
                else:
                    digests[member.name] = hashlib.file_digest(content, "sha256").hexdigest()
    except (tarfile.TarError, ValueError, EOFError) as error:
        raise BackupError(f"{path} is no whole backup: {error}") from error
    except OSError as error:
        raise BackupError(f"{path} can't be read: {error}") from error
    if manifest is None:
        raise BackupError(f"{path} is no whole backup: it breaks off before its list of files.")
    files = manifest["files"]
    for name in sorted(digests.keys() | files.keys()):
        if digests.get(name) != files.get(name):
            raise BackupError(f"{path}: {name} is not what was backed up. Take another backup.")
    return manifest


def _open_member(path: Path, tar: tarfile.TarFile, member: tarfile.TarInfo) -> io.BufferedReader:
    content = tar.extractfile(member)
    if not isinstance(content, io.BufferedReader):
        raise BackupError(f"{path} holds {member.name}, which is no file.")
    return content


def extract(path: Path, prefix: str, folder: Path) -> None:
    """Write the files whose names begin with `prefix` into `folder`, flushed to the disk."""
    with tarfile.open(path) as tar:
        for member in tar:
            if member.name.startswith(prefix):
                target = folder / member.name.removeprefix(prefix)
                if not target.resolve().is_relative_to(folder.resolve()):
                    raise BackupError(f"{path} holds {member.name}, which leads elsewhere.")
                target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
                content = _open_member(path, tar, member)
                with target.open("wb") as file, content:
                    while block := content.read(BLOCK):
                        file.write(block)
                    file.flush()
                    os.fsync(file.fileno())
                target.chmod(0o600)
