"""Text that breaks other people's sites, on every page that readers see: none of it runs."""

import itertools
import json
from html.parser import HTMLParser

import pytest
from defusedxml import ElementTree
from django.conf import settings
from django.contrib.auth.models import User
from django.urls import reverse
from django.utils import timezone

from tests.factories import make_blog, make_category, make_user
from tests.weblog.naughty import cut
from weblog.html.bounded import clean_html
from weblog.models import Blog, Category, NewText

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.any_database,
    pytest.mark.slow,
    pytest.mark.thorough,
]

FOLDER = settings.BASE_DIR.parent / "shared" / "data" / "bad-input"
ADDRESSES = ("href", "src", "action", "formaction", "data", "poster", "cite")
MORE = [
    '"><img src=x onerror=alert(1)>',
    '<a href="javascript:alert(1)">x</a><svg onload=alert(1)>',
    '<p style="background:url(//evil.example)">x</p><base href="//evil.example/">',
    '<iframe srcdoc="<script>alert(1)</script>"></iframe><form action="//evil.example">',
    '<img src="https://evil.example/pixel.png" alt="x"><link rel=stylesheet href=//evil.example>',
    "{{ 7|add:7 }} {% debug %}",
    "\u202eright to left\u202c \ufffe \x07",
]


@pytest.fixture(scope="module")
def bad_strings():
    if not FOLDER.is_dir():
        pytest.skip(f"No bad input in {FOLDER}.")
    strings = json.loads((FOLDER / "blns.json").read_text())
    return [*strings, *(FOLDER / "csv-payload.txt").read_text().splitlines(), *MORE]


@pytest.fixture(scope="module")
def bad_texts(bad_strings):
    """All of them in a few hundred pairs of texts: for short fields, and for long ones."""
    short, long = (list(cut(bad_strings, size)) for size in (95, 195))
    return list(zip(short, itertools.cycle(long), strict=False))


class Page(HTMLParser):
    """The parts of a page that a browser would run or fetch."""

    def __init__(self, html):
        super().__init__()
        self.dangers = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        if tag in ("script", "style", "iframe", "object", "embed", "base", "video", "audio"):
            self.dangers.append(tag)
        for name, value in attrs:
            scheme = (value or "").strip().lower().partition(":")[0]
            if name.startswith("on") or name in ("style", "srcdoc"):
                self.dangers.append(name)
            if name in ADDRESSES and scheme in ("javascript", "data", "vbscript"):
                self.dangers.append(value)
            if tag in ("img", "form", "source") and "//" in (value or "") and name in ADDRESSES:
                self.dangers.append(value)


@pytest.fixture
def fill(db):
    """Return a function that puts a text into every field of one blog, and into the names on it."""
    blog = make_blog(author=make_user(username="author"), category=make_category("Tech"))
    blog.co_authors.add(make_user(username="co-author"))
    new_text = NewText.objects.create(blog=blog, title="New", created_by=blog.author)

    def fill(short, long):
        texts = {"title": long, "summary": long, "body": f"<p>{long}</p>{long}"}
        User.objects.update(first_name=short, last_name=short)
        Category.objects.update(name=short)
        # A page is kept for as long as the blog was not saved.
        Blog.objects.update(**texts, updated_at=timezone.now())
        NewText.objects.update(**texts)
        return blog, new_text

    return fill


def test_nothing_that_a_body_holds_gets_through(bad_strings):
    for text in bad_strings:
        assert Page(clean_html(f"<p>{text}</p>{text}")).dangers == []


def test_nothing_that_a_field_holds_runs_on_a_page(client, bad_texts, fill, some_of):
    for texts in some_of(bad_texts, 50):
        blog, _ = fill(*texts)
        for url in (
            "/",
            blog.get_absolute_url(),
            reverse("weblog:author_blogs", args=[blog.author_id]),
            reverse("weblog:category_blogs", args=[blog.category.slug]),
        ):
            response = client.get(url)
            assert (response.status_code, Page(response.content.decode()).dangers) == (200, [])


def test_feeds_hold_it_as_text(client, bad_texts, fill, some_of):
    for texts in some_of(bad_texts, 50):
        fill(*texts)
        for url in ("/feed/", "/feed/atom/", "/sitemap-blogs.xml"):
            assert ElementTree.fromstring(client.get(url).content) is not None


def test_nothing_runs_in_a_preview(client, superuser, bad_texts, fill, some_of):
    client.force_login(superuser)
    for texts in some_of(bad_texts, 50):
        for row in fill(*texts):
            url = reverse(f"admin:weblog_{row._meta.model_name}_preview", args=[row.pk])
            response = client.get(url)
            assert (response.status_code, Page(response.content.decode()).dangers) == (200, [])


def test_nothing_that_is_searched_for_runs(client, bad_strings, some_of):
    make_blog()
    for text in some_of(bad_strings, 100):
        response = client.get(reverse("weblog:search"), {"q": text})
        assert (response.status_code, Page(response.content.decode()).dangers) == (200, [])


def test_every_address_is_answered(client, bad_strings, some_of):
    for text in some_of(bad_strings, 100):
        for url in (f"/blogs/{text}/", f"/category/{text}/", f"/authors/{text}/", f"/media/{text}"):
            assert client.get(url.replace("\0", "")).status_code in (301, 404)
