import json
import subprocess

import pytest
from django.contrib.staticfiles.finders import get_finders
from django.core.files.storage import storages
from whitenoise.storage import CompressedManifestStaticFilesStorage

from backoffice import cron, install_checks, timers

pytestmark = pytest.mark.any_database


@pytest.fixture
def installed(monkeypatch):
    """Put our working lines into a crontab under a running cron. Return what a test may change."""
    state = {"lines": cron.make_lines(), "wrong": "", "running": True}
    monkeypatch.setattr(cron, "check_owner", lambda: None)
    monkeypatch.setattr(
        cron, "read_installed", lambda: cron.Installed(state["lines"], state["lines"])
    )
    monkeypatch.setattr(cron, "try_line", lambda line, environment: state["wrong"])
    monkeypatch.setattr(cron, "is_daemon_running", lambda: state["running"])
    return state


def list_ids():
    return [message.id for message in install_checks.check_jobs(None)]


def test_jobs_in_the_crontab_pass(installed):
    assert list_ids() == []


@pytest.mark.parametrize(
    ("changes", "ids"),
    [
        ({"lines": []}, ["backoffice.E022"]),
        ({"lines": ["0 5 * * * crontab run 1 # old"]}, ["backoffice.W002"]),
        ({"wrong": "no such folder"}, ["backoffice.E023"]),
        ({"running": False}, ["backoffice.E024"]),
        ({"running": None}, ["backoffice.W024"]),
    ],
)
def test_crontab_that_runs_nothing_is_never_passed_over(installed, changes, ids):
    installed.update(changes)
    assert list_ids() == ids


def test_lines_of_another_folder_are_named(installed, monkeypatch):
    lines = installed["lines"]
    both = cron.Installed(
        lines, lines, ["0 5 * * * cd /srv/b && /srv/b/manage.py crontab run 1 # a"]
    )
    monkeypatch.setattr(cron, "read_installed", lambda: both)
    (message,) = install_checks.check_jobs(None)
    assert message.id == "backoffice.W027"
    assert "another installation, in /srv/b." in message.msg


def test_line_that_is_there_twice_is_said(installed):
    installed["lines"] = [*installed["lines"], installed["lines"][0]]
    (message,) = install_checks.check_jobs(None)
    assert "twice: */5" in message.msg


def test_each_fault_is_said_once_with_its_lines(installed):
    installed["wrong"] = "permission denied"
    (message,) = install_checks.check_jobs(None)
    assert message.msg.splitlines() == [
        "Cron can't run this: permission denied",
        *installed["lines"],
    ]


def test_crontab_of_another_user_is_an_error(installed, monkeypatch):
    def fail():
        raise cron.CronError(".env belongs to imprint, but you are root.")

    monkeypatch.setattr(cron, "check_owner", fail)
    assert list_ids() == ["backoffice.E021"]


def test_machine_without_cron_is_an_error(settings, monkeypatch):
    monkeypatch.setattr(cron, "check_owner", lambda: None)
    settings.CRONTAB_EXECUTABLE = "/nowhere/crontab"
    assert list_ids() == ["backoffice.E021"]


def test_machine_without_jobs_says_so_in_its_settings(settings):
    settings.JOBS_STARTED_BY = "elsewhere"
    assert list_ids() == []
    settings.JOBS_STARTED_BY = "hand"
    assert list_ids() == ["backoffice.E020"]


@pytest.mark.parametrize(
    ("said", "ids"),
    [("active\n", set()), ("inactive\n", {"backoffice.E026"}), ("", {"backoffice.E026"})],
)
def test_timers_of_systemd_have_to_be_active(settings, monkeypatch, said, ids):
    settings.JOBS_STARTED_BY = "systemd"
    monkeypatch.setattr(
        timers.subprocess,
        "run",
        lambda command, **options: subprocess.CompletedProcess(command, 0, said, ""),
    )
    assert set(list_ids()) == ids


def test_machine_without_systemd_is_an_error(settings, monkeypatch):
    def fail(command, **options):
        raise FileNotFoundError(command[0])

    settings.JOBS_STARTED_BY = "systemd"
    monkeypatch.setattr(timers.subprocess, "run", fail)
    assert list_ids() == ["backoffice.E025"]


@pytest.mark.parametrize("name", ["UPLOAD_DIR", "VAR_DIR", "MEDIA_ROOT", "SOME_NEW_DIR"])
def test_folder_that_cannot_be_written_to_is_an_error(settings, tmp_path, name):
    assert list(install_checks.check_folders(None)) == []
    (tmp_path / "file").touch()
    setattr(settings, name, tmp_path / "file" / "uploads")
    assert [message.id for message in install_checks.check_folders(None)] == ["backoffice.E030"]


@pytest.fixture
def manifest(tmp_path, monkeypatch, settings):
    """Collect static files in a folder of this test, and return its manifest."""
    storage = CompressedManifestStaticFilesStorage(location=tmp_path)
    monkeypatch.setattr(install_checks, "staticfiles_storage", storage)
    return tmp_path / "staticfiles.json"


def test_static_files_that_were_not_collected_are_an_error(manifest):
    assert [message.id for message in install_checks.check_static_files(None)] == [
        "backoffice.E031"
    ]
    names = {name for finder in get_finders() for name, _ in finder.list([])}
    manifest.write_text(json.dumps({"paths": dict.fromkeys(names, "")}))
    assert install_checks.check_static_files(None) == []
    names.pop()
    manifest.write_text(json.dumps({"paths": dict.fromkeys(names, "")}))
    (message,) = install_checks.check_static_files(None)
    assert message.msg.startswith("1 static files were not collected")
    manifest.write_text("half a fi")
    (message,) = install_checks.check_static_files(None)
    assert "can't be read" in message.msg


def test_static_files_need_no_collecting_while_debugging():
    assert not isinstance(storages["staticfiles"], CompressedManifestStaticFilesStorage)
    assert install_checks.check_static_files(None) == []


def test_what_several_machines_share_needs_its_packages(settings, monkeypatch):
    monkeypatch.setattr(install_checks, "find_spec", lambda name: None)
    assert install_checks.check_extras(None) == []
    settings.STORAGES = settings.STORAGES | {
        "default": {"BACKEND": "storages.backends.s3.S3Storage"}
    }
    settings.CACHES = settings.CACHES | {"shared": {}}
    found = install_checks.check_extras(None)
    assert [error.msg for error in found] == [
        "PICTURES_URL is set, and storages is not installed.",
        "CACHE_URL is set, and redis is not installed.",
    ]
