import bz2
import gzip
import hashlib
import io
import os

import pytest

from billing.counting.access_logs import files as log_files
from billing.counting.access_logs.files import LogFile, open_access_log
from billing.errors import UnreadableAccessLog

pytestmark = pytest.mark.any_database

LINES = b"a\nb\n" * 1000


def lines_of(data, name="access.log", **limit):
    return list(LogFile(io.BytesIO(data), name, **limit).read_lines())


def test_lines_may_end_as_they_do_on_windows():
    assert lines_of(b"a\r\nb\n\nc") == [b"a", b"b", b"", b"c"]


def test_only_a_line_feed_ends_a_line():
    assert lines_of(b"a\x0bb\x85c\rd\n") == [b"a\x0bb\x85c\rd"]


@pytest.mark.parametrize("more", [0, 1, 9, 10, 11, 100])
def test_line_without_an_end_does_not_fill_the_memory(monkeypatch, more):
    monkeypatch.setattr(log_files, "LONGEST_LINE", 10)
    packed = b"short\n" + b"x" * (10 + more) + b"\nshort\n"
    assert lines_of(packed) == [b"short", b"", b"short"]


def test_longest_line_is_read(monkeypatch):
    monkeypatch.setattr(log_files, "LONGEST_LINE", 10)
    assert lines_of(b"x" * 9 + b"\n" + b"y" * 9) == [b"x" * 9, b"y" * 9]


def contents(path):
    with open_access_log(path) as file:
        return list(LogFile(file, path.name).read_lines())


@pytest.mark.parametrize("name", ["access.log.gz", "access.log", "access.log.1"])
def test_gzip_is_told_by_the_first_bytes(tmp_path, name):
    path = tmp_path / name
    path.write_bytes(gzip.compress(b"a\n") + gzip.compress(b"b\n"))
    assert contents(path) == [b"a", b"b"]


def test_empty_file_has_no_lines(tmp_path):
    path = tmp_path / "access.log"
    path.touch()
    assert contents(path) == []


def test_plain_file_that_is_called_gzip_is_refused(tmp_path):
    path = tmp_path / "access.log.gz"
    path.write_bytes(b"a\n")
    with pytest.raises(UnreadableAccessLog, match="no gzip file"):
        contents(path)


def test_file_that_breaks_off_is_refused(tmp_path):
    path = tmp_path / "access.log.gz"
    path.write_bytes(gzip.compress(os.urandom(1000))[:-100])
    with pytest.raises(UnreadableAccessLog, match="breaks off"):
        contents(path)


def test_damaged_file_is_refused(tmp_path):
    path = tmp_path / "access.log.gz"
    whole = gzip.compress(b"a line\n" * 1000)
    path.write_bytes(whole[:20] + b"\xff\xff\xff" + whole[23:])
    with pytest.raises(UnreadableAccessLog, match="damaged"):
        contents(path)


def test_missing_file_and_directory_are_refused(tmp_path):
    with pytest.raises(UnreadableAccessLog, match="No such file"):
        contents(tmp_path / "access.log")
    with pytest.raises(UnreadableAccessLog, match="Is a directory"):
        contents(tmp_path)


@pytest.mark.parametrize("name", ["access.log.bz2", "access.log"])
def test_bzip2_is_told_by_the_first_bytes(name):
    assert lines_of(bz2.compress(b"a\n") + bz2.compress(b"b\n"), name) == [b"a", b"b"]


def test_bzip2_that_breaks_off_is_refused():
    with pytest.raises(UnreadableAccessLog, match="breaks off"):
        lines_of(bz2.compress(os.urandom(1000))[:-100])


@pytest.mark.parametrize(
    ("start", "kind"),
    [(b"\x28\xb5\x2f\xfd", "Zstandard"), (b"\xfd7zXZ\x00", "xz"), (b"PK\x03\x04", "zip")],
)
def test_packing_that_is_not_known_is_refused_by_its_name(start, kind):
    with pytest.raises(UnreadableAccessLog, match=f"{kind}.* Unpack it first"):
        lines_of(start + b"more")


@pytest.mark.parametrize("pack", [bytes, gzip.compress, bz2.compress])
def test_digest_is_that_of_the_file_as_it_lies_there(pack):
    data = pack(LINES)
    log = LogFile(io.BytesIO(data), "access.log")
    assert sum(1 for _ in log.read_lines()) == 2000
    assert log.sha256() == hashlib.sha256(data).hexdigest()
    assert log.bytes_read == len(data)


def test_digest_covers_what_lies_behind_the_last_line():
    data = bz2.compress(LINES) + b"trailing" * 100_000
    log = LogFile(io.BytesIO(data), "access.log")
    list(log.read_lines())
    assert log.sha256() == hashlib.sha256(data).hexdigest()


@pytest.mark.parametrize("pack", [bytes, gzip.compress, bz2.compress])
def test_file_that_unpacks_to_more_than_is_allowed_is_refused(pack):
    assert len(lines_of(pack(LINES), most_bytes=len(LINES))) == 2000
    with pytest.raises(UnreadableAccessLog, match="larger than 0 MB"):
        lines_of(pack(LINES), most_bytes=len(LINES) - 1)


def test_one_endless_line_is_refused_before_it_is_read_to_its_end():
    bomb = io.BytesIO(gzip.compress(b"x" * 5_000_000))
    log = LogFile(bomb, "access.log", most_bytes=1_000_000)
    with pytest.raises(UnreadableAccessLog, match="larger than 1 MB"):
        list(log.read_lines())


def test_file_of_more_lines_than_its_size_allows_is_refused(monkeypatch):
    monkeypatch.setattr(log_files, "FEW_LINES", 10)
    most = 10 + 400 // 40
    assert len(lines_of(b"\n" * most, most_bytes=400)) == 20
    with pytest.raises(UnreadableAccessLog, match="more than 20 lines"):
        lines_of(b"\n" * (most + 1), most_bytes=400)


def test_packed_file_of_nothing_but_ends_is_refused(monkeypatch):
    monkeypatch.setattr(log_files, "MOST_EMPTY", 1000)
    monkeypatch.setattr(log_files, "READ_SIZE", 100)
    empty = gzip.compress(b"", mtime=0)
    assert lines_of(empty * (1000 // len(empty)), most_bytes=10_000) == []
    with pytest.raises(UnreadableAccessLog, match="packed and empty"):
        lines_of(empty * (1000 // len(empty) + 10), most_bytes=10_000)
