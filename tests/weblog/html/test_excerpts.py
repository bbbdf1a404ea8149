import pytest

from weblog.html.excerpts import find_picture, make_excerpt

pytestmark = pytest.mark.any_database


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("", ""),
        ("<p>One</p><p>two</p>", "One two"),
        ("One<br>two<ul><li>three</li><li>four</li></ul>", "One two three four"),
        ("<p>It <em>waits</em>, &amp; wai<b>t</b>s.", "It waits, & waits."),
        ('<p>Cut <a href="https://exa', "Cut"),
        ("<script>alert(1)</script><p>Text</p>", "Text"),
        ("<p>1 &lt; 2</p>", "1 < 2"),
    ],
)
def test_excerpt_is_plain_text(html, text):
    assert make_excerpt(html) == text


def test_excerpt_has_32_words():
    assert make_excerpt("<p>word</p>" * 33) == "word " * 31 + "word …"


@pytest.mark.parametrize(
    ("html", "address"),
    [
        ("<p>None</p>", ""),
        ('<p><img alt="A" src="/media/a.jpg"></p><img src="/media/b.jpg">', "/media/a.jpg"),
    ],
)
def test_first_picture_is_found(html, address):
    assert find_picture(html) == address
