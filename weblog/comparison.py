"""Two texts side by side, for people who read no HTML.

Paragraphs stand beside each other, with the words that went and those that came marked. Where a
link leads, and which picture is shown, is part of the text: it can change without a word changing.
"""

import re
from difflib import SequenceMatcher
from itertools import groupby, zip_longest
from typing import NamedTuple

from weblog.blocks import list_blocks, list_lines

LABELS = {"title": "Title", "summary": "Summary", "body": "Body"}
MARKUP_DIFFERS = "The words are the same; only their markup, such as bold or a list, is not."

# A word or a sign, with the space after it. Scripts without spaces are read letter by letter.
WORDS = re.compile(r"(?:[\u3040-\u30ff\u3400-\u9fff]|[^\W\u3040-\u30ff\u3400-\u9fff]+|[^\w\s])\s*")
LONGEST = 1000  # words of a paragraph that are compared one by one
MOST_PAIRS = 400  # of paragraphs that are tried for likeness
ALIKE = 0.5


class Piece(NamedTuple):
    """Words that are `same`, `old` (gone) or `new`."""

    kind: str
    text: str


class Row(NamedTuple):
    """A paragraph before and after: None where there is none."""

    old: list[Piece] | None
    new: list[Piece] | None
    is_same: bool


class Group(NamedTuple):
    """Neighbouring rows that are all changed, or all the same."""

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
    rows = compare_blocks(split(old), split(new))
    groups = [
        Group(list(members), is_same) for is_same, members in groupby(rows, lambda row: row.is_same)
    ]
    has_same_words = all(group.is_same for group in groups)
    return FieldComparison(field, groups, MARKUP_DIFFERS if has_same_words and old != new else "")


def compare_blocks(old: list[str], new: list[str]) -> list[Row]:
    rows = []
    for tag, i1, i2, j1, j2 in SequenceMatcher(a=old, b=new).get_opcodes():
        if tag == "equal":
            rows += [Row([Piece("same", text)], [Piece("same", text)], True) for text in old[i1:i2]]
        else:
            rows += [_compare_pair(*pair) for pair in _pair(old[i1:i2], new[j1:j2])]
    return rows


def _pair(old, new):
    """Yield each paragraph of `old` with the one of `new` that it became, in order."""
    if len(old) == len(new) == 1 or len(old) * len(new) > MOST_PAIRS:
        yield from zip_longest(old, new)
        return
    taken = 0
    for text in old:
        likeness = [SequenceMatcher(a=text, b=other).quick_ratio() for other in new[taken:]]
        best = max(likeness, default=0)
        if best < ALIKE:
            yield text, None
            continue
        place = taken + likeness.index(best)
        yield from ((None, other) for other in new[taken:place])
        yield text, new[place]
        taken = place + 1
    yield from ((None, other) for other in new[taken:])


def _compare_pair(old, new):
    if old is None:
        return Row(None, [Piece("new", new)], False)
    if new is None:
        return Row([Piece("old", old)], None, False)
    a, b = WORDS.findall(old), WORDS.findall(new)
    if max(len(a), len(b)) > LONGEST:
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
