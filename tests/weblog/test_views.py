import datetime as dt

import pytest
from django.urls import reverse
from django.utils import timezone

from tests.factories import make_blog, make_user
from weblog.models import Blog
from weblog.publishing.workflow import archive_blog
from weblog.signals import blog_viewed

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql]

TOMORROW = timezone.now() + dt.timedelta(days=1)


def test_view_is_told_with_its_facts(client, views, time_machine):
    time_machine.move_to(dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC), tick=False)
    blog = make_blog()
    client.get(
        blog.get_absolute_url(),
        REMOTE_ADDR="203.0.113.9",
        headers={"user-agent": "Mozilla/5.0"},
    )
    assert views == [
        {
            "signal": blog_viewed,
            "sender": Blog,
            "blog": blog,
            "viewed_at": dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC),
            "ip_address": "203.0.113.9",
            "user_agent": "Mozilla/5.0",
            "user": None,
        }
    ]


def test_view_names_who_is_signed_in(client, views):
    reader = make_user()
    client.force_login(reader)
    client.get(make_blog().get_absolute_url())
    assert [view["user"] for view in views] == [reader]


def test_reader_without_a_user_agent_is_told_as_such(client, views):
    client.get(make_blog().get_absolute_url())
    assert [view["user_agent"] for view in views] == [""]


def test_head_is_no_view(client, views):
    assert client.head(make_blog().get_absolute_url()).status_code == 200
    assert views == []


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-purpose": "prefetch"},
        {"sec-purpose": "prefetch;prerender"},
        {"purpose": "prefetch"},
        {"x-purpose": "preview"},
        {"x-moz": "Prefetch"},
    ],
)
def test_page_fetched_on_speculation_is_no_view(client, views, headers):
    assert client.get(make_blog().get_absolute_url(), headers=headers).status_code == 200
    assert views == []


@pytest.mark.parametrize(
    "values",
    [
        {"status": Blog.Status.DRAFT},
        {"status": Blog.Status.IN_REVIEW},
        {"status": Blog.Status.ARCHIVED},
        {"status": Blog.Status.PUBLISHED, "publish_at": TOMORROW},
    ],
    ids=["draft", "in review", "archived", "scheduled"],
)
def test_blog_that_is_not_live_is_not_found(client, views, values):
    blog = make_blog(**values)
    client.force_login(blog.author)
    assert client.get(blog.get_absolute_url()).status_code == 404
    assert blog.title not in client.get(reverse("weblog:blog_list")).content.decode()
    assert views == []


def test_unknown_blog_is_not_found(client, views):
    assert client.get(reverse("weblog:blog_detail", args=["nowhere"])).status_code == 404
    assert views == []


def test_post_is_refused(client, views):
    assert client.post(make_blog().get_absolute_url()).status_code == 405
    assert views == []


def test_page_that_cannot_be_rendered_is_no_view(client, views, monkeypatch):
    blog = make_blog()
    monkeypatch.setattr(Blog, "author_name", property(lambda blog: 1 / 0))
    with pytest.raises(ZeroDivisionError):
        client.get(blog.get_absolute_url())
    assert views == []


def test_receiver_that_fails_does_not_break_the_page(client):
    def fail(**arguments):
        raise RuntimeError("The receiver failed.")

    blog_viewed.connect(fail)
    try:
        response = client.get(make_blog().get_absolute_url())
    finally:
        blog_viewed.disconnect(fail)
    assert response.status_code == 200


# Pages that the reader's browser has already


def test_page_that_the_browser_has_is_a_view_all_the_same(client, views):
    url = make_blog().get_absolute_url()
    first = client.get(url)
    again = client.get(url, headers={"if-none-match": first["ETag"]})
    assert (first.status_code, again.status_code) == (200, 304)
    assert again.content == b""
    assert (again["ETag"], again["Cache-Control"]) == (first["ETag"], "private, no-cache")
    assert again["Content-Security-Policy"] == first["Content-Security-Policy"]
    assert len(views) == 2


def test_page_that_has_not_changed_since_is_a_view_all_the_same(client, views):
    url = make_blog().get_absolute_url()
    since = client.get(url)["Last-Modified"]
    assert client.get(url, headers={"if-modified-since": since}).status_code == 304
    assert len(views) == 2


def test_page_is_new_as_soon_as_the_blog_is_saved(client):
    blog = make_blog(body="<p>Ebb</p>")
    url = blog.get_absolute_url()
    etag = client.get(url)["ETag"]
    blog.body = "<p>Flood</p>"
    blog.save()
    response = client.get(url, headers={"if-none-match": etag})
    assert response.status_code == 200
    assert "Flood" in response.content.decode()
    archive_blog(blog=blog, by=make_user())
    assert client.get(url).status_code == 404


def test_page_is_new_a_minute_after_a_name_on_it_changed(client, time_machine):
    blog = make_blog()
    url = blog.get_absolute_url()
    etag = client.get(url)["ETag"]
    blog.author.first_name = "Ada"
    blog.author.save()
    time_machine.move_to(timezone.now() + dt.timedelta(seconds=61))
    response = client.get(url, headers={"if-none-match": etag})
    assert response.status_code == 200
    assert "Ada" in response.content.decode()


def test_page_that_is_kept_takes_one_query(client, monkeypatch, django_assert_num_queries):
    monkeypatch.setattr(blog_viewed, "receivers", [])  # what others do with a view is theirs
    url = make_blog().get_absolute_url()
    page = client.get(url).content
    with django_assert_num_queries(1):
        assert client.get(url).content == page


@pytest.mark.parametrize(
    "headers", [{"if-match": '"another"'}, {"if-unmodified-since": "Sat, 01 Jan 2000 00:00:00 GMT"}]
)
def test_page_refused_for_its_conditions_is_no_view(client, views, headers):
    assert client.get(make_blog().get_absolute_url(), headers=headers).status_code == 412
    assert views == []


def test_head_of_a_page_that_the_browser_has_is_no_view(client, views):
    url = make_blog().get_absolute_url()
    etag = client.head(url)["ETag"]
    assert client.head(url, headers={"if-none-match": etag}).status_code == 304
    assert views == []


@pytest.mark.parametrize("url", ["/", "/search/?q=blog", "/feed/", "/feed/atom/", "/robots.txt"])
def test_every_page_is_sent_once(client, url):
    make_blog()
    etag = client.get(url)["ETag"]
    assert client.get(url, headers={"if-none-match": etag}).status_code == 304
