"""Files and texts that are built to take a server down, each made anew from a seed.

A kind is a function of a source of chance; it returns where to bring what: the door, the name of
the file, its bytes, and what else the form says. Sizes are chosen between small and the most that
a page takes, so that a thousand of them are not a thousand times the worst.
"""

import random

from tests.hostile import logs, pictures, posts, tables, texts  # noqa: F401 (they register kinds)
from tests.hostile.kinds import KINDS, Attack, Chance


def make_attacks(count: int, seed: int, *, first: int = 0):
    """Yield the attacks from number `first` to `count` - 1, each kind as often as any other."""
    chance, kinds = random.Random(seed), list(KINDS)
    for number in range(count):
        its_seed = chance.getrandbits(64)
        if number >= first:
            yield make_attack(kinds[number % len(kinds)], seed=its_seed)


def make_attack(kind: str, *, seed: int, scale: float = 1) -> Attack:
    """Return an attack of a kind, with its size `scale`d down."""
    chance = Chance(seed)
    chance.scale = scale
    return KINDS[kind](chance)
