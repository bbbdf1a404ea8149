"""Which user agents are robots: the COUNTER list first, the wider is-bot list second.

COUNTER Code of Practice 5.1, 7.8: listed robots must be excluded, others that can be told should
be. The list is taken from the package counter-robots, which holds it unchanged but matches
case-sensitively, against the list's own README; so the patterns are compiled here.
"""

import re
from functools import cache, lru_cache
from importlib import metadata, resources

from django.conf import settings
from is_bot import Bots

COUNTER = "counter"
IS_BOT = "is-bot"
PACKAGES = {COUNTER: "counter-robots", IS_BOT: "is-bot"}

# Longer user agents are cut: nothing behind this tells a robot, and matching takes time.
LONGEST_USER_AGENT = 1000


def find_robot(user_agent: str | None) -> str:
    """Return "list: pattern" of the first of settings.ROBOT_LISTS that matches, or "".

    An empty user agent is a robot: the COUNTER list says so itself.
    """
    return _find_robot((user_agent or "")[:LONGEST_USER_AGENT], tuple(settings.ROBOT_LISTS))


@lru_cache(maxsize=10_000)
def _find_robot(user_agent: str, lists: tuple[str, ...]) -> str:
    for name in lists:
        if pattern := FINDERS[name](user_agent):
            return f"{name}: {pattern}"
    return ""


def _find_in_counter_list(user_agent: str) -> str:
    any_pattern, patterns = _counter_patterns()
    if not any_pattern.search(user_agent):
        return ""
    return next(pattern.pattern for pattern in patterns if pattern.search(user_agent))


@cache
def _counter_patterns() -> tuple[re.Pattern, list[re.Pattern]]:
    lines = resources.files("counter_robots").joinpath("data/robot.txt").read_text().splitlines()
    return (
        re.compile("|".join(f"(?:{line})" for line in lines), re.IGNORECASE),
        [re.compile(line, re.IGNORECASE) for line in lines],
    )


def _find_in_is_bot(user_agent: str) -> str:
    """Return the pattern. Bots.find() would return the text that matched, which is the reader's."""
    bots = _is_bot()
    return min(bots.matches(user_agent)) if bots.is_bot(user_agent) else ""


@cache
def _is_bot() -> Bots:
    return Bots()


FINDERS = {COUNTER: _find_in_counter_list, IS_BOT: _find_in_is_bot}


def describe_lists() -> str:
    """Return the robot lists in use with their versions, such as "counter-robots 2025.11"."""
    packages = [PACKAGES[name] for name in settings.ROBOT_LISTS]
    return ", ".join(f"{package} {metadata.version(package)}" for package in packages)
