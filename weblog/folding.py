"""Text as searches compare it: without accents, capitals and tags, on either database alike.

SQLite calls the functions here. PostgreSQL says the same in SQL of its own, and needs no extension.
"""

import re
import unicodedata
from functools import lru_cache
from typing import Any

from django.db.backends.signals import connection_created
from django.db.models import Func, TextField

MARKS = "[\u0300-\u036f]"  # accents and the like, once letters are decomposed
# Letters that Unicode does not decompose, and signs that an editor sets in the place of others.
LETTERS = {
    **{"ß": "ss", "æ": "ae", "œ": "oe", "þ": "th", "ø": "o", "ł": "l", "đ": "d", "ð": "d"},
    **{"ı": "i", "ς": "σ", "’": "'", "‘": "'", "“": '"', "”": '"', "\u00ad": "", "\u200b": ""},
}
ENTITIES = {"&nbsp;": " ", "&lt;": "<", "&gt;": ">", "&quot;": '"', "&#39;": "'", "&amp;": "&"}
# What begins on a line of its own. Other tags may stand within a word.
BLOCKS = (
    r"</?(?:p|div|h[1-6]|[uod]l|li|d[td]|t[drh]|br|hr|pre|blockquote|figure|figcaption)"
    r"(?![a-z0-9])[^>]*>"  # PostgreSQL has another sign for the end of a word
)
TAGS = r"<[^>]*>"

_MARKS, _BLOCKS, _TAGS = re.compile(MARKS), re.compile(BLOCKS), re.compile(TAGS)
_TABLE = str.maketrans(LETTERS)


def fold(text: str) -> str:
    """Return plain text as it is compared."""
    if not text.isascii():
        text = _MARKS.sub("", unicodedata.normalize("NFKD", text))
    text = text.lower()
    if not text.isascii():
        text = text.translate(_TABLE)
    return " ".join(text.split())


@lru_cache(maxsize=64)  # each term of a search asks for the same row
def fold_html(text: str) -> str:
    """Return the words of clean HTML as they are compared."""
    text = _TAGS.sub("", _BLOCKS.sub(" ", text))
    if "&" in text:
        for entity, sign in ENTITIES.items():
            text = text.replace(entity, sign)
    return fold(text)


class Fold(Func):
    """The folded text of a field or an expression."""

    arity = 1
    output_field = TextField()
    function = "weblog_fold"

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> tuple[str, list]:
        sql, params = compiler.compile(self.source_expressions[0])
        return _fold_in_sql(sql, list(params))


class FoldHTML(Func):
    """The folded words of a field of HTML."""

    arity = 1
    output_field = TextField()
    function = "weblog_fold_html"

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> tuple[str, list]:
        sql, params = compiler.compile(self.source_expressions[0])
        params = list(params)
        for pattern, sign in ((BLOCKS, " "), (TAGS, "")):
            sql = f"regexp_replace({sql}, %s, %s, 'g')"
            params += [pattern, sign]
        sql, params = _replace(sql, params, ENTITIES)
        return _fold_in_sql(sql, params)


def _fold_in_sql(sql, params):
    sql = f"lower(regexp_replace(normalize({sql}, NFKD), %s, '', 'g'))"
    sql, params = _replace(sql, [*params, MARKS], LETTERS)
    return f"btrim(regexp_replace({sql}, %s, ' ', 'g'))", [*params, r"\s+"]


def _replace(sql, params, table):
    for old, new in table.items():
        sql = f"replace({sql}, %s, %s)"
        params = [*params, old, new]
    return sql, params


def _add_functions(connection, **kwargs):
    if connection.vendor == "sqlite":
        for name, make in (("weblog_fold", fold), ("weblog_fold_html", fold_html)):
            connection.connection.create_function(name, 1, _of_null(make), deterministic=True)


def _of_null(make):
    return lambda text: None if text is None else make(text)


def connect() -> None:
    connection_created.connect(_add_functions, dispatch_uid="weblog.folding")
