import os
import re
import stat
import subprocess
import sys

import environ
import pytest
from django.core.exceptions import ImproperlyConfigured

from backoffice import env
from backoffice.env import (
    BASE_DIR,
    make_private_folder,
    quote_for_cron,
    read_credentials,
    read_development_key,
    read_dotenv,
    read_machine_zone,
    read_mailer,
    read_origin,
    resolve_database,
)

pytestmark = pytest.mark.any_database


def test_key_is_made_once_for_its_owner_alone(tmp_path):
    path = tmp_path / "var" / "development.key"
    key = read_development_key(path)
    assert len(key) > 50
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert read_development_key(path) == key
    assert read_development_key(tmp_path / "other.key") != key


@pytest.mark.parametrize(
    ("link", "zone"),
    [
        ("/usr/share/zoneinfo/Europe/Berlin", "Europe/Berlin"),
        ("/usr/share/zoneinfo/Etc/UTC", "Etc/UTC"),
        ("/usr/share/zoneinfo/Nowhere", "UTC"),
        ("/etc/localtime", "UTC"),
    ],
)
def test_zone_of_the_machine_is_what_its_clock_is_linked_to(monkeypatch, link, zone):
    monkeypatch.setattr("os.path.realpath", lambda path: link)
    assert read_machine_zone() == zone


def test_mail_server_that_hangs_is_given_up(monkeypatch):
    monkeypatch.setenv("EMAIL_URL", "smtp+tls://user:password@mail.example.org:587")
    assert read_mailer("EMAIL_URL", default="")["OPTIONS"]["timeout"] == 10
    monkeypatch.setenv("EMAIL_URL", "consolemail://")
    assert "timeout" not in read_mailer("EMAIL_URL", default="")["OPTIONS"]


@pytest.mark.parametrize(
    ("given", "spelled"),
    [
        ("https://Example.ORG/", "https://example.org"),
        ("https://example.org.:443/path?x", "https://example.org"),
        ("http://example.org:80", "http://example.org"),
        ("http://localhost:8000", "http://localhost:8000"),
        ("https://[2001:DB8::1]:8443", "https://[2001:db8::1]:8443"),
    ],
)
def test_origin_is_spelled_as_browsers_do(monkeypatch, given, spelled):
    monkeypatch.setenv("SITE_URL", given)
    assert read_origin("SITE_URL", default="") == spelled


def test_settings_that_may_not_be_read_are_not_passed_over(tmp_path, monkeypatch):
    path = tmp_path / ".env"
    read_dotenv(path)  # none is allowed
    path.touch(mode=0o600)
    monkeypatch.setattr(env.os, "access", lambda path, mode: False)  # root may read everything
    with pytest.raises(ImproperlyConfigured, match="run this as its owner"):
        read_dotenv(path)


def test_file_of_the_database_is_the_same_from_every_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert resolve_database("var/db.sqlite3") == str(BASE_DIR / "var" / "db.sqlite3")
    assert resolve_database(f"{tmp_path}/data/db.sqlite3") == f"{tmp_path}/data/db.sqlite3"
    assert stat.S_IMODE((tmp_path / "data").stat().st_mode) == 0o700
    assert resolve_database(":memory:") == ":memory:"


def test_folder_that_cannot_be_made_is_left_to_a_check(tmp_path):
    (tmp_path / "file").touch()
    make_private_folder(tmp_path / "file" / "folder")
    assert os.listdir(tmp_path) == ["file"]


def test_path_is_a_word_of_a_crontab():
    assert quote_for_cron("/srv/imprint") == "/srv/imprint"
    assert quote_for_cron("/srv/50% of it") == r"'/srv/50\% of it'"


def test_credential_of_systemd_goes_before_the_file(tmp_path, monkeypatch):
    monkeypatch.delenv("TRIED_SECRET", raising=False)
    monkeypatch.setenv("TRIED_OTHER", "of the environment")
    for name, text in {
        "imprint_TRIED_SECRET": "of systemd\n",
        "imprint_TRIED_OTHER": "of systemd",
        "TRIED_THIRD": "of another",
    }.items():
        (tmp_path / name).write_text(text)
    (tmp_path / ".env").write_text("TRIED_SECRET=of the file\nTRIED_THIRD=of the file\n")
    read_credentials(str(tmp_path))
    read_dotenv(tmp_path / ".env")
    found = [os.environ.pop(f"TRIED_{name}") for name in ("SECRET", "THIRD")]
    assert found == ["of systemd", "of the file"]
    assert os.environ["TRIED_OTHER"] == "of the environment"


def test_settings_read_the_credentials_of_their_service(tmp_path):
    (tmp_path / "imprint_SITE_URL").write_text("https://by-credential.example.org")
    kept = {name: value for name, value in os.environ.items() if name != "SITE_URL"}
    code = "from backoffice.env import read_origin; print(read_origin('SITE_URL', default=''))"
    said = subprocess.run(
        [sys.executable, "-c", code], cwd=BASE_DIR, check=True, capture_output=True, text=True,
        env=kept | {"CREDENTIALS_DIRECTORY": str(tmp_path)},
    )  # fmt: skip
    assert said.stdout == "https://by-credential.example.org\n"


def read_url_of_the_page():
    text = (BASE_DIR / "docs" / "operations.md").read_text()
    return environ.Env.db_url_config(re.search(r"^DATABASE_URL=(.+)$", text, re.MULTILINE)[1])


def test_page_opens_the_database_without_a_password():
    database = read_url_of_the_page()
    assert (database["HOST"], database["USER"], database["NAME"], database["PASSWORD"]) == (
        "/var/run/postgresql", "imprint", "imprint", "",
    )  # fmt: skip
    page = (BASE_DIR / "docs" / "operations.md").read_text()
    assert 'psql --command "CREATE ROLE imprint LOGIN"\n' in page
