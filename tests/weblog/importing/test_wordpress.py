import datetime as dt
import io
import tracemalloc

import pytest

from tests.weblog.posts import make_item, make_wxr
from weblog.errors import ImportRefused
from weblog.importing.paragraphs import add_paragraphs
from weblog.importing.wordpress import WordPressExport

pytestmark = [pytest.mark.any_database, pytest.mark.slow]

UTC = dt.UTC


def read(data):
    return list(WordPressExport(io.BytesIO(data), "site.xml").read_posts())


def test_post_is_read_with_all_that_a_blog_has():
    more = (
        '<category domain="category" nicename="tech"><![CDATA[Tech & more]]></category>'
        "<excerpt:encoded><![CDATA[<b>Short</b>]]></excerpt:encoded>"
    )
    source = WordPressExport(io.BytesIO(make_wxr(make_item(7, more=more))), "site.xml")
    (post,) = source.read_posts()
    assert (post.source, post.place) == ("https://example.com/?p=7", "item 1, “Hello”")
    assert (post.title, post.slug, post.body) == ("Hello", "hello-7", "<p>Text</p>")
    assert (post.summary, post.categories) == ("Short", ["Tech & more"])
    assert (post.authors, post.status, post.problems) == (["rosa"], "published", [])
    assert post.publish_at == dt.datetime(2020, 2, 3, 4, 5, 6, tzinfo=UTC)
    person = source.people["rosa"]
    assert (person.first_name, person.last_name, person.email) == (
        "Rosa",
        "Diaz",
        "rosa@example.com",
    )


@pytest.mark.parametrize(
    ("status", "becomes"),
    [
        ("publish", "published"),
        ("future", "published"),
        ("pending", "in_review"),
        ("draft", "draft"),
        ("private", "draft"),
    ],
)
def test_status_is_the_sources(status, becomes):
    assert [post.status for post in read(make_wxr(make_item(status=status)))] == [becomes]


def test_protected_post_is_not_made_public():
    assert read(make_wxr(make_item(post_password="x")))[0].status == "draft"


def make_meta(**values):
    return "".join(
        f"<wp:postmeta><wp:meta_key>{key}</wp:meta_key><wp:meta_value>{value}</wp:meta_value>"
        "</wp:postmeta>"
        for key, value in values.items()
    )


@pytest.mark.parametrize("access", ["subscribers", "paid_subscribers", "new one"])
def test_post_for_some_readers_is_not_made_public(access):
    (post,) = read(make_wxr(make_item(more=make_meta(_jetpack_newsletter_access=access))))
    assert post.status == "draft"
    assert post.notes["not for every reader, so it comes in as a draft"] == 1


@pytest.mark.parametrize("access", ["", "everybody"])
def test_post_for_everybody_stays_public(access):
    (post,) = read(make_wxr(make_item(more=make_meta(_jetpack_newsletter_access=access))))
    assert post.status == "published"


def test_last_day_that_a_plugin_keeps_is_the_posts():
    def expires(**values):
        meta = make_meta(**{key.replace("_date", "-date"): value for key, value in values.items()})
        (post,) = read(make_wxr(make_item(more=meta.replace("date_status", "date-status"))))
        return post.expires_at, len(post.problems)

    second = "1577836800"
    day = dt.datetime(2020, 1, 1, tzinfo=UTC)
    assert expires(_expiration_date=second, _expiration_date_status="saved") == (day, 0)
    assert expires(_expiration_date=second, _expiration_date_status="done") == (None, 0)
    assert expires(_expiration_date=second) == (None, 0)
    assert expires(_expiration_date="soon", _expiration_date_status="saved") == (None, 1)


def test_pages_and_the_bin_are_left_out_and_counted():
    items = [
        make_item(1, post_type="page"), make_item(2, post_type="attachment"),
        make_item(3, status="trash"), make_item(4),
    ]  # fmt: skip
    source = WordPressExport(io.BytesIO(make_wxr(*items)), "site.xml")
    for _ in range(2):
        assert len(list(source.read_posts())) == 1
        assert source.skipped == {"page": 1, "attachment": 1, "post (trash)": 1}


def test_authors_of_the_plugin_come_in_its_order():
    more = "".join(
        f'<category domain="author" nicename="cap-{name}">x</category>' for name in ("amy", "rosa")
    )
    assert read(make_wxr(make_item(more=more)))[0].authors == ["amy", "rosa"]
    assert read(make_wxr(make_item(creator="bo", more=more)))[0].authors == ["bo", "amy", "rosa"]


def test_date_of_a_draft_is_none_and_a_bad_one_is_named():
    zero = "0000-00-00 00:00:00"
    post = read(make_wxr(make_item(status="draft", post_date_gmt=zero, post_date=zero)))[0]
    assert (post.publish_at, post.problems) == (None, [])
    post = read(make_wxr(make_item(post_date_gmt="2020-13-01 00:00:00")))[0]
    assert "wp:post_date_gmt: “2020-13-01 00:00:00Z” is no date" in post.problems[0]


def test_local_time_is_the_houses(settings):
    settings.TIME_ZONE = "Europe/Berlin"
    post = read(make_wxr(make_item(post_date_gmt="", post_date="2020-07-01 12:00:00")))[0]
    assert post.publish_at == dt.datetime(2020, 7, 1, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("One\n\nTwo\nmore", "<p>One</p>\n<p>Two<br>more</p>"),
        ("<h2>Head</h2>\n\nText", "<h2>Head</h2>\n<p>Text</p>"),
        ("<!-- wp:paragraph -->\n<p>x</p>", "<!-- wp:paragraph --><p>x</p>"),
        ("", ""),
    ],
)
def test_blank_lines_become_paragraphs(text, html):
    assert add_paragraphs(text) == html


def test_picture_becomes_a_link():
    body = '<p><img class="x" src="https://example.com/a.png" alt="A cat"><img src="/b.png"></p>'
    post = read(make_wxr(make_item(body=body)))[0]
    assert post.body == (
        '<p><a href="https://example.com/a.png">[A cat]</a>'
        '<a href="https://example.com/b.png">[picture]</a></p>'
    )
    assert post.notes == {"pictures made links to their old place": 2}


@pytest.mark.parametrize("data", [make_wxr(make_item())[:-20], b"<rss><a></b></rss>", b"<"])
def test_broken_xml_is_refused_with_its_line(data):
    with pytest.raises(ImportRefused, match=r"no well-formed XML: .*, line"):
        read(data)


@pytest.mark.parametrize("version", ["", "abc", "2.0"])
def test_version_that_is_not_known_is_refused(version):
    data = make_wxr(make_item()).replace(b"1.2</wp:wxr", f"{version}</wp:wxr".encode())
    with pytest.raises(ImportRefused, match="WXR version"):
        read(data)


@pytest.mark.parametrize(
    "declaration",
    [
        '<!DOCTYPE rss [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE rss [<!ENTITY a "ha"><!ENTITY x "&a;&a;&a;&a;">]>',
        '<!DOCTYPE rss SYSTEM "https://example.com/x.dtd">',
    ],
)
def test_entities_and_document_types_are_refused(declaration):
    data = make_wxr(make_item(title="&x;")).replace(b"<rss", declaration.encode() + b"<rss", 1)
    with pytest.raises(ImportRefused, match="can hide an attack"):
        read(data)


@pytest.mark.thorough
def test_memory_does_not_grow_with_the_file():
    def peak(count):
        file = io.BytesIO(make_wxr(*(make_item(n, body="x" * 2000) for n in range(count))))
        tracemalloc.start()
        assert sum(1 for _ in WordPressExport(file, "site.xml").read_posts()) == count
        size = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return size

    few = peak(50)
    assert peak(500) < 1.2 * few  # six times as much, where all are held
