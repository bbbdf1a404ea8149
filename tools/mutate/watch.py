"""The plugin of pytest that tells what became of a run, by a file: see trying.py and baseline.py.

A mutant is killed by a test that itself fails. It is not killed by one whose fixtures fail, by a
module that can't be imported, or by one that ran out of time.
"""

import importlib
import json
import os
import sys
from pathlib import Path

import pytest

MOST_FAILED_FIXTURES = 25
NO_KILL = ("ImportError", "ModuleNotFoundError", "SyntaxError", "IndentationError")


class Watch:
    """What one run of pytest comes to. `module` is where the mutant with this name has to be."""

    def __init__(self, path: str, module: str, mutant: str) -> None:
        self.path, self.module, self.mutant = Path(path), module, mutant
        self.verdict, self.by, self.why = "survived", "", ""
        self.ran = 0
        self.failed_fixtures: list[str] = []
        self.times: dict[str, float] = {}
        self.failed: set[str] = set()
        self.passed: set[str] = set()

    def pytest_sessionstart(self, session: pytest.Session) -> None:
        if not self.module:
            return
        importlib.import_module(self.module)
        found = getattr(sys.modules[self.module], "__mutant__", "")
        if found != self.mutant:
            pytest.exit(f"The module runs “{found}” instead of “{self.mutant}”.", returncode=4)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo) -> object:
        report = yield
        if self.module:
            self.judge(item, call, report)
        return report

    def judge(self, item: pytest.Item, call: pytest.CallInfo, report: pytest.TestReport) -> None:
        if report.when == "call":
            self.ran += 1
        if not report.failed:
            return
        why = call.excinfo.exconly()[:300] if call.excinfo else "xpassed"
        error = why.partition(":")[0].rpartition(".")[2]
        if why.startswith("Failed: Timeout"):
            self.verdict, self.by, self.why = "timed out", item.nodeid, why
            item.session.shouldstop = "timed out"
        elif report.when != "call" or error in NO_KILL:
            self.failed_fixtures.append(f"{item.nodeid}: {why}")
            if len(self.failed_fixtures) >= MOST_FAILED_FIXTURES:
                item.session.shouldstop = "fixtures fail"
        else:
            self.verdict, self.by, self.why = "killed", item.nodeid, why
            item.session.shouldstop = "killed"

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.times[report.nodeid] = self.times.get(report.nodeid, 0) + report.duration
        if report.failed:
            self.failed.add(report.nodeid)
        elif report.when == "call" and report.passed:
            self.passed.add(report.nodeid)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if hasattr(session.config, "workerinput"):
            return
        if self.verdict == "survived" and self.failed_fixtures:
            self.verdict, self.why = "fixtures failed", self.failed_fixtures[0]
        good = sorted(self.passed - self.failed)
        told = {"passed": {name: round(self.times[name], 3) for name in good}}
        if self.module:
            told = {"verdict": self.verdict, "by": self.by, "why": self.why, "ran": self.ran}
        self.path.write_text(json.dumps(told, indent=1))


def pytest_configure(config: pytest.Config) -> None:
    path, module, mutant = (
        os.environ.get(f"MUTATE_{name}", "") for name in ("REPORT", "MODULE", "MUTANT")
    )
    if path:
        config.pluginmanager.register(Watch(path, module, mutant), "mutate-watch")
