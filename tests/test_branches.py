"""What coverage follows by tools/branches.py is what its tracer follows, in twice the time."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.any_database

ROOT = Path(__file__).parent.parent
BRANCHES = """
def sign(number):
    if number < 0:
        return "-"
    elif number:
        return "+"
    return None

def first(numbers, most=5):
    for number in numbers:
        if number > most:
            continue
        if number == most:
            break
    else:
        return "none"
    while most:
        most -= 1
    return number

def read(text):
    try:
        if text is None or not text:
            return
        return int(text)
    except ValueError:
        return -1
    finally:
        if text == "7":
            text = ""

def name(thing):
    match thing:
        case int():
            return "number"
        case [one, *others] if others:
            return one
    with open(__file__) as file:
        for line in file:
            if "never in this file " * 2 in line: return line
    return [word for word in thing if word != "x"]

def count(most):
    number = 0
    while True:
        if number == most:
            return
        yield number
        number += 1

sign(1), sign(2), sign(0)
first([1, 9, 5]), first([1])
read("3"), read("x"), read("7"), read("")
name(3), name([1, 2]), name("xyx")
list(count(3)), next(count(1))
"""


@pytest.fixture
def follow(tmp_path):
    """Return a function that runs BRANCHES under coverage, and returns what it followed."""
    program = tmp_path / "program.py"
    program.write_text(BRANCHES)

    def follow(*options):
        settings, report = tmp_path / "settings.toml", tmp_path / "report.json"
        lines = ["[tool.coverage.run]", "branch = true", *options]
        settings.write_text("\n".join(lines))
        coverage = [sys.executable, "-m", "coverage"]
        subprocess.run(
            [*coverage, "run", f"--rcfile={settings}", f"--data-file={tmp_path}/data", program],
            env=os.environ | {"PYTHONPATH": str(ROOT)}, check=True,
        )  # fmt: skip
        subprocess.run(
            [*coverage, "json", "-q", f"--rcfile={settings}", f"--data-file={tmp_path}/data",
             "-o", report],
            env=os.environ | {"PYTHONPATH": str(ROOT)}, check=True,
        )  # fmt: skip
        (found,) = json.loads(report.read_text())["files"].values()
        names = ("executed_lines", "missing_lines", "executed_branches", "missing_branches")
        return {name: sorted(found[name]) for name in names}

    return follow


def test_branches_are_followed_as_by_a_tracer(follow):
    followed = follow('core = "sysmon"', 'plugins = ["tools.branches"]')
    assert followed == follow('core = "ctrace"')
    assert len(followed["executed_branches"]) > 20
    assert len(followed["missing_branches"]) > 1
