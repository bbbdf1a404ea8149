"""The share of robots that the lists find, and of people that they take for robots.

`python -m benchmarks.robots [FOLDER]`, or `make bench-robots`. The folder holds robots/ with
crawler-user-agents.json (PyPI crawler-user-agents) and browsers/ with user agents of people. Each
distinct user agent counts once, however frequent it is in real traffic.
"""

import json
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.test import override_settings

from benchmarks.results import write_results
from billing.counting.robots import COUNTER, IS_BOT, OWN, find_on_lists

LAYERS = [[COUNTER], [COUNTER, IS_BOT], [COUNTER, IS_BOT, OWN]]

# People whom bare words on the lists are known to hit. None of these is among the browsers, which
# lean to new and common ones. The text would make an exception.
KNOWN_VICTIMS = {
    "CUBOT": "Mozilla/5.0 (Linux; Android 11; CUBOT X30) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/120.0.0.0 Mobile Safari/537.36",
    "HMSCore": "Mozilla/5.0 (Linux; Android 10; JNY-LX1; HMSCore 6.11.0.302) AppleWebKit/537.36 "
    "(KHTML, like Gecko) Chrome/99.0.4844.88 HuaweiBrowser/13.0.5.303 Mobile Safari/537.36",
    "motorola": "Mozilla/5.0 (Linux; Android 13; motorola edge 40) AppleWebKit/537.36 "
    "(KHTML, like Gecko) Chrome/120.0.0.0 Mobile Safari/537.36",
    "baiduboxapp": "Mozilla/5.0 (iPhone; CPU iPhone OS 16_0 like Mac OS X) AppleWebKit/605.1.15 "
    "(KHTML, like Gecko) Mobile/15E148 baiduboxapp/13.20.0.10",
    "AlexaToolbar": "Mozilla/5.0 (Windows NT 6.1; rv:41.0) Gecko/20100101 Firefox/41.0 "
    "AlexaToolbar/alxf-2.21",
}


@dataclass(frozen=True)
class Robot:
    user_agent: str
    kinds: tuple[str, ...]


def read_robots(folder: Path) -> list[Robot]:
    crawlers = json.loads((folder / "robots" / "crawler-user-agents.json").read_text())
    return [
        Robot(user_agent, tuple(crawler.get("tags") or ["of no kind"]))
        for crawler in crawlers
        for user_agent in crawler["instances"]
    ]


def read_browsers(folder: Path) -> dict[str, list[str]]:
    """Return {file name: user agents}."""
    browsers = folder / "browsers"
    intoli = json.loads((browsers / "intoli-user-agents-unique.json").read_text())
    return {
        "intoli-user-agents-unique.json": [row["userAgent"] for row in intoli],
        "fake-useragent-unique.txt": [
            line.strip('"')
            for line in (browsers / "fake-useragent-unique.txt").read_text().splitlines()
        ],
        "top-user-agents.json": json.loads((browsers / "top-user-agents.json").read_text()),
    }


def measure(
    layers: list[str],
    robots: list[Robot],
    browsers: dict[str, list[str]],
    *,
    known_people: bool = False,
) -> dict:
    with override_settings(ROBOT_LISTS=layers, KNOWN_PEOPLE=known_people):
        missed = [robot for robot in robots if not find_on_lists(robot.user_agent)]
        taken = {
            user_agent: pattern
            for user_agents in browsers.values()
            for user_agent in user_agents
            if (pattern := find_on_lists(user_agent))
        }
        victims = {
            text: pattern
            for text, user_agent in KNOWN_VICTIMS.items()
            if (pattern := find_on_lists(user_agent))
        }
    found = len(robots) - len(missed)
    of_kind = Counter(kind for robot in robots for kind in robot.kinds)
    missed_of_kind = Counter(kind for robot in missed for kind in robot.kinds)
    return {
        "lists": layers,
        "known_people": known_people,
        "robots": len(robots),
        "found": found,
        "recall": round(found / len(robots), 4),
        "browsers": sum(map(len, browsers.values())),
        "browsers_taken_for_robots": taken,
        "precision": round(found / (found + len(taken)), 4),
        "missed_by_kind": {
            kind: f"{missed} of {of_kind[kind]}" for kind, missed in missed_of_kind.most_common()
        },
        "known_victims": victims,
    }


def describe(figures: dict) -> str:
    taken = figures["browsers_taken_for_robots"]
    lines = [
        " + ".join(figures["lists"]) + " less known people" * figures["known_people"],
        f"  recall    {figures['recall']:7.2%}  "
        f"{figures['found']:,} of {figures['robots']:,} robots found",
        f"  precision {figures['precision']:7.2%}  "
        f"{len(taken)} of {figures['browsers']:,} modern browsers taken for robots",
        *(f"    {pattern}: {user_agent}" for user_agent, pattern in taken.items()),
        "  missed:",
        *(f"    {kind:20} {missed}" for kind, missed in figures["missed_by_kind"].items()),
        "  known people outside the browsers who are taken for robots, unless excepted:",
        *(f"    {text:20} {pattern}" for text, pattern in figures["known_victims"].items()),
    ]
    return "\n".join(lines)


def main(folder: Path) -> None:
    if not folder.is_dir():
        sys.exit(f"No robots and browsers in {folder}. Name their folder.")
    robots, browsers = read_robots(folder), read_browsers(folder)
    results = [
        measure(layers, robots, browsers, known_people=known_people)
        for layers in LAYERS
        for known_people in (False, True)
    ]
    print("\n\n".join(map(describe, results)))
    write_results("robots", results)


if __name__ == "__main__":
    beside_us = settings.BASE_DIR.parent / "shared" / "data"
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else beside_us)
