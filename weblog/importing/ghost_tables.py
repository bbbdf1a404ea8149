"""The tables of Ghost exports. Also run apart from the application: no Django is imported here.

They come as one object, so they are read whole.
"""

import json
from collections import Counter
from collections.abc import Iterator
from html import escape
from typing import BinaryIO

from backoffice.bounded_child import Refused
from weblog.importing.containers import TooManyRecords, open_parts
from weblog.importing.lexical import MARKDOWN, make_html
from weblog.importing.paragraphs import add_paragraphs

LARGEST_FILE = 100_000_000
OBJECTS_FOR_EACH = 100  # record: lists and objects, so that few bytes don't become much memory

COLUMNS = {
    "users": ("id", "slug", "name", "email"),
    "tags": ("id", "name"),
    "posts_tags": ("post_id", "tag_id", "sort_order"),
    "posts_authors": ("post_id", "author_id", "sort_order"),
    "comments": ("post_id",),
    "posts_meta": ("post_id", "email_only"),
    "posts": (
        *("id", "uuid", "slug", "title", "type", "page", "status", "visibility"),
        *("author_id", "custom_excerpt", "published_at", "feature_image", "featured"),
        *("custom_template", "canonical_url", "primary_author", "email_only"),
    ),
}


def read_rows(file: BinaryIO, most: int | None = None) -> Iterator[dict]:
    """Yield {table: its name, row: {column: text or number}}, and of a post its body.

    Raises TooManyRecords before the first if there are more than `most` rows.
    """
    tables = _load_tables(file, most)
    if most is not None and sum(_count(tables.get(table)) for table in COLUMNS) > most:
        raise TooManyRecords
    for table, columns in COLUMNS.items():
        rows = tables.get(table) or []
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise Refused(f"{{name}}: “{table}” is no list of objects.")
        for row in rows:
            values = {name: row[name] for name in columns if isinstance(row.get(name), str | int)}
            if isinstance(odd := row.get("visibility"), list | dict | bool):
                values["visibility"] = str(odd) or "?"
            record = {"table": table, "row": values}
            yield record | _read_text(row) if table == "posts" else record


def _read_text(row):
    """Return the HTML of a post; where Ghost had none yet, from what people wrote."""
    texts = [row.get(name) for name in ("html", "lexical", "mobiledoc", "markdown", "plaintext")]
    html, lexical, mobiledoc, markdown, plain = (
        text.strip() if isinstance(text, str) else "" for text in texts
    )
    notes: Counter[str] = Counter()
    problem = {}
    if not html and (lexical or mobiledoc):
        made = make_html(lexical, mobiledoc, notes)
        html = made or ""
        notes["text made from the form of Ghost's editor"] += bool(made)
        if made is None and not plain:
            problem = {"text_problem": "what Ghost's editor wrote can't be read."}
    if not html and (markdown or plain):  # of Ghost 0.x, and of search
        html = MARKDOWN.render(markdown) if markdown else add_paragraphs(escape(plain, quote=False))
        notes["text made from plain words"] += not markdown
    return {"body": html, "notes": dict(+notes)} | problem


def _count(rows):
    return len(rows) if isinstance(rows, list) else 0


def _load_tables(file, most):
    text = b""
    for part in open_parts(file, ".json"):
        text = text or part.read(LARGEST_FILE + 1).removeprefix(b"\xef\xbb\xbf")
    if len(text) > LARGEST_FILE:
        raise Refused(f"{{name}} is larger than {LARGEST_FILE // 10**6} MB.")
    if most is not None and text.count(b"{") + text.count(b"[") > OBJECTS_FOR_EACH * most:
        raise TooManyRecords
    try:
        export = json.loads(text)
        exports = export.get("db", [export])
        tables = _join_tables([each["data"] for each in exports])
        tables["posts"]
    except json.JSONDecodeError as error:
        raise Refused(
            f"{{name}} is no JSON: {error.msg}, line {error.lineno}, column {error.colno}. It may "
            "be cut off; export it from Ghost again."
        ) from error
    except (LookupError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise Refused(
            "{name} is no export of Ghost: it has no db, data, posts. In Ghost, choose Settings, "
            "Import/Export, Export."
        ) from error
    return tables


def _join_tables(parts):
    """Return the tables of several databases, whose numbers are Ghost's own random ones, as one."""
    first, *others = parts
    for other in others:
        for name, rows in other.items():
            first[name] = (first.get(name) or []) + (rows or [])
    first.get("users")
    return first
