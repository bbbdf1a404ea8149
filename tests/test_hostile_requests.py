"""Every address, asked what no page ever asks: nothing answers 500, and nothing takes long.

The requests are made up from what there is: each page of the admin and of the public site, each
parameter that some page reads, each field and lookup that a list could be asked to filter by.
HOSTILE_REQUESTS=5000 makes more than an ordinary run, HOSTILE_SEED=11 others.
"""

import os
import random
import re
import time
from urllib.parse import quote, urlencode

import pytest
from django.contrib import admin
from django.urls import get_resolver

from tests.factories import make_user

pytestmark = [pytest.mark.django_db, pytest.mark.slow, pytest.mark.thorough]

REQUESTS = int(os.environ.get("HOSTILE_REQUESTS", "250"))
SEED = int(os.environ.get("HOSTILE_SEED", "10"))
SECONDS = 5  # the busiest page here takes a tenth of one

DIGITS = "9" * 4301  # one more than Python turns into a number
IDS = [
    "0", "-1", "x", "add/x", "1/change", "9" * 19, "9" * 40, DIGITS, "1.5", "1e400", "None", "_00",
    "_", "_5F", "%00", "1%00", "٣", "é" * 300, "\U0001f600", "%", "%ff", "%ed%a0%80", "a" * 3000,
    "00000000-0000-0000-0000-00000000000g", "' OR 1=1 --",
]  # fmt: skip
VALUES = [
    "", "0", "-1", "x", "zz", "1.5", "99.99", "1e400", "None", "\0", "a\0b", "٣", "é" * 300,
    "9" * 19, "9" * 40, DIGITS, "2026-13", "0000-00", "9999-12", "2026-10", "10000-01", "-2026-10",
    "0001-01-01", "9999-12-31", "31/12/9999", "01/01/0001", "(", "(a+)+$", "[" * 2000, "x " * 5000,
    "q" * 100_000, "true", "NaN", "inf", "1,2", "1.-2.3", f'{{"n": {DIGITS}}}', "[1]", "25:61",
    "1970-01-01 00:00:00+99:99", "weblog", "blog", "category", "author", "\u202e",
]  # fmt: skip
LOOKUPS = [
    "", "exact", "regex", "iregex", "contains", "in", "isnull", "range", "year", "month", "date",
    "gte", "lt", "week_day", "pk", "id__exact", "password__startswith", "x", "__", "date__year",
]  # fmt: skip
PARAMETERS = [
    "q", "p", "o", "all", "e", "page", "_popup", "_to_field", "_facets", "_changelist_filters",
    "_source_model", "month", "status", "flagged", "of_finding", "state", "term", "app_label",
    "model_name", "field_name", "next", "s", "person", "kind", "since", "until", "reason", "from",
    "category", "day_from", "day_to", "publish_at_from", "started_at_from_0", "started_at_from_1",
    "version", "to", "title", "slug", "author", "step", "\0", "",
]  # fmt: skip
METHODS = ["GET"] * 8 + ["HEAD", "OPTIONS", "POST", "PUT"]


class Guesser:
    """Makes requests up: for one seed the same ones."""

    def __init__(self, seed, urls):
        self.random = random.Random(seed)
        self.urls = urls
        self.routes = sorted(_list_routes(get_resolver().url_patterns))
        self.lists = sorted(
            (model._meta for model in admin.site._registry), key=lambda opts: opts.label
        )

    def make_request(self):
        choose = self.random.choice
        names = self.random.sample(PARAMETERS, self.random.randint(0, 3))
        place = self.random.random()
        if place < 0.4:
            opts = choose(self.lists)
            path = f"/admin/{opts.app_label}/{opts.model_name}/"
            names.append(f"{choose(opts.get_fields()).name}__{choose(LOOKUPS)}".removesuffix("__"))
        elif place < 0.6:
            path = choose(self.urls)
        else:
            path = "/" + re.sub("<x>", lambda hole: quote(choose(IDS), "/%"), choose(self.routes))
        if path.endswith("/add/"):
            names.append(choose(choose(self.lists).get_fields()).name)
        query = urlencode([(name, choose(VALUES)) for name in names])
        return choose(METHODS), f"{path}?{query}"


def _list_routes(patterns, start=""):
    """Yield each address of the site, with <> where something of a visitor's choice stands."""
    for pattern in patterns:
        here = str(pattern.pattern).strip("^$")
        route = start + re.sub(r"\((?:[^()]|\(.*?\))*\)|<.*?>", "<x>", here)
        if hasattr(pattern, "url_patterns"):
            yield from _list_routes(pattern.url_patterns, route)
        elif not route.endswith("logout/"):
            yield route


def test_no_request_fails_or_takes_long(doors, client):
    client.raise_request_exception = False
    client.force_login(make_user(is_superuser=True))
    guesser = Guesser(SEED, sorted(doors.values()))
    faults = []
    for _ in range(REQUESTS):
        method, url = guesser.make_request()
        started = time.monotonic()
        response = client.generic(method, url)
        took = time.monotonic() - started
        is_told = url.startswith("/readyz")  # 503 is its answer: no job has run here
        if (response.status_code >= 500 and not is_told) or took > SECONDS:
            faults.append(f"{response.status_code} {took:.1f} s: {method} {url[:300]}")
    assert faults == []


def _list_forms(client, urls):
    """Yield each page with a form to post, and the names of its fields."""
    for url in urls:
        response = client.get(url)
        page = response.content.decode(errors="replace") if response.status_code == 200 else ""
        names = set(re.findall(r'<(?:input|select|textarea)[^>]* name="([^"]+)"', page))
        if 'method="post"' in page and names - {"csrfmiddlewaretoken"}:
            yield url, sorted(names - {"csrfmiddlewaretoken"})


def test_no_form_fails_whatever_is_sent_in_its_fields(doors, client):
    client.raise_request_exception = False
    client.force_login(make_user(is_superuser=True))
    chance = random.Random(SEED)
    urls = [url for url in sorted(doors.values()) if "logout" not in url]
    forms = list(_list_forms(client, chance.sample(urls, min(len(urls), REQUESTS // 4))))
    assert len(forms) > 10
    faults = []
    for number in range(max(REQUESTS // 5, len(forms))):
        url, names = forms[number % len(forms)]
        sent = {name: chance.choice(VALUES) for name in names if chance.random() < 0.8}
        sent |= {"_form_submitted": "True", "post": "yes"}
        response = client.post(url, sent)
        if response.status_code >= 500:
            faults.append(f"{response.status_code} {url}: {str(sent)[:300]}")
        for close in response._resource_closers:  # response.close() would end the connection
            close()
    assert faults == []
