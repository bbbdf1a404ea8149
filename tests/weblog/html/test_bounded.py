"""Texts built to take long, or to crash the browser of their readers."""

import contextlib
import os

import pytest
from django.core.management import call_command
from django.db import connection
from django.urls import reverse

from backoffice.bounded import Bounds
from tests.factories import make_blog, make_category, make_user
from weblog.errors import TextRefused
from weblog.html.bounded import FEW_TAGS, _clean_apart, clean_html, show_html
from weblog.html.cleaning import MOST_CHARACTERS
from weblog.models import Blog

pytestmark = [pytest.mark.django_db, pytest.mark.any_database, pytest.mark.slow]

NESTED = {
    "lists": "<ul><li>" * 40_000,
    "closed lists": "<ul><li>" * 30_000 + "</li></ul>" * 15_000,
    "divisions": "<div>" * 90_000,
    "unknown": "<x-y>" * 90_000,
    "tables": "<table><tr><td>" * 30_000,
    "bold before each table": "".join(f"<a><b id={i}><table>" for i in range(20_000)),
    "bold in each paragraph": "".join(f"<b id={i}>" for i in range(20_000)) + "<p>x" * 30_000,
    "hidden ends": "<ul><!-- </ul> -->" * 25_000,
    "ends in attributes": "<ul title='</ul>'>" * 25_000,
    "ends out of reach": "<ul><table></ul></table>" * 20_000,
    "quotations in quotations": "<blockquote>" * 300 + "x" + "</blockquote>" * 300,
    "quotes": "<img alt='" * 45_000,
    "open comments": "<!-" * 150_000,
    "half tags": "<" * 490_000,
    "half entities": "&" * 490_000,
}


def seconds_used():
    """Return the processor time of this process and its children, not of other programs."""
    return sum(os.times()[:4])


@pytest.fixture
def quick(monkeypatch):
    _clean_apart.cache_clear()
    monkeypatch.setattr("weblog.html.bounded.BOUNDS", Bounds(seconds=0.5, memory=200_000_000))


@pytest.mark.thorough
@pytest.mark.parametrize("name", NESTED)
def test_hostile_text_is_cleaned_or_refused_in_little_time(quick, name):
    started = seconds_used()
    with contextlib.suppress(TextRefused):
        clean_html(NESTED[name])
    assert seconds_used() - started < 2


@pytest.mark.thorough
@pytest.mark.parametrize("name", ["lists", "tables", "divisions", "quotations in quotations"])
def test_text_that_is_nested_too_deeply_is_refused(quick, name):
    with pytest.raises(TextRefused, match=r"200 tags are nested|more than 0.5 seconds"):
        clean_html(NESTED[name])


@pytest.mark.thorough
def test_such_a_text_is_shown_as_its_words(quick):
    assert show_html(NESTED["lists"] + "Last words").split() == ["<p>", "Last", "words</p>"]


@pytest.mark.parametrize(
    "text",
    [
        "<p>Some <b>bold</b> words.</p>\n" * 10_000,
        "<p>Left open, as people write." * 3_000,
        "<!-- wp:paragraph -->\n<p>A<br>B</p>\n<!-- /wp:paragraph -->\n" * 3_000,
        "<ul>" + "<li>One<li>Two" * 2_000 + "</ul>",
        "<table>" + "<tr><td>1<td>2" * 2_000 + "</table>",
        "<iframe src='https://example.org/'></iframe><p>A</p>" * 2_000,
        "<ul><li>" * 99 + "x" + "</li></ul>" * 99,
    ],
)
def test_long_text_of_people_is_taken(text):
    assert text.count("<") > FEW_TAGS or len(text) < 2_000
    assert clean_html(text) == clean_html(clean_html(text))


def test_text_longer_than_a_book_is_refused():
    assert clean_html("x" * MOST_CHARACTERS)
    with pytest.raises(TextRefused, match=r"500,001 characters, and 500,000 are the most"):
        clean_html("x" * (MOST_CHARACTERS + 1))


@pytest.mark.thorough
def test_form_keeps_what_was_typed_and_says_why(admin_client):
    body = "<ul><li>" * 40_000
    values = {"title": "A", "slug": "a", "category": make_category().pk}
    values |= {"author": make_user("an.author").pk, "body": body, "version": ""}
    started = seconds_used()
    page = admin_client.post(reverse("admin:weblog_blog_add"), values).content.decode()
    assert seconds_used() - started < 5
    assert "Paste it as plain text" in page or "tags are nested" in page
    assert "&lt;ul&gt;&lt;li&gt;" * 40_000 in page
    assert not Blog.objects.exists()


@pytest.mark.thorough
def test_fixture_with_such_a_text_is_refused(tmp_path):
    blog = make_blog(title="A")
    path = tmp_path / "blogs.json"
    with path.open("w") as file:
        call_command("dumpdata", "weblog.blog", stdout=file)
    path.write_text(path.read_text().replace(f'"{blog.body}"', f'"{NESTED["divisions"]}"'))
    with pytest.raises(TextRefused):
        call_command("loaddata", path, verbosity=0)


@pytest.mark.thorough
@pytest.mark.parametrize("place", ["public", "preview", "list", "feed", "change"])
def test_such_a_text_that_is_stored_already_breaks_no_page(quick, admin_client, place):
    blog = make_blog(title="A")
    table = Blog._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE {table} SET body = %s", [NESTED["lists"] + "Last words"])  # noqa: S608
    addresses = {
        "public": blog.get_absolute_url(),
        "preview": reverse("admin:weblog_blog_preview", args=[blog.pk]),
        "list": "/",
        "feed": "/feed/",
        "change": reverse("admin:weblog_blog_change", args=[blog.pk]),
    }
    started = seconds_used()
    response = admin_client.get(addresses[place])
    assert response.status_code == 200
    assert seconds_used() - started < 5
    if place in ("public", "preview"):
        assert "Last words" in response.content.decode()
