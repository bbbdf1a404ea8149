"""List the seconds of the processor that tests take: python -m pytest -p tests.costs

Those hardly grow on a busy machine. What a test starts counts once it has ended; a PostgreSQL
server does not count. A test that takes more than MOST of them, and is not marked thorough, fails
the run: mark it, or make it cheaper.
"""

import collections
import os

import pytest

MOST = 5
SHOWN = 40
PROPERTY = "seconds of the processor"
BEGUN = pytest.StashKey[float]()

costs: dict[str, float] = {}
held: set[str] = set()


def spent() -> float:
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item, nextitem):
    item.stash[BEGUN] = spent()
    return (yield)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_makereport(item, call):
    if call.when == "teardown":
        # The first to ask for an upgraded database makes it, and all others copy it.
        may_be_dear = "thorough" in item.keywords or "upgrades" in item.fixturenames
        item.user_properties.append((PROPERTY, (spent() - item.stash[BEGUN], may_be_dear)))


def pytest_runtest_logreport(report):
    """Hear of each test where its results come together, whichever process ran it."""
    for name, value in report.user_properties:
        if name == PROPERTY:
            costs[report.nodeid], may_be_dear = value
            if not may_be_dear:
                held.add(report.nodeid)


def find_too_costly() -> list[str]:
    return sorted(name for name in held if costs[name] > MOST)


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session):
    if find_too_costly() and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter):
    files: collections.Counter[str] = collections.Counter()
    for name, seconds in costs.items():
        files[name.partition("::")[0]] += seconds
    terminalreporter.section(f"{sum(files.values()):.0f} s of the processor in all")
    for name, seconds in files.most_common(SHOWN):
        terminalreporter.line(f"{seconds:6.1f} s {name}")
    for name in find_too_costly():
        terminalreporter.line(f"More than {MOST} s, and not thorough: {costs[name]:.1f} s {name}")
