import pytest

from tests.factories import make_blog
from weblog.errors import NotReady
from weblog.hooks import Remark, add_remarks, remove_remarks
from weblog.models import Blog
from weblog.publishing.readiness import check_ready, find_remarks
from weblog.publishing.workflow import publish_blog, submit_for_review

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]


def remarks_on(body, **values):
    """The weblog's own remarks on an unsaved text."""
    return [remark.text for remark in find_remarks(Blog(slug="this", body=body, **values))]


@pytest.mark.parametrize("body", ["", "<p></p>", "<p>&nbsp;<br></p>", "<h2> </h2>"])
@pytest.mark.parametrize("move", [submit_for_review, publish_blog])
def test_empty_blog_is_neither_submitted_nor_published(body, move, editor):
    blog = make_blog(title="Later", body=body, status=Blog.Status.DRAFT)
    with pytest.raises(NotReady, match="It has no text yet"):
        move(blog=blog, by=editor)
    assert Blog.objects.get().status == Blog.Status.DRAFT


def test_picture_alone_is_a_text():
    assert (
        remarks_on('<figure><img src="/media/pictures/2026/11/a.jpg" alt="A cat"></figure>') == []
    )


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("<h3>Low</h3><p>x</p>", "A heading 3 follows the title."),
        ("<h2>a</h2><h4>b</h4><p>x</p>", "A heading 4 follows a heading 2."),
        ("<h2>a</h2><h3>b</h3><h2>c</h2><h5>d</h5>", "A heading 5 follows a heading 2."),
    ],
)
def test_heading_order_that_skips_is_named(body, says):
    (remark,) = remarks_on(body)
    assert remark.startswith(says)


@pytest.mark.parametrize("body", ["<h2>a</h2><h3>b</h3><h2>c</h2>", "<p>no heading</p>"])
def test_headings_in_order_are_not_mentioned(body):
    assert remarks_on(body) == []


@pytest.mark.parametrize(
    "href",
    [
        "/blogs/hidden/",
        "/blogs/hidden/#part",
        "http://localhost:8000/blogs/hidden/?a=1&amp;b=2",
        "HTTP://LOCALHOST:8000/blogs/hidden/",
        "//localhost:8000/blogs/hid%64en/",
    ],
)
@pytest.mark.parametrize(
    ("status", "says"),
    [("draft", "a draft"), ("in_review", "in review"), ("archived", "in the archive")],
)
def test_link_to_a_blog_that_readers_do_not_find_is_named(settings, href, status, says):
    settings.SITE_URL = "http://localhost:8000"
    make_blog(title="Hidden", slug="hidden", status=status)
    body = f'<p>See <a href="{href}">this</a> and <a href="{href}">this</a>.</p>'
    assert remarks_on(body) == [f"It links to “Hidden”, which readers don’t find: it is {says}."]


def test_links_that_lead_somewhere_are_not_mentioned():
    make_blog(slug="live")
    hrefs = [
        "/blogs/live/",
        "/blogs/this/",
        "https://example.org/blogs/nowhere/",
        "/",
        "#a",
        "http://[",
    ]
    assert remarks_on("".join(f'<p><a href="{href}">x</a></p>' for href in hrefs)) == []


def test_links_to_no_blog_and_into_the_back_office_are_named():
    body = '<p><a href="/blogs/nowhere/">x</a> <a href="/admin/weblog/blog/1/preview/">y</a></p>'
    assert remarks_on(body) == [
        "The link /admin/weblog/blog/1/preview/ leads into the back-office: readers can’t follow "
        "it.",
        "It links to /blogs/nowhere/: no blog is there.",
    ]


def test_other_apps_have_their_say_and_may_stop_it():
    add_remarks("test", lambda blog: [Remark("Mild."), Remark("Stop.", is_blocking=True)])
    try:
        blog = make_blog(title="Ready")
        assert [remark.text for remark in find_remarks(blog)][:1] == ["Stop."]
        with pytest.raises(NotReady, match="Stop"):
            check_ready(blog)
    finally:
        remove_remarks("test")
