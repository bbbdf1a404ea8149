import datetime as dt
import hashlib
import os
import stat
from io import StringIO

import pytest
import time_machine
from django.core.management import call_command
from django.utils import timezone

from backoffice.jobs import run_job
from backoffice.uploads import (
    UploadGone,
    drop_stale_uploads,
    drop_upload,
    keep_upload,
    open_upload,
    take_upload,
)
from tests.factories import make_user

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]


@pytest.fixture
def folder(settings, tmp_path):
    settings.UPLOAD_DIR = tmp_path / "var" / "uploads"
    return settings.UPLOAD_DIR


@pytest.fixture
def anna(folder):
    return make_user("anna.finance")


def mode_of(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_upload_is_kept_where_nobody_else_reads_it(folder, anna):
    name, sha256 = keep_upload(chunks=[b"a\n", b"b\n"], by=anna)
    (path,) = folder.iterdir()
    assert (mode_of(path), mode_of(folder)) == (0o600, 0o700)
    assert name in path.name
    assert sha256 == hashlib.sha256(b"a\nb\n").hexdigest()


def test_upload_is_read_as_often_as_needed_and_taken_once(folder, anna):
    name, sha256 = keep_upload(chunks=[b"a"], by=anna)
    for _ in range(2):
        with open_upload(name, sha256=sha256, by=anna) as file:
            assert file.read() == b"a"
    with take_upload(name, sha256=sha256, by=anna) as file:
        assert list(folder.iterdir()) == []
        assert file.read() == b"a"
    with (
        pytest.raises(UploadGone, match="no longer there"),
        take_upload(name, sha256=sha256, by=anna),
    ):
        pass


def test_of_two_who_take_an_upload_at_once_one_gets_it(anna):
    name, sha256 = keep_upload(chunks=[b"a"], by=anna)
    with open_upload(name, sha256=sha256, by=anna):
        drop_upload(name, by=anna)
        assert not drop_upload(name, by=anna)


def test_upload_of_somebody_else_is_not_found(anna):
    name, sha256 = keep_upload(chunks=[b"a"], by=anna)
    with pytest.raises(UploadGone), open_upload(name, sha256=sha256, by=make_user()):
        pass


def test_upload_that_was_swapped_is_refused(folder, anna):
    name, sha256 = keep_upload(chunks=[b"a"], by=anna)
    next(folder.iterdir()).write_bytes(b"b")
    with (
        pytest.raises(UploadGone, match="has changed"),
        open_upload(name, sha256=sha256, by=anna),
    ):
        pass


@pytest.mark.parametrize(
    ("age", "left"), [(dt.timedelta(minutes=59), 1), (dt.timedelta(minutes=61), 0)]
)
def test_upload_that_nobody_confirmed_is_removed(folder, anna, age, left):
    keep_upload(chunks=[b"a"], by=anna)
    moment = (timezone.now() - age).timestamp()
    os.utime(next(folder.iterdir()), (moment, moment))
    assert drop_stale_uploads(at=timezone.now()) == 1 - left
    assert len(list(folder.iterdir())) == left


def test_there_may_be_no_upload_at_all(folder):
    assert drop_stale_uploads(at=timezone.now()) == 0


def test_cleaning_is_a_job_of_every_install_and_recorded(settings, folder, anna):
    job = ("*/5 * * * *", "backoffice.jobs.run_job", ["clean_uploads"])
    assert job in settings.CRONJOBS
    run = run_job("clean_uploads")
    assert (run.status, run.output) == ("succeeded", "0 uploaded files removed.")
    keep_upload(chunks=[b"a"], by=anna)
    os.utime(next(folder.iterdir()), (0, 0))
    assert run_job("clean_uploads").output == "1 uploaded file removed."
    assert list(folder.iterdir()) == []


def test_job_removes_what_waits_for_more_than_an_hour(folder, anna):
    now = timezone.now()
    keep_upload(chunks=[b"192.0.2.1 - -"], by=anna)
    for later, left in ((dt.timedelta(), 1), (dt.timedelta(hours=2), 0)):
        with time_machine.travel(now + later):
            call_command("clean_uploads", stdout=StringIO())
        assert len(list(folder.iterdir())) == left
