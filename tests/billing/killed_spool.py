"""Writers and takers of the spool that die on the way: run by test_killed_spool.py.

A step is the moment before and after each call that changes a file, each statement and COMMIT.
"""

import fcntl
import itertools
import multiprocessing
import os
import signal

import django
from django.apps import apps

if not apps.ready:
    django.setup()

from django.conf import settings
from django.db import connection

from billing.counting import spool, spool_intake

CALLS = ("open", "write", "fsync", "close", "rename", "unlink", "link")


def die_while_writing(step, views):
    """Keep views in a process that is killed at a step.

    Returns how it ended, 0 if unharmed, and the numbers of the views that it acknowledged.
    """
    reading, writing = os.pipe()
    process = os.fork()
    if not process:
        _write(step, views, writing)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        acknowledged = list(pipe.read())
    _, status = os.waitpid(process, 0)
    return os.waitstatus_to_exitcode(status), acknowledged


def _write(fatal_step, views, pipe):
    try:
        write = os.write
        _wrap_calls(_make_step(fatal_step))
        for number, view in views.items():
            spool.keep_view(view, salt="abcd1234")
            write(pipe, bytes([number]))
        os._exit(0)
    finally:
        os._exit(1)


def die_while_taking_in(step, folder):
    """Take in the spool in a process that is killed at a step. Return how the process ended."""
    processes = multiprocessing.get_context("forkserver")
    processes.set_forkserver_preload([__name__])
    process = processes.Process(
        target=_take_in, args=(connection.settings_dict["NAME"], step, folder)
    )
    process.start()
    process.join()
    return process.exitcode


def _take_in(database, fatal_step, folder):
    settings.SPOOL_DIR = folder
    connection.settings_dict["NAME"] = database
    connection.ensure_connection()
    take_step = _make_step(fatal_step)

    def around(execute, *arguments):
        take_step()
        result = execute(*arguments)
        take_step()
        return result

    commit = connection._commit
    connection._commit = lambda: around(commit)
    spool_intake.LINES_AT_A_TIME = 2
    _wrap_calls(take_step)
    with connection.execute_wrapper(around):
        spool_intake.take_in_spool()


def _make_step(fatal_step):
    steps = itertools.count()

    def take_step():
        if next(steps) == fatal_step:
            os.kill(os.getpid(), signal.SIGKILL)

    return take_step


def _wrap_calls(take_step):
    for module, name in [(fcntl, "flock"), *((os, name) for name in CALLS)]:
        setattr(module, name, _wrap(getattr(module, name), take_step))


def _wrap(call, take_step):
    def wrapped(*arguments, **options):
        take_step()
        result = call(*arguments, **options)
        take_step()
        return result

    return wrapped
