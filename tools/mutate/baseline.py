"""What the tests do without any mutant: which pass, how long each takes, which lines it runs."""

import ast
import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path

from coverage import CoverageData

from .changes import Mutant
from .copies import IN_ORDER, Copy

COVERAGE = """[run]
source = {source}
relative_files = true
"""


@dataclass(frozen=True, kw_only=True)
class Baseline:
    seconds: dict[str, float]  # of each test that passes
    lines: dict[str, dict[int, list[str]]]  # {file: {line: tests}}
    imports: dict[str, list[str]] = field(default_factory=dict)  # {file of tests: modules}

    def tests_of(self, mutant: Mutant, *, most_seconds: float) -> tuple[list[str], int]:
        """Return the tests that run what the mutant changes, and the number of those left out.

        First come those of the module's own file, of a file that imports it, and of its room, each
        with the quick ones first. What runs on import is tried with all tests of the module.
        """
        lines = self.lines.get(mutant.path, {})
        of_lines = (lines.get(line, []) for line in range(mutant.line, mutant.last_line + 1))
        found = {test for tests in of_lines for test in tests}
        folder, _, module = mutant.path.removesuffix(".py").rpartition("/")
        room = folder.partition("/")[2]

        def is_own(test: str) -> bool:
            return test.partition("::")[0].endswith(f"{room}/test_{module}.py")

        if not found:  # and those that may only look at a constant
            found = {test for tests in lines.values() for test in tests}
            found.update(filter(is_own, self.seconds))

        def far(test: str) -> tuple:
            imports = self.imports.get(test.partition("::")[0], [])
            is_named = f"{folder}/{module}".replace("/", ".") in imports
            return not is_own(test), not is_named, f"/{room}/" not in test, self.seconds[test]

        chosen, seconds = [], 0.0
        ordered = sorted((test for test in found if test in self.seconds), key=far)
        for test in ordered:
            seconds += self.seconds[test]
            if chosen and seconds > most_seconds:
                break
            chosen.append(test)
        return chosen, len(ordered) - len(chosen)


def digest_of(root: Path, folders: list[str]) -> str:
    """Return what changes with any file of Python in the folders."""
    digest = hashlib.sha256()
    for folder in sorted(folders):
        for path in sorted((root / folder).rglob("*.py")):
            digest.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def make_baseline(copy: Copy, *, source: str, tests: list[str], more: list[str]) -> Baseline:
    """Run the tests once with coverage, which notes what each of them runs."""
    (copy.folder / "var" / "coveragerc").write_text(COVERAGE.format(source=source))
    told = copy.run(
        [
            *tests, *more, *IN_ORDER, "--cov", "--cov-config=var/coveragerc", "--cov-context=test",
            "--cov-report=",
        ],
        seconds=None,
    )  # fmt: skip
    if not told.get("passed"):
        raise SystemExit(f"No test passes without a mutant: {told}")
    files = {test.partition("::")[0] for test in told["passed"]}
    return Baseline(
        seconds=told["passed"],
        lines=read_lines(copy.folder / ".coverage"),
        imports={file: read_imports((copy.folder / file).read_text()) for file in sorted(files)},
    )


def read_imports(source: str) -> list[str]:
    """Return the modules that a file may import; names that are no modules do no harm."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
    return sorted(found)


def read_lines(path: Path) -> dict[str, dict[int, list[str]]]:
    data = CoverageData(str(path))
    data.read()
    lines: dict[str, dict[int, list[str]]] = {}
    for file in data.measured_files():
        lines[file] = {
            line: sorted({context.rpartition("|")[0] for context in contexts if context})
            for line, contexts in data.contexts_by_lineno(file).items()
        }
    return lines


def load(path: Path, digest: str) -> Baseline | None:
    """Return the baseline that was kept, if it is of this code and these tests."""
    kept = json.loads(path.read_text()) if path.is_file() else {}
    if kept.get("digest") != digest:
        return None
    names = kept["names"]
    lines = {
        file: {int(line): [names[test] for test in tests] for line, tests in of_file.items()}
        for file, of_file in kept["lines"].items()
    }
    return Baseline(seconds=kept["seconds"], lines=lines, imports=kept["imports"])


def keep(baseline: Baseline, path: Path, digest: str) -> None:
    numbers: dict[str, int] = {}
    lines = {
        file: {
            line: [numbers.setdefault(test, len(numbers)) for test in tests]
            for line, tests in of_file.items()
        }
        for file, of_file in baseline.lines.items()
    }
    kept = {"digest": digest, "names": list(numbers), "lines": lines}
    kept |= {"seconds": baseline.seconds, "imports": baseline.imports}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(kept))
