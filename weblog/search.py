"""Searches, of readers and of staff: every word and every quoted phrase must be there."""

import re

from django import forms
from django.db.models import Q, QuerySet, TextField, Value
from django.db.models.functions import Coalesce, Concat

from weblog.folding import Fold, FoldHTML, fold

WORDS = 8  # each word or phrase is one more condition on every blog
MOST_CHARACTERS = 200
TERM = re.compile(r'[“”„«»"]([^“”„«»"]*)[“”„«»"]|(\S+)')
QUOTES = '“”„«»"'


def split_terms(text: str) -> list[str]:
    """Return the words and the quoted phrases, as they were typed."""
    text = text[:MOST_CHARACTERS].replace("\0", " ")
    found = (phrase or word.strip(QUOTES) for phrase, word in TERM.findall(text))
    terms = (" ".join(term.split()) for term in found)
    return [term for term in terms if term][:WORDS]


def find_terms(rows: QuerySet, terms: list[str], *, fields: list[str], html: str = "") -> QuerySet:
    """Return the rows that have each of `terms` in one of `fields`, or in the field of HTML.

    A phrase does not run from one field into the next.
    """
    folded = [Fold(_join(fields)), *([FoldHTML(html)] if html else [])]
    names = [f"folded_{number}" for number in range(len(folded))]
    rows = rows.alias(**dict(zip(names, folded, strict=True)))
    for term in map(fold, terms):
        anywhere = Q()
        for name in names:
            anywhere |= Q(**{f"{name}__contains": term})
        rows = rows.filter(anywhere)
    return rows


def _join(fields):
    texts = [Coalesce(name, Value(""), output_field=TextField()) for name in fields]
    parts = [part for text in texts for part in (text, Value(" | "))]
    return Concat(*parts, output_field=TextField())


class SearchForm(forms.Form):
    q = forms.CharField(
        label="Words to look for",
        max_length=100,
        required=False,
        widget=forms.TextInput({"type": "search", "autocomplete": "off"}),
        error_messages={"max_length": "Look for fewer words: at most 100 characters."},
    )

    @property
    def words(self):
        return split_terms(self.cleaned_data["q"]) if self.is_valid() else []
