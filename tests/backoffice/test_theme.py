import pytest
from django.contrib.staticfiles import finders
from django.test import RequestFactory

from backoffice import navigation, theme
from tests.factories import make_blog

pytestmark = pytest.mark.any_database


def read_sidebar(user, path="/admin/"):
    request = RequestFactory().get(path)
    request.user = user
    return {
        section.get("title"): {item["title"]: item for item in section["items"]}
        for section in navigation.build_navigation(request)
    }


def list_active(user, path):
    sections = read_sidebar(user, path).values()
    return [title for items in sections for title, item in items.items() if item["active"]]


def test_who_may_do_nothing_has_the_home_page_alone(make_clerk):
    assert {title: [*items] for title, items in read_sidebar(make_clerk()).items()} == {
        None: ["Home"]
    }


def test_each_link_needs_its_permission(make_clerk):
    clerk = make_clerk("weblog.view_category", "backoffice.view_audittrail", "auth.view_group")
    assert {title: [*items] for title, items in read_sidebar(clerk).items()} == {
        None: ["Home"],
        "Weblog": ["Categories"],
        "Control": ["Audit trail"],
        "Administration": ["Groups"],
    }


@pytest.mark.thorough
def test_every_link_opens(client, make_clerk):
    superuser = make_clerk(is_superuser=True)
    client.force_login(superuser)
    for items in read_sidebar(superuser).values():
        for item in items.values():
            assert client.get(item["link"]).status_code == 200, item["title"]


@pytest.mark.parametrize("model", ["gone.thing", "sessions.session"])
def test_link_to_what_has_no_page_is_left_out(make_clerk, monkeypatch, model):
    monkeypatch.setattr(
        navigation, "NAVIGATION", {"Billing": [navigation.Link("Gone", "x", model)]}
    )
    assert [*read_sidebar(make_clerk(is_superuser=True))] == [None]


def test_review_queue_is_counted_for_who_publishes(make_clerk):
    make_blog(status="in_review")
    make_blog(status="published")
    editor = make_clerk("weblog.view_blog", "weblog.publish_blog")
    item = read_sidebar(editor)["Weblog"]["To review"]
    assert item["link"] == "/admin/review/"
    assert item["badge"] == 1
    assert "To review" not in read_sidebar(make_clerk("weblog.view_blog"))["Weblog"]


@pytest.mark.parametrize(
    ("path", "active"),
    [
        ("/admin/", ["Home"]),
        ("/admin/weblog/blog/", ["Blogs"]),
        ("/admin/weblog/blog/7/change/", ["Blogs"]),
        ("/admin/weblog/newtext/", ["New texts"]),
        ("/admin/review/", ["To review"]),
        ("/admin/audit-trail/", ["Audit trail"]),
        ("/admin/auth/user/", ["Users"]),
        ("/admin/nowhere/", []),
    ],
)
def test_one_link_is_lit(make_clerk, path, active):
    assert list_active(make_clerk(is_superuser=True), path) == active


def test_demo_is_marked(settings):
    assert theme.name_environment(None) is None
    settings.DEBUG = True
    assert theme.name_environment(None) == ["Demo", "warning"]


@pytest.mark.django_db
def test_login_page_finds_its_files(client):
    page = client.get("/admin/login/").content.decode()
    for name in ("icon.svg", "login.svg", "admin.css"):
        assert f"/static/backoffice/{name}" in page
        assert finders.find(f"backoffice/{name}")
