import os
import stat
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from backoffice import cron
from backoffice.env import quote_for_cron

pytestmark = pytest.mark.any_database

HASH = "0" * 32
CRONTAB = """#!/bin/sh
# A crontab that keeps its lines in {file}.
if [ "$1" = -l ]; then
    test -f {file} || { echo "no crontab for somebody" >&2; exit 1; }
    cat {file}
else
    cat > {file}
fi
"""


@pytest.fixture
def crontab(tmp_path, settings):
    """Give this test its own crontab, and return the file with its lines."""
    file = tmp_path / "lines"
    program = tmp_path / "crontab"
    program.write_text(CRONTAB.replace("{file}", str(file)))
    program.chmod(0o755)
    settings.CRONTAB_EXECUTABLE = str(program)
    return file


@pytest.fixture
def checkout(tmp_path, settings):
    """Use a folder whose name has characters that shells and cron treat specially."""
    folder = tmp_path / "100% it's & $HOME"
    (folder / "var").mkdir(parents=True)
    (folder / ".env").touch()
    settings.BASE_DIR, settings.VAR_DIR = folder, folder / "var"
    settings.CRONTAB_DJANGO_MANAGE_PATH = quote_for_cron(folder / "manage.py")
    return folder


def replace_crontab(settings, script):
    Path(settings.CRONTAB_EXECUTABLE).write_text(f"#!/bin/sh\n{script}\n")


def test_jobs_are_put_beside_the_lines_of_others(crontab, checkout):
    crontab.write_text("# by hand\nMAILTO=me\n0 4 * * * backup\n")
    lines = cron.install_jobs()
    assert cron.install_jobs() == lines  # once more changes nothing
    assert crontab.read_text().splitlines() == [
        "# by hand",
        "MAILTO=me",
        "0 4 * * * backup",
        *lines,
    ]


def test_jobs_are_installed_where_there_was_no_crontab(crontab, checkout, settings):
    call_command("install_jobs")
    assert len(crontab.read_text().splitlines()) == len(settings.CRONJOBS)


@pytest.fixture
def elsewhere(tmp_path, settings):
    """Return the lines of a second checkout with the same comment in its .env."""
    ours = settings.BASE_DIR
    settings.BASE_DIR = tmp_path / "the first's folder"
    settings.CRONTAB_COMMAND_PREFIX = f"cd {quote_for_cron(settings.BASE_DIR)} &&"
    settings.CRONTAB_DJANGO_MANAGE_PATH = quote_for_cron(settings.BASE_DIR / "manage.py")
    lines = cron.make_lines()
    settings.BASE_DIR = ours
    settings.CRONTAB_COMMAND_PREFIX = f"cd {quote_for_cron(ours)} &&"
    settings.CRONTAB_DJANGO_MANAGE_PATH = quote_for_cron(ours / "manage.py")
    return lines


@pytest.mark.parametrize(
    "put_in",
    [lambda: call_command("install_jobs"), lambda: call_command("crontab", "add")],
    ids=["install_jobs", "crontab add"],
)
def test_second_checkout_of_one_user_is_stopped(crontab, checkout, elsewhere, put_in, capsys):
    crontab.write_text("".join(f"{line}\n" for line in elsewhere))
    with pytest.raises(CommandError) as refused:
        put_in()
    assert "runs the jobs of another installation, in " in str(refused.value)
    assert "the first" in str(refused.value)
    assert "Nothing was added.\nIf both are to run: manage.py install_jobs --beside." in str(
        refused.value
    )
    assert crontab.read_text().splitlines() == elsewhere
    call_command("install_jobs", "--beside")
    put_in()  # what is in already is replaced without a question
    assert crontab.read_text().splitlines() == [*elsewhere, *cron.make_lines()]
    assert "runs the jobs of another installation, in" in capsys.readouterr().err


def test_only_our_lines_are_taken_out(crontab, checkout, elsewhere):
    others = ["0 4 * * * backup", *elsewhere]
    crontab.write_text("".join(f"{line}\n" for line in others))
    call_command("install_jobs", "--beside")
    call_command("crontab", "remove")
    call_command("crontab", "remove")
    assert crontab.read_text().splitlines() == others


def test_our_lines_of_an_earlier_comment_are_replaced(crontab, checkout, elsewhere, settings):
    cron.install_jobs()
    settings.CRONTAB_COMMENT = "another comment"
    lines = cron.install_jobs()
    assert crontab.read_text().splitlines() == lines


def test_lines_are_shown_with_where_others_lie(crontab, checkout, elsewhere, capsys, settings):
    crontab.write_text("".join(f"{line}\n" for line in [*elsewhere, *cron.make_lines()]))
    call_command("crontab", "show")
    shown = capsys.readouterr()
    assert shown.out.splitlines() == cron.make_lines()
    assert "the first" in shown.err


def test_crontab_that_refuses_is_said_by_each_command(settings):
    settings.CRONTAB_EXECUTABLE = "/nowhere/crontab"
    with pytest.raises(CommandError, match="does not start"):
        call_command("crontab", "remove")


def test_crontab_that_cannot_be_read_is_not_overwritten(crontab, checkout, settings):
    replace_crontab(settings, "echo 'You (somebody) are not allowed' >&2; exit 1")
    with pytest.raises(CommandError, match=r"You \(somebody\) are not allowed"):
        call_command("install_jobs")
    assert not crontab.exists()


def test_crontab_that_takes_nothing_is_said(crontab, checkout, settings):
    replace_crontab(settings, '[ "$1" = -l ] || echo "errors in crontab file" >&2')
    with pytest.raises(CommandError, match="did not take the lines"):
        call_command("install_jobs")


def test_jobs_need_the_file_env(crontab, checkout):
    (checkout / ".env").unlink()
    with pytest.raises(CommandError, match=r"There is no .*\.env"):
        call_command("install_jobs")


def test_jobs_belong_to_the_owner_of_the_installation(crontab, checkout, monkeypatch):
    monkeypatch.setattr(cron.os, "geteuid", lambda: os.getuid() + 1)
    monkeypatch.setattr(cron, "whose", lambda: "somebody")
    with pytest.raises(CommandError, match="but you are somebody"):
        call_command("install_jobs")


def test_path_that_no_crontab_holds_is_refused(settings, tmp_path):
    settings.BASE_DIR = tmp_path / "#1"
    with pytest.raises(cron.CronError, match="A crontab can't hold the path"):
        cron.make_lines()


def test_crontab_that_does_not_start_is_said(settings):
    settings.CRONTAB_EXECUTABLE = "/nowhere/crontab"
    with pytest.raises(cron.CronError, match="/nowhere/crontab does not start"):
        cron.read_installed()


def test_job_sees_what_the_crontab_sets_and_nothing_of_ours(monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "sqlite:///elsewhere")
    environment = cron.Installed(["# A=1", "PATH = '/opt/bin'", "0 4 * * * A=1 b"], []).environment
    assert environment.keys() == {"HOME", "LOGNAME", "USER", "SHELL", "PATH"}
    assert environment["PATH"] == "/opt/bin"
    assert environment["SHELL"] == "/bin/sh"


def try_command(command):
    environment = cron.Installed([], []).environment
    return cron.try_line(f"*/5 * * * * {command}", environment=environment)


@pytest.mark.parametrize(
    ("command", "wrong"),
    [
        (f"cd /nowhere && python crontab run {HASH}", "cd"),
        (f"cd / && /nowhere/python manage.py crontab run {HASH}", "not found"),
        (f"/bin/cat / crontab run {HASH}", "No such file"),
        (f"/bin/true crontab run {HASH}", "ended with 0 and said nothing"),
        (f"/bin/true crontab run {HASH} > /nowhere/log", "/nowhere/log"),
        ("/bin/true crontab run", "starts no job"),
    ],
)
def test_line_that_cannot_run_says_why(checkout, command, wrong):
    assert wrong in try_command(command)


def answer(checkout, text):
    """Return a line whose job answers with `text` to `try_job HASH TOKEN`."""
    (checkout / "job").write_text(f'#!/bin/sh\ntest "$1" = try_job && echo "$3 {text}"\n')
    (checkout / "job").chmod(0o755)
    start = f"umask 077 && cd {quote_for_cron(checkout)} && mkdir -p var"
    return f"{start} && ./job crontab run {HASH} >> var/cron.log 2>&1"


def test_line_is_tried_with_its_own_folder_log_and_command(checkout):
    (checkout / "var").rmdir()
    assert try_command(answer(checkout, f"{cron.CAN_RUN} {cron.name_database()}")) == ""
    log = checkout / "var" / "cron.log"
    assert stat.S_IMODE(log.stat().st_mode) == 0o600
    assert stat.S_IMODE(log.parent.stat().st_mode) == 0o700


def test_job_on_another_database_is_wrong(checkout):
    told = try_command(answer(checkout, f"{cron.CAN_RUN} sqlite3 other"))
    assert told.startswith("it can run on sqlite3 other, not on")


def test_what_the_job_lacks_is_said(checkout):
    assert try_command(answer(checkout, "no such command")) == "no such command"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("jobs", "said"),
    [
        ([("1 1 1 1 1", "backoffice.jobs.run_job", ["fold_nothing"])], "no command 'fold_nothing'"),
        ([("1 1 1 1 1", "backoffice.jobs.walk_job", ["fold_views"])], "no attribute 'walk_job'"),
        ([("1 1 1 1 1", "backoffice.jogs.run_job", ["fold_views"])], "No module named"),
        ([("1 1 1 1 1", "backoffice.jobs.run_job", ["publish_new_texts"])], cron.CAN_RUN),
    ],
)
def test_job_is_found_down_to_its_command(settings, jobs, said):
    settings.CRONJOBS = jobs
    job_hash = cron.RUN.search(cron.make_lines()[0])[1]
    assert said in cron.try_job(job_hash)


def test_job_that_settings_dropped_is_said():
    assert "out of sync" in cron.try_job(HASH)


def test_daemon_is_seen(tmp_path, monkeypatch):
    pid_file = tmp_path / "crond.pid"
    monkeypatch.setattr(cron, "PID_FILES", [pid_file])
    monkeypatch.setattr(cron, "DAEMONS", set())
    assert not cron.is_daemon_running()
    pid_file.write_text(f"{os.getpid()}\n")
    assert cron.is_daemon_running()
    pid_file.write_text("not a number")
    assert not cron.is_daemon_running()
