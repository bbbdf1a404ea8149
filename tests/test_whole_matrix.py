"""Every URL x everybody x own, others', signed, missing and impossible rows x every method.

`make test` asks each route once for some people, by one method and for one row in turn, and
`make test-rest` all of the matrix for all of them. A route that no rule below knows fails. Which
pages each role opens stands in test_permission_matrix.py.
"""

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse

from tests import matrix
from tests.matrix import FEW_GARBAGE, GARBAGE, METHODS, PEOPLE

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

READING = ("GET", "HEAD", "OPTIONS")
# Tables that a page writes to although nobody asked for a change: that somebody was here.
NOTED = {"backoffice_accountsession"}
PROBES = {"healthz": {200}, "readyz": {200, 503}, "metrics": {404}}
ENTRANCES = {
    "login", "logout", "account_login", "mfa_authenticate", "password_reset",
    "admin_password_reset",
    "password_reset_done", "password_reset_confirm", "password_reset_complete",
}  # fmt: skip
PUBLIC = {
    "blog_list", "category_blogs", "author_blogs", "blog_detail", "search", "feed", "atom_feed",
    "robots_txt", "sitemap", "sitemap_section", "picture",
}  # fmt: skip
IMPOSSIBLE = {"missing", *GARBAGE}
REFUSED = {400, 403, 404, 405}


@pytest.fixture(scope="module")
def people(django_db_setup, django_db_blocker):
    """{person: account}, among rows of all kinds. They are made once."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield matrix.make_matrix_rows()
        transaction.set_rollback(True)


def classify(route):
    """Return the family of rules that the route is under, or None."""
    if route.name in PROBES:
        return "probe"
    if route.name.removeprefix("weblog:") in PUBLIC and route.name.startswith("weblog:"):
        return "public"
    if route.name in ENTRANCES:
        return "entrance"
    if route.text.startswith("admin/"):
        is_old = route.name.endswith(("/<path:rest>", "/<path:object_id>/")) or (
            route.name == route.text and not route.parameters
        )
        return "old address" if is_old else "staff"
    return None


def expect(person, route, kind, method):
    """Return the codes that may be the answer."""
    family = classify(route)
    if family == "probe":
        return PROBES[route.name] if method in ("GET", "HEAD") else {405}
    if family == "public":
        found = {404} if kind in IMPOSSIBLE else {200, 304}
        return (
            found
            if method in ("GET", "HEAD")
            else {200, 404}
            if method == "OPTIONS"
            else {404, 405}
        )
    if family == "entrance":
        return {200, 302, 404, 405}
    if person in ("stranger", "reader"):
        return {302}
    if family == "old address":
        return {302, 308}
    if kind in IMPOSSIBLE:
        # Not there, or not for this person to ask for; nothing is done with it, and nothing breaks.
        # OPTIONS of allauth's pages tells the methods of a page, of whichever row.
        tells = {200} if method == "OPTIONS" and route.name.startswith("mfa_") else set()
        return {403, 404, 405} | tells
    return {200, 302, *REFUSED}


def ask(client, cookie, method, address):
    """Return (code, where a redirect leads, the tables written to), and take all of it back."""
    if cookie:
        client.cookies[cookie.key] = cookie.value
    body = {"data": "post=yes", "content_type": "application/x-www-form-urlencoded"}
    with transaction.atomic(), matrix.written_tables() as tables:
        response = client.generic(method, address, **(body if method == "POST" else {}))
        for close in response._resource_closers:  # close() would take the database along
            close()
        transaction.set_rollback(True)
    return response.status_code, response.headers.get("Location", ""), set(tables)


def find_faults(person, user, cells):
    """Return what is not as the rules say, of all cells, as (what is wrong, cell, answer)."""
    client, cookie, faults = Client(raise_request_exception=False), None, []
    if user:
        client.force_login(user)
        cookie = client.cookies["sessionid"]
    sign_in = (reverse("admin:login"), reverse("account_login"), reverse("admin:index"))
    with matrix.unrendered():
        for route, kind, method, address in cells:
            code, leads_to, tables = ask(client, cookie, method, address)
            cell = (route.name, kind, method)
            is_impossible = kind in matrix.GARBAGE and leads_to.endswith("/change/")
            if is_impossible or leads_to.split("?")[0] == f"{address}change/":
                continue  # no page has this address: Django takes it for that of a row
            if code not in expect(person, route, kind, method):
                faults.append(("code", cell, code, leads_to))
            is_sent_off = person in ("stranger", "reader") and classify(route) == "staff"
            if is_sent_off and leads_to.split("?")[0] not in sign_in:
                faults.append(("leads elsewhere", cell, leads_to))
            is_refused = 400 <= code < 500
            if (method != "POST" or is_refused) and tables - NOTED:
                faults.append(("writes", cell, sorted(tables)))
    return faults


def list_cells(user, garbage):
    for route in matrix.list_routes():
        for kind, address in matrix.list_addresses(route, user, garbage):
            for method in METHODS:
                yield route, kind, method, address


@pytest.mark.any_database
def test_every_route_has_its_rules():
    unknown = [route for route in matrix.list_routes() if classify(route) is None]
    assert unknown == []


@pytest.mark.thorough
@pytest.mark.any_database
@pytest.mark.cases(1)
@pytest.mark.parametrize("person", PEOPLE)
def test_each_route_answers_each_person_as_the_rules_say(person, people):
    """One cell of each route, each time another kind of row and another method."""
    user, turn, cells = people[person], PEOPLE.index(person), []
    for number, route in enumerate(matrix.list_routes()):
        addresses = list(matrix.list_addresses(route, user, FEW_GARBAGE))
        kind, address = addresses[(number + turn) % len(addresses)]
        cells.append((route, kind, METHODS[(number + 2 * turn) % len(METHODS)], address))
    assert find_faults(person, user, cells) == []


@pytest.mark.timeout(1200)  # two minutes of a whole core, and more where coverage follows it
@pytest.mark.any_database
@pytest.mark.thorough
@pytest.mark.parametrize("person", PEOPLE)
def test_whole_matrix(person, people):
    assert find_faults(person, people[person], list_cells(people[person], FEW_GARBAGE[:1])) == []


@pytest.mark.thorough
@pytest.mark.parametrize("person", ["superuser", "Finance", "Authors"])
@pytest.mark.parametrize("name", GARBAGE)
def test_no_row_has_an_impossible_key(person, name, people):
    """Numbers beyond every database's, NUL, other digits, halves of UUIDs: 404, on each page."""
    cells = [
        (route, kind, "GET", address)
        for route in matrix.list_routes()
        for kind, address in matrix.list_addresses(route, people[person], [name])
        if kind == name
    ]
    assert len(cells) > 200
    assert find_faults(person, people[person], cells) == []
