import datetime as dt
import sqlite3
import ssl
import stat
from contextlib import closing
from types import SimpleNamespace

import pytest
from django.conf import settings
from django.contrib.auth.tokens import default_token_generator
from django.core.management import CommandError, call_command
from django.db.backends.signals import connection_created
from django.urls import reverse
from django.utils.module_loading import import_string

from backoffice import key_checks
from backoffice.env import read_mailer
from backoffice.keys import list_secrets
from tests.factories import make_user

TODAY = dt.date(2026, 11, 27)

pytestmark = pytest.mark.any_database


@pytest.fixture
def env_file(tmp_path, settings):
    settings.SECRET_KEY = "the-old-key"
    file = tmp_path / ".env"
    file.write_text("# Ours\nDEBUG=0\nSECRET_KEY=the-old-key\nCURRENCY=EUR\n")
    return file


def read(file):
    lines = (line for line in file.read_text().splitlines() if "=" in line)
    return dict(line.split("=", 1) for line in lines)


def rotate(file, *arguments):
    """Run the command, and give this process the keys that the next one reads."""
    call_command("rotate_secret", *arguments, file=file)
    values = read(file)
    settings.SECRET_KEY = values["SECRET_KEY"]
    settings.SECRET_KEY_FALLBACKS = split(values, "SECRET_KEY_FALLBACKS")
    settings.FACTOR_KEYS = split(values, "FACTOR_KEY")


def split(values, name):
    return [key for key in values.get(name, "").split(",") if key]


# Rotating


def test_rotation_keeps_the_old_key_and_everything_else(env_file, time_machine_today, capsys):
    rotate(env_file)
    values = read(env_file)
    assert len(values["SECRET_KEY"]) > 50
    assert values["SECRET_KEY_FALLBACKS"] == "the-old-key"
    assert values["SECRET_KEY_SINCE"] == "2026-11-27"
    assert (values["DEBUG"], values["CURRENCY"]) == ("0", "EUR")
    assert env_file.read_text().startswith("# Ours\n")
    assert stat.S_IMODE(env_file.stat().st_mode) == 0o600
    assert "Restart the web workers" in capsys.readouterr().out


@pytest.fixture
def time_machine_today():
    import time_machine

    with time_machine.travel("2026-11-27 10:00+00:00"):
        yield


@pytest.mark.django_db
def test_second_rotation_keeps_both_and_the_old_ones_can_be_dropped(env_file):
    rotate(env_file)
    first = read(env_file)["SECRET_KEY"]
    rotate(env_file)
    assert read(env_file)["SECRET_KEY_FALLBACKS"] == f"{first},the-old-key"
    rotate(env_file, "--drop-fallbacks")
    assert read(env_file)["SECRET_KEY_FALLBACKS"] == ""
    with pytest.raises(CommandError, match="no older keys"):
        rotate(env_file, "--drop-fallbacks")
    with pytest.raises(CommandError, match="HEALTH_TOKEN has no older keys"):
        rotate(env_file, "HEALTH_TOKEN", "--drop-fallbacks")


@pytest.mark.django_db
def test_keys_that_are_set_elsewhere_are_neither_lost_nor_said_to_be_gone(env_file, settings):
    settings.FACTOR_KEYS = ["of-a-credential"]
    rotate(env_file, "FACTOR_KEY")
    assert split(read(env_file), "FACTOR_KEY")[1:] == ["of-a-credential"]
    settings.SECRET_KEY_FALLBACKS = ["of-a-credential"]
    with pytest.raises(CommandError, match="take them out where they are set"):
        call_command("rotate_secret", "--drop-fallbacks", file=env_file)
    rotate(env_file)
    assert split(read(env_file), "SECRET_KEY_FALLBACKS") == ["the-old-key", "of-a-credential"]
    settings.SECRET_KEY = "another one, of the environment"
    before = env_file.read_text()
    for arguments in ([], ["--drop-fallbacks"]):
        with pytest.raises(CommandError, match="is not the one in"):
            call_command("rotate_secret", *arguments, file=env_file)
    assert env_file.read_text() == before


def test_token_is_rotated_without_a_fallback(env_file):
    rotate(env_file, "HEALTH_TOKEN")
    values = read(env_file)
    assert len(values["HEALTH_TOKEN"]) > 50
    assert values["SECRET_KEY"] == "the-old-key"
    assert "SECRET_KEY_FALLBACKS" not in values


def test_rotation_refuses_what_it_cannot_keep(env_file, tmp_path):
    with pytest.raises(CommandError, match="There is no"):
        rotate(tmp_path / "nothing")
    env_file.write_text("DEBUG=0\n")
    with pytest.raises(CommandError, match="no SECRET_KEY"):
        rotate(env_file)
    env_file.write_text("SECRET_KEY=a,b\n")
    with pytest.raises(CommandError, match="comma"):
        rotate(env_file)
    assert env_file.read_text() == "SECRET_KEY=a,b\n"


@pytest.mark.django_db
def test_sessions_and_reset_links_outlive_a_rotation(client, settings):
    settings.SECRET_KEY = "first" * 12
    user = make_user(is_superuser=True)
    client.force_login(user)
    token = default_token_generator.make_token(user)
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "second" * 12, ["first" * 12]
    fresh = type(default_token_generator)()
    assert client.get(reverse("admin:index")).status_code == 200
    assert fresh.check_token(user, token)
    settings.SECRET_KEY_FALLBACKS = []
    assert client.get(reverse("admin:index")).status_code == 200  # signed anew meanwhile
    assert not type(default_token_generator)().check_token(user, token)


@pytest.mark.django_db
def test_session_of_a_key_that_is_forgotten_is_over(client, settings):
    settings.SECRET_KEY = "first" * 12
    client.force_login(make_user(is_superuser=True))
    settings.SECRET_KEY = "second" * 12
    assert client.get(reverse("admin:index")).status_code == 302


# Checks


def messages(check):
    return [message.msg for message in check(None)]


def test_site_that_answers_to_any_name_is_refused(settings):
    settings.ALLOWED_HOSTS = ["example.org", "*"]
    assert [error.id for error in key_checks.check_any_host(None)] == ["backoffice.E030"]
    settings.DEBUG = True
    assert messages(key_checks.check_any_host) == []


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("https://example.org", []),
        ("https://other.example", ["backoffice.W032"]),
        ("example.org", ["backoffice.E031"]),
        ("ftp://example.org", ["backoffice.E031"]),
    ],
)
def test_links_begin_with_a_name_that_we_answer_to(settings, url, found):
    settings.SITE_URL, settings.ALLOWED_HOSTS = url, ["example.org"]
    assert [message.id for message in key_checks.check_site_url(None)] == found


def test_secret_of_an_example_a_short_one_and_a_doubled_one_are_named(settings, monkeypatch):
    monkeypatch.setitem(settings.DATABASES["default"], "PASSWORD", "change-me")
    settings.HEALTH_TOKEN = "short"
    settings.SECRET_KEY = "k" * 60
    settings.SECRET_KEY_FALLBACKS = ["k" * 60]
    found = messages(key_checks.check_secrets)
    assert found == [
        "The password in DATABASE_URL is one from an example.",
        "HEALTH_TOKEN has 5 characters.",
        "One secret serves for SECRET_KEY and for SECRET_KEY_FALLBACKS (1).",
    ]


def test_message_of_a_check_never_tells_the_secret(settings):
    settings.HEALTH_TOKEN = settings.SECRET_KEY = "a secret that nobody may read in a log"
    assert "a secret that" not in str(list(key_checks.check_secrets(None)))
    assert list_secrets()["HEALTH_TOKEN"] == settings.HEALTH_TOKEN


@pytest.mark.parametrize(
    ("since", "number"), [("2026-11-01", 0), ("2026-10-20", 1), ("", 1), ("last week", 1)]
)
def test_fallback_that_stayed_too_long_is_named(settings, time_machine_today, since, number):
    settings.SECRET_KEY_FALLBACKS, settings.SECRET_KEY_SINCE = ["old" * 20], since
    assert len(messages(key_checks.check_fallbacks)) == number
    settings.SECRET_KEY_FALLBACKS = []
    assert messages(key_checks.check_fallbacks) == []


@pytest.mark.parametrize(("mode", "number"), [(0o600, 0), (0o640, 1), (0o604, 1), (0o666, 1)])
def test_file_that_others_can_read_is_named(settings, tmp_path, monkeypatch, mode, number):
    file = tmp_path / ".env"
    file.touch()
    file.chmod(mode)
    monkeypatch.setattr(key_checks, "list_private_files", lambda: [file, tmp_path / "nothing"])
    found = list(key_checks.check_private_files(None))
    assert len(found) == number
    assert all(message.hint == f"chmod 600 {file}" for message in found)


def test_folders_that_settings_name_are_private_files_wherever_they_lie(settings, tmp_path):
    names = ["BACKUP_DIR", "SPOOL_DIR", "ARCHIVE_WORK_DIR", "ARCHIVE_URL", "SECURITY_LOG"]
    folders = [tmp_path / name for name in names]
    for name, path in zip(names, folders, strict=True):
        path.mkdir(mode=0o755)
        setattr(settings, name, str(path) if name in names[3:] else path)
    hints = {message.hint for message in key_checks.check_private_files(None)}
    assert {f"chmod 700 {path}" for path in folders} <= hints
    for path in folders:
        path.chmod(0o700)
    hints = {message.hint for message in key_checks.check_private_files(None)}
    assert not {f"chmod 700 {path}" for path in folders} & hints


def test_new_sqlite_file_is_for_this_user_alone(tmp_path):
    file = tmp_path / "new.sqlite3"
    with closing(sqlite3.connect(file)) as new:
        wrapper = SimpleNamespace(vendor="sqlite", settings_dict={"NAME": file}, connection=new)
        new.execute("PRAGMA journal_mode=WAL")  # writes a page: Django's settings do it first
        connection_created.send(sqlite3, connection=wrapper)
        new.execute("CREATE TABLE t (a)")
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    assert len(modes) == 3
    assert set(modes.values()) == {0o600}, modes


@pytest.mark.parametrize(
    ("host", "options", "number"),
    [
        ("", {}, 0),
        ("/run/postgresql", {}, 0),
        ("localhost", {}, 0),
        ("127.0.0.1", {}, 0),
        ("::1", {}, 0),
        ("db.example.org", {}, 1),
        ("10.0.0.5", {"sslmode": "prefer"}, 1),
        ("localhost.example.org", {}, 1),
        ("db.example.org", {"sslmode": "disable"}, 1),
        ("db.example.org", {"sslmode": "require"}, 1),
        ("db.example.org", {"sslmode": "verify-ca"}, 0),
        ("db.example.org", {"sslmode": "verify-full"}, 0),
    ],
)
def test_database_over_the_network_needs_tls(monkeypatch, host, options, number):
    database = {"ENGINE": "django.db.backends.postgresql", "HOST": host, "OPTIONS": options}
    monkeypatch.setattr(key_checks.settings, "DATABASES", {"default": database})
    assert len(key_checks.check_database_transport(None)) == number


@pytest.mark.parametrize(
    ("url", "number"),
    [
        ("smtp://localhost", 0),
        ("smtp://127.0.0.1:25", 0),
        ("consolemail://", 0),
        ("smtp+tls://u:p@mail.example.org:587", 0),
        ("smtp+ssl://u:p@mail.example.org:465", 0),
        ("smtp://u:p@mail.example.org:25", 1),
        ("smtp://10.0.0.5", 1),
    ],
)
def test_mail_over_the_network_needs_tls(monkeypatch, url, number):
    monkeypatch.setenv("EMAIL_URL", url)
    mailers = {"default": read_mailer("EMAIL_URL", default="")}
    monkeypatch.setattr(key_checks.settings, "MAILERS", mailers)
    assert len(key_checks.check_mail_transport(None)) == number


@pytest.mark.parametrize("url", ["smtp+tls://u:p@mail.example.org", "smtp+ssl://mail.example.org"])
def test_mail_goes_to_no_server_with_a_wrong_certificate(monkeypatch, url):
    monkeypatch.setenv("EMAIL_URL", url)
    mailer = read_mailer("EMAIL_URL", default="")
    context = import_string(mailer["BACKEND"])(alias="default", **mailer["OPTIONS"]).ssl_context
    assert context.verify_mode == ssl.CERT_REQUIRED
    assert context.check_hostname
