"""Notices (“admonitions”) of Markdown become quotes under a bold title."""

import time
from collections import Counter

import pytest

from weblog.importing.markdown_text import render_markdown
from weblog.importing.notices import quote_notices

pytestmark = pytest.mark.any_database


def render(text):
    return render_markdown(text, is_jsx=False)[0].replace("\n", "")


def quote(title, inside="<p>Mind the <em>gap</em>.</p>"):
    return f"<blockquote><p><strong>{title}</strong></p>{inside}</blockquote>"


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("!!! note\n    Mind the *gap*.", "Note"),
        ('!!! warning "Look out"\n\n    Mind the *gap*.\n', "Look out"),
        ('!!! danger inline end "A \\"quoted\\" one"\n    Mind the *gap*.', 'A "quoted" one'),
        ("??? tip\n    Mind the *gap*.", "Tip"),
        ('???+ see-also "More"\n\tMind the *gap*.', "More"),
        ("> [!NOTE]\n> Mind the *gap*.", "Note"),
        ("> [!tip]- Folded here\n> Mind the *gap*.", "Folded here"),
        (">[!my kind]\n>Mind the *gap*.", "My kind"),
        (":::note\nMind the *gap*.\n:::", "Note"),
        (":::note[A title]\n\nMind the *gap*.\n\n:::", "A title"),
        ("::: warning Look out\nMind the *gap*.\n:::", "Look out"),
        (':::tip{title="A title"}\nMind the *gap*.\n:::', "A title"),
        ("::: {.callout-note}\nMind the *gap*.\n:::", "Note"),
        (':::{.callout-tip title="A title"}\nMind the *gap*.\n:::', "A title"),
        (":::{important} A title\n:class: wide\nMind the *gap*.\n:::", "A title"),
        ("```{note}\nMind the *gap*.\n```", "Note"),
        ("```{admonition} A title\n:class: tip\nMind the *gap*.\n```", "A title"),
    ],
)
def test_notice_becomes_a_quote_with_a_bold_title(text, title):
    assert render(text).replace("&quot;", '"') == quote(title)
    before_and_after = render(f"Before.\n{text}\n\nAfter.").replace("&quot;", '"')
    assert before_and_after == f"<p>Before.</p>{quote(title)}<p>After.</p>"
    assert render_markdown(text, is_jsx=False)[1] == {"notice made a quote": 1}


def test_notice_that_asks_for_no_title_has_none():
    assert render('!!! note ""\n    Text') == "<blockquote><p>Text</p></blockquote>"


def test_notices_within_notices_and_lists_keep_their_place():
    text = "!!! note\n    One\n\n    !!! tip\n        Two\n\n    Three\n\nFour"
    inside = f"<p>One</p>{quote('Tip', '<p>Two</p>')}<p>Three</p>"
    assert render(text) == f"{quote('Note', inside)}<p>Four</p>"
    text = "::::note\nOne\n:::tip\nTwo\n:::\nThree\n::::\nFour"
    assert render(text) == f"{quote('Note', inside)}<p>Four</p>"
    text = ":::note\nOne\n:::tip\nTwo\n:::\nThree\n:::\nFour"
    assert render(text) == f"{quote('Note', inside)}<p>Four</p>"
    text = "1. One\n\n    !!! tip\n        Two\n\n2. Three"
    two = quote("Tip", "<p>Two</p>")
    assert render(text) == f"<ol><li><p>One</p>{two}</li><li><p>Three</p></li></ol>"


def test_code_within_a_notice_stays_code():
    text = "!!! note\n    ```\n    a = {{ 1 }}\n\n      b\n    ```\n"
    code = "<pre><code>a = {{ 1 }}  b</code></pre>"
    assert render(text) == quote("Note", code)


@pytest.mark.parametrize(
    "text",
    [
        "```\n!!! note\n    Text\n:::tip\n:::\n> [!NOTE]\n```",
        "~~~md\n:::note\nText\n:::\n~~~",
        "<pre>\n!!! note\n    Text\n</pre>",
        "    !!! note\n        Text",
        "````{code-block} python\n:::note\n:::\n````",
    ],
)
def test_what_is_shown_as_code_is_no_notice(text):
    made, notes = render_markdown(text, is_jsx=False)
    assert "<strong>" not in made
    assert "notice made a quote" not in notes


def test_other_containers_lose_their_marks_and_keep_their_text():
    made, notes = render_markdown("A\n\n::: {.panel-tabset}\nB\n:::\n\nC", is_jsx=False)
    assert made.replace("\n", "") == "<p>A</p><p>B</p><p>C</p>"
    assert notes == {"container “panel-tabset” left out": 1}


@pytest.mark.parametrize("text", ["So good!!! note it", ":::", ":::note\nNever closed", "a ::: b"])
def test_words_that_only_look_like_one_stay(text):
    assert render(text).replace("<p>", "").replace("</p>", "") == text.replace("\n", "")


def test_thousands_of_marks_take_no_time():
    started = time.thread_time()
    for text in ("!!! note\n", ":::note\n", "> [!NOTE]\n", ":::a\n:::b\n:::\n", "```{note}\n"):
        quote_notices(text * 2000, Counter())
    assert time.thread_time() - started < 5
