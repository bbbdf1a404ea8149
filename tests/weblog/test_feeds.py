import pytest
from defusedxml import ElementTree
from django.urls import reverse

from tests.factories import make_blog, make_category, make_user
from weblog.models import Blog

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql]

FEEDS = ["feed", "atom_feed"]


@pytest.mark.parametrize("name", FEEDS)
def test_feed_has_what_is_live(client, name):
    author = make_user(first_name="Ada", last_name="Lindqvist")
    blog = make_blog(title="Shown", author=author, category=make_category("Tech"), summary="Short.")
    blog.co_authors.add(make_user(first_name="Bo", last_name="Marsh"))
    make_blog(title="Hidden", status=Blog.Status.DRAFT)
    feed = client.get(reverse(f"weblog:{name}")).content.decode()
    for part in ("Shown", "Short.", "Ada Lindqvist, Bo Marsh", "Tech", blog.get_absolute_url()):
        assert part in feed
    assert "Hidden" not in feed


@pytest.mark.parametrize(
    ("name", "content_type"),
    [("feed", "application/rss+xml"), ("atom_feed", "application/atom+xml")],
)
def test_feed_says_what_it_is(client, name, content_type):
    assert client.get(reverse(f"weblog:{name}"))["Content-Type"].startswith(content_type)


@pytest.mark.parametrize("name", FEEDS)
def test_feed_is_xml_whatever_a_title_holds(client, name):
    make_blog(title="Bell \x07, \x1b, \ufffe & <b>", summary="\x0b", category=make_category("\x01"))
    feed = ElementTree.fromstring(client.get(reverse(f"weblog:{name}")).content)
    assert "Bell , ,  & <b>" in "".join(feed.itertext())


@pytest.mark.parametrize("name", FEEDS)
def test_feed_without_blogs_is_empty(client, name):
    response = client.get(reverse(f"weblog:{name}"))
    assert response.status_code == 200
    assert "Blog" not in response.content.decode()
