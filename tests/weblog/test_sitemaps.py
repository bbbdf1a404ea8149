import datetime as dt
import re

import pytest

from tests.factories import make_blog, make_category, make_user
from weblog.sitemaps import BlogSitemap

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql]


def read_addresses(client, url):
    return re.findall("<loc>(.*?)</loc>", client.get(url).content.decode())


def test_sitemap_leads_to_everything_that_is_live(client):
    author, reader = make_user(), make_user()
    category = make_category("Tech")
    make_category("Empty")
    blog = make_blog(slug="shown", author=author, category=category)
    blog.co_authors.add(reader)
    make_blog(slug="hidden", status="draft", category=make_category("Hidden"))
    parts = read_addresses(client, "/sitemap.xml")
    assert parts == [
        f"http://testserver/sitemap-{part}.xml" for part in ("blogs", "categories", "authors")
    ]
    found = [address for part in parts for address in read_addresses(client, part)]
    assert found == [
        "http://testserver/blogs/shown/",
        "http://testserver/category/tech/",
        f"http://testserver/authors/{author.pk}/",
        f"http://testserver/authors/{reader.pk}/",
    ]


def test_sitemap_says_when_a_blog_changed(client, time_machine):
    time_machine.move_to(dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC), tick=False)
    make_blog()
    assert "<lastmod>2026-03-01</lastmod>" in client.get("/sitemap-blogs.xml").content.decode()


def test_long_sitemap_has_pages(client, monkeypatch):
    monkeypatch.setattr(BlogSitemap, "limit", 2)
    author, category = make_user(), make_category()
    for _ in range(3):
        make_blog(author=author, category=category)
    assert "http://testserver/sitemap-blogs.xml?p=2" in read_addresses(client, "/sitemap.xml")
    assert len(read_addresses(client, "/sitemap-blogs.xml?p=2")) == 1


@pytest.mark.thorough
@pytest.mark.parametrize("url", ["/sitemap-blogs.xml?p=9", "/sitemap-nowhere.xml"])
def test_sitemap_that_does_not_exist_is_not_found(client, url):
    assert client.get(url).status_code == 404


def test_robots_are_kept_from_the_admin_and_led_to_the_sitemap(client):
    response = client.get("/robots.txt")
    assert response["Content-Type"] == "text/plain; charset=utf-8"
    lines = response.content.decode().splitlines()
    assert lines[:3] == ["User-agent: *", "Disallow: /admin/", "Disallow: /search/"]
    assert lines[-1] == "Sitemap: http://testserver/sitemap.xml"
