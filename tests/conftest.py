import functools
import gc
import itertools
import os
import re
from concurrent.futures import Executor, Future
from pathlib import Path

import pytest
from django.conf import settings
from django.core.cache import cache
from django.core.management.sql import emit_post_migrate_signal
from django.db import connection, transaction
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.test import TransactionTestCase
from simple_history.manager import HistoryManager

from backoffice import alerts
from tests import flushing, read_apart
from tests.tiers import SAID_BEFORE, list_marks_of_some, may_select

# As shipped (3.13.0) each look at a history makes a class, which takes a fiftieth of all the tests.
HistoryManager.from_queryset = functools.cache(HistoryManager.from_queryset)

# Of a function that asks the database, `make test` takes so many cases, if no marker says more:
# two, but one where the file takes long.
MOST_CASES = 2
MOST_SLOW_CASES = 1


@pytest.hookimpl(trylast=True)  # coverage has to follow what the files import
def pytest_sessionstart(session):
    read_apart.read_files(session.config)


def pytest_ignore_collect(collection_path, config):
    """Don't read a file of which `-m` takes no test."""
    if not re.fullmatch(r"test_\w+\.py", collection_path.name):
        return None
    return not may_select(config.getoption("markexpr"), collection_path) or None


@pytest.hookimpl(wrapper=True)
def pytest_collection_modifyitems(items):
    mark(items)  # before they are shuffled and chosen
    result = yield
    # What takes long at the end leaves all workers but one idle.
    items.sort(key=takes_long, reverse=True)
    return result


def takes_long(item):
    return (
        item.path.parent.name == "browser"
        or "killed" in item.path.name
        or "upgrades" in item.fixturenames
    )


def mark(items):
    functions = {}
    for item in items:
        functions.setdefault(item.nodeid.partition("[")[0], []).append(item)
        if "some_of" in item.fixturenames:
            item.add_marker(pytest.mark.long)
        if item.path.parent.name == "browser":
            item.add_marker(pytest.mark.any_database)  # pages in a browser know none
        elif commits(item):  # so it meets locks, and other connections
            item.add_marker(pytest.mark.postgresql)
    for cases in functions.values():
        leave_some(cases)
    check_marks(items)


def check_marks(items):
    """Fail where a mark comes from elsewhere than the file: a run by marks would not read it."""
    for path, of_file in itertools.groupby(items, key=lambda item: item.path):
        told = list_marks_of_some(path, path.read_text())
        for item in of_file:
            for mark in {"any_database", *SAID_BEFORE} - told:
                assert not item.get_closest_marker(mark), f"{item.nodeid} is {mark} unsaid"


def commits(item):
    marker = item.get_closest_marker("django_db")
    return "transactional_db" in item.fixturenames or bool(
        marker and marker.kwargs.get("transaction")
    )


def leave_some(cases):
    """Leave to `make test-rest` what `make test` does not take of a function's cases."""
    marker = cases[0].get_closest_marker("cases")
    asks_database = "db" in cases[0].fixturenames or cases[0].get_closest_marker("django_db")
    most = MOST_SLOW_CASES if cases[0].get_closest_marker("slow") else MOST_CASES
    if marker or not asks_database:
        most = marker.args[0] if marker else len(cases)
    # As they are written, because another plugin may have shuffled them already.
    written = sorted(cases, key=place) if len(cases) > 1 else cases
    taken = spread([case for case in written if not case.get_closest_marker("thorough")], most)
    for case in cases:
        if case not in taken:
            case.add_marker(pytest.mark.thorough)


def place(case):
    return list(case.callspec.indices.values())


def spread(everything, most):
    """Return at most so many of them, from the first on, at even steps."""
    return everything[:: -(-len(everything) // most) or 1]


def pytest_collection_finish():
    """Exclude what all tests share from garbage collection, which saves a tenth of the time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup, django_db_blocker):
    """Make the tables from the models, and record all migrations as applied."""
    with django_db_blocker.unblock():
        recorder = MigrationRecorder(connection)
        is_made = "auth_user" in connection.introspection.table_names()
        if not is_made or recorder.has_table():  # no test of this run needs it, or it is kept
            return
        recorder.ensure_schema()
        found = MigrationLoader(None).disk_migrations
        recorder.migration_qs.bulk_create(
            recorder.Migration(app=app, name=name) for app, name in found
        )
        # As the end of a migrate does: it puts up the guards.
        emit_post_migrate_signal(verbosity=0, interactive=False, db=connection.alias)
        flushing.keep()


def _fixture_teardown(self, flush=TransactionTestCase._fixture_teardown):
    if not flushing.take_back():
        flushing.remove_guards()
        flush(self)
        flushing.keep()


TransactionTestCase._fixture_teardown = _fixture_teardown


class _AtOnce(Executor):
    def submit(self, function, /, *args, **kwargs):
        future = Future()
        future.set_result(function(*args, **kwargs))
        return future


@pytest.fixture(autouse=True)
def links_are_mailed_at_once(monkeypatch):
    """Mail links to passwords in the test's own thread: another one sees nothing of its rows."""
    from backoffice.accounts import reset

    monkeypatch.setattr(reset, "_sender", _AtOnce())
    monkeypatch.setattr(reset, "close_old_connections", lambda: None)


@pytest.fixture(autouse=True)
def nothing_kept():
    """Forget cached pages of other tests."""
    cache.clear()


@pytest.fixture(scope="session")
def folders(tmp_path_factory):
    """Return new folder names for each test. Most folders are never made, which saves time."""
    parent = tmp_path_factory.mktemp("folders")
    return (parent / str(number) for number in itertools.count())


@pytest.fixture(autouse=True)
def spool_dir(settings, folders):
    """A spool for this test only."""
    settings.SPOOL_DIR = Path(f"{next(folders)}-spool")
    return settings.SPOOL_DIR


@pytest.fixture(autouse=True)
def nothing_told(settings, folders, monkeypatch):
    """Forget failures of other tests, because ADMINS get one mail an hour for each kind."""
    settings.ALERTS_DIR = next(folders)
    settings.JOBS_DIR = f"{settings.ALERTS_DIR}-jobs"
    monkeypatch.setattr(alerts, "_last_told", {})


@pytest.fixture
def views():
    """The arguments of every blog_viewed that was sent."""
    from weblog.signals import blog_viewed

    received = []

    def receive(**arguments):
        received.append(arguments)

    blog_viewed.connect(receive)
    yield received
    blog_viewed.disconnect(receive)


@pytest.fixture
def some_of():
    """Return a function that picks at most so many of a test's cases, spread over all of them.

    `make test-long` tries them all.
    """

    def some_of(everything, most):
        everything = list(everything)
        return everything if os.environ.get("TEST_ALL") == "1" else spread(everything, most)

    return some_of


@pytest.fixture(scope="session")
def shared_data():
    """The folder beside the repository with real access logs and robot lists."""
    folder = Path(settings.BASE_DIR).parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(f"No access logs and robot lists in {folder}.")
    return folder


@pytest.fixture(scope="module")
def doors(django_db_setup, django_db_blocker):
    """{door: URL} for every page and action of the admin, on rows that belong to somebody else.

    They are made once. Each test rolls its changes back, and the last one leaves nothing.
    """
    from tests.doors import list_doors, make_rows

    with django_db_blocker.unblock(), transaction.atomic():
        make_rows()
        yield dict(list_doors())
        transaction.set_rollback(True)


@pytest.fixture(scope="session")
def upgrades(tmp_path_factory, django_db_setup, django_db_blocker):
    """The databases of earlier versions, brought to today."""
    from tests.upgrades.databases import Upgrades

    folder = tmp_path_factory.getbasetemp()
    upgrades = Upgrades(folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder)
    yield upgrades
    with django_db_blocker.unblock():
        upgrades.drop()
