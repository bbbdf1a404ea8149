import pytest
from django.urls import reverse

from tests.factories import make_blog, make_category, make_user
from weblog.models import Blog

pytestmark = pytest.mark.django_db


def test_feed_has_what_is_live(client, django_assert_num_queries):
    author = make_user(first_name="Ada", last_name="Lindqvist")
    make_blog(title="Shown", author=author, category=make_category("Tech"), summary="In short.")
    make_blog(title="Hidden", status=Blog.Status.DRAFT)
    with django_assert_num_queries(1):
        feed = client.get(reverse("weblog:feed")).content.decode()
    for part in ("Shown", "In short.", "Ada Lindqvist", "<category>Tech</category>"):
        assert part in feed
    assert "Hidden" not in feed


def test_feed_without_blogs_is_empty(client):
    response = client.get(reverse("weblog:feed"))
    assert response.status_code == 200
    assert "<item>" not in response.content.decode()
