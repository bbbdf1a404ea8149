"""One mutant after the other: the tests that run it, and what they say."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from .baseline import Baseline
from .changes import Mutant
from .copies import IN_ORDER, Copy


@dataclass(frozen=True, kw_only=True)
class Result:
    """`verdict`: killed, survived, not reached, fixtures failed, timed out, could not run, void."""

    mutant: Mutant
    verdict: str
    by: str = ""
    why: str = ""
    left_out: int = 0


def try_mutants(
    mutants: Iterable[Mutant], *, copy: Copy, baseline: Baseline, most_seconds: float
) -> Iterator[Result]:
    for mutant in mutants:
        yield try_mutant(mutant, copy=copy, baseline=baseline, most_seconds=most_seconds)


def try_mutant(mutant: Mutant, *, copy: Copy, baseline: Baseline, most_seconds: float) -> Result:
    tests, left_out = baseline.tests_of(mutant, most_seconds=most_seconds)
    if not tests:
        return Result(mutant=mutant, verdict="not reached", why="No test runs this line.")
    source = (copy.folder / mutant.path).read_text()
    copy.write(mutant.path, mutant.apply(source))
    try:
        told = copy.run(
            [*tests, *IN_ORDER],
            seconds=60 + 5 * sum(baseline.seconds[test] for test in tests),
            MUTATE_MODULE=module_of(mutant.path),
            MUTATE_MUTANT=mutant.name,
        )
    finally:
        copy.write(mutant.path, source)
    verdict, why = told["verdict"], told["why"]
    if verdict == "survived" and not told["ran"]:
        verdict, why = "could not run", told["output"]
    return Result(mutant=mutant, verdict=verdict, by=told.get("by", ""), why=why, left_out=left_out)


def check_killers(
    results: list[Result], *, copy: Copy, say: Callable[[str], None] = print
) -> list[Result]:
    """Return the results, void where what killed a mutant fails without one, too."""
    killers = sorted({result.by for result in results if result.verdict == "killed"})
    if not killers:
        return results
    told = copy.run([*killers, *IN_ORDER], seconds=None)
    if "passed" not in told:
        raise SystemExit(f"The tests can't be run without a mutant any more: {told}")
    void = set(killers) - set(told["passed"])
    for test in sorted(void):
        say(f"{test} fails without a mutant: what it killed does not count.")
    return [
        Result(mutant=result.mutant, verdict="void", by=result.by, why="Fails without it, too.")
        if result.by in void
        else result
        for result in results
    ]


def module_of(path: str) -> str:
    return ".".join(Path(path).with_suffix("").parts).removesuffix(".__init__")
