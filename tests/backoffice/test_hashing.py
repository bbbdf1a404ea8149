import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.contrib.auth.hashers import PBKDF2PasswordHasher, check_password, make_password
from django.test import Client
from django.urls import reverse

from backoffice.limits import hashing
from backoffice.limits.queries import limit_queries
from tests.factories import make_user

pytestmark = pytest.mark.any_database


@pytest.fixture(autouse=True)
def one_slot(settings, tmp_path, monkeypatch):
    settings.PASSWORD_HASHERS = ["backoffice.limits.hashing.BoundedPasswordHasher"]
    settings.HASHES_AT_ONCE = 1
    settings.HASH_SLOTS_DIR = tmp_path / "locks"
    monkeypatch.setattr(hashing, "MOST_SECONDS", 0.2)
    monkeypatch.setattr(PBKDF2PasswordHasher, "iterations", 1000)


def test_hashes_are_those_of_django():
    assert make_password("secret").startswith("pbkdf2_sha256$")
    assert check_password("secret", PBKDF2PasswordHasher().encode("secret", "salt"))


def test_web_request_gives_up_after_a_moment():
    with hashing.hash_slot(), limit_queries(seconds=9), pytest.raises(hashing.TooManyHashes):
        make_password("secret")
    make_password("secret")


def test_command_waits_as_long_as_it_takes():
    is_held, may_end = threading.Event(), threading.Event()

    def hold():
        with hashing.hash_slot():
            is_held.set()
            may_end.wait(9)

    with ThreadPoolExecutor(2) as threads:
        threads.submit(hold)
        is_held.wait(9)
        made = threads.submit(make_password, "secret")
        time.sleep(0.3)
        assert not made.done()
        may_end.set()
        assert check_password("secret", made.result())


def test_no_more_threads_wait_than_a_worker_can_spare():
    def try_one(_):
        started = time.monotonic()
        try:
            with limit_queries(seconds=9):
                make_password("secret")
        except hashing.TooManyHashes:
            return time.monotonic() - started
        return None

    with hashing.hash_slot(), ThreadPoolExecutor(8) as threads:
        took = sorted(threads.map(try_one, range(8)))
    assert sum(seconds > 0.15 for seconds in took) <= 2
    assert None not in took


def test_never_more_than_the_slots_at_once(settings, monkeypatch):
    settings.HASHES_AT_ONCE = 2
    running, most, lock = 0, 0, threading.Lock()

    def encode(self, *args, **kwargs):
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        time.sleep(0.01)
        with lock:
            running -= 1
        return "pbkdf2_sha256$1$salt$hash"

    monkeypatch.setattr(PBKDF2PasswordHasher, "encode", encode)
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(make_password, ["secret"] * 16))
    assert most == 2


@pytest.mark.django_db
@pytest.mark.parametrize("slots", [1, 2])
def test_strangers_leave_a_slot_for_who_has_signed_in_before(client, settings, slots):
    settings.HASHES_AT_ONCE = slots
    make_user("edda")
    given = {"username": "edda", "password": "secret", "next": reverse("admin:index")}
    assert client.post(reverse("admin:login"), given).status_code == 302
    client.post(reverse("admin:logout"))
    with limit_queries(seconds=9), hashing.hash_slot():  # a stranger's
        stranger = Client().post(reverse("admin:login"), given)
        known = client.post(reverse("admin:login"), given)
    assert (stranger.status_code, known.status_code) == (503, 302)


@pytest.mark.django_db
def test_whoever_is_signed_in_waits_for_no_stranger(client, settings):
    client.force_login(make_user("edda"))
    with limit_queries(seconds=9), hashing.hash_slot():
        page = reverse("admin:password_change")
        new = dict.fromkeys(["new_password1", "new_password2"], "four unrelated odd words")
        response = client.post(page, {"old_password": "secret"} | new)
    assert response.status_code == 302


@pytest.mark.django_db
def test_who_finds_no_slot_is_asked_to_try_again(client):
    make_user("edda")
    with hashing.hash_slot():
        response = client.post(
            reverse("admin:login"), {"username": "edda", "password": "hush hush"}
        )
    page = response.content.decode()
    assert response.status_code == 503
    assert response["Retry-After"] == "5"
    assert "Try again in a few seconds" in page
    assert "hush hush" not in page
