"""Nobody is stopped by a link of ours: whoever sees it may follow it."""

import re
from html import unescape
from urllib.parse import urljoin, urlsplit

import pytest
from django.urls import resolve

from tests.factories import make_user

pytestmark = [pytest.mark.django_db, pytest.mark.any_database, pytest.mark.slow]

LINKS = re.compile(r'<a\b[^>]*?\shref="([^"]*)"[^>]*>', re.DOTALL)
# The first is that of `make test`: authors have the fewest links.
ROLES = ["Authors", "Finance", "Editors", "Approvers", "Auditors", "administrator", None]
# What a link does rather than shows, and what takes long to make.
NOT_FOLLOWED = {"logout", "weblog:picture", "billing_payoutbatch_pack"}
MOST_OF_A_KIND = 2


def make_person(role):
    if role == "administrator":
        return make_user(is_superuser=True)
    return make_user(groups=[role] if role else [])


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.cases(1)
def test_every_link_that_a_role_sees_leads_somewhere(role, doors, client):
    client.force_login(make_person(role))
    waiting, seen, kinds, closed = [("/admin/", "")], {"/admin/"}, {}, []
    while waiting:
        url, where = waiting.pop(0)
        response = client.get(url)
        if response.status_code >= 400:
            closed.append(f"{where} leads to {url}: {response.status_code}")
        if response.status_code != 200 or "text/html" not in response["Content-Type"]:
            continue
        for link in LINKS.findall(response.content.decode()):
            found = urljoin(url, unescape(link).partition("#")[0])
            kind = find_kind(found)
            if kind in NOT_FOLLOWED or found in seen or not kind:
                continue
            seen.add(found)
            kinds[kind] = kinds.get(kind, 0) + 1
            if kinds[kind] <= MOST_OF_A_KIND:
                waiting.append((found, url))
    assert closed == []
    assert len(seen) > 5


def find_kind(url):
    """Return the name of the page, and of what an address asks of it; none for other sites."""
    parts = urlsplit(url)
    if parts.netloc or parts.scheme:
        return ""
    return resolve(parts.path).view_name.removeprefix("admin:") + ("?" if parts.query else "")
