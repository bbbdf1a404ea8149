"""Two texts side by side, for people who read no HTML.

Paragraphs stand side by side, with removed and added words marked. Addresses of links and pictures
are part of the text, because they can change without any word.
"""

import re
from difflib import SequenceMatcher
from itertools import groupby, takewhile, zip_longest
from typing import NamedTuple

from weblog.html.blocks import list_blocks, list_lines
from weblog.html.bounded import show_html

LABELS = {"title": "Title", "summary": "Summary", "body": "Body"}
MARKUP_DIFFERS = "The words are the same; only their markup, such as bold or a list, is not."

# A word or a sign, with the space after it. Scripts without spaces are read letter by letter.
WORDS = re.compile(r"(?:[\u3040-\u30ff\u3400-\u9fff]|[^\W\u3040-\u30ff\u3400-\u9fff]+|[^\w\s])\s*")
LONGEST = 1000  # words of a paragraph that are compared one by one
MOST_PAIRS = 400  # of paragraphs that are tried for likeness
ENOUGH_TO_TELL = 1000  # characters of a paragraph that likeness is told by
ALIKE = 0.5
# difflib's time grows with the repetitions between the texts, at worst with the cube of the length.
MOST_PARAGRAPHS = 2_000
MOST_WORK = 3_000_000  # pairs of words in one text; the rest is shown without marked words


class Piece(NamedTuple):
    """Words that are `same`, `old` (gone) or `new`."""

    kind: str
    text: str


class Row(NamedTuple):
    """A paragraph before and after; None if it is missing on that side."""

    old: list[Piece] | None
    new: list[Piece] | None
    is_same: bool


class Group(NamedTuple):
    """Neighbouring rows, either all changed or all the same."""

    rows: list[Row]
    is_same: bool


class FieldComparison(NamedTuple):
    field: str
    groups: list[Group]
    note: str

    @property
    def label(self):
        return LABELS.get(self.field, self.field.replace("_", " ").capitalize())

    @property
    def is_same(self):
        return not self.note and all(group.is_same for group in self.groups)


def compare_texts(old: dict[str, str], new: dict[str, str]) -> list[FieldComparison]:
    """Compare texts as `get_text` returns them, field by field."""
    return [compare_field(field, old[field], new[field]) for field in new]


def compare_field(field: str, old: str, new: str) -> FieldComparison:
    split = list_blocks if field == "body" else list_lines
    if field == "body":  # input of a form is not clean yet, and may be built to take long
        old, new = show_html(old), show_html(new)
    rows = compare_blocks(split(old), split(new))
    groups = [
        Group(list(members), is_same) for is_same, members in groupby(rows, lambda row: row.is_same)
    ]
    has_same_words = all(group.is_same for group in groups)
    return FieldComparison(field, groups, MARKUP_DIFFERS if has_same_words and old != new else "")


def compare_blocks(old: list[str], new: list[str]) -> list[Row]:
    rows, work = [], _Work()
    for tag, i1, i2, j1, j2 in _match_blocks(old, new):
        if tag == "equal":
            rows += [Row([Piece("same", text)], [Piece("same", text)], True) for text in old[i1:i2]]
        else:
            pairs = _pair(old[i1:i2], new[j1:j2])
            rows += [_compare_pair(before, after, work) for before, after in pairs]
    return rows


class _Work:
    """The remaining work allowed for one comparison."""

    left = MOST_WORK

    def take(self, amount: int) -> bool:
        self.left -= amount
        return self.left >= 0


def _match_blocks(old, new):
    """Return difflib's opcodes. It matches very long texts only from both ends."""
    if max(len(old), len(new)) <= MOST_PARAGRAPHS:
        return SequenceMatcher(a=old, b=new).get_opcodes()
    start = len(list(takewhile(lambda pair: pair[0] == pair[1], zip(old, new, strict=False))))
    pairs = zip(reversed(old[start:]), reversed(new[start:]), strict=False)
    end = len(list(takewhile(lambda pair: pair[0] == pair[1], pairs)))
    i, j = len(old) - end, len(new) - end
    return [
        ("equal", 0, start, 0, start),
        ("replace", start, i, start, j),
        ("equal", i, len(old), j, len(new)),
    ]


def _pair(old, new):
    """Yield each paragraph of `old` with its successor in `new`, in order."""
    if len(old) == len(new) == 1 or len(old) * len(new) > MOST_PAIRS:
        yield from zip_longest(old, new)
        return
    taken = 0
    for text in old:
        likeness = [_tell_likeness(text, other) for other in new[taken:]]
        best = max(likeness, default=0)
        if best < ALIKE:
            yield text, None
            continue
        place = taken + likeness.index(best)
        yield from ((None, other) for other in new[taken:place])
        yield text, new[place]
        taken = place + 1
    yield from ((None, other) for other in new[taken:])


def _tell_likeness(text, other):
    return SequenceMatcher(a=text[:ENOUGH_TO_TELL], b=other[:ENOUGH_TO_TELL]).quick_ratio()


def _compare_pair(old, new, work):
    if old is None:
        return Row(None, [Piece("new", new)], False)
    if new is None:
        return Row([Piece("old", old)], None, False)
    a, b = WORDS.findall(old), WORDS.findall(new)
    if max(len(a), len(b)) > LONGEST or not work.take(len(a) * len(b)):
        return Row([Piece("old", old)], [Piece("new", new)], False)
    matcher = SequenceMatcher(a=[word.strip() for word in a], b=[word.strip() for word in b])
    old_pieces, new_pieces = [], []
    for tag, i1, i2, j1, j2 in matcher.get_opcodes():
        if i1 < i2:
            kind = "same" if tag == "equal" else "old"
            old_pieces.append(Piece(kind, "".join(a[i1:i2])))
        if j1 < j2:
            kind = "same" if tag == "equal" else "new"
            new_pieces.append(Piece(kind, "".join(b[j1:j2])))
    return Row(old_pieces, new_pieces, False)
