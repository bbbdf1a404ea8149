"""Tests whether a share is too large for chance. Exact fractions, no float."""

from fractions import Fraction

# The share on other blogs is averaged with a fixed number of made-up views of the usual share, so
# that three views elsewhere prove nothing. More than 4 standard deviations of a binomial are not
# chance.
PRIOR_VIEWS = 20
DEVIATIONS = 4


def expect(elsewhere: tuple[int, int], usual: Fraction) -> Fraction:
    """Return the expected share: the other blogs' share, averaged with the usual one."""
    part, whole = elsewhere
    return (part + PRIOR_VIEWS * usual) / (whole + PRIOR_VIEWS)


def is_beyond_chance(part: int, whole: int, share: Fraction) -> bool:
    surplus = part - whole * share
    return surplus > 0 and surplus**2 >= DEVIATIONS**2 * whole * share * (1 - share)


def percent(part: int, whole: int) -> int:
    return round(Fraction(100 * part, whole)) if whole else 0
