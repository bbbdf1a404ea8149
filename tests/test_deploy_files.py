"""The files of deploy/, as their own programs read them. tests/deploy runs them for real."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from django.conf import settings

from backoffice import timers
from tests.deploy.servers import Nginx

pytestmark = pytest.mark.any_database

DEPLOY = Path(settings.BASE_DIR) / "deploy"
WORST_EXPOSURE = 2.0  # systemd calls that OK; a service without hardening has 9.6


def require(program):
    path = shutil.which(program, path="/usr/bin:/usr/sbin:/usr/local/bin")
    return path or pytest.skip(f"{program} is not installed: tools/install_browser.sh")


def run(*command):
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout + result.stderr


@pytest.fixture
def units(tmp_path):
    """The units, with the paths of this checkout in place of /srv/imprint."""
    for path in (DEPLOY / "systemd").iterdir():
        text = path.read_text().replace("/srv/imprint", str(settings.BASE_DIR))
        (tmp_path / path.name).write_text(text)
    return tmp_path


def test_there_is_a_timer_for_each_job_at_its_time():
    files = {path.name: path.read_text() for path in (DEPLOY / "systemd").glob("*.timer")}
    ours = {name: text for name, text in files.items() if name.startswith("imprint-job-")}
    assert ours == timers.make_timers(), "Run `manage.py write_timers`"


def test_timers_are_written_and_old_ones_taken_away(tmp_path):
    (tmp_path / "imprint-job-of_old.timer").touch()
    (tmp_path / "imprint-web.service").touch()
    timers.write_timers(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {
        *timers.make_timers(),
        "imprint-web.service",
    }


@pytest.mark.parametrize(
    ("cron", "calendar"),
    [
        ("*/5 * * * *", "*-*-* *:00/5:00"),
        ("40 * * * *", "*-*-* *:40:00"),
        ("5 2,14 * * *", "*-*-* 02,14:05:00"),
    ],
)
def test_time_of_cron_is_one_of_systemd(cron, calendar):
    assert timers._translate(cron) == calendar
    if analyze := shutil.which("systemd-analyze"):
        run(analyze, "calendar", calendar)


@pytest.mark.parametrize("cron", ["0 4 1 * *", "0 4 * * 1", "0-9 * * * *"])
def test_time_that_no_timer_has_is_refused(cron):
    with pytest.raises(ValueError, match="not foreseen"):
        timers._translate(cron)


def test_systemd_takes_the_units(units):
    analyze = require("systemd-analyze")
    said = run(analyze, "verify", "--man=no", *map(str, sorted(units.iterdir())))
    assert str(units) not in said
    assert "imprint" not in said


@pytest.mark.parametrize("name", ["imprint-web.service", "imprint-job@.service"])
def test_services_are_shut_in(units, name):
    analyze = require("systemd-analyze")
    said = run(analyze, "security", "--offline=yes", str(units / name))
    exposure = float(re.search(r"Overall exposure level for \S+: ([\d.]+)", said)[1])
    assert exposure <= WORST_EXPOSURE, said


def test_gunicorn_takes_its_settings(monkeypatch):
    monkeypatch.chdir(settings.BASE_DIR)
    said = run(
        ".venv/bin/gunicorn", "--config", "deploy/gunicorn.conf.py", "--print-config", "os:getcwd"
    )
    configuration = dict(line.split("=", 1) for line in said.splitlines() if "=" in line)
    chosen = {name.strip(): value.strip() for name, value in configuration.items()}
    assert chosen["accesslog"] == "None"  # it would keep the addresses of readers
    assert chosen["worker_class"] == "gthread" or "ThreadWorker" in chosen["worker_class"]


def test_logrotate_takes_its_file(tmp_path):
    logrotate = require("logrotate")
    text = (DEPLOY / "logrotate" / "imprint").read_text()
    for known in ("imprint imprint", "www-data adm"):  # accounts that this machine may not have
        text = text.replace(known, "root root")
    rules = tmp_path / "rules"
    rules.write_text(text.replace("/srv/imprint", str(tmp_path)))
    rules.chmod(0o644)
    said = run(logrotate, "--debug", "--state", str(tmp_path / "state"), str(rules))
    assert "error" not in said
    assert f"{tmp_path}/var/*.log" in said


def test_nginx_takes_its_site(tmp_path):
    require("nginx")
    require("openssl")
    nginx = Nginx(tmp_path / "nginx", static=tmp_path, app=tmp_path / "web.sock")
    assert "test is successful" in nginx.check()
