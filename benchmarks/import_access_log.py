"""Time and memory of importing and counting an access log.

`python -m benchmarks.import_access_log [LOG]`. The log, by default the one of 10,000 lines beside
the repository, is repeated with later dates until it has a million lines. GoAccess and AWStats read
the same file where Debian's packages are installed; they keep sums alone, in no database.
"""

import datetime as dt
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from itertools import islice
from pathlib import Path

from django.conf import settings
from django.contrib.auth.models import User
from django.utils import timezone

from benchmarks.databases import new_database, run_apart
from benchmarks.log_analyzers import time_analyzers
from benchmarks.results import write_results
from billing.counting.access_logs.importing import import_access_log
from billing.counting.access_logs.lines import Request, make_reader
from billing.models import BlogView
from weblog.models import Blog, Category

LOG = Path(settings.BASE_DIR).parent / "shared/data/access-log-semicomplete/apache_logs"
REPETITIONS = [10, 100]
AWSTATS = "/usr/lib/cgi-bin/awstats.pl"
PAGES = r"^/blog/(?!tags/)(?P<slug>[^?#]*)\.html$"
DATE = re.compile(rb"\[(\d\d/\w{3}/\d{4}):")


def write_log(source: Path, target: Path, repetitions: int) -> None:
    """Repeat a log up to yesterday, each copy after the one before, as a log is in order."""
    lines = source.read_bytes().splitlines(keepends=True)
    days = {match[1] for line in lines if (match := DATE.search(line))}
    dates = {day: dt.datetime.strptime(day.decode(), "%d/%b/%Y") for day in days}
    yesterday = dt.datetime.now() - dt.timedelta(days=1)
    shift = yesterday - max(dates.values()) - dt.timedelta(days=len(days) * repetitions)
    with target.open("wb") as file:
        for n in range(repetitions):
            later = {
                day: f"[{date + shift + dt.timedelta(days=len(days) * n):%d/%b/%Y}:".encode()
                for day, date in dates.items()
            }
            file.writelines(move(line, later) for line in lines)


def move(line: bytes, dates: dict[bytes, bytes]) -> bytes:
    return DATE.sub(lambda match: dates[match[1]], line)


def make_pages(path: Path) -> None:
    """Add a blog for each page of the log."""
    read_line = make_reader(PAGES)
    with path.open("rb") as file:
        found = [read_line(line.rstrip(b"\n")) for line in islice(file, 10_000)]
    author = User.objects.create(username="author")
    category = Category.objects.create(name="Tech", slug="tech")
    Blog.objects.bulk_create(
        Blog(
            title=slug,
            slug=slug,
            author=author,
            category=category,
            status=Blog.Status.PUBLISHED,
            publish_at=dt.datetime(2000, 1, 1, tzinfo=dt.UTC),
        )
        for slug in {request.slugs[0] for request in found if isinstance(request, Request)}
    )


def time_import(path: Path) -> tuple[float, int, int]:
    """Return the seconds, the views counted, and this process's peak of memory in MB."""
    started_at = time.perf_counter()
    with path.open("rb") as file:
        import_access_log(file=file, file_name="access.log", path_pattern=PAGES, at=timezone.now())
    seconds = time.perf_counter() - started_at
    counted = BlogView.objects.filter(outcome="counted").count()
    return seconds, counted, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def time_reading(path: Path) -> float:
    """Return the seconds of splitting each line by one regular expression, the baseline."""
    combined = re.compile(rb'(\S+) \S+ \S+ \[([^]]+)\] "([^"]*)" (\d{3}) (\S+) "([^"]*)" "([^"]*)"')
    started_at = time.perf_counter()
    with path.open("rb") as file:
        for line in file:
            combined.match(line)
    return time.perf_counter() - started_at


def time_others(path: Path) -> dict[str, float]:
    """Return the seconds of GoAccess and of AWStats, without those that are not installed."""
    config = path.with_name("awstats.bench.conf")
    config.write_text(
        f'LogFile="{path}"\nLogType=W\nLogFormat=1\nSiteDomain="bench"\nDirData="{path.parent}"\n'
        "DNSLookup=0\n"
    )
    report = path.with_name("goaccess.json")
    commands = {
        "goaccess": ["goaccess", str(path), "--no-global-config", "--log-format=COMBINED",
                     "--no-progress", "-o", str(report)],
        "awstats": [AWSTATS, "-config=bench", f"-configdir={path.parent}", "-update"],
    }  # fmt: skip
    seconds = {}
    for name, command in commands.items():
        if not shutil.which(command[0]):
            print(f"{name} is missing: apt install {name}")
            continue
        started_at = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True)
        seconds[name] = time.perf_counter() - started_at
    return seconds


def measure(vendor: str, source: Path, repetitions: int) -> dict:
    with tempfile.TemporaryDirectory() as directory, new_database(vendor):
        path = Path(directory) / "access.log"
        write_log(source, path, repetitions)
        run_apart(make_pages, path)
        lines = sum(1 for _ in path.open("rb"))
        before = run_apart(time_reading, path)
        seconds, counted, megabytes = run_apart(time_import, path)
        analyzers = time_analyzers(path)
        reading = (before + run_apart(time_reading, path)) / 2
        others = time_others(path)
    result = {
        "database": vendor,
        "lines": lines,
        "views_counted": counted,
        "lines_per_second": round(lines / seconds),
        "ratio_to_reading_alone": round(reading / seconds, 2),
        "peak_memory_mb": megabytes,
    } | {f"ratio_to_{name}": round(each / seconds, 2) for name, each in analyzers.items()}
    for name, taken in others.items():
        result[f"{name}_lines_per_second"] = round(lines / taken)
        result[f"ratio_to_{name}"] = round(taken / seconds, 2)
    print(", ".join(f"{name.replace('_', ' ')} {value}" for name, value in result.items()))
    return result


def main(source: Path) -> None:
    if not source.exists():
        sys.exit(f"No log in {source}: name one.")
    write_results(
        "import_access_log",
        [measure(vendor, source, n) for vendor in ("postgresql", "sqlite") for n in REPETITIONS],
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]) if sys.argv[1:] else LOG)
