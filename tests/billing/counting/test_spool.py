import datetime as dt
import errno
import os
import time
from multiprocessing import get_context

import pytest

from billing.counting import losses, spool
from billing.counting.folding import fold_views
from billing.counting.losses import Reason, note_loss, read_losses
from billing.counting.spool import (
    claim_files,
    keep_view,
    make_reserve,
    read_line,
    read_lines,
    write_line,
)
from billing.counting.spool_status import spool_status
from billing.models import BlogView
from tests.billing.counting.spooled import AT, DAY, kept, make_view
from tests.factories import make_blog
from weblog.views import BlogDetailView

pytestmark = pytest.mark.any_database


def keep(*numbers):
    for number in numbers:
        keep_view(make_view(number), salt="abcd1234")


@pytest.fixture
def full_disk(monkeypatch):
    """Let no file grow: only preallocated room can be written."""
    write = os.write

    def write_in_place(descriptor, data):
        at = os.lseek(descriptor, 0, os.SEEK_CUR)
        if at + len(data) > os.fstat(descriptor).st_size:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(descriptor, data)

    def fail(*arguments):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "write", write_in_place)
    monkeypatch.setattr(os, "posix_fallocate", fail)


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"previous_day_key": b"p" * 16},
        {"outcome": "robot", "excluded_by": "counter: [^a]fish\n \x00ü\u2028"},
        {"blog_id": 2**62},
    ],
)
def test_line_gives_back_the_view(values):
    view = make_view(**values)
    line = write_line(view, "abcd1234")
    assert read_line(line) == (view, "abcd1234", None)
    assert line.count(b"\n") == 1
    assert b"\x00" not in line


def test_line_that_broke_off_anywhere_or_changed_is_told():
    line = write_line(make_view(), "abcd1234")
    assert all(read_line(line[:end]) is None for end in range(len(line) - 1))
    assert all(
        read_line(line[:n] + bytes([line[n] ^ 1]) + line[n + 1 :]) is None
        for n in range(len(line) - 1)
    )


def test_line_of_another_version_is_an_error_not_a_loss():
    view = make_view()
    text = write_line(view, "abcd1234").partition(b" ")[2].replace(b"blog_id", b"page_id").strip()
    with pytest.raises(ValueError, match="another version"):
        read_line(spool._digest(text) + b" " + text)


def test_files_and_folder_are_for_nobody_else(spool_dir):
    keep(1)
    make_reserve()
    note_loss(day=DAY, reason=Reason.NOT_KEPT)
    assert spool_dir.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in spool_dir.iterdir()} == {0o600}
    assert not list(spool_dir.glob("*.draft"))


def test_each_line_is_flushed_before_the_reader_has_the_answer(monkeypatch):
    flushed = []
    monkeypatch.setattr(os, "fsync", lambda descriptor: flushed.append(os.fstat(descriptor)))
    keep(1, 2)
    [path] = spool.list_files()
    assert [stat.st_size for stat in flushed if stat.st_ino == path.stat().st_ino] == [
        path.stat().st_size // 2,
        path.stat().st_size,
    ]


def test_writer_starts_another_file_once_its_own_was_taken():
    keep(1)
    [taken] = claim_files()
    keep(2)
    assert [read_line(line).click.id.int for line in read_lines(taken)] == [1]
    assert len(spool.list_files()) == 2
    assert kept() == ([1, 2], 0)


def test_writer_that_waits_while_its_file_is_taken_does_not_write_to_it(monkeypatch):
    keep(1)
    lock = spool.fcntl.flock
    taken = []

    def take_first(descriptor, operation):
        if not taken:
            taken.append(None)
            taken[:] = claim_files()
        return lock(descriptor, operation)

    monkeypatch.setattr(spool.fcntl, "flock", take_first)
    keep(2)
    assert [read_line(line).click.id.int for line in read_lines(taken[0])] == [1]
    assert kept() == ([1, 2], 0)


def write_many(folder, first):
    from django.conf import settings

    settings.SPOOL_DIR = folder
    keep(*range(first, first + 50))


@pytest.mark.thorough
def test_many_processes_write_while_files_are_taken(spool_dir):
    context = get_context("fork")
    processes = [context.Process(target=write_many, args=(spool_dir, n * 50)) for n in range(4)]
    for process in processes:
        process.start()
    while any(process.is_alive() for process in processes):
        claim_files()
    assert [process.exitcode for process in processes] == [0] * 4
    assert kept() == (list(range(200)), 0)


def test_line_that_broke_off_does_not_take_the_next_one_with_it():
    keep(1)
    [path] = spool.list_files()
    with path.open("ab") as file:
        file.write(write_line(make_view(2), "abcd1234")[:40])
    keep(3)
    assert kept() == ([1, 3], 1)


def test_line_that_did_not_fit_is_taken_back(monkeypatch):
    keep(1)
    [path] = spool.list_files()
    size = path.stat().st_size
    write = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, data: write(descriptor, data[:20]))
    with pytest.raises(OSError, match="did not fit"):
        keep(2)
    assert path.stat().st_size == size


def test_full_disk_writes_to_the_reserve(full_disk_later, spool_dir):
    keep(1)
    full_disk_later()
    keep(2, 3)
    assert kept() == ([1, 2, 3], 0)
    assert (spool_dir / spool.RESERVE).stat().st_size == spool.RESERVE_SIZE


@pytest.fixture
def full_disk_later(request, monkeypatch):
    monkeypatch.setattr(spool, "RESERVE_SIZE", 2_000)
    make_reserve()
    losses.make_losses_file()
    return lambda: request.getfixturevalue("full_disk")


def test_reserve_that_is_full_is_an_error_and_keeps_what_it_has(full_disk_later):
    full_disk_later()
    with pytest.raises(OSError, match="No space left"):
        keep(*range(1, 20))
    numbers, broken = kept()
    assert numbers == list(range(1, len(numbers) + 1))
    assert len(numbers) > 2
    assert broken == 0


def test_reserve_goes_on_behind_a_line_that_broke_off(full_disk_later, spool_dir):
    full_disk_later()
    keep(1)
    end = len(write_line(make_view(), "abcd1234"))
    with (spool_dir / spool.RESERVE).open("r+b") as file:
        file.seek(end)
        file.write(write_line(make_view(2), "abcd1234")[:-9])
    keep(3)
    assert kept() == ([1, 3], 1)


def test_reserve_without_views_is_not_taken(spool_dir):
    make_reserve()
    assert claim_files() == []
    assert spool_status().views == 0


def test_losses_are_counted_by_day_and_reason_and_survive_the_process(spool_dir):
    note_loss(day=DAY, reason=Reason.NOT_KEPT)
    note_loss(day=DAY, reason=Reason.NOT_KEPT, views=2)
    note_loss(day=DAY, reason=Reason.PROGRAM_ERROR)
    assert read_losses().sums == {(DAY, "not_kept"): 3, (DAY, "program_error"): 1}
    assert (spool_dir / losses.FILE).stat().st_size == 2 * losses.SLOT


def test_losses_on_a_full_disk_are_written_in_place(full_disk_later):
    full_disk_later()
    note_loss(day=DAY, reason=Reason.NOT_KEPT)
    assert read_losses().sums == {(DAY, "not_kept"): 1}
    assert losses.count_unwritten() == 0


@pytest.mark.parametrize(("slot", "left"), [(0, 1), (1, 2)])
def test_slot_that_broke_off_leaves_the_other(spool_dir, slot, left):
    for _ in range(2):
        note_loss(day=DAY, reason=Reason.NOT_KEPT)
    with (spool_dir / losses.FILE).open("r+b") as file:
        file.seek(slot * losses.SLOT + 70)
        file.write(b"\0\0\0")
    assert read_losses().sums.total() == left


def test_losses_that_can_not_be_written_are_kept_in_memory_and_written_later(
    full_disk, request, monkeypatch, caplog
):
    note_loss(day=DAY, reason=Reason.NOT_KEPT)
    assert losses.count_unwritten() == spool_status().lost_in_memory == 1
    assert "Lost: 1 view of 2026-10-31" in caplog.text
    monkeypatch.undo()
    note_loss(day=DAY, reason=Reason.NOT_KEPT)
    assert read_losses().sums.total() == 2
    assert losses.count_unwritten() == 0


def test_status_tells_what_waits(spool_dir):
    assert (spool_status().views, spool_status().problem) == (0, "")
    keep(1, 2)
    claim_files()
    keep(3)
    note_loss(day=DAY, reason=Reason.NOT_KEPT)
    status = spool_status()
    assert (status.files, status.views, status.lost) == (2, 3, 1)
    assert status.by_month == {DAY.replace(day=1): 3}
    assert status.oldest_age(AT + dt.timedelta(minutes=5)) == dt.timedelta(minutes=5)
    assert (status.lost_in_memory, status.problem) == (0, "")


def test_status_names_a_folder_that_others_may_read(spool_dir):
    keep(1)
    spool_dir.chmod(0o755)
    assert "can be read by others" in spool_status().problem


@pytest.mark.django_db
def test_view_of_a_page_whose_time_ran_out_is_kept_as_well(client, settings, monkeypatch):
    """The page came late but with status 200, so its reader's view counts."""
    blog = make_blog()
    settings.WEB_QUERY_SECONDS = 0.5
    render = BlogDetailView.render_page

    def render_late(self):
        page = render(self)
        time.sleep(0.6)
        return page

    monkeypatch.setattr(BlogDetailView, "render_page", render_late)
    assert client.get(blog.get_absolute_url()).status_code == 200
    assert not BlogView.objects.exists()
    fold_views()
    assert BlogView.objects.get().blog == blog
