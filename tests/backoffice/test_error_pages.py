import pytest
from django.test import Client
from django.urls import reverse

from tests.factories import make_user

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]

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
