"""Time and memory of importing a large site, against a tenth of it.

`python -m benchmarks.import_blogs [FOLDER]`, the folder of Marginal Revolution's list of posts
(34,765, each with an artificial text of 1 kB). The second run finds everything imported already.
"""

import sys
import tempfile
import time
from pathlib import Path

from benchmarks.databases import new_database, run_apart
from benchmarks.results import write_results
from tests.weblog.marginal_revolution import read_posts, write_wxr
from weblog.importing.formats import open_path
from weblog.importing.imports import import_posts
from weblog.models import Blog

FOLDER = Path(__file__).parents[2] / "shared" / "data" / "content-marginal-revolution"
SHARE = 10


def time_import(path: Path) -> dict:
    """Return seconds, posts and the peak of memory in MB, of this process only."""
    before = _peak()
    started_at = time.perf_counter()
    with open_path(path) as source:
        plan = import_posts(source=source)
    seconds = time.perf_counter() - started_at
    return {
        "new": plan.new,
        "here_already": plan.already_here,
        "seconds": round(seconds, 1),
        "mb_before": before,
        "mb_at_peak": _peak(),
    }


def count_history() -> tuple[int, int]:
    return Blog.objects.count(), Blog.history.count()


def _peak():
    """Return this process's peak of memory in MB. getrusage would return its parent's."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) // 1024


def main():
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER
    posts = list(read_posts(folder))
    figures = []
    for vendor in ("sqlite", "postgresql"):
        with tempfile.TemporaryDirectory() as directory:
            for count in (len(posts) // SHARE, len(posts)):
                path = Path(directory) / f"{count}.xml"
                with path.open("wb") as file:
                    write_wxr(file, posts[:count])
                with new_database(vendor):
                    for run in ("first", "second"):
                        row = {"vendor": vendor, "run": run, **run_apart(time_import, path)}
                        figures.append(row)
                        print(row, flush=True)
                    blogs, versions = run_apart(count_history)
                    print(f"{blogs:,} blogs, {versions:,} rows of history", flush=True)
    write_results("import_blogs", figures)


if __name__ == "__main__":
    main()
