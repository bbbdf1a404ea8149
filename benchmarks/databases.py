"""Databases for benchmarks, and processes that work on them."""

import contextlib
import multiprocessing
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import connection
from django.utils import timezone
from simple_history.utils import get_history_manager_for_model

from billing.proof.traces import seal_traces, trace_latest_records
from tests.on_postgres import postgres_server
from weblog.models import Blog, Category

AUTHORS = 50
CATEGORIES = 5


@contextlib.contextmanager
def new_database(
    vendor: str, *, environment: dict[str, str] | None = None, folder: Path | None = None
) -> Iterator[None]:
    """Start an empty database, as durable as in production, for the processes of run_apart.

    `environment` is for the server of PostgreSQL; it keeps its database in `folder`, if any, and
    starts with what lies there.
    """
    with contextlib.ExitStack() as stack:
        if vendor == "postgresql":
            server = postgres_server(fsync=True, environment=environment, folder=folder)
            url = stack.enter_context(server)
        else:
            directory = stack.enter_context(tempfile.TemporaryDirectory(prefix="sqlite-"))
            url = f"sqlite:///{directory}/db.sqlite3"
        os.environ["DATABASE_URL"] = url
        run_apart(call_command, "migrate", verbosity=0)
        yield


def run_apart(function: Callable, *arguments, **options):
    """Run the function in a new process on the new database, and return its result."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, context) as pool:
        return pool.submit(function, *arguments, **options).result()


def read_processor_seconds() -> float:
    """Return the seconds of processors that this process and PostgreSQL's have used. On Linux.

    A busy machine changes them less than the time that passes. SQLite works in this process.
    """
    if connection.vendor != "postgresql":
        return time.process_time()
    with connection.cursor() as cursor:
        cursor.execute("SHOW data_directory")
        (directory,) = cursor.fetchone()
    server = (Path(directory) / "postmaster.pid").read_text().split()[0]
    ticks = 0
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):  # the process has just ended
            number, _, rest = path.read_text().partition(" ")
            _, parent, *fields = rest.rpartition(") ")[2].split()
            if server in (number, parent):
                ticks += sum(map(int, fields[9:13]))  # its own, and of children that have ended
    return ticks / os.sysconf("SC_CLK_TCK") + time.process_time()


def record_accounts() -> None:
    """Give accounts that came all at once the history and the traces that verification asks for."""
    history: Any = get_history_manager_for_model(User)
    users = list(User.objects.exclude(pk__in=history.values("id")).order_by("pk"))
    history.bulk_history_create(users, batch_size=1_000)
    trace_latest_records(User, [user.pk for user in users])
    seal_traces(at=timezone.now())


def make_blogs(number: int) -> None:
    """Add published blogs, with authors and categories taking turns."""
    authors = User.objects.bulk_create(User(username=f"author-{n}") for n in range(AUTHORS))
    record_accounts()
    categories = Category.objects.bulk_create(
        Category(name=f"Category {n}", slug=f"category-{n}") for n in range(CATEGORIES)
    )
    Blog.objects.bulk_create(
        Blog(
            title=f"Blog {n}",
            slug=f"blog-{n}",
            body="<p>A paragraph of a blog of ordinary length.</p>" * 60,
            author=authors[n % AUTHORS],
            category=categories[n % CATEGORIES],
            status=Blog.Status.PUBLISHED,
            publish_at=timezone.now(),
        )
        for n in range(number)
    )
