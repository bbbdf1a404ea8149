"""Which user agents are robots: the COUNTER list first, the wider is-bot list second, ours third.

COUNTER Code of Practice 5.1, 7.8: listed robots must be excluded, and so must other known robots.
The package counter-robots holds the unchanged list. It matches case-sensitively, against the list's
own README, so this module compiles the patterns.

Bare words on the lists also hit people: "bot" is in CUBOT, a brand of phones. people.py knows many,
and an administrator may keep exceptions. The Code has none, so the rules stored with a batch name
both.
"""

import contextlib
import hashlib
import re
import time
from functools import cache, lru_cache
from importlib import metadata, resources

from django.conf import settings
from django.db import Error
from is_bot import Bots

from billing.counting import own_robots
from billing.counting.people import take_out_people
from billing.models import RobotException

COUNTER = "counter"
IS_BOT = "is-bot"
OWN = "own"
PACKAGES = {COUNTER: "counter-robots", IS_BOT: "is-bot"}

# Longer user agents are cut: the rest never names a robot, and matching takes time.
LONGEST_USER_AGENT = 1000


# Dates of copies of atmire/COUNTER-Robots, which has no versions, by their SHA-256.
COUNTER_LIST_DATES = {
    "179a20d3ee8f90e714424b7d82de972db954807a24788bb5d128cd2e2a058808": "2024-04-22",
}

# How long a process may use outdated exceptions.
EXCEPTIONS_HOLD_SECONDS = 30

_last_texts: list[str] = []


def find_robot(user_agent: str | None) -> str:
    """Return "list: pattern" of the first of settings.ROBOT_LISTS that matches, or "".

    An empty user agent is a robot: the COUNTER list says so itself. A person costs no query. If a
    list matches, the process reads the exceptions, at most every half minute.
    """
    robot = find_on_lists(user_agent)
    return "" if robot and _is_excepted(user_agent or "") else robot


def find_on_lists(user_agent: str | None) -> str:
    """Return the result of find_robot without an administrator's exceptions. No query."""
    user_agent = (user_agent or "")[:LONGEST_USER_AGENT]
    return _find_on_lists(user_agent, tuple(settings.ROBOT_LISTS), settings.KNOWN_PEOPLE)


@lru_cache(maxsize=10_000)
def _find_on_lists(user_agent: str, lists: tuple[str, ...], known_people: bool) -> str:
    """Return the first match. A list that matches is asked again without the words of people."""
    for name in lists:
        pattern = FINDERS[name](user_agent)
        if pattern and known_people:
            pattern = FINDERS[name](take_out_people(user_agent))
        if pattern:
            return f"{name}: {pattern}"
    return ""


def _is_excepted(user_agent: str) -> bool:
    user_agent = user_agent[:LONGEST_USER_AGENT].lower()
    half_minute = int(time.monotonic() // EXCEPTIONS_HOLD_SECONDS)
    return any(text in user_agent for text in _texts_in_force(half_minute))


@lru_cache(maxsize=1)
def _texts_in_force(half_minute: int) -> list[str]:
    """Return the exceptions' texts in lower case.

    Each new `half_minute` queries the database. While it does not answer, its last answer holds;
    the view goes to the spool then.
    """
    texts = RobotException.objects.filter(is_active=True).values_list("text", flat=True)
    with contextlib.suppress(Error):
        _last_texts[:] = [text.lower() for text in texts]
    return list(_last_texts)


def forget_exceptions() -> None:
    """Make this process read the exceptions again at the next use."""
    _last_texts.clear()
    _texts_in_force.cache_clear()


def _find_in_counter_list(user_agent: str) -> str:
    return _find_first(*_counter_patterns(), user_agent)


@cache
def _counter_patterns() -> tuple[re.Pattern, list[re.Pattern]]:
    return _compile(_read_counter_list().decode().splitlines())


def _compile(lines: list[str]) -> tuple[re.Pattern, list[re.Pattern]]:
    """Return one pattern for all lines, which is quick, and one for each, which tells which."""
    return (
        re.compile("|".join(f"(?:{line})" for line in lines), re.IGNORECASE),
        [re.compile(line, re.IGNORECASE) for line in lines],
    )


def _find_first(any_pattern: re.Pattern, patterns: list[re.Pattern], user_agent: str) -> str:
    if not any_pattern.search(user_agent):
        return ""
    return next(pattern.pattern for pattern in patterns if pattern.search(user_agent))


def _read_counter_list() -> bytes:
    return resources.files("counter_robots").joinpath("data/robot.txt").read_bytes()


def _find_in_is_bot(user_agent: str) -> str:
    """Return the matching pattern. Bots.find() would return the matched text of the reader."""
    bots = _is_bot()
    return min(bots.matches(user_agent)) if bots.is_bot(user_agent) else ""


@cache
def _is_bot() -> Bots:
    return Bots()


def _find_in_own_list(user_agent: str) -> str:
    return _find_first(*_own_patterns(), user_agent)


@cache
def _own_patterns() -> tuple[re.Pattern, list[re.Pattern]]:
    return _compile(list(own_robots.PATTERNS))


FINDERS = {COUNTER: _find_in_counter_list, IS_BOT: _find_in_is_bot, OWN: _find_in_own_list}


def is_on_lists(robot: str) -> bool:
    """Return whether the "list: pattern" stored with a view is still in use."""
    name, _, pattern = robot.partition(": ")
    return name in settings.ROBOT_LISTS and pattern in _patterns_of(name)


@cache
def _patterns_of(name: str) -> frozenset[str]:
    if name == IS_BOT:
        return _is_bot().patterns
    if name == OWN:
        return frozenset(own_robots.PATTERNS)
    return frozenset(pattern.pattern for pattern in _counter_patterns()[1])


def describe_lists() -> str:
    """Return the robot lists in use with their versions, and what departs from COUNTER's.

    For example "counter-robots 2025.11 (list of 2024-04-22), is-bot 0.3.7, own 2026-11-27; known
    people and 2 exceptions depart from COUNTER". One query.
    """
    lists = ", ".join(_describe_list(name) for name in settings.ROBOT_LISTS)
    number = RobotException.objects.filter(is_active=True).count()
    departing = ["known people"] if settings.KNOWN_PEOPLE else []
    if number:
        departing.append("1 exception" if number == 1 else f"{number} exceptions")
    if not departing:
        return lists
    verb = "departs" if departing == ["1 exception"] else "depart"
    return f"{lists}; {' and '.join(departing)} {verb} from COUNTER"


def _describe_list(name: str) -> str:
    if name == OWN:
        return f"{OWN} {own_robots.DATE}"
    package = f"{PACKAGES[name]} {metadata.version(PACKAGES[name])}"
    return f"{package} ({_date_counter_list()})" if name == COUNTER else package


@cache
def _date_counter_list() -> str:
    """Return "list of 2024-04-22", or the start of the digest of an unknown list."""
    digest = hashlib.sha256(_read_counter_list()).hexdigest()
    date = COUNTER_LIST_DATES.get(digest)
    return f"list of {date}" if date else f"list {digest[:12]}"
