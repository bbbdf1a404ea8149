"""Searches in the trail: each word must stand in a row, or in the name of what it points to.

On PostgreSQL an index on groups of three letters finds the words (pg_trgm); SQLite reads the rows.
"""

import functools
import operator

from django.db.backends.signals import connection_created
from django.db.models import Func, Model, Q, QuerySet, TextField
from django.dispatch import receiver

from backoffice.trail.sources import TrailSource, list_names

MOST_WORDS = 8


class Words(Func):
    """The texts of a row in capitals, one after the other: what an index is on."""

    output_field = TextField()

    def as_sql(self, compiler, connection, **context):
        parts, params = [], []
        for expression in self.source_expressions:
            sql, more = compiler.compile(expression)
            parts.append(sql)
            params += more
        return write_words(parts, vendor=connection.vendor), params


def write_words(columns: list[str], *, vendor: str) -> str:
    """Return the SQL that Words stands for. No more than this can use the index."""
    function, cast = ("UPPER", "::text") if vendor == "postgresql" else ("trail_upper", "")
    texts = " || ' ' || ".join(f"COALESCE({column}{cast}, '')" for column in columns)
    return f"{function}({texts})"


@receiver(connection_created, dispatch_uid="backoffice.trail.search")
def add_upper(connection, **kwargs):
    """SQLite's own UPPER leaves Ü as it is."""
    if connection.vendor == "sqlite":
        connection.connection.create_function("trail_upper", 1, _upper, deterministic=True)


def _upper(text):
    return text.upper() if isinstance(text, str) else text


def split_words(text: str) -> list[str]:
    return text.replace("\0", " ").upper().split()[:MOST_WORDS]


def find_named(words: list[str]) -> list[dict[type[Model], list]]:
    """Return of each word what is called so: {model: keys}. One query for each of both."""
    return [{model: _find(model, word) for model in list_names()} for word in words]


def _find(model: type[Model], word: str) -> list:
    named = list_names()[model]
    anywhere = functools.reduce(
        operator.or_, (Q(**{f"{name}__icontains": word}) for name in named.fields)
    )
    rows = model._base_manager.filter(anywhere).order_by("pk")
    return list(rows.values_list("pk", flat=True)[: named.most])


def search(rows: QuerySet, source: TrailSource, words: list[str], named: list[dict]) -> QuerySet:
    """Return the rows that have each word. None if the source has no words at all."""
    if source.words:
        rows = rows.alias(trail_words=Words(*source.words))
    for word, keys in zip(words, named, strict=True):
        found = Q(trail_words__contains=word) if source.words else Q(pk__in=[])
        for name in source.names:
            if pks := keys.get(source.model._meta.get_field(name).related_model):
                found |= Q(**{f"{name}__in": pks})
        rows = rows.filter(found)
    return rows
