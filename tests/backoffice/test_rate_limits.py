import re
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest
import time_machine
from django.conf import settings as project_settings
from django.urls import get_resolver, reverse

from backoffice.limits import rates
from backoffice.limits.rates import RATES, ask, parse_limit
from tests.addresses import list_pages_that_take_files
from tests.factories import make_blog, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.any_database, pytest.mark.slow]

SEARCH = reverse("weblog:search")
PAGES_THAT_TAKE_FILES = sorted(list_pages_that_take_files())
BLOGS = reverse("admin:weblog_blog_changelist")
HOME, AWAY = "192.0.2.1", "198.51.100.7"


@pytest.fixture(autouse=True)
def limits(settings, tmp_path):
    settings.RATES_FILE = tmp_path / "limits.sqlite3"
    settings.RATE_LIMITS = dict.fromkeys(settings.RATE_LIMITS, "3/m")
    with time_machine.travel("2026-11-27 10:00:20+00:00", tick=False):
        yield settings.RATE_LIMITS


def statuses(client, url, times, query=None, **where):
    return [client.get(url, query, **where).status_code for _ in range(times)]


def test_search_of_a_reader_is_limited_by_address(client):
    words = {"q": "words"}
    assert statuses(client, SEARCH, 4, words, REMOTE_ADDR=HOME) == [200, 200, 200, 429]
    assert statuses(client, SEARCH, 1, words, REMOTE_ADDR=AWAY) == [200]


def test_refusal_says_how_long_to_wait(client):
    statuses(client, SEARCH, 3, {"q": "words"})
    response = client.get(SEARCH, {"q": "words"})
    assert response["Retry-After"] == "40"
    assert "Wait 40 seconds, and try again." in response.content.decode()


def test_limit_ends_with_its_minute(client):
    statuses(client, SEARCH, 4, {"q": "words"})
    with time_machine.travel("2026-11-27 10:01:01+00:00"):
        assert statuses(client, SEARCH, 1, {"q": "words"}) == [200]


def test_network_of_an_ipv6_customer_is_one_address(client):
    for number in range(3):
        client.get(SEARCH, {"q": "words"}, REMOTE_ADDR=f"2001:db8:1:2::{number}")
    where = {"REMOTE_ADDR": "2001:db8:1:2:ffff::1"}
    assert statuses(client, SEARCH, 1, {"q": "words"}, **where) == [429]


def test_reading_is_never_limited_and_a_refusal_is_no_view(client, views):
    blog = make_blog()
    assert statuses(client, blog.get_absolute_url(), 9) == [200] * 9
    assert statuses(client, SEARCH, 9) == [200] * 9  # the empty form
    assert len(views) == 9


def test_staff_are_limited_by_account_whatever_their_address(client):
    client.force_login(make_user(is_superuser=True))
    for address in (HOME, AWAY, HOME):
        assert client.get(BLOGS, {"q": "x"}, REMOTE_ADDR=address).status_code == 200
    assert client.get(BLOGS, {"q": "x"}, REMOTE_ADDR=AWAY).status_code == 429
    assert client.get(BLOGS).status_code == 200
    client.force_login(make_user(is_superuser=True))
    assert client.get(BLOGS, {"q": "x"}, REMOTE_ADDR=AWAY).status_code == 200


def test_signing_in_is_limited_by_address_whatever_the_account(client):
    url = reverse("admin:login")
    for number in range(3):
        client.post(url, {"username": f"person{number}", "password": "wrong"})
    response = client.post(url, {"username": "edda", "password": "hush hush"})
    assert response.status_code == 429
    assert 'name="username" value="edda"' in response.content.decode()
    assert "hush hush" not in response.content.decode()


@pytest.mark.parametrize(
    ("name", "args"),
    [
        ("weblog_blog_import", []),
        ("weblog_blog_import_posts", []),
        ("billing_accesslogimport_import", []),
        ("weblog_blog_export", []),
        ("billing_verification_verify", []),
        ("backoffice_account_extract", []),
    ],
)
def test_imports_exports_and_verifications_are_limited(client, name, args):
    client.force_login(make_user(is_superuser=True))
    answers = [client.post(reverse(f"admin:{name}", args=args)) for _ in range(4)]
    for answer in answers:
        answer.close()
    assert [answer.status_code == 429 for answer in answers] == [False, False, False, True]
    assert 429 not in answers[:3]


@pytest.mark.parametrize("url", PAGES_THAT_TAKE_FILES)
def test_each_page_that_takes_files_is_limited_once_for_all_of_them(client, url):
    client.force_login(make_user(is_superuser=True))
    assert 429 not in [client.post(url).status_code for _ in range(3)]
    for other in (url, *PAGES_THAT_TAKE_FILES, reverse("admin:weblog_picture_fetch")):
        assert client.post(other).status_code == 429
    assert client.get(url).status_code != 429


def test_limited_pages_are_pages_that_exist():
    names = set()

    def collect(patterns, spaces=""):
        for pattern in patterns:
            if name := getattr(pattern, "name", None):
                names.add(f"{spaces}{name}")
            space = getattr(pattern, "namespace", None)
            collect(getattr(pattern, "url_patterns", ()), f"{spaces}{space}:" if space else spaces)

    collect(get_resolver().url_patterns)
    for page in (page for rate in RATES for page in rate.pages):
        assert any(re.fullmatch(page.replace("*", ".*"), name) for name in names), page
    assert {rate.what for rate in RATES} == project_settings.RATE_LIMITS.keys()


def test_no_address_is_kept(client, limits, settings):
    statuses(client, SEARCH, 2, {"q": "words"}, REMOTE_ADDR=HOME)
    data = b"".join(path.read_bytes() for path in settings.RATES_FILE.parent.iterdir())
    assert HOME.encode() not in data
    assert settings.RATES_FILE.stat().st_mode & 0o777 == 0o600


def test_what_has_ended_is_forgotten(settings):
    for number in range(5):
        ask("SEARCH", f"address {number}", unit="m")
    with time_machine.travel("2026-11-27 10:02:00+00:00"):
        ask("SEARCH", "address 9", unit="m")
    with closing(sqlite3.connect(settings.RATES_FILE)) as file:
        assert file.execute("SELECT COUNT(*) FROM asked").fetchone() == (1,)


def test_file_that_cannot_be_written_limits_nobody(client, settings, tmp_path, caplog):
    settings.RATES_FILE = tmp_path / "a file" / "limits.sqlite3"
    (tmp_path / "a file").write_text("")
    assert statuses(client, SEARCH, 5, {"q": "words"}) == [200] * 5
    assert "Nobody is limited" in caplog.text


def test_damaged_file_is_begun_again(client, settings):
    settings.RATES_FILE.write_bytes(b"no database at all" * 500)
    assert statuses(client, SEARCH, 5, {"q": "words"}) == [200, 200, 200, 200, 429]


def test_no_limit_where_none_is_set(client, limits):
    limits["READER_SEARCH"] = ""
    assert statuses(client, SEARCH, 9, {"q": "words"}) == [200] * 9


def test_rate_that_cannot_be_read_is_named():
    assert parse_limit("60/m") == (60, "m")
    with pytest.raises(ValueError, match="60/m"):
        parse_limit("60 per minute")


@pytest.mark.thorough
def test_workers_count_together(settings, tmp_path, monkeypatch, caplog):
    """Each count opens the file again, so threads meet there like processes."""
    monkeypatch.setattr(rates, "SECONDS_FOR_A_LOCK", 20)  # a busy machine lets nobody go uncounted
    for attempt in range(20):  # the workers meet first where the file is made
        settings.RATES_FILE = tmp_path / str(attempt) / "limits.sqlite3"
        with ThreadPoolExecutor(8) as workers:
            asked = list(workers.map(lambda _: ask("SEARCH", "address", unit="h"), range(40)))
        assert sorted(asked) == list(range(1, 41))
    assert "Nobody is limited" not in caplog.text
