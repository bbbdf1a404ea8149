import pytest
from django.db import OperationalError, connection
from django.test import Client
from django.urls import reverse

from backoffice import error_pages
from tests.factories import make_user

pytestmark = [pytest.mark.django_db, pytest.mark.any_database, pytest.mark.slow]

BLOG = "/admin/weblog/blog/add/"


@pytest.fixture
def strict():
    """A browser that checks the CSRF token of forms."""
    client = Client(enforce_csrf_checks=True)
    client.force_login(make_user("edda", is_superuser=True))
    return client


def test_page_of_another_role_is_refused_in_the_theme(client):
    client.force_login(make_user("edda"))
    response = client.get(reverse("admin:axes_accessattempt_changelist"))
    assert response.status_code == 403
    assert "This is not open to you" in response.text
    assert "backoffice/admin.css" in response.text


def test_missing_page_has_the_look_of_where_it_was_asked(client):
    assert "There is no such page" in _get_missing(client, "/admin/nothing/")
    assert "This page is not here" in _get_missing(client, "/nothing/")


def _get_missing(client, path):
    client.force_login(make_user(path[1:4] + "x", is_superuser=True))
    response = client.get(path)
    assert response.status_code == 404
    assert "Retry-After" not in response
    return response.text


def test_form_with_an_old_token_gets_back_what_was_typed(strict):
    values = {"title": "Typed for an hour", "password": "hidden-one"}
    response = strict.post(BLOG, values, headers={"Sec-Fetch-Site": "same-origin"})
    assert response.status_code == 403
    assert "Please send this once more" in response.text
    assert "Typed for an hour" in response.text
    assert "hidden-one" not in response.text
    assert "csrfmiddlewaretoken" in response.text


@pytest.mark.parametrize("site", ["cross-site", "same-site", "none", ""])
def test_form_of_another_site_is_not_given_back_filled_in(strict, site):
    headers = {"Sec-Fetch-Site": site} if site else {}
    response = strict.post(BLOG, {"title": "Planted"}, headers=headers)
    assert response.status_code == 403
    assert "Planted" not in response.text
    assert "csrfmiddlewaretoken" not in response.text


def test_sign_in_with_an_old_token_says_what_to_do():
    response = Client(enforce_csrf_checks=True).post(reverse("admin:login"), {"username": "edda"})
    assert response.status_code == 403
    assert "Please send this once more" in response.text
    assert "DEBUG" not in response.text


FAILING = pytest.mark.urls("tests.backoffice.failing_urls")


@FAILING
@pytest.mark.parametrize(
    ("path", "look"), [("/admin/fail/", "backoffice/admin.css"), ("/fail/", "weblog/site.css")]
)
def test_failure_has_the_look_of_where_it_happened_and_a_way_on(path, look):
    client = Client(raise_request_exception=False)
    response = client.get(path)
    assert response.status_code == 500
    assert "Something went wrong on our side" in response.text
    assert look in response.text
    assert ('href="/admin/"' if "admin" in path else 'href="/"') in response.text
    assert "default-src" in response.headers["Content-Security-Policy"]
    assert "no-store" in response.headers["Cache-Control"] or "admin" not in path
    assert "geheim" not in response.text


@FAILING
def test_failure_keeps_what_was_typed(strict):
    client = Client(raise_request_exception=False)
    client.force_login(make_user(is_superuser=True))
    response = client.post("/admin/fail/", {"note": "Typed for an hour", "password": "hidden-one"})
    assert response.status_code == 500
    assert "Typed for an hour" in response.text
    assert "hidden-one" not in response.text


def _lose_database(execute, sql, params, many, context):
    raise OperationalError("The database is away.")


@pytest.mark.parametrize("path", ["/admin/", "/admin/weblog/blog/", "/"])
def test_failure_of_the_database_itself_has_its_page(path):
    client = Client(raise_request_exception=False)
    client.force_login(make_user(is_superuser=True))
    with connection.execute_wrapper(_lose_database):
        response = client.get(path)
    assert response.status_code == 500
    assert "Something went wrong on our side" in response.text


@FAILING
def test_page_of_a_failure_that_fails_is_replaced(monkeypatch):
    monkeypatch.setattr(error_pages, "refuse", None)
    response = Client(raise_request_exception=False).get("/admin/fail/")
    assert response.status_code == 500
    assert "Something went wrong on our side" in response.text


def test_refused_page_leads_back_to_our_own_page_before_alone(client):
    client.force_login(make_user("edda"))
    closed = reverse("admin:axes_accessattempt_changelist")
    before = "http://testserver/admin/account/?x=1"
    assert 'href="/admin/account/?x=1"' in client.get(closed, headers={"Referer": before}).text
    for other in ("http://evil.example/admin/account/", "http://testserver/x/", "x", "//[", ""):
        assert "the page before" not in client.get(closed, headers={"Referer": other}).text
