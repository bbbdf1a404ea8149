"""Matching of patterns that people write, within a time limit.

RE2's time grows only with the length of the path. A small memory limit bounds nested repetitions.
RE2 has no look-around and no back-references: the package regex matches patterns with those, and
stops at a timeout.
"""

import re
import time
from collections.abc import Callable
from functools import lru_cache

import re2
import regex

from billing.errors import InvalidPathPattern
from billing.models.access_logs import LONGEST_PATTERN

OWN_PAGES = r"^/blogs/(?P<slug>[-a-zA-Z0-9_]+)/$"
EXAMPLE = r"Write one like ^/blog/(?P<slug>[^/]+)\.html$"
LONGEST_PATH = 2_000  # no page has a longer address
MOST_MEMORY = 1_000_000  # bytes of memory for an unfolded pattern

# Nanoseconds a pattern may take: for all lines together, plus for each line.
MOST_TIME, MOST_TIME_A_LINE = 2_000_000_000, 300_000

FindSlug = Callable[[str], str]


def compile_path_pattern(path_pattern: str) -> FindSlug:
    """Return a function that finds a blog's part of a path, or "".

    Raises InvalidPathPattern; so does the function once its total time is too long.
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
    if path_pattern == OWN_PAGES:  # the default pattern, which is known to be quick
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
    """Return a function that searches a path, with RE2 or with regex and a timeout."""
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
    # A line that uses up the time for all lines ends the import.
    return lambda path: timed.search(path, timeout=MOST_TIME // 10**9 + 1)
