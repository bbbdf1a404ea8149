"""Patterns that people write, matched within a time that they can't exceed.

RE2 takes a time that grows with the length of the path alone, and is given little memory, which
bounds what repetitions of repetitions unfold to. It knows no look-around and no references back: a
pattern that needs them is matched by the package regex, which stops at a time that it is given.
"""

import re
import time
from collections.abc import Callable
from functools import lru_cache

import re2
import regex

from billing.errors import InvalidPathPattern
from billing.models.counts import LONGEST_PATTERN

OWN_PAGES = r"^/blogs/(?P<slug>[-a-zA-Z0-9_]+)/$"
EXAMPLE = r"Write one like ^/blog/(?P<slug>[^/]+)\.html$"
LONGEST_PATH = 2_000  # no address of a page is longer
MOST_MEMORY = 1_000_000  # bytes for what a pattern unfolds to

# Nanoseconds that a pattern may take for all lines, and for each besides.
MOST_TIME, MOST_TIME_A_LINE = 2_000_000_000, 300_000

FindSlug = Callable[[str], str]


def compile_path_pattern(path_pattern: str) -> FindSlug:
    """Return what finds the part of a path that names its blog, "" where it names none.

    Raises InvalidPathPattern, as does what is returned when it has taken too long in all.
    """
    if len(path_pattern) > LONGEST_PATTERN:
        raise InvalidPathPattern(f"The path pattern is longer than {LONGEST_PATTERN} characters.")
    try:
        ours = re.compile(path_pattern)
    except (re.error, OverflowError, RecursionError) as error:
        raise InvalidPathPattern(
            f"“{path_pattern}” is no regular expression: {error}. {EXAMPLE}"
        ) from None
    if "slug" not in ours.groupindex:
        raise InvalidPathPattern(f"“{path_pattern}” has no group named slug. {EXAMPLE}")
    if path_pattern == OWN_PAGES:  # the one that most lines are matched with; known to be quick
        return lambda path: found["slug"] if (found := ours.search(path)) else ""
    return lru_cache(maxsize=10_000)(
        _BoundedPattern(path_pattern, ours.groupindex["slug"]).find_slug
    )


class _BoundedPattern:
    def __init__(self, path_pattern: str, group: int):
        self._text, self._group = path_pattern, group
        self._time = self._lines = 0
        self._search = _compile(path_pattern)

    def find_slug(self, path: str) -> str:
        if len(path) > LONGEST_PATH:
            return ""
        started = time.perf_counter_ns()
        try:
            found = self._search(path)
        except TimeoutError:
            found = None
        self._lines += 1
        self._time += time.perf_counter_ns() - started
        if self._time > MOST_TIME + self._lines * MOST_TIME_A_LINE:
            raise InvalidPathPattern(
                f"“{self._text}” takes too long to match: {self._time // 10**9} seconds for "
                f"{self._lines:,} lines. {EXAMPLE}"
            )
        slug = found[self._group] if found else None
        return slug.decode(errors="replace") if isinstance(slug, bytes) else slug or ""


def _compile(path_pattern: str) -> Callable:
    """Return what searches a path: by RE2, or by regex against the clock."""
    options = re2.Options()
    options.max_mem = MOST_MEMORY
    options.log_errors = False
    try:
        linear = re2.compile(path_pattern.encode(), options)
    except (re2.error, UnicodeEncodeError):
        pass
    else:
        return lambda path: linear.search(path.encode(errors="replace"))
    try:
        timed = regex.compile(path_pattern)
    except (regex.error, OverflowError, RecursionError, MemoryError) as error:
        raise InvalidPathPattern(f"“{path_pattern}” can't be matched: {error}. {EXAMPLE}") from None
    # One that takes longer than all lines together may take is over with the first.
    return lambda path: timed.search(path, timeout=MOST_TIME // 10**9 + 1)
