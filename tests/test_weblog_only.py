"""The site and the editors' admin without billing."""

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import connection
from django.urls import reverse

from backoffice.accounts.guards import GUARDS
from backoffice.checks import check_guards
from tests.factories import make_blog, make_user
from weblog.models import Blog
from weblog.publishing.workflow import publish_blog

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(apps.is_installed("billing"), reason="runs without billing, by the tests"),
    pytest.mark.postgresql,
]


def test_reader_opens_a_blog(client):
    blog = make_blog()
    assert client.get(reverse("weblog:blog_list")).status_code == 200
    assert client.get(blog.get_absolute_url()).status_code == 200


@pytest.mark.thorough
def test_editor_works_in_the_admin(client):
    call_command("loaddata", "fixtures/10_groups.json", verbosity=0)
    client.force_login(make_user(groups=["Editors"]))
    blog = make_blog(status=Blog.Status.IN_REVIEW)
    for url in (
        reverse("admin:index"),
        reverse("admin:weblog_blog_changelist"),
        reverse("admin:weblog_blog_add"),
        reverse("admin:weblog_blog_change", args=[blog.pk]),
        reverse("admin:weblog_blog_history", args=[blog.pk]),
        reverse("admin:weblog_category_changelist"),
    ):
        response = client.get(url)
        assert response.status_code == 200
        assert "billing" not in response.content.decode().lower()


def test_home_has_the_weblogs_part(client):
    call_command("loaddata", "fixtures/10_groups.json", verbosity=0)
    client.force_login(make_user(groups=["Editors"]))
    make_blog(status=Blog.Status.IN_REVIEW)
    context = client.get(reverse("admin:index")).context
    assert [card["label"] for card in context["cards"]] == ["Published blogs", "Waiting for review"]
    assert [task["text"] for task in context["tasks"]] == ["1 text waits for your review"]


def test_blog_goes_live():
    blog = publish_blog(blog=make_blog(status=Blog.Status.IN_REVIEW), by=make_user())
    assert blog.is_live


def test_health_knows_what_is_there_and_no_more(client, settings):
    settings.METRICS = True
    checks = client.get("/readyz").json()["checks"]
    assert checks.keys() >= {"database", "migrations", "job publish_new_texts"}
    assert checks.keys().isdisjoint({"spool", "fold"})
    metrics = client.get("/metrics").content.decode()
    assert "imprint_job_problem" in metrics
    assert "imprint_views" not in metrics


def test_missing_guards_are_told(client):
    assert client.get("/readyz").json()["checks"]["guards"] == {"ok": True}
    GUARDS.remove(connection)
    assert client.get("/readyz").json()["checks"]["guards"]["ok"] is False
    (warning,) = check_guards(None, databases=["default"])
    assert "backoffice_guard_securityevent_delete" in warning.msg
