from html.parser import HTMLParser

import pytest
from django.db import connection
from django.urls import reverse

from tests.factories import make_blog
from weblog.html.bounded import clean_html, count_words, estimate_minutes, is_own_picture

pytestmark = pytest.mark.any_database

SOURCE = "/media/pictures/2026/11/0123456789abcdef.webp"

# From the OWASP cheat sheet on filter evasion, and from the advisories on mXSS in sanitizers.
VECTORS = [
    "<script>alert(1)</script>",
    "<SCRIPT SRC=https://example.org/x.js></SCRIPT>",
    "<img src=x onerror=alert(1)>",
    '<img src="javascript:alert(1)">',
    "<IMG SRC=JaVaScRiPt:alert(1)>",
    '<img """><script>alert(1)</script>">',
    f'<img src="{SOURCE}" onload="alert(1)">',
    f'<img src="{SOURCE}" style="background:url(javascript:alert(1))">',
    "<svg onload=alert(1)>",
    "<svg><animate onbegin=alert(1) attributeName=x dur=1s>",
    '<svg><a xlink:href="javascript:alert(1)"><text y="1">x</text></a></svg>',
    '<math><mi xlink:href="data:x,<script>alert(1)</script>">',
    "<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img onerror=x()&gt;'>",
    '<noscript><p title="</noscript><img src=x onerror=alert(1)>">',
    "<form><math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>",
    '<a href="javascript:alert(1)">x</a>',
    '<a href="java\nscript:alert(1)">x</a>',
    '<a href="&#106;avascript:alert(1)">x</a>',
    '<a href=" javascript:alert(1)">x</a>',
    '<a href="data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==">x</a>',
    '<a href="vbscript:msgbox(1)">x</a>',
    "<iframe src=javascript:alert(1)></iframe>",
    "<object data=javascript:alert(1)></object>",
    "<embed src=javascript:alert(1)>",
    '<base href="https://example.org/">',
    '<meta http-equiv="refresh" content="0;url=javascript:alert(1)">',
    '<link rel="stylesheet" href="https://example.org/x.css">',
    "<style>@import 'https://example.org/x.css'</style>",
    '<div style="position:fixed;inset:0">x</div>',
    "<details open ontoggle=alert(1)>x</details>",
    "<body onload=alert(1)>",
    "<input autofocus onfocus=alert(1)>",
    "<video><source onerror=alert(1)></video>",
    '<form action="https://example.org/"><input name=password></form>',
    '<p id="csrf" class="bo-note" data-x="1">x</p>',
    "<template><script>alert(1)</script></template>",
    "<xmp><p title='</xmp><script>alert(1)</script>'>",
    "\x00<scr\x00ipt>alert(1)</scr\x00ipt>",
]
FORBIDDEN = (
    "<script", "<svg", "<math", "<iframe", "<object", "<embed", "<base", "<meta", "<link",
    "<style", "<form", "<input", "<template", "<noscript", "<body", "<video",
)  # fmt: skip


def attributes_of(html):
    found = []
    parser = HTMLParser()
    parser.handle_starttag = lambda tag, attributes: found.extend(
        (tag, name, value or "") for name, value in attributes
    )
    parser.feed(html)
    return found


def check_harmless(html):
    lowered = html.lower()
    assert not any(tag in lowered for tag in FORBIDDEN), html
    for tag, name, value in attributes_of(html):
        assert not name.startswith(("on", "style", "data-", "id", "class")), html
        assert name in {"href", "src", "alt", "title", "rel", "width", "height"}, html
        if name == "src":
            assert is_own_picture(value), html
        if name == "href":
            assert value.startswith(("http:", "https:", "mailto:", "tel:", "/", "#")), html
        assert (tag, name) != ("a", "style")


@pytest.mark.parametrize("vector", VECTORS)
def test_script_does_not_get_through(vector):
    cleaned = clean_html(f"<p>Before {vector} after</p>")
    check_harmless(cleaned)
    assert clean_html(cleaned) == cleaned


@pytest.mark.cases(10)
@pytest.mark.django_db
@pytest.mark.parametrize("vector", VECTORS)
def test_readers_get_no_script_even_from_a_table_that_was_written_past_the_field(client, vector):
    blog = make_blog(title="Plain", body="<p>Plain</p>")
    before = client.get(blog.get_absolute_url()).content.decode()
    with connection.cursor() as cursor:
        body = vector.replace("\x00", "")
        cursor.execute("UPDATE weblog_blog SET body = %s WHERE id = %s", [body, blog.pk])
    page = client.get(blog.get_absolute_url()).content.decode()
    article = page[page.index("<article") : page.index("</article>")]
    check_article = [name for _, name, _ in attributes_of(article) if name.startswith("on")]
    assert check_article == []
    for tag in ("<script", "<iframe", "<object", "<embed", "<base"):
        assert page.lower().count(tag) == before.lower().count(tag)
    assert "javascript:" not in "".join(value for *_, value in attributes_of(article)).lower()


@pytest.mark.cases(10)
@pytest.mark.django_db
@pytest.mark.parametrize("vector", VECTORS)
def test_admin_shows_no_script_from_such_a_table_either(client, auditor, vector):
    blog = make_blog(title="Plain", body="<p>Plain</p>")
    client.force_login(auditor)
    url = reverse("admin:weblog_blog_change", args=[blog.pk])
    before = client.get(url).content.decode().lower()
    with connection.cursor() as cursor:
        body = vector.replace("\x00", "")
        cursor.execute("UPDATE weblog_blog SET body = %s WHERE id = %s", [body, blog.pk])
    page = client.get(url).content.decode().lower()
    for text in ("<script", "<iframe", "<object", "<embed", "onerror=", "onload=", "<svg"):
        assert page.count(text) == before.count(text)


def test_own_picture_is_kept_with_what_describes_it():
    picture = f'<img src="{SOURCE}" alt="A &lt;flag&gt;" width="6" height="4">'
    assert clean_html(picture) == picture
    figure = f"<figure>{picture}<figcaption>Red <em>flag</em></figcaption></figure>"
    assert clean_html(figure) == figure


@pytest.mark.parametrize(
    "source",
    [
        "https://example.org/x.png",
        "//example.org/media/pictures/2026/11/x.png",
        "https://example.org/media/pictures/2026/11/x.png",
        "media/pictures/2026/11/x.png",
        "/media/pictures/2026/11/../11/x.png",
        "/media/pictures/2026/11/x.svg",
        "/media/pictures/2026/11/x.png?y",
        "/media/uploads/x.png",
        "/admin/logout/",
        "data:image/png;base64,AAAA",
        f"{SOURCE}\n",
        "",
    ],
)
def test_picture_from_elsewhere_is_dropped(source):
    assert clean_html(f'<p>A<img alt="x" src="{source}">B</p>') == "<p>AB</p>"
    assert clean_html(f'<figure><img src="{source}"></figure>') == ""


def test_picture_without_a_source_is_dropped_whatever_its_description():
    assert clean_html('<img alt="not src=&quot;x&quot; > here" width="1">') == ""


def test_tables_and_headings_are_kept():
    html = "<h2>A</h2><table><tbody><tr><td>1</td></tr></tbody></table><pre><code>a</code></pre>"
    assert clean_html(html) == html


@pytest.mark.parametrize(
    ("html", "words"),
    [
        ("", 0),
        ("<p></p>", 0),
        ("<p>One two</p><p>three</p>", 3),
        ("<ul><li>One</li><li>Two</li></ul>", 2),
        ("It's a well-known fact.", 4),
        ("&amp; &nbsp; &lt;", 0),
        ("Über süße Äpfel", 3),
        ("<img alt='not counted' src='/x.png'>", 0),
    ],
)
def test_words_are_counted_without_their_tags(html, words):
    assert count_words(html) == words


@pytest.mark.parametrize(("words", "minutes"), [(1, 1), (238, 1), (600, 3), (2380, 10)])
def test_reading_takes_at_least_a_minute(words, minutes):
    assert estimate_minutes(words) == minutes
