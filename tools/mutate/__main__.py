"""`python -m tools.mutate`: try a sample of mutants, and list what no test noticed."""

import argparse
import dataclasses
import json
import os
import random
import sys
import tempfile
from collections import Counter
from pathlib import Path

from . import baseline as baselines
from .changes import Mutant, list_mutants
from .copies import Copy
from .trying import Result, check_killers, try_mutants

ROOT = Path(__file__).resolve().parents[2]
ROOMS = (
    "billing/money.py", "billing/money_verbs.py", "billing/own_money.py", "billing/periods.py",
    "billing/statements/sums.py", "billing/home/unusual.py", "billing/bank", "billing/books",
    "billing/counting", "billing/findings", "billing/payees", "billing/payouts", "billing/prices",
    "billing/proof", "billing/verification",
)  # fmt: skip
# Kills, storms and the long way through the site: they take minutes, and repeat what others hold.
LEFT_OUT = [
    "--ignore-glob=*killed*", "--ignore-glob=*concurrency*", "--ignore-glob=*real_robots*",
    "--deselect=tests/billing/test_main_job.py",
]  # fmt: skip
RAN = ("killed", "survived", "not reached", "fixtures failed")


def main(arguments: list[str]) -> None:
    options = read_options(arguments)
    mutants = find_mutants(ROOT, options.only or ROOMS)
    count = min(options.count, len(mutants))
    sample = random.Random(options.seed).sample(mutants, count)  # noqa: S311
    print(f"{count} of {len(mutants)} mutants, seed {options.seed}.", flush=True)
    os.environ.update(DEBUG="0", DATABASE_URL="sqlite:///var/db.sqlite3")
    kept = ROOT / "var/mutate"
    digest = f"{baselines.digest_of(ROOT, ['billing', 'tests'])} {options.tests}"
    with tempfile.TemporaryDirectory(prefix="mutate-") as folder:
        copy = Copy(ROOT, Path(folder, "code"))
        baseline = baselines.load(kept / "baseline.json", digest)
        if baseline is None:
            print("First all tests without a mutant, which takes some minutes.", flush=True)
            more = [*LEFT_OUT, "--numprocesses=logical", "--dist=loadfile"]
            baseline = baselines.make_baseline(
                copy, source="billing", tests=options.tests, more=more
            )
            baselines.keep(baseline, kept / "baseline.json", digest)
        results = []
        tried = try_mutants(sample, copy=copy, baseline=baseline, most_seconds=options.most_seconds)
        for number, result in enumerate(tried, start=1):
            results.append(result)
            print(f"{number:4} {result.verdict:16}{describe(result)}", flush=True)
        results = check_killers(results, copy=copy)
    with (kept / "results.jsonl").open("w") as file:
        file.writelines(json.dumps(dataclasses.asdict(result)) + "\n" for result in results)
    print("\n".join(report(results)))


def read_options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make mutate", description=__doc__)
    parser.add_argument("--count", type=int, default=100, help="mutants to try")
    parser.add_argument("--seed", type=int, default=1, help="another seed takes other mutants")
    parser.add_argument("--only", nargs="*", help="files or folders instead of all rooms")
    parser.add_argument("--tests", nargs="*", default=["tests/billing"], help="where they are")
    parser.add_argument(
        "--most-seconds", type=float, default=60, help="of tests for each mutant, the nearest first"
    )
    return parser.parse_args(arguments)


def find_mutants(root: Path, rooms: tuple[str, ...]) -> list[Mutant]:
    paths = [
        path
        for room in rooms
        for path in ([root / room] if room.endswith(".py") else sorted((root / room).rglob("*.py")))
    ]
    return [
        mutant
        for path in paths
        for mutant in list_mutants(path.relative_to(root).as_posix(), path.read_text())
    ]


def describe(result: Result) -> str:
    mutant = result.mutant
    before, after = (" ".join(text.split())[:70] for text in (mutant.before, mutant.after))
    left_out = f" ({result.left_out} tests left out)" if result.left_out else ""
    told = result.by.rpartition("/")[2] if result.verdict == "killed" else result.why + left_out
    return f"{mutant.path}:{mutant.line} {mutant.kind}: {before} -> {after} | {told[:120]}"


def report(results: list[Result]) -> list[str]:
    """The score is of the mutants whose tests ran to their end; only a failed test kills."""
    counts = Counter(result.verdict for result in results)
    ran = sum(counts[verdict] for verdict in RAN)
    lines = ["", *(f"{verdict}: {number}" for verdict, number in counts.most_common())]
    if ran:
        lines.append(f"Killed {counts['killed']} of {ran}: {100 * counts['killed'] / ran:.1f} %")
    alive = [result for result in results if result.verdict != "killed"]
    return lines + [f"{result.verdict}: {describe(result)}" for result in alive]


if __name__ == "__main__":
    main(sys.argv[1:])
