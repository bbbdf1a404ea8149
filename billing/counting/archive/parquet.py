"""Parquet files of a day's views, written and read by DuckDB in bounded memory.

The columns are those of BlogView. Ids and keys are bytes, moments microseconds in UTC.
"""

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

SHARDS = 8  # of blogs: an engine of several machines reads the files side by side
MEMORY = "1GB"
ROWS_AT_ONCE = 10_000

CSV_COLUMNS = {
    "id": "VARCHAR", "blog_id": "BIGINT", "author_id": "BIGINT", "category_id": "BIGINT",
    "viewed_at": "BIGINT", "day": "DATE", "reader_key": "VARCHAR", "previous_day_key": "VARCHAR",
    "address_key": "VARCHAR", "agent_key": "VARCHAR", "outcome": "VARCHAR",
    "excluded_by": "VARCHAR", "log_import_id": "BIGINT", "finding_id": "BIGINT",
    "seal_id": "BIGINT",
}  # fmt: skip
AS_VIEWS = """
    unhex(id) AS id, blog_id, author_id, category_id, make_timestamptz(viewed_at) AS viewed_at, day,
    unhex(reader_key) AS reader_key, unhex(previous_day_key) AS previous_day_key,
    unhex(address_key) AS address_key, unhex(agent_key) AS agent_key,
    outcome, COALESCE(excluded_by, '') AS excluded_by, log_import_id, finding_id, seal_id
"""


PART_NAME = re.compile(r"shard-[0-9]+\.[0-9a-f]{16}\.parquet")


class Part(NamedTuple):
    """A file of a day: its name in the archive without the day, its SHA-256, its views."""

    name: str
    sha256: str
    views: int


def open_duckdb(work: Path) -> Any:
    """Return a connection that keeps what passes MEMORY in `work`, and asks no other server."""
    import duckdb  # of the extra "scale"

    options: dict[str, Any] = {
        "memory_limit": MEMORY,
        "temp_directory": str(work / "spilled"),
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
    }
    database = duckdb.connect(str(work / "views.duckdb"), config=options)
    database.execute("SET TimeZone = 'UTC'")
    return database


def write_parts(database: Any, source: Path, work: Path) -> Iterator[tuple[Part, Path]]:
    """Make Parquet files in `work` of a CSV file of rows.py, one for each shard that has views."""
    columns = ", ".join(f"'{name}': '{kind}'" for name, kind in CSV_COLUMNS.items())
    database.execute(
        f"CREATE OR REPLACE TABLE arriving AS SELECT {AS_VIEWS} FROM read_csv("  # noqa: S608
        f"{quote(source)}, header = false, auto_detect = false, delim = ',', quote = '\"', "
        f"escape = '\"', nullstr = '', columns = {{{columns}}})"
    )
    for shard in range(SHARDS):
        of_shard = f"FROM arriving WHERE blog_id % {SHARDS} = {shard}"
        (views,) = database.execute(f"SELECT COUNT(*) {of_shard}").fetchone()
        if not views:
            continue
        path = work / f"arriving-{shard}.parquet"
        database.execute(
            f"COPY (SELECT * {of_shard} ORDER BY blog_id, viewed_at, id) "
            f"TO {quote(path)} (FORMAT parquet, COMPRESSION zstd)"
        )
        digest = hash_file(path)
        yield Part(f"shard-{shard}.{digest[:16]}.parquet", digest, views), path
    database.execute("DROP TABLE arriving")


def hash_file(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def quote(path: Path) -> str:
    """Return a path as a string in SQL."""
    return "'" + str(path).replace("'", "''") + "'"


def read_files(paths: list[Path]) -> str:
    """Return the SQL of a table of the views in the files."""
    return f"read_parquet([{', '.join(map(quote, paths))}])"
