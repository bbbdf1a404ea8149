"""Folders of work: one's own while one lives, gone after a death, at whatever moment."""

import fcntl
import threading

import pytest

from billing.counting.archive import work
from billing.counting.archive.work import open_work_folder, remove_left_folders

pytestmark = pytest.mark.any_database


def test_folder_that_is_being_made_is_not_removed_by_another(folder, settings, monkeypatch):
    flock, others = fcntl.flock, []

    def flock_late(file, how):
        is_own = threading.current_thread() is threading.main_thread()
        if is_own and list(settings.ARCHIVE_WORK_DIR.glob("*/.in_use")):
            other = threading.Thread(target=remove_left_folders)
            other.start()
            other.join(0.3)
            others.append(other)
        flock(file, how)

    with monkeypatch.context() as patch:
        patch.setattr(work.fcntl, "flock", flock_late)
        with open_work_folder() as mine:
            [other.join() for other in others]
            assert len(others) == 1
            assert (mine / ".in_use").exists()
    assert not mine.exists()


def test_folders_of_the_dead_are_removed(folder, settings):
    with open_work_folder() as mine:
        dead, before_its_lock = mine.with_name("views-dead"), mine.with_name("views-early")
        others = mine.with_name("of-the-house")
        for each in (dead, before_its_lock, others):
            each.mkdir()
            (each / "views.csv").write_text("keys of readers")
        (dead / ".in_use").touch()
        with open_work_folder() as second:
            assert {mine, second} <= set(mine.parent.iterdir())
        assert {each.name for each in mine.parent.iterdir() if each.is_dir()} == {
            mine.name,
            "of-the-house",
        }
