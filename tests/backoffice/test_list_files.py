import csv
import hashlib
import io

import pytest
from django.contrib import admin
from django.utils.html import format_html

from backoffice import list_files
from backoffice.models import SecurityEvent
from tests.doors import make_rows
from tests.factories import make_category, make_user
from weblog.models import Category

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]

URL = "/admin/lists/download/"


def take(client, list_name="weblog_category", query=""):
    return client.post(URL, {"list": list_name, "query": query})


def read(response):
    assert response.status_code == 200
    return list(csv.reader(io.StringIO(response.content.decode("utf-8-sig"))))


@pytest.fixture
def clerk(client, make_clerk):
    clerk = make_clerk("weblog.view_category")
    client.force_login(clerk)
    return clerk


def test_file_has_all_pages_of_what_the_list_is_narrowed_to(clerk, client):
    for number in range(30):
        make_category(f"Series {number:02}")
    make_category("Tech")
    rows = read(take(client, query="q=series&p=2"))
    assert rows[0] == ["Name", "Slug", "Blogs"]
    assert len(rows) == 31
    assert rows[1] == ["Series 00", "series-00", "0"]


def test_taking_a_list_is_in_the_trail_with_its_sha256(clerk, client):
    make_category("Tech")
    response = take(client)
    event = SecurityEvent.objects.get(kind="list_exported")
    assert event.by == clerk
    assert "Categories, everything, 1 row, SHA-256 " in event.detail
    assert hashlib.sha256(response.content).hexdigest() in event.detail


def test_closed_list_and_unknown_list_are_refused(clerk, client):
    for name in ("auth_user", "weblog_blog", "nothing", ""):
        assert take(client, name).status_code == 404
    assert not SecurityEvent.objects.filter(kind="list_exported").exists()


def test_get_hands_out_nothing(clerk, client):
    assert client.get(URL, {"list": "weblog_category"}).status_code == 405


def test_too_many_rows_are_refused_in_words(clerk, client, monkeypatch):
    monkeypatch.setattr(list_files, "MOST_ROWS", 1)
    make_category("Tech")
    assert len(read(take(client))) == 2
    make_category("Sports")
    response = client.post(URL, {"list": "weblog_category", "query": ""}, follow=True)
    assert "The list has more than 1 rows. Search or filter it" in response.text


def test_formula_is_text(clerk, client):
    make_category("=1+1")
    assert read(take(client))[1][0] == "'=1+1"


def bold(category):
    return format_html("<b>{}</b>", category.name)


@pytest.mark.parametrize(
    ("name", "told"),
    [("R&D: <div> & 1 < 2", "R&D: <div> & 1 < 2"), ('="&"&1', '\'="&"&1')],
)
def test_cells_say_what_the_list_says_sign_by_sign(clerk, client, monkeypatch, name, told):
    categories = admin.site.get_model_admin(Category)
    monkeypatch.setattr(categories, "get_list_display", lambda request: ["name", bold])
    make_category(name)
    assert read(take(client))[1] == [told, told]


@pytest.mark.parametrize("query", ["body__regex=x", "o=99.zz", "%00", "q=" + "x" * 300])
def test_what_the_list_does_not_know_is_left_out(clerk, client, query):
    make_category("Tech")
    assert take(client, query=query).status_code in (200, 302)


@pytest.mark.thorough
def test_every_list_of_ours_can_be_taken(client):
    make_rows()
    client.force_login(make_user(is_superuser=True))
    for model in admin.site._registry:
        name = f"{model._meta.app_label}_{model._meta.model_name}"
        rows = read(take(client, name))
        assert len(rows) > 1 or not model._base_manager.exists(), name
        assert not any("<" in cell for row in rows for cell in row), name
