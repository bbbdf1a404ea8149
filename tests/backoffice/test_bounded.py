"""Work in another process, and the limits that end it."""

import io
import time

import pytest

from backoffice.bounded import BoundReached, Bounds, Unreadable, run_bounded

pytestmark = [pytest.mark.any_database, pytest.mark.slow]

QUICK = Bounds(seconds=2, memory=200_000_000, answer=1_000_000)


def run(name, data=b"abc", *args):
    function = f"tests.backoffice.taking:{name}"
    return run_bounded(
        function, io.BytesIO(data), what="A.xml", advice="Split it.", bounds=QUICK, args=args
    )


@pytest.fixture(autouse=True)
def folder(settings, tmp_path):
    settings.UPLOAD_DIR = tmp_path / "uploads"
    return settings.UPLOAD_DIR


def test_answer_comes_back_and_nothing_is_left(folder):
    with run("turn_round", b"abc", "more") as answer:
        assert answer.read() == b"cbamore"
    assert folder.stat().st_mode & 0o777 == 0o700
    assert list(folder.iterdir()) == []


def test_file_on_the_disk_is_read_from_its_start(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"abc")
    with path.open("rb") as file:
        file.read(2)
        bounds = {"what": "", "advice": "", "bounds": QUICK}
        with run_bounded("tests.backoffice.taking:turn_round", file, **bounds) as answer:
            assert answer.read() == b"cba"


def test_refusal_comes_back_in_its_own_words():
    with pytest.raises(Unreadable, match=r"^“ä” is no file\.$"):
        run("refuse")


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("take_time", "takes more than 2 seconds"),
        ("take_processor", "takes more than 2 seconds"),
        ("take_memory", "more than 200 MB of memory"),
        ("take_room", "within its bounds"),
        ("recurse", "memory"),
        ("crash", "within its bounds"),
        ("no_such_function", "within its bounds"),
    ],
)
def test_who_takes_too_much_is_ended_and_told(name, reason):
    started = time.monotonic()
    with pytest.raises(BoundReached, match=rf"^A\.xml .*{reason}.*Split it\.$"):
        run(name)
    assert time.monotonic() - started < 15


def test_secrets_are_not_in_its_environment(monkeypatch):
    monkeypatch.setenv("SECRET_KEY", "x")
    with run("tell_environment") as answer:
        assert "SECRET" not in answer.read().decode()
