import html
import json

import pytest

from weblog.html import clean_html
from weblog.trix import find_unknown_tags, from_editor, to_editor

pytestmark = pytest.mark.any_database

SOURCE = "/media/pictures/2026/11/0123456789abcdef.webp"


def make_attachment(caption=None, **values):
    """A figure as Trix writes it."""
    picture = {"alt": "A red flag", "contentType": "image/webp", "url": SOURCE} | values
    shown = {"caption": caption, "presentation": "gallery"} if caption else {}
    return (
        f'<div>Before<figure data-trix-attachment="{html.escape(json.dumps(picture))}" '
        f'data-trix-content-type="image/webp" '
        f'data-trix-attributes="{html.escape(json.dumps(shown))}" '
        f'class="attachment attachment--preview"><img src="{SOURCE}" width="6" height="4">'
        f'<figcaption class="attachment__caption">x</figcaption></figure>After</div>'
    )


def test_attachment_becomes_a_picture_with_its_description():
    body = clean_html(from_editor(make_attachment(width=60, height=40)))
    assert body == (
        f'<p>Before</p><figure><img src="{SOURCE}" alt="A red flag" width="60" height="40">'
        "</figure><p>After</p>"
    )


def test_attachment_with_a_caption_becomes_a_figure():
    body = clean_html(from_editor(make_attachment("Red & raised", width=6, height=4)))
    assert body == (
        f'<p>Before</p><figure><img src="{SOURCE}" alt="A red flag" width="6" height="4">'
        "<figcaption>Red &amp; raised</figcaption></figure><p>After</p>"
    )


@pytest.mark.parametrize("caption", [None, "A <b> & a “quote” > all"])
@pytest.mark.parametrize("alt", ["A flag", 'She said "no" > <b>', "", "ünï & 🦊"])
def test_picture_comes_back_from_the_editor_as_it_went_in(caption, alt):
    body = clean_html(from_editor(make_attachment(caption, alt=alt, width=6, height=4)))
    assert clean_html(from_editor(to_editor(body))) == body


@pytest.mark.parametrize(
    ("typed", "body"),
    [
        ("<div>One</div>", "<p>One</p>"),
        ("<div>One<br>Two<br><br>Three<br><br></div>", "<p>One<br>Two</p><p>Three</p>"),
        (
            "<div><strong>A<br><br>B</strong></div>",
            "<p><strong>A</strong></p><p><strong>B</strong></p>",
        ),
        ("<div><br></div><h2>Two</h2><div>C</div>", "<h2>Two</h2><p>C</p>"),
        ("<ul><li>A<br><br>B</li></ul>", "<ul><li>A<br><br>B</li></ul>"),
    ],
)
def test_what_is_typed_becomes_paragraphs(typed, body):
    assert clean_html(from_editor(typed)) == body
    assert clean_html(from_editor(to_editor(body))) == body


def test_html_that_the_editor_cannot_have_sent_is_left_alone():
    body = "<div>A<br><br>B</div><table><tbody><tr><td>1</td></tr></tbody></table>"
    assert from_editor(body) == body


def test_text_is_left_alone():
    body = '<h2>Two</h2><p>Read <a href="/x">on</a>.</p><ul><li>One</li></ul>'
    assert from_editor(to_editor(body)) == body


@pytest.mark.parametrize(
    "attachment",
    ["", "{", "[]", "null", "1", "[" * 100_000, '{"url": {"a": [1]}, "alt": ["x"]}'],
)
def test_attachment_that_makes_no_sense_leaves_no_picture(attachment):
    figure = f'<figure data-trix-attachment="{html.escape(attachment)}"></figure>'
    assert clean_html(from_editor(figure)) == ""


@pytest.mark.parametrize(
    "values",
    [
        {"url": "https://example.org/tracker.png"},
        {"url": "//example.org/tracker.png"},
        {"url": "javascript:alert(1)"},
        {"url": "data:image/svg+xml,<svg onload=alert(1)>"},
        {"url": "/media/pictures/2026/11/../../../admin/logout/"},
        {"url": f'{SOURCE}" onerror="alert(1)'},
    ],
)
def test_attachment_from_elsewhere_is_dropped(values):
    assert clean_html(from_editor(make_attachment(**values))) == "<p>Before</p><p>After</p>"


def test_attachment_cannot_bring_its_own_html():
    body = clean_html(from_editor(make_attachment(content="<script>alert(1)</script>")))
    assert "script" not in body


def test_description_cannot_break_out():
    alt = '"><script>alert(1)</script><img src=x onerror=alert(1)>'
    body = clean_html(from_editor(make_attachment(alt=alt)))
    assert "<script" not in body
    assert body.count("<img") == 1


@pytest.mark.parametrize(
    ("body", "unknown"),
    [
        ('<p>Plain <a href="/x">writing</a><br><img src="/x.png"></p>', set()),
        ("<table><tbody><tr><td>1</td></tr></tbody></table>", {"table", "tbody", "tr", "td"}),
        ("<p>H<sub>2</sub>O</p><hr>", {"hr"}),
        ("<p>&lt;table&gt;</p>", set()),
    ],
)
def test_tags_that_the_editor_would_drop_are_known(body, unknown):
    assert find_unknown_tags(body) == unknown
