"""How fast archived views are verified by the one SQL text: DuckDB, Spark, PostgreSQL and SQLite.

`python -m benchmarks.archive [--engines duckdb,sqlite,postgresql,spark] [VIEWS ...]`. Views are
synthetic, a million a day, in Parquet files as archive_views writes them. The databases have a bare
table without indexes, so they do nothing but the same work. All must come to the same digest.
"""

import argparse
import contextlib
import datetime as dt
import hashlib
import resource
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import django

django.setup()

from django.db import connection  # noqa: E402

from benchmarks.results import write_results  # noqa: E402
from billing.counting.archive.engines import OF_FILES, Database  # noqa: E402
from billing.counting.archive.parquet import open_duckdb, quote, read_files  # noqa: E402
from billing.proof.view_seals import Portion  # noqa: E402

FIRST_DAY = dt.date(2026, 1, 1)
A_DAY = 1_000_000
PORTION = 20_000
ENGINES = ("duckdb", "sqlite")

# A tenth of the views are robots'. Readers click in bursts, also across midnight, where the key of
# the day before stands beside the day's own.
VIEWS = """
SELECT unhex(md5('id' || number)) AS id, blog_id, blog_id % 50 AS author_id,
    blog_id % 5 AS category_id, make_timestamptz(moment) AS viewed_at, DATE '{day}' AS day,
    unhex(md5('{day}' || reader)) AS reader_key,
    CASE WHEN moment < {start} + 30000000 THEN unhex(md5('{before}' || reader)) END
        AS previous_day_key,
    unhex(md5('address' || reader)) AS address_key, unhex(md5('agent' || reader % 97)) AS agent_key,
    CASE WHEN number % 10 = 0 THEN 'robot' ELSE 'counted' END AS outcome,
    CASE WHEN number % 10 = 0 THEN 'counter: bot' ELSE '' END AS excluded_by,
    NULL::BIGINT AS log_import_id, NULL::BIGINT AS finding_id, number // {portion} AS seal_id
FROM (
    SELECT number, CAST(1 + hash(number // 3) % 10000 AS BIGINT) AS blog_id,
        hash(number // 3 + 7) % 300000 AS reader,
        {start} + CAST(hash(number // 3 + 9) % 86340000000 + hash(number) % 60000000 AS BIGINT)
            AS moment
    FROM (SELECT unnest(range({first}, {last})) AS number)
)
"""
COLUMNS = (
    "id", "blog_id", "author_id", "category_id", "viewed_at", "day", "reader_key",
    "previous_day_key", "address_key", "agent_key", "outcome", "excluded_by", "log_import_id",
    "finding_id", "seal_id",
)  # fmt: skip


class Sums:
    """What the days come to, so that engines can be compared."""

    def __init__(self) -> None:
        self.clicks: Counter[int] = Counter()
        self.outcomes: Counter[str] = Counter()
        self._digest = hashlib.sha256()

    def add(self, engine: Any) -> None:
        self.outcomes += engine.count_outcomes()
        clicks = engine.count_clicks()
        for key, views in sorted(clicks.items()):
            self.clicks[key[4]] += views
            self._digest.update(f"{key},{views}\n".encode())
        for number, portion in sorted(engine.digest_portions().items()):
            self._digest.update(f"{number},{Portion(*portion)}\n".encode())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sums) and self.told == other.told

    __hash__ = None  # type: ignore[assignment]

    @property
    def told(self) -> dict[str, Any]:
        return {
            "views": self.outcomes.total(),
            "double_clicks": self.clicks[1],
            "counted": self.clicks[0],
            "digest": self._digest.hexdigest(),
        }


def list_days(number: int) -> list[dt.date]:
    return [FIRST_DAY + dt.timedelta(days=n) for n in range(-(-number // A_DAY))]


def make_files(folder: Path, number: int) -> None:
    """Write a file for each day, in the order of the archive."""
    with tempfile.TemporaryDirectory(dir=folder) as work:
        database = open_duckdb(Path(work))
        for place, day in enumerate(list_days(number)):
            start = dt.datetime.combine(day, dt.time(), dt.UTC)
            views = VIEWS.format(
                day=day,
                before=day - dt.timedelta(days=1),
                start=int(start.timestamp()) * 1_000_000,
                portion=PORTION,
                first=place * A_DAY,
                last=min((place + 1) * A_DAY, number),
            )
            database.execute(
                f"COPY (SELECT * FROM ({views}) ORDER BY blog_id, viewed_at, id) "  # noqa: S608
                f"TO {quote(folder / f'{day}.parquet')} (FORMAT parquet, COMPRESSION zstd)"
            )


def find_files(folder: Path, day: dt.date) -> list[Path]:
    path = folder / f"{day}.parquet"
    return [path] if path.exists() else []


def time_files(engine: str, folder: Path, number: int) -> tuple[Sums, float]:
    sums = Sums()
    with tempfile.TemporaryDirectory(dir=folder) as work:
        opened = OF_FILES[engine](Path(work))
        started_at = time.perf_counter()
        for day in list_days(number):
            after = find_files(folder, day + dt.timedelta(days=1))
            opened.load(day, find_files(folder, day), after)
            sums.add(opened)
        return sums, time.perf_counter() - started_at


def read_rows(folder: Path, day: dt.date) -> Iterator[list[Any]]:
    """Yield a day's rows as the database of this installation holds them."""
    hexed = connection.vendor == "postgresql"
    with tempfile.TemporaryDirectory(dir=folder) as work:
        database = open_duckdb(Path(work))
        names = [
            "lower(hex(id))" if name == "id" else f"'\\x' || lower(hex({name}))"
            if hexed and name.endswith("_key") else "CAST(day AS VARCHAR)" if name == "day"
            else "strftime(viewed_at, '%Y-%m-%d %H:%M:%S.%f')" + (" || '+00'" if hexed else "")
            if name == "viewed_at" else name
            for name in COLUMNS
        ]  # fmt: skip
        rows = database.execute(
            f"SELECT {', '.join(names)} FROM {read_files(find_files(folder, day))}"  # noqa: S608
        )
        while portion := rows.fetchmany(10_000):
            yield from portion


def fill_table(folder: Path, number: int) -> None:
    types = {"id": "uuid", "viewed_at": "timestamptz", "day": "date"}
    if connection.vendor == "sqlite":
        types = {"id": "char(32)", "viewed_at": "datetime", "day": "date"}
    key = "bytea" if connection.vendor == "postgresql" else "blob"
    columns = ", ".join(
        f"{name} {key if name.endswith('_key') else types.get(name, 'bigint')}"
        if name not in ("outcome", "excluded_by") else f"{name} varchar(200)"
        for name in COLUMNS
    )  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE TABLE billing_blogview ({columns})")
        for day in list_days(number):
            if connection.vendor == "sqlite":
                marks = ", ".join("?" * len(COLUMNS))
                statement = f"INSERT INTO billing_blogview VALUES ({marks})"  # noqa: S608
                connection.connection.executemany(statement, read_rows(folder, day))
                connection.connection.commit()
                continue
            with cursor.copy("COPY billing_blogview FROM STDIN") as copy:
                for row in read_rows(folder, day):
                    copy.write_row(row)
        cursor.execute("CREATE INDEX of_day ON billing_blogview (day)")
        cursor.execute("ANALYZE")


def time_database(folder: Path, number: int) -> tuple[Sums, float]:
    fill_table(folder, number)
    sums, database = Sums(), Database()
    started_at = time.perf_counter()
    for day in list_days(number):
        database.load(day)
        sums.add(database)
    return sums, time.perf_counter() - started_at


@contextlib.contextmanager
def bare_database(vendor: str, folder: Path) -> Iterator[None]:
    """Lead this process's connection to a new database without tables."""
    import environ

    from tests.on_postgres import postgres_server

    with contextlib.ExitStack() as stack:
        url = f"sqlite:///{folder}/bare.sqlite3"
        if vendor == "postgresql":
            url = stack.enter_context(postgres_server(fsync=False))
        connection.close()
        parsed = environ.Env.db_url_config(url)
        kept = dict(connection.settings_dict)
        if connection.vendor != vendor:
            raise SystemExit(f"Start it with a DATABASE_URL of {vendor} to measure that.")
        connection.settings_dict.update(
            {name: parsed[name] for name in ("NAME", "USER", "PASSWORD", "HOST", "PORT")}
        )
        yield
        connection.close()
        connection.settings_dict.update(kept)


def measure(number: int, engines: list[str]) -> list[dict]:
    results: list[dict] = []
    first: Sums | None = None
    with tempfile.TemporaryDirectory(prefix="archive-") as name:
        folder = Path(name)
        make_files(folder, number)
        size = sum(path.stat().st_size for path in folder.glob("*.parquet"))
        for engine in engines:
            if engine in OF_FILES:
                sums, seconds = time_files(engine, folder, number)
            else:
                with bare_database(engine, folder):
                    sums, seconds = time_database(folder, number)
            first = first or sums
            assert sums == first, f"{engine}: {sums.told}, not {first.told}"  # noqa: S101
            result = {
                "engine": engine,
                **sums.told,
                "seconds": round(seconds, 1),
                "views_per_second": round(number / seconds),
                "bytes_per_view": round(size / number, 1),
                "peak_memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
            }
            results.append(result)
            print(
                f"{engine:10} {number:12,} views in {seconds:6.1f} s, "
                f"{result['views_per_second']:9,} a second; {sums.told['double_clicks']:,} double "
                f"clicks, digest {sums.told['digest'][:12]}, peak {result['peak_memory_mb']} MB",
                flush=True,
            )
    return results


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--engines", default=",".join(ENGINES))
    parser.add_argument("views", nargs="*", type=int, default=[1_000_000])
    options = parser.parse_args()
    figures = [measure(number, options.engines.split(",")) for number in options.views]
    write_results("archive", [result for results in figures for result in results])


if __name__ == "__main__":
    main()
