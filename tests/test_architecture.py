"""Rules for the whole code: apps that stand alone, complete history, no float."""

import ast
import itertools
import os
import re
import subprocess
import sys

import pytest
from django.apps import apps as registry
from django.conf import settings
from django.db.models import signals

pytestmark = pytest.mark.slow

ROOT = settings.BASE_DIR
OWN = ("backoffice", "weblog", "billing")
TRACKED = {
    "Adjustment", "Blog", "NewText", "Category", "CategoryPrice", "Group",
    "Hold", "PayoutBatch", "RobotException", "User",
}  # fmt: skip

# Lines of a file at most, and the files that may have more: a number here only ever gets smaller.
LONGEST = 300
LONGER = {
    "backoffice/settings.py": 460,
    "billing/evidence_pack/files/verify.py": 844,  # handed out alone, so it is one file
}
NO_ROOMS = {"commands", "formats", "en_GB", "management", "migrations", "templatetags"}

# Compare-and-set on the status; the same function saves the row, with its history, right after.
COMPARE_AND_SET = {("billing/payouts/transitions.py", "move_batch")}


def python_files(*apps):
    for app in apps:
        yield from (path for path in (ROOT / app).rglob("*.py") if "migrations" not in path.parts)


def run(*command, **environment):
    return subprocess.run(
        [sys.executable, *command],
        cwd=ROOT,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_weblog_contains_no_word_of_billing():
    words = ("billing", "payout", "payment", "price", "money")
    files = [
        path for path in (ROOT / "weblog").rglob("*") if path.suffix in (".py", ".html", ".css")
    ]
    found = [
        f"{path.relative_to(ROOT)}: {word}"
        for path in files
        for word in words
        if word in path.read_text().lower()
    ]
    assert files
    assert found == []


@pytest.fixture
def weblog_only(tmp_path):
    return {
        "DJANGO_SETTINGS_MODULE": "tests.settings_weblog_only",
        "DATABASE_URL": f"sqlite:///{tmp_path}/weblog.sqlite3",
    }


@pytest.mark.cases(1)
@pytest.mark.parametrize("command", [["check"], ["migrate", "-v0"], ["makemigrations", "--check"]])
def test_weblog_runs_without_billing(command, weblog_only):
    result = run("manage.py", *command, **weblog_only)
    assert result.returncode == 0, result.stderr


@pytest.mark.thorough  # `make lint` asks the same
def test_imports_go_one_way():
    result = run("-c", "from importlinter.cli import lint_imports_command as run; run()")
    assert result.returncode == 0, result.stdout


@pytest.mark.thorough  # `make lint` asks the same
def test_migrations_are_complete():
    result = run("manage.py", "makemigrations", "--check", "--dry-run")
    assert result.returncode == 0, result.stdout


def test_tracked_tables_are_never_written_in_bulk():
    found = []
    for path in python_files("backoffice", "weblog", "billing"):
        for function in ast.walk(ast.parse(path.read_text())):
            if not isinstance(function, ast.FunctionDef):
                continue
            place = (path.relative_to(ROOT).as_posix(), function.name)
            if place in COMPARE_AND_SET:
                continue
            found += [place for call in ast.walk(function) if _is_bulk_write(call)]
    assert found == []


def _is_bulk_write(node):
    if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
        return False
    names = {name.id for name in ast.walk(node.func) if isinstance(name, ast.Name)}
    return node.func.attr in ("update", "bulk_create", "bulk_update") and bool(names & TRACKED)


def test_billing_has_no_float():
    found = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in python_files("billing")
        for node in ast.walk(ast.parse(path.read_text()))
        if (isinstance(node, ast.Constant) and isinstance(node.value, float))
        or (isinstance(node, ast.Attribute) and node.attr == "FloatField")
        or (isinstance(node, ast.Call) and getattr(node.func, "id", "") == "float")
    ]
    assert found == []


def test_files_stay_short():
    lengths = {
        path.relative_to(ROOT).as_posix(): len(path.read_text().splitlines())
        for path in python_files("backoffice", "weblog", "billing")
    }
    longer = {name: lines for name, lines in lengths.items() if lines > LONGEST}
    assert {name: lines for name, lines in longer.items() if lines > LONGER.get(name, 0)} == {}
    assert sorted(set(LONGER) - set(longer)) == []  # short by now: take it off the list


def test_every_room_says_what_happens_in_it():
    rooms = [
        path
        for path in python_files("backoffice", "weblog", "billing")
        if path.name == "__init__.py" and path.parent.name not in NO_ROOMS
    ]
    assert len(rooms) > 20
    silent = [path.parent for path in rooms if not ast.get_docstring(ast.parse(path.read_text()))]
    assert silent == []


def test_map_of_the_house_names_what_is_there():
    text = (ROOT / "docs" / "architecture.md").read_text()
    rows = [
        line
        for line in text.split("## Where is what")[1].split("\n## ")[0].splitlines()
        if line.startswith("| ") and "`" in line
    ]
    assert len(rows) >= 30
    named = [re.findall(r"`([^`]+)`", row.split(" | ")[1]) for row in rows]
    assert [row for row, paths in zip(rows, named, strict=True) if not paths] == []
    assert [path for paths in named for path in paths if not (ROOT / path).is_file()] == []


def test_mails_leave_by_one_module():
    senders = {
        path.relative_to(ROOT).as_posix()
        for app in OWN
        for path in python_files(app)
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("django.core")
        for alias in node.names
        if node.module == "django.core.mail" or alias.name == "mail"
    }
    assert senders == {"backoffice/mails.py", "backoffice/mailing/letters.py"}


def test_no_receiver_of_ours_listens_to_models_of_the_apps():
    heard = [
        f"{receiver.__module__}.{receiver.__qualname__} hears of {model._meta.label}"
        for app in ("weblog", "billing")
        for model in registry.get_app_config(app).get_models(include_auto_created=True)
        for signal in (signals.pre_save, signals.post_save, signals.pre_delete, signals.post_delete)
        for receiver in signal._live_receivers(model)[0]
        if receiver.__module__.split(".")[0] in OWN
    ]
    assert heard == []


DOCUMENTS = sorted(
    path.relative_to(ROOT).as_posix()
    for path in (ROOT / "README.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").rglob("*.md"))
)
FOLDERS = "|".join((*OWN, "tests", "benchmarks", "tools", "deploy", "docs", "fixtures"))
PATH = re.compile(rf"(?<![\w/.:-])(?:{FOLDERS})/[\w./*-]*[\w/*]")
NO_MODULE = (
    r"\.(?:example\b|(?:add|change|delete|view)_|[EWI]\d{3}\b)"  # a host, a permission, a check
)
DOTTED = re.compile(rf"(?<![\w/.@-])(?:{'|'.join(OWN)})(?!{NO_MODULE})(?:\.[A-Za-z_]\w*)+")
LINK = re.compile(r"\]\(([^)#\s]+)")


@pytest.mark.parametrize("document", DOCUMENTS)
def test_documents_name_only_what_is_there(document):
    text = (ROOT / document).read_text()
    links = [link for link in LINK.findall(text) if "://" not in link]
    missing = [link for link in links if not (ROOT / document).parent.joinpath(link).exists()]
    missing += [path for path in PATH.findall(text) if not any(ROOT.glob(path.rstrip("/")))]
    missing += [name for name in DOTTED.findall(text) if not _is_there(name)]
    assert missing == []


def _is_there(name):
    """Return whether a dotted name leads to a module, and the rest of the name stands in it."""
    first, *rest = name.split(".")
    place = ROOT / first
    while rest and (place / rest[0]).is_dir():
        place /= rest.pop(0)
    if rest and (place / f"{rest[0]}.py").is_file():
        text = (place / f"{rest.pop(0)}.py").read_text()
    else:
        text = (place / "__init__.py").read_text()
    return all(re.search(rf"\b{part}\b", text) for part in rest)


def test_a_name_that_leads_nowhere_is_found():
    assert _is_there("billing.money.round_amount")
    assert not _is_there("billing.money.round_twice")
    assert not _is_there("billing.monies")


def test_no_test_is_left_out_and_none_runs_twice_on_a_database():
    """`make test` and `make test-rest` together take each once, on PostgreSQL as it is marked."""
    makefile = (ROOT / "Makefile").read_text()
    on_sqlite = re.findall(r"^SQLITE(?:_REST)? = (.+)$", makefile, re.MULTILINE)
    on_postgresql = re.findall(r"^POSTGRESQL(?:_REST)? = (.+)$", makefile, re.MULTILINE)
    assert (len(on_sqlite), len(on_postgresql)) == (2, 2)
    for values in itertools.product([False, True], repeat=3):
        marks = dict(zip(("any_database", "postgresql", "thorough"), values, strict=True))
        assert sum(_selects(expression, marks) for expression in on_sqlite) == 1
        taken = sum(_selects(expression, marks) for expression in on_postgresql)
        assert taken == (not marks["any_database"])


def _selects(expression, marks):
    return eval(expression, {"__builtins__": {}}, marks)  # noqa: S307  # of the Makefile


def test_no_test_imports_another_test():
    """Test modules share makers and fixtures, so that each runs and moves without the others."""
    files = [*python_files("tests", "benchmarks")]
    found = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in files
        for node in ast.walk(ast.parse(path.read_text()))
        if any(name.startswith("test_") for module in _list_imports(node) for name in module)
    ]
    assert len(files) > 100
    assert found == []


def _list_imports(node):
    """Yield the parts of each dotted name that the node imports."""
    if isinstance(node, ast.ImportFrom):
        yield from ([*(node.module or "").split("."), alias.name] for alias in node.names)
    if isinstance(node, ast.Import):
        yield from (alias.name.split(".") for alias in node.names)
