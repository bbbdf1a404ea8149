"""The registry of kinds of attack, and their common parts."""

import random
from collections.abc import Callable
from typing import NamedTuple

MB = 1_000_000


class Attack(NamedTuple):
    kind: str
    door: str  # table, posts, picture, log, results, text or pattern
    name: str = ""
    data: bytes = b""
    values: dict = {}


KINDS: dict[str, Callable[[random.Random], Attack]] = {}


def kind(door, name=""):
    def register(make):
        label = make.__name__.replace("_", " ")

        def build(chance):
            made = make(chance)
            data, values = made if isinstance(made, tuple) else (made, {})
            return Attack(
                label, door, name, data.encode() if isinstance(data, str) else data, values
            )

        KINDS[label] = build
        return make

    return register


def some(chance, most, least=1):
    """A number between the two, as often small as large; less with a source of less chance."""
    most = max(least, int(most * chance.scale))
    return int(least * (most / least) ** chance.random())


class Chance(random.Random):
    scale = 1


def damage(chance, data):
    data = bytearray(data)
    for _ in range(some(chance, 200)):
        data[chance.randrange(min(len(data), 5_000))] = chance.randrange(256)
    return bytes(data[: chance.choice([len(data), len(data) // 2, 99])])
