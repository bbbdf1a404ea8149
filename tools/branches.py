"""Lets coverage follow branches through sys.monitoring before Python 3.14 too.

Up to there coverage takes sys.settrace, which stops at every line of every library. Python 3.12
and 3.13 have one event for both ways out of a branch, so it is switched off only once both were
taken. In all else this is what coverage itself does from 3.14 on;
tests/test_branches.py compares it with the tracer.
"""

import dis
import sys

from coverage import bytecode, env
from coverage.sysmon import DISABLE, SysMonitor


def coverage_init(registry, options):
    """Teach coverage, which calls this for `plugins` in pyproject.toml."""
    events = sys.monitoring.events
    if env.PYBEHAVIOR.branch_right_left:
        return
    env.PYBEHAVIOR.branch_right_left = True
    events.BRANCH_LEFT = events.BRANCH_RIGHT = events.BRANCH
    bytecode.RETURNS.add(dis.opmap["RETURN_CONST"])  # is no more in 3.14
    note = SysMonitor.sysmon_branch_either

    def note_way(self, code, offset, destination):
        ways = vars(self).setdefault("ways", {})
        key = id(code), offset
        first = ways.get(key)
        if first == destination:
            return None
        ways.setdefault(key, destination)
        note(self, code, offset, destination)
        return None if first is None else DISABLE

    SysMonitor.sysmon_branch_either = note_way
