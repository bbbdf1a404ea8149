"""A backup holds everything acknowledged and no salt, and is complete or does not exist."""

import contextlib
import datetime as dt
import os
import stat
import tarfile
import threading
from pathlib import Path

import pytest
from django.apps import apps
from django.db import connection

from backoffice.accounts.sessions import SessionStore
from backoffice.backups import making, registry, restoring
from backoffice.backups.archives import read_manifest
from backoffice.backups.errors import BackupError
from backoffice.backups.making import make_backup
from backoffice.backups.restoring import restore_backup
from billing.counting.recording import record_view
from billing.models import BlogView, ReaderSalt, Seal
from tests.billing.tampering import clear
from tests.factories import FIREFOX
from tests.on_postgres import PACKAGE_DIR
from tests.upgrades.databases import other_database
from weblog.models import Blog

pytestmark = [pytest.mark.slow, pytest.mark.postgresql]

AT = dt.datetime(2026, 11, 27, 3, tzinfo=dt.UTC)
WRITERS = 8


@pytest.fixture(scope="module")
def house(upgrades, django_db_blocker):
    """An installation with two approved months."""
    with django_db_blocker.unblock(), upgrades.open("589bc76") as name:
        ReaderSalt.objects.create(day=AT.date(), salt=b"\x07" * 32)
        SessionStore().create()
        yield name


@pytest.fixture
def installation(house, settings, tmp_path):
    """The house with folders of its own: a picture, and a spool of views and salts."""
    settings.POSTGRESQL_BIN = str(PACKAGE_DIR / "pginstall" / "bin")
    settings.VAR_DIR = tmp_path / "var"
    settings.MEDIA_ROOT, settings.SPOOL_DIR = settings.VAR_DIR / "media", settings.VAR_DIR / "spool"
    for path, content in {
        settings.MEDIA_ROOT / "pictures" / "a.png": b"picture",
        settings.SPOOL_DIR / "1.views": b"views",
        settings.SPOOL_DIR / "2026-11-27.salt": b"salt",
        settings.SPOOL_DIR / "0a1b.draft": b"a salt that is being written",
    }.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return settings


@contextlib.contextmanager
def empty_installation(settings, folder):
    settings.VAR_DIR = folder
    settings.MEDIA_ROOT, settings.SPOOL_DIR = folder / "media", folder / "spool"
    with other_database():
        if connection.vendor == "sqlite":
            connection.close()
            Path(connection.settings_dict["NAME"]).unlink(missing_ok=True)
        yield


def count_rows():
    return {
        model._meta.db_table: model._base_manager.count()
        for model in apps.get_models(include_auto_created=True)
        if model._meta.managed and not model._meta.proxy
    }


@pytest.mark.thorough
def test_restore_drill(installation, tmp_path):
    """The restored data equals the original without salts, and the backup's head proves it."""
    rows, head = count_rows(), Seal.objects.latest("number").hash
    file = make_backup(to=tmp_path / "backups", at=AT)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert file.name == "backup-20261127T030000Z.tar"
    with empty_installation(installation, tmp_path / "new"):
        told = restore_backup(file=file)
        assert head in told
        restored = count_rows()
        for table in ("billing_verification", "billing_trace"):  # of the drill itself
            assert restored.pop(table) == rows.pop(table) + 1
        assert (rows["backoffice_accountsession"], restored["backoffice_accountsession"]) == (1, 0)
        assert restored == rows | dict.fromkeys(registry.tables_left_out, 0)
        assert (installation.MEDIA_ROOT / "pictures" / "a.png").read_bytes() == b"picture"
        assert [path.name for path in installation.SPOOL_DIR.iterdir()] == ["1.views"]
        with pytest.raises(BackupError, match="Nothing was restored: the database and "):
            restore_backup(file=file)
        clear(BlogView)
        restore_backup(file=file, replace=True)
        assert BlogView.objects.count() == rows["billing_blogview"]


@pytest.mark.thorough
def test_views_that_wait_in_a_replaced_spool_are_put_aside(installation, tmp_path):
    file = make_backup(to=tmp_path / "backups", at=AT)
    with empty_installation(installation, tmp_path / "new"):
        restore_backup(file=file)
        spool = installation.SPOOL_DIR
        for name in ("2.views", "3.taken", "losses", "2026-11-28.salt", "0a1b.draft"):
            (spool / name).write_bytes(b"acknowledged")
        spool.chmod(0o755)
        told = restore_backup(file=file, replace=True, at=AT)
        aside = spool.with_name("spool-before-20261127T030000Z")
        assert str(aside) in told
        kept = ["1.views", "2.views", "3.taken", "losses"]
        assert sorted(path.name for path in aside.iterdir()) == kept
        assert (aside / "2.views").read_bytes() == b"acknowledged"
        assert [path.name for path in spool.iterdir()] == ["1.views"]
        assert {stat.S_IMODE(folder.stat().st_mode) for folder in (spool, aside)} == {0o700}


@pytest.mark.thorough
def test_no_byte_of_a_salt_is_in_a_backup(installation, tmp_path):
    file = make_backup(to=tmp_path, at=AT)
    with tarfile.open(file) as tar:
        for member in tar:
            assert b"\x07" * 32 not in tar.extractfile(member).read()


@pytest.mark.thorough
def test_a_backup_that_broke_off_or_was_changed_is_refused(installation, tmp_path):
    file = make_backup(to=tmp_path / "backups", at=AT)
    whole = file.read_bytes()
    with tarfile.open(file) as tar:
        last = tar.getmembers()[-1]
    content = last.offset_data + last.size  # what follows is padding, of any length
    for length in (0, 600, 20_000, content // 2, last.offset_data, content - 1):
        file.write_bytes(whole[:length])
        with pytest.raises(BackupError, match=r"no whole|can't be read|is not what"):
            read_manifest(file)
    middle = content // 2
    file.write_bytes(whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :])
    with pytest.raises(BackupError, match="is not what was backed up"):
        restore_backup(file=file, replace=True)


def kill_in(module, name, call):
    """Run `call` in a process that dies, as by kill -9, when it reaches `module.name`."""
    pid = os.fork()
    if not pid:
        setattr(module, name, lambda *args, **kwargs: os._exit(9))
        call()
        os._exit(0)
    _, status = os.waitpid(pid, 0)
    assert os.waitstatus_to_exitcode(status) == 9


@pytest.mark.thorough
def test_a_killed_backup_leaves_none_and_the_next_clears_up(installation, tmp_path):
    connection.close()
    kill_in(making, "copy_database", lambda: make_backup(to=tmp_path / "backups", at=AT))
    left = [path.name for path in (tmp_path / "backups").iterdir()]
    assert [name[0] for name in left] == [".", "."]
    make_backup(to=tmp_path / "backups", at=AT)
    assert [path.name for path in (tmp_path / "backups").iterdir()] == [
        "backup-20261127T030000Z.tar"
    ]


@pytest.mark.thorough
def test_a_killed_restore_leaves_no_database_that_passes_for_whole(installation, tmp_path):
    file = make_backup(to=tmp_path / "backups", at=AT)
    with empty_installation(installation, tmp_path / "new"):
        connection.close()
        kill_in(restoring, "restore_database", lambda: restore_backup(file=file))
        assert connection.introspection.table_names() == []
        assert "proved" in restore_backup(file=file, replace=True)


@pytest.mark.thorough
def test_a_backup_while_others_write_holds_all_that_was_acknowledged(installation, tmp_path):
    blog, acknowledged, is_over = Blog.objects.first(), [], threading.Event()

    def write(number):
        for view in range(1, 500):
            facts = {"ip_address": f"192.0.2.{number}", "user_agent": f"{FIREFOX} {view}"}
            acknowledged.append(record_view(blog=blog, viewed_at=AT, **facts).id)
            if is_over.is_set():
                break
        connection.close()

    writers = [threading.Thread(target=write, args=[number]) for number in range(WRITERS)]
    for writer in writers:
        writer.start()
    while len(acknowledged) < 3 * WRITERS:
        assert any(writer.is_alive() for writer in writers), "They all failed."
        is_over.wait(0.01)
    before = set(acknowledged)
    file = make_backup(to=tmp_path / "backups", at=AT)
    during = len(acknowledged) - len(before)
    is_over.set()
    for writer in writers:
        writer.join()
    with empty_installation(installation, tmp_path / "new"):
        assert "proved" in restore_backup(file=file)
        kept = set(BlogView.objects.values_list("id", flat=True))
    assert before <= kept
    assert during > 0


def test_old_backups_are_let_go(installation, tmp_path):
    (tmp_path / "notes.tar").touch()
    for day in (24, 25, 26, 27):
        make_backup(to=tmp_path, at=AT.replace(day=day), keep=2)
    assert sorted(path.name for path in tmp_path.glob("*.tar")) == [
        "backup-20261126T030000Z.tar", "backup-20261127T030000Z.tar", "notes.tar",
    ]  # fmt: skip


@pytest.mark.thorough
def test_a_missing_program_of_postgresql_is_named(installation, tmp_path):
    if connection.vendor != "postgresql":
        pytest.skip("SQLite needs no program.")
    installation.POSTGRESQL_BIN = "/nowhere"
    with pytest.raises(BackupError, match="pg_dump is missing"):
        make_backup(to=tmp_path / "backups", at=AT)
    assert list((tmp_path / "backups").iterdir()) == []
