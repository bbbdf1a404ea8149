"""Sets of numbers as ranges: [[first, last], …], rising, with a hole between each two."""

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import NamedTuple

Ranges = list[list[int]]


class Numbered(NamedTuple):
    """The number that a writer gave a view of a day. Writers count from 1 on each day."""

    writer: str
    number: int


def add_numbers(ranges: Ranges, numbers: Iterable[int]) -> Ranges:
    """Return the ranges with `numbers` in them. Numbers may come again, and in any order."""
    return merge(chain(ranges, ([number, number] for number in numbers)))


def merge(ranges: Iterable[list[int]]) -> Ranges:
    """Return ranges that may overlap as ranges that do not."""
    merged: Ranges = []
    for first, last in sorted(ranges):
        if merged and first <= merged[-1][1] + 1:
            merged[-1][1] = max(last, merged[-1][1])
        else:
            merged.append([first, last])
    return merged


def count(ranges: Ranges) -> int:
    return sum(last - first + 1 for first, last in ranges)


def last_of(ranges: Ranges) -> int:
    """Return the highest number, 0 if there is none."""
    return ranges[-1][1] if ranges else 0


def find_holes(ranges: Ranges, *, until: int) -> Ranges:
    """Return the numbers from 1 to `until` that are not in the ranges."""
    holes, expected = [], 1
    for first, last in ranges:
        if first > until:
            break
        if first > expected:
            holes.append([expected, first - 1])
        expected = last + 1
    if expected <= until:
        holes.append([expected, until])
    return holes


def cut(ranges: Ranges, *, after: int) -> Ranges:
    """Return those numbers of the ranges that are greater than `after`."""
    return [[max(first, after + 1), last] for first, last in ranges if last > after]


def list_new(ranges: Ranges, numbers: Iterable[int]) -> Iterator[int]:
    """Yield those of `numbers` that are not in the ranges."""
    for number in numbers:
        if not any(first <= number <= last for first, last in ranges):
            yield number


def describe(ranges: Ranges, *, shown: int = 5) -> str:
    """Return “4, 7–9 and 3 more ranges”."""
    texts = [str(first) if first == last else f"{first}–{last}" for first, last in ranges[:shown]]
    if (rest := len(ranges) - shown) > 0:
        texts.append(f"{rest} more ranges" if rest > 1 else "1 more range")
    return " and ".join(filter(None, [", ".join(texts[:-1]), *texts[-1:]]))
