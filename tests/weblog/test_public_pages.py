import datetime as dt
import re

import pytest
from django.core.cache import cache
from django.template.loader import get_template
from django.urls import reverse
from django.utils.html import strip_tags

from tests.factories import make_blog, make_category, make_user
from weblog.models import Blog, OldAddress
from weblog.signals import blog_viewed

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

STRICT_CSP = (
    "default-src 'none'; style-src 'self'; img-src 'self'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
PAGES = ["/", "/category/tech/", "/authors/{author.pk}/", "/blogs/first/", "/search/", "/nowhere/"]


def test_blog_is_shown_with_its_author(client):
    author = make_user(first_name="Ada", last_name="Lindqvist")
    blog = make_blog(author=author, title="Night & train", body="<p>It <em>waits</em>.</p>")
    page = client.get(blog.get_absolute_url()).content.decode()
    assert '<h1 dir="auto">Night &amp; train</h1>' in page
    assert f'By <a href="/authors/{author.pk}/" rel="author"><bdi>Ada Lindqvist</bdi></a>' in page
    assert "<p>It <em>waits</em>.</p>" in page


def test_blog_says_how_long_it_takes_to_read(client):
    page = client.get(make_blog(body="<p>word</p>" * 714).get_absolute_url()).content.decode()
    assert "3 min to read" in page
    assert "714 words" in page


def test_co_authors_are_named_beside_the_author(client):
    blog = make_blog(author=make_user(first_name="Ada", last_name="Lindqvist"))
    others = [make_user(first_name=name, last_name="Marsh") for name in ("Bo", "Cyan")]
    blog.co_authors.set(others)
    for url in (blog.get_absolute_url(), reverse("weblog:blog_list")):
        page = strip_tags(client.get(url).content.decode())
        assert re.search("Ada Lindqvist, (Bo|Cyan) Marsh and (Bo|Cyan) Marsh", page)


def test_author_has_a_page_of_own_and_shared_blogs(client):
    author = make_user(first_name="Ada", last_name="Lindqvist")
    own, shared = make_blog(author=author), make_blog()
    shared.co_authors.add(author)
    make_blog(author=author, status=Blog.Status.DRAFT)
    response = client.get(reverse("weblog:author_blogs", args=[author.pk]))
    assert set(response.context["page_obj"]) == {own, shared}
    assert "<title>Ada Lindqvist · Imprint Press</title>" in response.content.decode()


@pytest.mark.parametrize("pk", [0, 10**30])
def test_unknown_author_is_not_found(client, pk):
    assert client.get(f"/authors/{pk}/").status_code == 404


def test_who_has_nothing_to_read_has_no_page(client):
    author = make_blog(status=Blog.Status.DRAFT).author
    assert client.get(reverse("weblog:author_blogs", args=[author.pk])).status_code == 404


def test_list_shows_the_opening_of_a_blog_without_summary(client):
    make_blog(body="<p>It <em>waits</em> &amp; waits.</p><p>Then</p>")
    page = client.get(reverse("weblog:blog_list")).content.decode()
    assert "It waits &amp; waits. Then" in page


def test_blog_tells_other_sites_what_it_is(client):
    picture = '<img src="/media/pictures/2026/11/boat.jpg" alt="A boat">'
    blog = make_blog(title='Night "train"', slug="night", summary="In short.", body=picture)
    page = client.get(blog.get_absolute_url()).content.decode()
    for tag in (
        '<link rel="canonical" href="http://testserver/blogs/night/">',
        '<meta name="description" content="In short.">',
        '<meta property="og:type" content="article">',
        '<meta property="og:title" content="Night &quot;train&quot;">',
        '<meta property="og:url" content="http://testserver/blogs/night/">',
        '<meta property="og:image" content="http://testserver/media/pictures/2026/11/boat.jpg">',
    ):
        assert tag in page


def test_second_page_of_a_list_has_an_address_of_its_own(client):
    author, category = make_user(), make_category()
    for _ in range(11):
        make_blog(author=author, category=category)
    page = client.get("/?page=2&utm=x").content.decode()
    assert '<link rel="canonical" href="http://testserver/?page=2">' in page


def test_old_address_leads_to_the_blog(client, views):
    blog = make_blog(slug="new")
    OldAddress.objects.create(slug="old", blog=blog)
    response = client.get(reverse("weblog:blog_detail", args=["old"]))
    assert (response.status_code, response["Location"]) == (301, "/blogs/new/")
    assert response["Cache-Control"] == "private, no-cache"
    assert views == []


def test_old_address_of_a_hidden_blog_is_not_found(client):
    OldAddress.objects.create(slug="old", blog=make_blog(status=Blog.Status.ARCHIVED))
    assert client.get(reverse("weblog:blog_detail", args=["old"])).status_code == 404


def test_many_categories_fold_into_one(client):
    for number in range(9):
        make_category(f"Topic {number}")
    page = client.get(reverse("weblog:blog_list")).content.decode()
    assert "<summary>Categories</summary>" in page


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


@pytest.mark.thorough
def test_list_has_ten_blogs_on_a_page(client):
    author, category = make_user(), make_category()
    for _ in range(11):
        make_blog(author=author, category=category)
    first = client.get(reverse("weblog:blog_list"))
    second = client.get(reverse("weblog:blog_list", query={"page": 2}))
    assert [len(first.context["page_obj"]), len(second.context["page_obj"])] == [10, 1]
    assert 'href="?page=2"' in first.content.decode()
    assert 'href="?page=1"' in second.content.decode()


@pytest.mark.parametrize("page", ["0", "-1", "3", "last", "zz", "1.5", "9" * 400, "%00"])
def test_page_that_does_not_exist_is_not_found(client, page):
    assert client.get(f"/?page={page}").status_code == 404


def test_empty_list_says_what_to_expect(client):
    make_category("Tech")
    assert "Our authors are writing" in client.get(reverse("weblog:blog_list")).content.decode()
    page = client.get(reverse("weblog:category_blogs", args=["tech"])).content.decode()
    assert "No blog has been published in Tech so far" in page


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("/", 3),
        ("/category/tech/", 4),
        ("/authors/{author.pk}/", 4),
        ("/blogs/first/", 4),
        ("/search/?q=blog", 3),
        ("/search/", 1),
        ("/feed/", 2),
        ("/feed/atom/", 2),
        ("/sitemap.xml", 4),
        ("/sitemap-blogs.xml", 2),
        ("/sitemap-categories.xml", 2),
        ("/sitemap-authors.xml", 2),
        ("/robots.txt", 0),
        ("/nowhere/", 0),
    ],
)
def test_number_of_queries_does_not_grow(
    client, monkeypatch, django_assert_num_queries, url, expected
):
    monkeypatch.setattr(blog_viewed, "receivers", [])  # what others do with a view is theirs
    author, category = make_user(), make_category("Tech")
    make_blog(slug="first", author=author, category=category)
    for blogs in (2, 20):
        while Blog.objects.count() < blogs:
            blog = make_blog(author=author, category=category)
            blog.co_authors.add(make_user())
        cache.clear()
        with django_assert_num_queries(expected):
            client.get(url.format(author=author))


@pytest.mark.parametrize("url", PAGES)
def test_public_pages_are_strict_and_private(client, url):
    blog = make_blog(slug="first", category=make_category("Tech"), body='<p style="x:y">Text</p>')
    response = client.get(url.format(author=blog.author))
    page = response.content.decode()
    assert response["Content-Security-Policy"] == STRICT_CSP
    assert response["Cache-Control"] == "private, no-cache"
    assert ("<script" in page, "<style" in page, "style=" in page) == (False, False, False)


def test_page_that_is_not_found_looks_like_the_others(client):
    response = client.get("/nowhere/")
    assert response.status_code == 404
    assert "This page is not here" in response.content.decode()


def test_page_of_a_fault_looks_like_the_others(client, monkeypatch):
    monkeypatch.setattr(Blog, "author_name", property(lambda blog: 1 / 0))
    client.raise_request_exception = False
    response = client.get(make_blog().get_absolute_url())
    assert response.status_code == 500
    assert response["Content-Security-Policy"] == STRICT_CSP
    assert "Something went wrong on our side" in response.content.decode()


def test_page_of_a_fault_needs_nothing(django_assert_num_queries):
    with django_assert_num_queries(0):
        assert "Something went wrong on our side" in get_template("500.html").render()


@pytest.mark.parametrize("path", ["/", "/search/", "/category/tech/", "/blogs/arp/", "/authors/1/"])
def test_options_tells_what_may_be_asked(client, views, path):
    make_blog(slug="arp", category=make_category("Tech"))
    response = client.options(path)
    assert response.status_code == 200
    assert response["Allow"] == "GET, HEAD, OPTIONS"
    assert views == []


@pytest.mark.cases(8)
@pytest.mark.parametrize(
    "host", ["LOCALHOST", "localhost.", "localhost:1234", "127.0.0.1", "testserver:80"]
)
@pytest.mark.parametrize(
    "path",
    ["/", "/blogs/kept/", "/feed/", "/feed/atom/", "/robots.txt", "/sitemap.xml",
     "/sitemap-blogs.xml", "/search/"],
)  # fmt: skip
def test_no_link_takes_the_host_that_a_reader_sends(client, host, path):
    make_blog(slug="kept", body='<p><img src="/media/pictures/2026/11/x.png" alt="x"></p>')
    sent = {"HTTP_HOST": host, "HTTP_X_FORWARDED_HOST": "evil.example"}
    sent |= {"HTTP_X_FORWARDED_PROTO": "gopher", "wsgi.url_scheme": "https"}
    page = client.get(path, **sent).content.decode()
    assert host not in page.replace("http://testserver", "")
    assert "evil.example" not in page
    assert "https://testserver" not in page
    after = client.get(path).content.decode()
    assert host not in after.replace("http://testserver", "")


def test_site_has_the_name_that_the_settings_give_it(client, settings):
    settings.SITE_NAME = "The Evening Leaf"
    blog = make_blog()
    for url in (reverse("weblog:blog_list"), blog.get_absolute_url(), "/nowhere/", "/feed/"):
        page = client.get(url).content.decode()
        assert "The Evening Leaf" in page
        assert "Imprint" not in page
