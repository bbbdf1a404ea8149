import datetime as dt

import pytest
from django.urls import reverse

from tests.factories import make_blog, make_user
from weblog.models import Blog

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql]


def listed(client, **query):
    response = client.get(reverse("admin:weblog_blog_changelist", query=query))
    assert response.status_code == 200
    return set(response.context["cl"].queryset)


@pytest.fixture
def march():
    """Blogs of the first hour of 3 March and the last of 4 March, in the zone of the office."""
    return {
        day: make_blog(publish_at=dt.datetime(2026, 3, *moment, tzinfo=dt.UTC))
        for day, moment in {3: (2, 23, 30), 4: (4, 22, 30)}.items()
    }


@pytest.mark.parametrize(
    ("query", "days"),
    [
        ({"publish_at_from": "03/03/2026"}, {3, 4}),
        ({"publish_at_from": "04/03/2026"}, {4}),
        ({"publish_at_to": "03/03/2026"}, {3}),
        ({"publish_at_from": "03/03/2026", "publish_at_to": "04/03/2026"}, {3, 4}),
        ({"publish_at_from": "05/03/2026"}, set()),
        ({"publish_at_from": "soon", "publish_at_to": ""}, {3, 4}),
    ],
)
def test_days_are_included_and_read_in_british_order(client, superuser, march, query, days):
    client.force_login(superuser)
    assert listed(client, **query) == {march[day] for day in days}


def test_authors_of_blogs_are_offered_by_name(client, editor):
    ada = make_user("demo.ada", first_name="Ada", last_name="Lindqvist")
    blog = make_blog(author=ada)
    make_blog(author=make_user("demo.bruno"))
    make_user("demo.nobody")
    client.force_login(editor)
    page = client.get(reverse("admin:weblog_blog_changelist")).content.decode()
    assert ">Ada Lindqvist</option>" in page
    assert ">demo.bruno</option>" in page
    assert "demo.nobody" not in page
    assert listed(client, author__id__exact=ada.pk) == {blog}


def test_review_queue_is_a_filter(client, editor):
    waiting = make_blog(status=Blog.Status.IN_REVIEW)
    make_blog()
    client.force_login(editor)
    assert listed(client, status__exact="in_review") == {waiting}
