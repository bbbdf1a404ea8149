"""Reads untrusted files in a process of its own, which is ended if it needs too much.

A file of a few kilobytes can be built so that its reader needs minutes, or all of the memory. What
reads such formats is run here: apart from the worker, without its secrets, with a bound on
seconds, memory and answer. The function that is run gets a file to read and one to write; its
module imports no Django, so that starting takes a tenth of a second.

As each may take so much memory, settings.FILES_AT_ONCE of them run at once on a machine. A request
waits for a moment and is then asked to try again; commands and jobs wait as long as it takes.
"""

import contextlib
import json
import logging
import math
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

from django.conf import settings
from django.core.files import File

from backoffice.bounded_child import REFUSED, TOO_MUCH_MEMORY
from backoffice.env import BASE_DIR
from backoffice.limits.queries import is_web_request, stopped_clock
from backoffice.limits.slots import take_slot

OUT_OF_TIME = (None, -signal.SIGKILL, -signal.SIGXCPU)

MOST_WAITING = 4  # threads of a worker: the others answer what needs no slot
MOST_SECONDS = 10
PAUSE = 0.05

_reserved = threading.local()
_waiting = threading.BoundedSemaphore(MOST_WAITING)

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Bounds:
    """How much may be used: seconds of a processor, memory of the child, bytes of its answer.

    On a machine that has much else to do, it may take thrice the seconds by the clock.
    """

    seconds: float = 4
    memory: int = 300_000_000
    answer: int = 50_000_000


class BoundReached(Exception):
    """The file needs too much to read. Pages show the message to the person unchanged."""


class MachineBusy(BoundReached):
    """Too many files are read at this moment: nothing is wrong with this one."""

    def __init__(self) -> None:
        super().__init__("The machine is reading other files. Try again in a minute.")


class Unreadable(Exception):
    """The function refused the file. The message is its own."""


def run_bounded(
    function: str,
    file: IO[bytes] | File,
    *,
    what: str,
    advice: str,
    bounds: Bounds,
    args: tuple = (),
) -> IO[bytes]:
    """Run `function`, "package.module:name", on `file`, and return what it wrote, as an open file.

    `what` and `advice` go into the message: what is being read, and how to go on without it.
    Raises BoundReached, of which MachineBusy is one, and Unreadable where the function raised
    bounded_child.Refused.
    """
    with contextlib.ExitStack() as unless_it_is_done:
        answer = unless_it_is_done.enter_context(_open_temporary())
        with _as_open_file(file) as source:
            with _hold_slot():
                process = _start(function, source, answer, bounds=bounds, args=args)
                code = _wait(process, seconds=3 * bounds.seconds)
            size = _size_of(source)
        answer.seek(0)
        if code == REFUSED:
            raise Unreadable(json.load(answer))
        if code != 0:
            logger.warning("%s ended with %s on %s bytes", function, code, size)
            raise BoundReached(f"{what} {_describe(code, bounds)}, so it was put aside. {advice}")
        unless_it_is_done.pop_all()
        return answer


@contextlib.contextmanager
def reserve_slot() -> Iterator[None]:
    """Keep a slot for the first run within: what is taken up once is then read.

    Raises MachineBusy before anything within is done.
    """
    with contextlib.ExitStack() as stack:
        stack.enter_context(_hold_slot())
        _reserved.stack = stack.pop_all()
        try:
            yield
        finally:
            if unused := _take_reserved():
                unused.close()


def _take_reserved() -> contextlib.ExitStack | None:
    stack = getattr(_reserved, "stack", None)
    _reserved.stack = None
    return stack


@contextlib.contextmanager
def _hold_slot() -> Iterator[None]:
    """Hold one of settings.FILES_AT_ONCE slots. Raises MachineBusy within a web request."""
    if reserved := _take_reserved():
        with reserved:
            yield
        return
    with contextlib.ExitStack() as stack:
        if not _take_slot(stack):
            with stopped_clock():  # no query waits meanwhile
                _wait_for_slot(stack)
        yield


def _take_slot(stack: contextlib.ExitStack) -> bool:
    return take_slot(stack, "file", range(settings.FILES_AT_ONCE))


def _wait_for_slot(stack: contextlib.ExitStack) -> None:
    if not is_web_request():
        while not _take_slot(stack):
            time.sleep(PAUSE)
        return
    if not _waiting.acquire(blocking=False):
        raise MachineBusy
    try:
        until = time.monotonic() + MOST_SECONDS
        while not _take_slot(stack):
            if time.monotonic() > until:
                raise MachineBusy
            time.sleep(PAUSE)
    finally:
        _waiting.release()


def _start(function, source, answer, *, bounds, args):
    command = [sys.executable, "-s", "-m", "backoffice.bounded_child", function]
    limits = map(str, (math.ceil(bounds.seconds), bounds.memory, bounds.answer))
    # Not our environment: what is wrong with a file must not be able to read our secrets.
    return subprocess.Popen(
        [*command, *limits, *args],
        stdin=source,
        stdout=answer,
        stderr=subprocess.DEVNULL,
        cwd=BASE_DIR,
        env={"PATH": os.environ.get("PATH", ""), "PYTHONHASHSEED": "random"},
    )


def _wait(process, *, seconds) -> int | None:
    """Return the exit code, None if the time was over. The process is gone in any case."""
    try:
        return process.wait(seconds)
    except subprocess.TimeoutExpired:
        return None
    finally:
        process.kill()
        process.wait()


def _describe(code, bounds):
    if code in OUT_OF_TIME:
        return f"takes more than {bounds.seconds:g} seconds to read"
    if code == TOO_MUCH_MEMORY:
        return f"needs more than {bounds.memory // 10**6} MB of memory to read"
    return "can't be read within its bounds"


@contextlib.contextmanager
def _as_open_file(file):
    """Give a process `file` itself, from its start, or a copy where it is only in memory."""
    file.seek(0)
    with contextlib.suppress(OSError, AttributeError):
        os.lseek(file.fileno(), 0, os.SEEK_SET)
        yield file
        return
    with _open_temporary() as copy:
        while chunk := file.read(1_000_000):
            copy.write(chunk)
        copy.seek(0)
        yield copy


def _open_temporary():
    settings.UPLOAD_DIR.mkdir(mode=0o700, parents=True, exist_ok=True)
    return tempfile.TemporaryFile(dir=settings.UPLOAD_DIR)


def _size_of(file):
    return os.fstat(file.fileno()).st_size
