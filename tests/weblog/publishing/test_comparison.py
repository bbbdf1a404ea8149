import random
import time

import pytest

from weblog.html.blocks import list_blocks, list_lines
from weblog.publishing.comparison import (
    LONGEST,
    MARKUP_DIFFERS,
    Piece,
    compare_blocks,
    compare_field,
    compare_texts,
)

pytestmark = pytest.mark.any_database


def show(pieces):
    """Write deleted words as -gone- and new ones as +come+."""
    marks = {"same": "", "old": "-", "new": "+"}
    return (
        pieces
        and "".join(
            f"{marks[piece.kind]}{piece.text.strip()}{marks[piece.kind]} " for piece in pieces
        ).strip()
    )


def rows(old, new, field="body"):
    groups = compare_field(field, old, new).groups
    return [(show(row.old), show(row.new)) for group in groups for row in group.rows]


@pytest.mark.parametrize(
    ("html", "blocks"),
    [
        ("", []),
        ("<p>One <em>t</em>wo</p><p> </p><p>three</p>", ["One two", "three"]),
        ("<h2>A</h2><ul><li>b</li><li>c</li></ul>", ["Heading: A", "List item: b", "List item: c"]),
        ("<blockquote><p>Said</p></blockquote>After", ["Quote: Said", "After"]),
        ('<a href="https://example.org/">there</a>', ["there [link: https://example.org/]"]),
        ('<img src="/media/a.jpg" alt="A cat">', ["[picture: A cat /media/a.jpg]"]),
        ("one<br>two", ["one", "two"]),
        ("a &lt;b&gt; &amp; c", ["a <b> & c"]),
        ("</a></li>x<a>y</a><img>", ["xy [link: ] [picture: ]"]),
    ],
)
def test_html_is_read_as_paragraphs(html, blocks):
    assert list_blocks(html) == blocks


def test_lines_without_words_are_dropped():
    assert list_lines(" a  b \n\n c") == ["a b", "c"]


def test_words_that_went_and_came_are_marked():
    assert rows("<p>The quick fox.</p>", "<p>The slow fox!</p>") == [
        ("The -quick- fox -.-", "The +slow+ fox +!+")
    ]


def test_paragraphs_stand_beside_what_they_became():
    old = "<p>The first paragraph of all.</p><p>Goodbye</p>"
    new = "<p>Hello, new here</p><p>The first paragraph of some.</p>"
    assert rows(old, new) == [
        (None, "+Hello, new here+"),
        ("The first paragraph of -all- .", "The first paragraph of +some+ ."),
        ("-Goodbye-", None),
    ]


def test_where_a_link_leads_is_part_of_the_text():
    old, new = '<a href="https://a.example/">x</a>', '<a href="https://b.example/">x</a>'
    assert rows(old, new) == [
        ("x [link: https:// -a- .example/]", "x [link: https:// +b+ .example/]")
    ]


def test_neighbours_that_stayed_are_one_group():
    comparison = compare_field("body", "<p>a</p><p>b</p><p>c</p>", "<p>a</p><p>b</p><p>d</p>")
    assert [(group.is_same, len(group.rows)) for group in comparison.groups] == [
        (True, 2),
        (False, 1),
    ]
    assert not comparison.is_same


def test_change_of_markup_alone_is_said():
    comparison = compare_field("body", "<p>same</p>", "<p><strong>same</strong></p>")
    assert (comparison.note, comparison.is_same) == (MARKUP_DIFFERS, False)


def test_same_text_is_said_to_be_the_same():
    text = {"title": "a", "summary": "", "body": "<p>x</p>"}
    comparison = compare_texts(text, text)
    assert [(field.label, field.is_same) for field in comparison] == [
        ("Title", True),
        ("Summary", True),
        ("Body", True),
    ]


def test_title_that_is_all_new_stands_beside_the_old_one():
    assert rows("Paper", "Screens", "title") == [("-Paper-", "+Screens+")]


def test_scripts_without_spaces_are_compared_by_letter():
    assert rows("田中さん", "田辺さん", "title") == [("田 -中- さん", "田 +辺+ さん")]


def test_very_long_paragraph_is_marked_as_a_whole():
    old = "word " * (LONGEST + 1)
    assert rows(f"<p>{old}</p>", f"<p>{old} more</p>")[0][0].startswith("-word")


def test_thousands_of_paragraphs_are_compared_in_time():
    old = "".join(f"<p>line {number}</p>" for number in range(5000))
    new = old.replace("<p>line 7</p>", "<p>line seven</p>")
    changed = [group for group in compare_field("body", old, new).groups if not group.is_same]
    assert [len(group.rows) for group in changed] == [1]


def hostile_texts(kind):
    chance = random.Random(1)
    if kind == "few words, again and again":
        words = [f"w{number}" for number in range(60)]
        return [" ".join(chance.choices(words, k=900)) for _ in range(50)]
    if kind == "one word":
        return ["a " * 950] * 60 + ["a " * 949] * 40
    if kind == "long paragraphs":
        return ["".join(chance.choices("abc", k=20_000)) for _ in range(20)]
    return [str(chance.randrange(150)) for _ in range(60_000)]


@pytest.mark.parametrize(
    "kind", ["few words, again and again", "one word", "long paragraphs", "many paragraphs"]
)
def test_text_that_is_built_to_take_long_is_compared_all_the_same(kind):
    old = hostile_texts(kind)
    new = [f"{text} x" for text in reversed(old)]
    started = time.process_time()
    compare_field("body", "".join(f"<p>{a}</p>" for a in old), "".join(f"<p>{a}</p>" for a in new))
    assert time.process_time() - started < 5


def test_long_text_is_matched_from_both_ends():
    old = [str(number) for number in range(3_000)]
    rows = compare_blocks(old, [*old[:1_500], "new", *old[1_500:]])
    assert [row.new for row in rows if not row.is_same] == [[Piece("new", "new")]]


def test_comparison_reads_what_a_form_brings_as_it_would_be_stored():
    assert compare_field("body", "<p>A</p>", "<p onclick='x()'>A").is_same
