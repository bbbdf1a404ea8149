"""What a day's views come to, asked of DuckDB, of Spark or of the database itself.

The double-click rule is one text for all of them: billing.counting.double_clicks. Each engine says
what differs: how it reads a moment in microseconds, and makes the digest of a portion.
"""

import datetime as dt
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from django.db import connection

from billing.counting.archive.parquet import open_duckdb, read_files
from billing.counting.double_clicks import as_microseconds, write_double_clicks
from billing.errors import ArchiveMissing
from billing.proof.view_seals import Portion, digest_day, round_moment

# The views of the day, and those after its midnight that may make its last clicks double.
VIEWS = """(
    SELECT id, day, blog_id, author_id, category_id, outcome, reader_key, previous_day_key,
        {excluded_by} AS excluded_by, {moment} AS moment
    FROM {views} day_views
    UNION ALL
    SELECT id, day, blog_id, author_id, category_id, outcome, reader_key, previous_day_key,
        {excluded_by}, {moment}
    FROM {after_midnight} later_views WHERE previous_day_key IS NOT NULL
)"""
CLICKS = """
SELECT blog_id, author_id, category_id, outcome, is_double, COUNT(*) FROM ({clicks}) told
WHERE day = {day} GROUP BY blog_id, author_id, category_id, outcome, is_double
"""
# A robot of one of these patterns is a reader.
READERS = "CASE WHEN outcome = 'robot' AND excluded_by IN ({}) THEN '' ELSE excluded_by END"
ROBOTS = """
SELECT excluded_by FROM {views} day_views WHERE outcome = 'robot'
UNION SELECT excluded_by FROM {after_midnight} later_views WHERE outcome = 'robot'
"""
OUTCOMES = "SELECT outcome, COUNT(*) FROM {views} day_views GROUP BY outcome"
NOTHING = "(SELECT * FROM {} WHERE 1 = 0)"
OTHER_DAYS = "SELECT COUNT(*) FROM {views} day_views WHERE day <> {day}"

# The line of facts of billing.proof.view_seals, from the columns of a Parquet file.
FACTS = """
    lower(hex(id)) || ',' || blog_id || ',' || author_id || ',' || category_id || ',' || {moment}
    || ',' || lower(hex(reader_key)) || ',' || COALESCE(lower(hex(previous_day_key)), '')
    || ',' || lower(hex(address_key)) || ',' || lower(hex(agent_key))
    || ',' || COALESCE(CAST(log_import_id AS STRING), '')
    || ',' || length(excluded_by) || ':' || excluded_by
"""
DIGESTS = """
SELECT seal_id, COUNT(*), {digest} FROM (
    SELECT seal_id, {facts} AS facts FROM {views} day_views
) lines GROUP BY seal_id
"""

type Clicks = Counter[tuple[int, int, int, str, int]]  # blog, author, category, outcome, is double


class Engine:
    """Answers about the one day that was loaded last, by the texts above.

    `_names` fills in what differs from engine to engine.
    """

    name: str
    _names: dict[str, str]

    def _ask(self, statement: str) -> list[Any]:
        raise NotImplementedError

    def _quote(self, text: str) -> str:
        """Return the text as SQL."""
        return "'" + text.replace("'", "''") + "'"

    def count_outcomes(self) -> Counter[str]:
        return Counter(dict(map(tuple, self._ask(OUTCOMES.format(**self._names)))))

    def list_robots(self) -> set[str]:
        """Return the patterns by which views are of robots: "list: pattern"."""
        return {row[0] for row in self._ask(ROBOTS.format(**self._names))}

    def count_clicks(self, *, readers: Iterable[str] = ()) -> Clicks:
        """Return people's clicks by what they are said to be, and whether they are double.

        `readers` are patterns of robots whose views are taken for people's.
        """
        excluded_by = "excluded_by"
        if patterns := ", ".join(map(self._quote, sorted(readers))):
            excluded_by = READERS.format(patterns)
        clicks = write_double_clicks(VIEWS.format(**self._names, excluded_by=excluded_by))
        rows = self._ask(CLICKS.format(**self._names, clicks=clicks))
        return Counter({tuple(row[:5]): row[5] for row in rows})

    def digest_portions(self, *, rounded: bool = False) -> dict[int, Portion]:
        """Return the portions by seal; `rounded` as earlier releases sealed them on SQLite."""
        raise NotImplementedError

    def count_other_days(self) -> int:
        """Return how many views are of another day than the one that was loaded."""
        return self._ask(OTHER_DAYS.format(**self._names))[0][0]


class _OfFiles(Engine):
    """Reads Parquet files."""

    def load(self, day: dt.date, paths: list[Path], after_midnight: list[Path]) -> None:
        raise NotImplementedError

    def digest_portions(self, *, rounded: bool = False) -> dict[int, Portion]:
        moment = self._names["moment"]
        if rounded:
            moment = round_moment(moment, modulo="%")
        facts = FACTS.format(moment=moment)
        rows = self._ask(DIGESTS.format(**self._names, facts=facts))
        return {number: Portion(views, digest) for number, views, digest in rows}


class DuckDB(_OfFiles):
    """DuckDB, in this process."""

    name = "duckdb"

    def __init__(self, work: Path):
        self.database = open_duckdb(work)

    def load(self, day: dt.date, paths: list[Path], after_midnight: list[Path]) -> None:
        self._names = {
            "day": f"DATE '{day}'",
            "views": read_files(paths),
            "after_midnight": read_files(after_midnight)
            if after_midnight
            else NOTHING.format(read_files(paths)),
            "moment": "epoch_us(viewed_at)",
            "digest": "sha256(string_agg(facts, chr(10) ORDER BY facts))",
        }

    def _ask(self, statement: str) -> list[Any]:
        return self.database.execute(statement).fetchall()


class Spark(_OfFiles):
    """Spark, by default on the cores of this machine; spark.master and the like say otherwise."""

    name = "spark"

    def __init__(self, work: Path):
        try:
            from pyspark.sql import SparkSession
        except ImportError as error:
            raise ArchiveMissing(
                "The engine spark needs pyspark and Java: install them."
            ) from error
        build = SparkSession.builder.appName("Imprint").config("spark.ui.enabled", "false")
        build = build.config("spark.sql.session.timeZone", "UTC")
        self._session = build.config("spark.sql.warehouse.dir", str(work)).getOrCreate()
        self._session.sparkContext.setLogLevel("ERROR")

    def load(self, day: dt.date, paths: list[Path], after_midnight: list[Path]) -> None:
        for name, files in (("day_files", paths), ("midnight_files", after_midnight or paths)):
            self._session.read.parquet(*map(str, files)).createOrReplaceTempView(name)
        self._names = {
            "day": f"DATE '{day}'",
            "views": "day_files",
            "after_midnight": "midnight_files"
            if after_midnight
            else NOTHING.format("midnight_files"),
            "moment": "unix_micros(viewed_at)",
            "digest": r"sha2(array_join(array_sort(collect_list(facts)), '\n'), 256)",
        }

    def _quote(self, text: str) -> str:
        return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"

    def _ask(self, statement: str) -> list[Any]:
        return [tuple(row) for row in self._session.sql(statement).collect()]


class Database(Engine):
    """The views in the database of this installation."""

    def __init__(self) -> None:
        self.name = connection.vendor

    def load(self, day: dt.date) -> None:
        self._day = day
        self._names = {
            "day": f"'{day}'",
            "views": OF_DAY.format(day=day),
            "after_midnight": OF_DAY.format(day=day + dt.timedelta(days=1)),
            "moment": as_microseconds("viewed_at"),
        }

    def _quote(self, text: str) -> str:
        return super()._quote(text).replace("%", "%%")  # as in each statement with parameters

    def _ask(self, statement: str) -> list[Any]:
        with connection.cursor() as cursor:
            cursor.execute(statement, [])
            return cursor.fetchall()

    def digest_portions(self, *, rounded: bool = False) -> dict[int, Portion]:
        return dict(digest_day(self._day, rounded=rounded))


# Without the clicks that no fold has seen yet: they are told of nobody, and belie nothing.
OF_DAY = """(
    SELECT * FROM billing_blogview
    WHERE day = '{day}' AND NOT (outcome = 'pending' AND seal_id IS NULL)
)"""
OF_FILES: dict[str, type[DuckDB] | type[Spark]] = {"duckdb": DuckDB, "spark": Spark}
OF_DATABASE = ("postgresql", "sqlite")
ENGINES = (*OF_FILES, *OF_DATABASE)
