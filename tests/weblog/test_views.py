import datetime as dt

import pytest
from django.template.loader import get_template
from django.urls import reverse
from django.utils import timezone

from tests.factories import make_blog, make_category, make_user
from weblog.models import Blog
from weblog.signals import blog_viewed

pytestmark = pytest.mark.django_db

STRICT_CSP = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
TOMORROW = timezone.now() + dt.timedelta(days=1)


@pytest.fixture
def views():
    """The arguments of every blog_viewed that was sent."""
    received = []

    def receive(**arguments):
        received.append(arguments)

    blog_viewed.connect(receive)
    yield received
    blog_viewed.disconnect(receive)


# The signal


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


# The pages


def test_blog_is_shown_with_its_author(client):
    author = make_user(first_name="Ada", last_name="Lindqvist")
    blog = make_blog(author=author, title="Night & train", body="<p>It <em>waits</em>.</p>")
    page = client.get(blog.get_absolute_url()).content.decode()
    assert "<h1>Night &amp; train</h1>" in page
    assert "By Ada Lindqvist" in page
    assert "<p>It <em>waits</em>.</p>" in page


def test_list_has_the_latest_first(client):
    old = make_blog(publish_at=dt.datetime(2026, 1, 1, tzinfo=dt.UTC))
    new = make_blog(publish_at=dt.datetime(2026, 2, 1, tzinfo=dt.UTC))
    assert list(client.get(reverse("weblog:blog_list")).context["page_obj"]) == [new, old]


def test_category_has_its_own_blogs(client):
    sports = make_category("Sports")
    blog = make_blog(category=sports)
    make_blog()
    response = client.get(reverse("weblog:category_blogs", args=["sports"]))
    assert list(response.context["page_obj"]) == [blog]
    assert "<title>Sports · Imprint Press</title>" in response.content.decode()


def test_unknown_category_is_not_found(client):
    assert client.get(reverse("weblog:category_blogs", args=["nowhere"])).status_code == 404


def test_list_has_ten_blogs_on_a_page(client):
    author, category = make_user(), make_category()
    for _ in range(11):
        make_blog(author=author, category=category)
    first = client.get(reverse("weblog:blog_list"))
    second = client.get(reverse("weblog:blog_list", query={"page": 2}))
    assert [len(first.context["page_obj"]), len(second.context["page_obj"])] == [10, 1]
    assert 'href="?page=2"' in first.content.decode()
    assert 'href="?page=1"' in second.content.decode()


@pytest.mark.parametrize("page", ["0", "-1", "3", "zz", "1.5", "9" * 400, "%00"])
def test_page_that_does_not_exist_is_not_found(client, page):
    assert client.get(f"/?page={page}").status_code == 404


def test_empty_list_says_what_to_expect(client):
    make_category("Tech")
    assert "Our authors are writing" in client.get(reverse("weblog:blog_list")).content.decode()
    page = client.get(reverse("weblog:category_blogs", args=["tech"])).content.decode()
    assert "No blog has been published in Tech so far" in page


@pytest.mark.parametrize("name", ["blog_list", "category_blogs", "blog_detail"])
def test_number_of_queries_does_not_grow(client, monkeypatch, django_assert_num_queries, name):
    monkeypatch.setattr(blog_viewed, "receivers", [])  # what others do with a view is theirs
    category = make_category("Tech")
    args = {"blog_list": [], "category_blogs": ["tech"], "blog_detail": ["first"]}[name]
    expected = {"blog_list": 3, "category_blogs": 4, "blog_detail": 2}[name]
    make_blog(slug="first", category=category)
    for blogs in (2, 20):
        while Blog.objects.count() < blogs:
            make_blog(category=category)
        with django_assert_num_queries(expected):
            client.get(reverse(f"weblog:{name}", args=args))


@pytest.mark.parametrize("name", ["blog_list", "category_blogs", "blog_detail"])
def test_public_pages_are_strict_and_private(client, name):
    blog = make_blog(category=make_category("Tech"), body='<p style="color: red">Text</p>')
    args = {"blog_list": [], "category_blogs": ["tech"], "blog_detail": [blog.slug]}[name]
    response = client.get(reverse(f"weblog:{name}", args=args))
    page = response.content.decode()
    assert response["Content-Security-Policy"] == STRICT_CSP
    assert response["Cache-Control"] == "private, no-cache"
    assert ("<script" in page, "<style" in page, "style=" in page) == (False, False, False)


def test_page_that_is_not_found_looks_like_the_others(client):
    response = client.get("/nowhere/")
    assert response.status_code == 404
    assert "This page is not here" in response.content.decode()


def test_page_of_a_fault_needs_nothing(django_assert_num_queries):
    with django_assert_num_queries(0):
        assert "Something went wrong on our side" in get_template("500.html").render()
