"""An address of a video on a line of its own becomes a link; readers ask nobody else for it."""

import pytest
from django.db import connection
from django.urls import reverse

from tests.factories import make_blog
from tests.weblog.admin.blog_forms import change_url, values_of
from weblog import videos
from weblog.models import Blog
from weblog.video_titles import find_site, read_title
from weblog.videos import find_titles, link_videos

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]

VIDEO = "https://www.youtube.com/watch?v=a1&t=9"
SHOWN = "https://www.youtube.com/watch?v=a1&amp;t=9"


@pytest.fixture
def asked(monkeypatch):
    """The videos whose titles were asked for; none of the sites is."""
    asked = []

    def find_title(address):
        asked.append(address)
        return "Night <trains>" if address == VIDEO else ""

    monkeypatch.setattr(videos, "find_title", find_title)
    return asked


def link(body):
    return link_videos(body, find_titles(body))


@pytest.mark.parametrize("line", [SHOWN, f'<a href="{SHOWN}">{SHOWN}</a>', f"\n {SHOWN} "])
def test_line_becomes_a_link_with_its_title(asked, line):
    linked = f'<p>A</p><p><a href="{SHOWN}">Night &lt;trains&gt;</a></p>'
    assert link(f"<p>A</p><p>{line}</p>") == linked
    assert asked == [VIDEO]
    assert link(linked) == linked


def test_site_that_says_no_title_leaves_the_address(asked):
    linked = '<p><a href="https://vimeo.com/76979871">https://vimeo.com/76979871</a></p>'
    assert link("<p>https://vimeo.com/76979871</p>") == linked


@pytest.mark.parametrize(
    "body",
    [
        f"<p>See {SHOWN}</p>",
        f"<ul><li>{SHOWN}</li></ul>",
        f"<pre>{SHOWN}</pre>",
        "<p>https://example.org/watch?v=a1</p>",
        "<p>https://www.youtube.com/</p>",
        '<p><a href="https://example.org/">https://youtu.be/a1</a></p>',
        "<p>https://youtube.com.example.org/watch</p>",
        "<p>https://evil.example/?https://youtu.be/a1</p>",
        "<p>javascript://youtu.be/a1</p>",
    ],
)
def test_everything_else_stays_and_nobody_is_asked(asked, body):
    assert link(body) == body
    assert asked == []


def test_three_titles_are_asked_for_at_a_time(asked):
    body = "".join(f"<p>https://youtu.be/a{number}</p>" for number in range(5))
    assert link(body).count("<a href=") == 5
    assert len(asked) == 3


@pytest.mark.parametrize(
    ("content", "title"),
    [
        (b'{"title": "Night\\n trains"}', "Night trains"),
        (b'{"title": ["x"]}', ""),
        (b"{}", ""),
        (b"[]", ""),
        (b"<html>", ""),
        (b'{"title": "' + b"x" * 900 + b'"}', "x" * 200),
    ],
)
def test_title_is_read_from_what_the_site_says(content, title):
    assert read_title(content) == title


@pytest.mark.parametrize("address", ["https://[", "http://youtu.be/", "ftp://youtu.be/a1", ""])
def test_what_is_no_video_has_no_site(address):
    assert find_site(address) == ""


def test_form_links_it_and_leaves_a_text_that_nobody_changed(client, editor, asked):
    body = f"<p>{SHOWN}</p>"
    blog = make_blog(status=Blog.Status.DRAFT, body=body)
    client.force_login(editor)
    assert client.post(change_url(blog), values_of(blog, title="Other")).status_code == 302
    blog.refresh_from_db()
    assert (blog.body, asked) == (body, [])
    assert client.post(change_url(blog), values_of(blog, body=f"{body}<p>B</p>")).status_code == 302
    blog.refresh_from_db()
    link = f'<a href="{SHOWN}" rel="noopener noreferrer">Night &lt;trains&gt;</a>'
    assert blog.body == f"<p>{link}</p><p>B</p>"


@pytest.mark.parametrize("is_button", [False, True])
def test_no_transaction_waits_for_the_site_of_a_video(client, editor, monkeypatch, is_button):
    """On SQLite nobody else could write for as long."""
    depth, depths = len(connection.savepoint_ids), []
    monkeypatch.setattr(
        videos,
        "find_title",
        lambda address: depths.append(len(connection.savepoint_ids)) or "Title",
    )
    blog = make_blog(status=Blog.Status.DRAFT, body="<p>A</p>")
    client.force_login(editor)
    values = values_of(blog, body=f"<p>A</p><p>{SHOWN}</p>")
    if is_button:
        typed = {f"typed-{name}": value for name, value in values.items()}
        url = reverse("admin:weblog_blog_submit", args=[blog.pk])
        client.post(url, typed)  # opens the dialog
        client.post(url, typed | {"_form_submitted": "True"})
    else:
        client.post(change_url(blog), values)
    blog.refresh_from_db()
    assert ">Title</a>" in blog.body
    assert depths == [depth]


@pytest.mark.parametrize("key", ["x", "9" * 30, "a_2F"])
def test_form_of_no_blog_is_still_not_there(client, editor, asked, key):
    client.force_login(editor)
    url = reverse("admin:weblog_blog_change", args=[key])
    assert client.post(url, {"body": f"<p>{SHOWN}</p>"}).status_code in (302, 404)
