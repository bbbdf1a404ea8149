"""A fold that is killed on the way, in a process of its own, for test_killed_fold.py.

The process is forked from one with Django loaded, so that each death takes little time.
"""

import datetime as dt
import itertools
import multiprocessing
import os
import signal

import django
from django.apps import apps

if not apps.ready:
    django.setup()

from django.db import connection

from billing.counting import folding

LATER = dt.datetime(2027, 1, 1, tzinfo=dt.UTC)


def die_in_fold(step, fold_size):
    """Fold in a process that is killed at a step; return how the process ended: 0 if unharmed.

    Two steps are the moments before and after a statement, or before and after a COMMIT.
    """
    processes = multiprocessing.get_context("forkserver")
    processes.set_forkserver_preload([__name__])
    process = processes.Process(
        target=_fold, args=(connection.settings_dict["NAME"], step, fold_size)
    )
    process.start()
    process.join()
    return process.exitcode


def _fold(database, fatal_step, fold_size):
    steps = itertools.count()

    def take_step():
        if next(steps) == fatal_step:
            os.kill(os.getpid(), signal.SIGKILL)

    def around(execute, *arguments):
        take_step()
        result = execute(*arguments)
        take_step()
        return result

    connection.settings_dict["NAME"] = database
    connection.ensure_connection()
    commit = connection._commit
    connection._commit = lambda: around(commit)
    folding.FOLD_SIZE = fold_size
    with connection.execute_wrapper(around):
        folding.fold_views(at=LATER)
