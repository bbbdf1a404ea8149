"""Installed as docs/operations.md says. `make test-deploy`; QUICK=1 takes this checkout's .venv."""

import stat

import psycopg
import pytest

from tests.checkout import Checkout
from tests.deploy.installation import find_host
from tests.deploy.servers import wait_for

FIRST_RUN = (
    "from backoffice.models import JobRun; "
    "print(*JobRun.objects.order_by('pk').values_list('name', 'status'))"
)


def test_cron_runs_the_first_job(installation):
    """The issue's own words: from a clean clone, with PostgreSQL, until the first row."""
    runs = wait_for(lambda: installation.evaluate(FIRST_RUN), seconds=330, every=5)
    runs = wait_for(
        lambda: "fold_views" in (said := installation.evaluate(FIRST_RUN)) and said,
        seconds=60, every=2,
    )  # fmt: skip
    assert "failed" not in runs
    assert stat.S_IMODE((installation.folder / "var").stat().st_mode) == 0o700
    assert stat.S_IMODE((installation.folder / "var" / "cron.log").stat().st_mode) == 0o600


def test_page_names_what_systemd_has_to_do(installation):
    assert installation.turned_aside.read_text().splitlines() == [
        "adduser --system --group --home {root}/srv/imprint --shell /bin/sh imprint".replace(
            "{root}", str(installation.root)
        ),
        "systemctl daemon-reload",
        "systemctl enable --now imprint-web.socket imprint-web.service",
        "nginx -t",
        "systemctl reload nginx",
    ]
    units = {path.name for path in (installation.root / "etc/systemd/system").iterdir()}
    assert {"imprint-web.service", "imprint-web.socket", "imprint-job@.service"} <= units


def test_database_is_the_one_of_the_page(installation):
    assert "imprint" in installation.database_url
    assert not (installation.folder / "var" / "db.sqlite3").exists()


def test_secrets_are_the_owners_alone(installation):
    assert stat.S_IMODE((installation.folder / ".env").stat().st_mode) == 0o600


def test_demo_is_set_up_on_postgresql(database_server, tmp_path):
    """`make run` on a clean clone whose .env names a PostgreSQL."""
    host = find_host(database_server)
    with psycopg.connect(host=host, user="postgres", autocommit=True) as server:
        server.execute("CREATE DATABASE demo")
    checkout = Checkout(tmp_path / "demo")
    checkout.write_env(DEBUG=1, DATABASE_URL=database_server.rsplit("/", 1)[0] + "/demo")
    assert "Sign in at /admin/" in checkout.manage("setup_demo", seconds=600)
    accounts = checkout.folder / "var" / "demo-accounts.txt"
    assert stat.S_IMODE(accounts.stat().st_mode) == 0o600


def test_upgrade_is_done_by_the_page(installation):
    """The same commit once more: every command of the page can be repeated."""
    before = installation.evaluate(FIRST_RUN)
    installation.turned_aside.write_text("")
    installation.follow("Upgrading")
    said = installation.turned_aside.read_text().splitlines()
    assert "manage.py crontab run" in installation.run("crontab -l")
    assert said[0] == "systemctl stop imprint-web.socket imprint-web.service"
    assert said[-1] == "systemctl start imprint-web.socket imprint-web.service"
    assert installation.evaluate(FIRST_RUN).startswith(before)


def test_second_role_of_the_database_is_made_by_the_page(installation):
    """What serves goes on with rows alone; what migrates is another."""
    check = "check --deploy --database default"
    assert "backoffice.I042" in installation.manage(check)
    installation.follow("Two roles of PostgreSQL")
    assert "backoffice.I042" not in installation.manage(check)
    installation.manage("fold_views")
    installation.manage("verify_payouts")
    installation.manage("backup")
    host = find_host(installation.database_url)
    with (
        psycopg.connect(host=host, user="imprint", dbname="imprint") as server,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        server.execute("ALTER TABLE billing_seal DISABLE TRIGGER ALL")
