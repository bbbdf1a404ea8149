import os
import stat

import pytest
from django.core.exceptions import ImproperlyConfigured

from backoffice import env
from backoffice.env import (
    BASE_DIR,
    make_private_folder,
    quote_for_cron,
    read_development_key,
    read_dotenv,
    resolve_database,
)


def test_key_is_made_once_for_its_owner_alone(tmp_path):
    path = tmp_path / "var" / "development.key"
    key = read_development_key(path)
    assert len(key) > 50
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert read_development_key(path) == key
    assert read_development_key(tmp_path / "other.key") != key


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
