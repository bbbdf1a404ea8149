"""Lets the processes of a run share the work of compiling the tests.

pytest writes each assert anew in a file that it never read: in a new checkout that takes a process
ten seconds for all files. All begin at once and read in one order, so each would do all of it. Here
each begins at a place of its own, and finds compiled what the others did before.
"""

import contextlib
import importlib
import os
import warnings
from pathlib import Path

import pytest

from tests.tiers import may_select

HERE = Path(__file__).parent


def read_files(config: pytest.Config) -> None:
    """Import the files of which a run takes tests, in another order in each process of xdist."""
    worker = os.environ.get("PYTEST_XDIST_WORKER")
    if not worker or config.args_source is not pytest.Config.ArgsSource.TESTPATHS:
        return
    ignored = [Path(folder).resolve() for folder in config.getoption("ignore") or []]
    files = [
        path
        for path in sorted(HERE.rglob("test_*.py"))
        if not set(ignored).intersection([path, *path.parents])
        and may_select(config.getoption("markexpr"), path)
    ]
    number, count = int(worker.removeprefix("gw")), int(os.environ["PYTEST_XDIST_WORKER_COUNT"])
    with warnings.catch_warnings(action="error"):
        for path in begin_at(files, number, count):
            # What is wrong with a file, or why it skips itself, pytest tells when it comes to it.
            with contextlib.suppress(Exception, pytest.skip.Exception):
                name = path.relative_to(HERE.parent).with_suffix("")
                importlib.import_module(".".join(name.parts))


def begin_at(files: list, number: int, count: int) -> list:
    """Return them from that part of `count` on, and then those before it."""
    start = len(files) * number // count
    return files[start:] + files[:start]
