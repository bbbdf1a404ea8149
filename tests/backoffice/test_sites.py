import pytest
from django.contrib import admin
from django.contrib.auth.models import Permission

from backoffice.sites import BackofficeSite
from tests.factories import make_category

pytestmark = pytest.mark.any_database

URL = "/admin/search/"


def test_our_site_is_the_admin_site():
    assert isinstance(admin.site, BackofficeSite)


def search(client, term, **params):
    response = client.get(URL, {"s": term} | params)
    assert response.status_code == 200
    return [result.title for result in response.context["results"]]


def test_finds_pages_and_rows(client, make_clerk):
    make_category("Technology")
    client.force_login(make_clerk("weblog.view_category"))
    assert search(client, "techno") == ["Technology"]
    assert search(client, "categor") == ["Categories"]


@pytest.mark.parametrize("page", ["zz", "0", "-1", "999", "1.0", ""])
def test_page_that_is_none_is_no_fault(client, make_clerk, page):
    make_category("Technology")
    client.force_login(make_clerk("weblog.view_category"))
    assert search(client, "techno", page=page) == ["Technology"]


@pytest.mark.parametrize("term", ["", "  ", "\0"])
def test_no_term_finds_nothing(client, make_clerk, term):
    client.force_login(make_clerk(is_superuser=True))
    assert client.get(URL, {"s": term}).content == b""


def test_withdrawn_permission_counts_at_once(client, make_clerk):
    make_category("Technology")
    clerk = make_clerk("weblog.view_category")
    client.force_login(clerk)
    assert search(client, "techno") == ["Technology"]
    clerk.user_permissions.remove(Permission.objects.get(codename="view_category"))
    client.force_login(clerk)  # whose rights change signs in again
    assert search(client, "techno") == []


def test_ten_rows_of_a_model_are_enough(client, make_clerk):
    for number in range(12):
        make_category(f"Series {number}")
    client.force_login(make_clerk("weblog.view_category"))
    assert len(search(client, "series")) == 10


def test_row_that_matches_twice_is_found_once(client, make_clerk, monkeypatch):
    make_category("Technology")
    client.force_login(make_clerk("weblog.view_category"))
    model_admin = admin.site.get_model_admin(type(make_category("Technology")))
    monkeypatch.setattr(
        model_admin, "get_search_results", lambda request, queryset, term: (queryset, True)
    )
    assert search(client, "techno") == ["Technology"]


def test_searching_needs_staff(client, make_clerk):
    client.force_login(make_clerk(is_staff=False))
    assert client.get(URL, {"s": "x"}).status_code == 302
