import statistics
import time

import pytest
import time_machine
from axes.handlers.database import AxesDatabaseHandler
from axes.models import AccessAttempt
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.contrib.auth.models import User
from django.db import IntegrityError
from django.test import Client
from django.urls import reverse

from backoffice.accounts.throttle import KNOWN_BROWSER, name_address, release_lock
from tests.backoffice.accounts.attempts import AWAY, HOME, fail, try_password
from tests.factories import make_user

pytestmark = [pytest.mark.django_db, pytest.mark.any_database, pytest.mark.slow]


@pytest.fixture(autouse=True)
def few(settings):
    settings.SIGN_IN_FAILURES_OF_ACCOUNT = 10


def test_fifth_wrong_password_locks_the_account_at_its_address():
    make_user("edda")
    assert fail("edda", 5) == [200, 200, 200, 200, 429]
    assert try_password("edda", "secret").status_code == 429


def test_lock_answers_with_a_page_that_says_how_to_go_on():
    fail("edda", 4)
    response = try_password("edda")
    assert response.headers["Retry-After"] == "900"
    assert "Try again in 15 minutes, or ask an administrator" in response.text
    assert "edda" not in response.text


@pytest.mark.thorough
def test_lock_ends_by_itself_even_if_somebody_goes_on_trying():
    make_user("edda")
    with time_machine.travel("2026-11-27 10:00+00:00") as clock:
        fail("edda", 5)
        for _ in range(14):
            clock.shift(60)
            assert try_password("edda", "secret").status_code == 429
        clock.shift(61)
        assert try_password("edda", "secret").status_code == 302


def test_right_password_forgets_the_failures_before_it():
    make_user("edda")
    for _ in range(3):
        fail("edda", 4)
        assert try_password("edda", "secret").status_code == 302


def test_signing_in_forgets_no_failures_of_others_at_the_address():
    make_user("mallory")
    fail("edda", 3)
    assert try_password("mallory", "secret").status_code == 302
    assert fail("edda", 2) == [200, 429]


def test_somebody_elsewhere_locks_only_themselves_out():
    make_user("edda")
    assert fail("edda", 6, address=AWAY)[-1] == 429
    assert try_password("edda", "secret", address=HOME).status_code == 302


@pytest.mark.thorough
def test_account_that_is_tried_from_many_addresses_is_locked_everywhere():
    make_user("edda")
    for number in range(3):
        fail("edda", 4, address=f"198.51.100.{number}")
    assert try_password("edda", "secret", address=HOME).status_code == 429


def test_known_browser_gets_in_while_strangers_keep_the_account_locked():
    make_user("edda")
    known = Client()
    assert try_password("edda", "secret", client=known).status_code == 302
    known.post(reverse("admin:logout"))
    for number in range(3):
        fail("edda", 4, address=f"198.51.100.{number}")
    assert try_password("edda", "secret", client=known).status_code == 302


@pytest.mark.parametrize("cookie", ["edda", "", "ImVkZGEi:1wZZZZ:forged"])
def test_forged_cookie_makes_no_known_browser(cookie):
    make_user("edda")
    for number in range(3):
        fail("edda", 4, address=f"198.51.100.{number}")
    stranger = Client()
    stranger.cookies[KNOWN_BROWSER] = cookie
    assert try_password("edda", "secret", client=stranger).status_code == 429


def test_copied_cookie_of_a_known_browser_is_a_strangers_after_five_failures():
    """Whoever stole it tries from a new address each time: no address is locked, the cookie is."""
    make_user("edda")
    known = Client()
    try_password("edda", "secret", client=known)
    for number in range(10):
        thief = Client()
        thief.cookies[KNOWN_BROWSER] = known.cookies[KNOWN_BROWSER].value
        try_password("edda", client=thief, address=f"198.51.100.{number}")
    assert try_password("edda", "secret", client=known).status_code == 429


def test_failures_of_strangers_do_not_count_against_a_known_browser():
    make_user("edda")
    known = Client()
    try_password("edda", "secret", client=known)
    known.post(reverse("admin:logout"))
    for number in range(12):
        fail("edda", 1, address=f"198.51.100.{number}")
    assert fail("edda", 4, client=known) == [200] * 4
    assert try_password("edda", "secret", client=known).status_code == 302


def test_right_password_forgets_the_failures_of_its_browser():
    make_user("edda")
    known = Client()
    try_password("edda", "secret", client=known)
    thief = known.cookies[KNOWN_BROWSER].value
    for number in range(12):
        fail("edda", 1, address=f"198.51.100.{number}")
    for number in range(2):
        known.cookies[KNOWN_BROWSER] = thief
        assert fail("edda", 4, client=known, address=f"192.0.2.{number}") == [200] * 4
        where = {"client": known, "address": f"192.0.2.{number}"}
        assert try_password("edda", "secret", **where).status_code == 302


def test_what_is_counted_of_a_browser_says_nothing_of_its_cookie():
    make_user("edda")
    known = Client()
    try_password("edda", "secret", client=known)
    cookie = known.cookies[KNOWN_BROWSER].value
    fail("edda", 1, client=known)
    names = {*AccessAttempt.objects.values_list("username", flat=True)}
    (browser,) = names - {"edda"}
    assert browser.startswith("A known browser (")
    assert cookie not in browser


def test_browser_known_for_one_account_is_a_stranger_to_the_others():
    make_user("mallory")
    make_user("edda")
    browser = Client()
    assert try_password("mallory", "secret", client=browser).status_code == 302
    for number in range(3):
        fail("edda", 4, address=f"198.51.100.{number}")
    assert try_password("edda", "secret", client=browser).status_code == 429


def test_address_that_tries_many_accounts_is_locked_for_all_of_them(settings):
    settings.SIGN_IN_FAILURES_OF_ADDRESS = 8
    make_user("edda")
    for number in range(8):
        try_password(f"person{number}")
    assert try_password("edda", "secret").status_code == 429
    assert try_password("edda", "secret", address=AWAY).status_code == 302


@pytest.mark.parametrize(
    "headers",
    [{"HTTP_X_FORWARDED_FOR": "203.0.113.{}"}, {"HTTP_USER_AGENT": "Agent {}"}],
)
def test_nothing_that_a_client_sends_buys_more_attempts(headers):
    make_user("edda")
    answers = [
        try_password("edda", **{name: text.format(number) for name, text in headers.items()})
        for number in range(5)
    ]
    assert answers[-1].status_code == 429


def test_ipv6_network_counts_as_one_address(rf):
    names = {
        name_address(rf.get("/", REMOTE_ADDR=f"2001:db8:0:1::{number:x}")) for number in range(50)
    }
    assert names == {"2001:db8:0:1::"}


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("unknown", None),
        ("", None),
        ("192.0.2.1:4711", None),
    ],
)
def test_address_is_named_once_or_not_at_all(rf, address, name):
    assert name_address(rf.get("/", REMOTE_ADDR=address)) == name


def test_sign_in_from_no_address_is_counted_too():
    assert fail("edda", 5, address="unknown")[-1] == 429


@pytest.mark.parametrize("username", ["edda", "nobody", "former", "Ωmega", "x" * 200, "a\0b"])
def test_unknown_and_closed_accounts_answer_like_open_ones(username):
    make_user("edda")
    make_user("former", is_active=False)
    wrong = try_password(username)
    assert wrong.status_code == 200
    assert wrong.context["form"].errors
    if "\0" not in username and len(username) < 150:  # those are no attempts at an account
        assert fail(username, 4)[-1] == 429


class SomeHashing(PBKDF2PasswordHasher):
    """A hash slow enough to stand out from the rest of a request."""

    iterations = 200_000


@pytest.mark.thorough
def test_known_and_unknown_accounts_take_the_same_time(settings):
    """Django runs the hasher for an unknown account as well."""
    settings.PASSWORD_HASHERS = [f"{__name__}.SomeHashing"]
    settings.AXES_FAILURE_LIMIT = settings.SIGN_IN_FAILURES_OF_ACCOUNT = 1000
    make_user("edda")
    times = {"edda": [], "nobody": []}
    for _ in range(3):
        for username, taken in times.items():
            started = time.process_time()
            try_password(username)
            taken.append(time.process_time() - started)
    known, unknown = map(statistics.median, times.values())
    assert 0.5 < known / unknown < 2


def test_failure_at_the_moment_of_a_sign_in_is_counted(monkeypatch):
    """PostgreSQL: between writing the row and reading it, a sign-in of the same person wipes it."""
    real, calls = AxesDatabaseHandler.user_login_failed, []

    def fail_once(*args, **kwargs):
        calls.append(1)
        if len(calls) == 1:
            raise IntegrityError
        return real(*args, **kwargs)

    monkeypatch.setattr(AxesDatabaseHandler, "user_login_failed", fail_once)
    assert try_password("edda").status_code == 200
    assert AccessAttempt.objects.get().failures_since_start == 1


def test_failure_keeps_nothing_of_what_was_sent():
    try_password("edda", "my real password")
    attempt = AccessAttempt.objects.get()
    assert (attempt.post_data, attempt.get_data) == ("", "")


def test_released_account_tries_again_at_once():
    edda = make_user("edda")
    fail("edda", 5)
    assert release_lock(username="edda", by=make_user(), reason="Called me.") == 1
    assert try_password("edda", "secret").status_code == 302
    assert User.objects.get(last_login__isnull=False) == edda


def test_released_address_tries_again_at_once(settings):
    settings.SIGN_IN_FAILURES_OF_ADDRESS = 8
    make_user("edda")
    for number in range(8):
        try_password(f"person{number}")
    release_lock(ip_address=HOME, by=make_user(), reason="Our own office.")
    assert try_password("edda", "secret").status_code == 302
