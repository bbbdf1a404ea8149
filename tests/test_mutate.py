"""tools/mutate: what it changes, and that only a test which fails by itself kills a mutant."""

import subprocess
from pathlib import Path

import pytest

from tools.mutate.baseline import (
    Baseline,
    digest_of,
    keep,
    load,
    make_baseline,
    read_imports,
)
from tools.mutate.changes import Mutant, list_mutants
from tools.mutate.copies import Copy
from tools.mutate.trying import Result, check_killers, module_of, try_mutant

pytestmark = pytest.mark.any_database


def changes_of(source):
    return [(mutant.kind, mutant.before, mutant.after) for mutant in list_mutants("a.py", source)]


@pytest.mark.parametrize(
    ("source", "changes"),
    [
        ("a < b", [("condition", "a < b", "(a <= b)")]),
        ("a == b", [("condition", "a == b", "(a != b)")]),
        (
            "a <= b < c",
            [
                ("condition", "a <= b < c", "(a < b < c)"),
                ("condition", "a <= b < c", "(a <= b <= c)"),
            ],
        ),
        ("a and b", [("condition", "a and b", "(a or b)")]),
        ("not a", [("condition", "not a", "a")]),
        ("b if a else c", [("condition", "a", "(not a)")]),
        ("[a for a in b if a.c]", [("condition", "a.c", "(not a.c)")]),
        ("a + b", [("arithmetic", "a + b", "(a - b)")]),
        ("a += b", [("arithmetic", "a += b", "a -= b")]),
        ("-a", [("arithmetic", "-a", "a")]),
        ("a | b", [("condition", "a | b", "(a & b)")]),
        ("7", [("constant", "7", "8")]),
        ("True", [("constant", "True", "False")]),
        ("raise a", [("dropped raise", "raise a", "pass")]),
        ("a.b(c)", [("dropped call", "a.b(c)", "pass")]),
        ("c = a.filter(b)", [("condition", "a.filter(b)", "a.exclude(b)")]),
        (
            "d = Q(a=b, c__lt=d)",
            [
                ("condition", "Q(a=b, c__lt=d)", "Q(a=b)"),
                ("condition", "Q(a=b, c__lt=d)", "Q(c__lt=d)"),
                ("condition", "c__lt=d", "c__lte=d"),
            ],
        ),
    ],
)  # fmt: skip
def test_conditions_arithmetic_constants_raises_and_calls_change(source, changes):
    assert changes_of(source) == changes


@pytest.mark.parametrize(
    "source", ["'a'", "f'{a + 1}'", "'a' + b", "@a(1)\ndef b(c: d[1]) -> e | f: ...", "None"]
)
def test_texts_decorators_and_annotations_stay(source):
    assert changes_of(source) == []


def test_change_touches_nothing_else_of_the_file():
    (mutant,) = list_mutants("a.py", "x = 'ü', (a +\n  b)  # why\n")
    assert mutant.apply("x = 'ü', (a +\n  b)  # why\n") == (
        f"x = 'ü', ((a - b))  # why\n\n__mutant__ = {mutant.name!r}\n"
    )


SHOP = """\
LIMIT = 1
assert LIMIT == 1


def price(number):
    if number > 5:
        return 40
    return number * 10


def count_down(number):
    while number > 0:
        number -= 1
    return number


def stock():
    return 1


def later():
    return 1


assert stock
"""
TESTS = """\
import pytest
from shop.prices import count_down, later, price, stock


@pytest.fixture
def stocked():
    assert stock() == 1


def test_price():
    assert price(2) == 20
    assert price(9) == 40


def test_nothing_is_left():
    assert count_down(2) == 0


def test_stock(stocked):
    pass


def test_later():
    if later() != 1:
        import shop.missing
"""


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """A copy of a small shop, and what its tests do without a mutant."""
    root = tmp_path_factory.mktemp("root") / "code"
    for path, text in {
        "shop/__init__.py": "", "shop/prices.py": SHOP, "tests/test_prices.py": TESTS,
        "conftest.py": "",
    }.items():  # fmt: skip
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    subprocess.run(["git", "init", "-q", root], check=True)
    copy = Copy(root, tmp_path_factory.mktemp("copy") / "code")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
        patch.setenv("PYTEST_PLUGINS", PLUGINS)
        patch.delenv("DJANGO_SETTINGS_MODULE", raising=False)
        yield copy, make_baseline(copy, source="shop", tests=["tests"], more=[])


PLUGINS = "pytest_cov.plugin,pytest_randomly,pytest_timeout,_hypothesis_pytestplugin"


def mutant_of(before, after):
    (mutant,) = (
        mutant
        for mutant in list_mutants("shop/prices.py", SHOP)
        if (mutant.before, mutant.after) == (before, after)
    )
    return mutant


def attempt(shop, mutant, *, most_seconds=60):
    copy, baseline = shop
    return try_mutant(mutant, copy=copy, baseline=baseline, most_seconds=most_seconds)


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("before", "after", "verdict", "why"),
    [
        ("number * 10", "(number / 10)", "killed", "assert 0.2 == 20"),
        ("number > 5", "(number >= 5)", "survived", ""),
        ("LIMIT == 1", "(LIMIT != 1)", "could not run", "AssertionError"),
    ],
)
def test_verdict_says_what_the_tests_said(shop, before, after, verdict, why):
    result = attempt(shop, mutant_of(before, after))
    assert (result.verdict, why in result.why) == (verdict, True)
    assert result.by == ("tests/test_prices.py::test_price" if verdict == "killed" else "")
    assert (shop[0].folder / "shop/prices.py").read_text() == SHOP


def line_of(text):
    return SHOP.splitlines().index(text) + 1


def constant_of(function):
    line = line_of(f"def {function}():") + 1
    (mutant,) = (mutant for mutant in list_mutants("shop/prices.py", SHOP) if mutant.line == line)
    return mutant


@pytest.mark.thorough
def test_fixture_that_fails_kills_nothing(shop):
    result = attempt(shop, constant_of("stock"))
    assert (result.verdict, result.by) == ("fixtures failed", "")
    assert "test_stock" in result.why


@pytest.mark.thorough
def test_import_that_fails_within_a_test_kills_nothing(shop):
    result = attempt(shop, constant_of("later"))
    assert (result.verdict, result.by) == ("fixtures failed", "")
    assert "No module named 'shop.missing'" in result.why


@pytest.mark.thorough
def test_run_without_end_kills_nothing(shop, monkeypatch):
    run = Copy.run
    monkeypatch.setattr(
        Copy, "run", lambda self, tests, *, seconds, **more: run(self, tests, seconds=2, **more)
    )
    result = attempt(shop, mutant_of("number -= 1", "number += 1"))
    assert (result.verdict, result.by, result.why) == ("timed out", "", "No end within 2 s.")


@pytest.mark.thorough
def test_mutant_that_python_does_not_run_is_no_survivor(shop, monkeypatch):
    monkeypatch.setattr(Mutant, "apply", lambda mutant, source: source)
    result = attempt(shop, mutant_of("number > 5", "(number >= 5)"))
    assert result.verdict == "could not run"


@pytest.mark.thorough
def test_tests_that_run_the_line_are_tried_and_no_others(shop):
    _, baseline = shop
    tests, left_out = baseline.tests_of(mutant_of("number * 10", "(number / 10)"), most_seconds=60)
    assert (tests, left_out) == (["tests/test_prices.py::test_price"], 0)
    tests, left_out = baseline.tests_of(mutant_of("LIMIT == 1", "(LIMIT != 1)"), most_seconds=60)
    assert (len(tests), left_out) == (4, 0)  # run by the import of each


def test_nearest_tests_come_first_and_the_slow_ones_are_left_out():
    mutant = Mutant(
        path="shop/till/prices.py", line=1, last_line=1, kind="constant",
        before="1", after="2", start=0, end=1,
    )  # fmt: skip
    far, near = "tests/test_other.py::test_a", "tests/till/test_other.py::test_a"
    own, slow = "tests/till/test_prices.py::test_a", "tests/till/test_prices.py::test_b"
    named = "tests/test_named.py::test_a"
    baseline = Baseline(
        seconds={far: 0.1, near: 0.2, named: 0.5, own: 1, slow: 2},
        lines={
            "shop/till/prices.py": {1: [far, near, own, slow, named, "tests/x.py::test_failed"]}
        },
        imports={"tests/test_named.py": read_imports("from shop.till import prices")},
    )
    assert baseline.tests_of(mutant, most_seconds=60) == ([own, slow, named, near, far], 0)
    assert baseline.tests_of(mutant, most_seconds=3) == ([own, slow], 3)


def test_constant_is_tried_with_tests_of_its_file_that_run_no_line_of_it():
    (mutant,) = list_mutants("shop/till/prices.py", "LIMIT = 1")
    own, other = "tests/till/test_prices.py::test_limit", "tests/shelf/test_prices.py::test_limit"
    baseline = Baseline(seconds={own: 1, other: 1}, lines={})
    assert baseline.tests_of(mutant, most_seconds=60) == ([own], 0)


@pytest.mark.thorough
def test_killer_that_fails_without_a_mutant_kills_nothing(shop, capsys):
    mutant = mutant_of("number * 10", "(number / 10)")
    good = Result(mutant=mutant, verdict="killed", by="tests/test_prices.py::test_price")
    bad = Result(mutant=mutant, verdict="killed", by="tests/test_prices.py::test_broken")
    (shop[0].folder / "tests/test_prices.py").write_text(
        f"{TESTS}\n\ndef test_broken():\n    assert not price(2)\n"
    )
    checked = check_killers([good, bad], copy=shop[0])
    assert [result.verdict for result in checked] == ["killed", "void"]
    assert "test_broken fails without a mutant" in capsys.readouterr().out


def test_baseline_is_kept_for_the_same_code(tmp_path):
    (tmp_path / "code").mkdir()
    (tmp_path / "code/a.py").write_text("1")
    first = digest_of(tmp_path, ["code"])
    baseline = Baseline(
        seconds={"t": 0.5, "u": 1},
        lines={"code/a.py": {1: ["t"], 2: ["u", "t"]}},
        imports={"tests/test_a.py": ["code.a"]},
    )
    keep(baseline, tmp_path / "var/baseline.json", first)
    assert load(tmp_path / "var/baseline.json", first) == baseline
    (tmp_path / "code/a.py").write_text("2")
    assert load(tmp_path / "var/baseline.json", digest_of(tmp_path, ["code"])) is None
    assert load(Path("nowhere"), first) is None


def test_room_is_the_module_of_its_init_file():
    assert module_of("billing/proof/__init__.py") == "billing.proof"
    assert module_of("billing/money.py") == "billing.money"
