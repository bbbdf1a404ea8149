"""The tables of Ghost exports. Also run apart from the application: no Django is imported here.

They come as one object, so they are read whole.
"""

import json
from collections.abc import Iterator
from typing import BinaryIO

from backoffice.bounded_child import Refused

LARGEST_FILE = 100_000_000

COLUMNS = {
    "users": ("id", "slug", "name", "email"),
    "tags": ("id", "name"),
    "posts_tags": ("post_id", "tag_id", "sort_order"),
    "posts_authors": ("post_id", "author_id", "sort_order"),
    "posts": (
        *("id", "uuid", "slug", "title", "type", "page", "status", "visibility"),
        *("author_id", "custom_excerpt", "published_at"),
    ),
}


def read_rows(file: BinaryIO) -> Iterator[dict]:
    """Yield {table: its name, row: {column: text or number}}, and of a post its body."""
    tables = _load_tables(file)
    for table, columns in COLUMNS.items():
        rows = tables.get(table) or []
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise Refused(f"{{name}}: “{table}” is no list of objects.")
        for row in rows:
            values = {name: row[name] for name in columns if isinstance(row.get(name), str | int)}
            record = {"table": table, "row": values}
            if table == "posts":
                record["body"] = html.strip() if isinstance(html := row.get("html"), str) else ""
            yield record


def _load_tables(file):
    text = file.read(LARGEST_FILE + 1)
    if len(text) > LARGEST_FILE:
        raise Refused(f"{{name}} is larger than {LARGEST_FILE // 10**6} MB.")
    try:
        export = json.loads(text)
        export = export["db"][0] if "db" in export else export
        tables = export["data"]
        tables["posts"]
        tables.get("users")
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
