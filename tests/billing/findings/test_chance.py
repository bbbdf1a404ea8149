from fractions import Fraction

import pytest

from billing.findings.chance import expect, is_beyond_chance, percent

pytestmark = pytest.mark.any_database

USUAL, HALF = Fraction(35, 100), Fraction(1, 2)


@pytest.mark.parametrize(
    ("elsewhere", "share"),
    [((0, 0), Fraction(35, 100)), ((3, 3), Fraction(10, 23)), ((30, 100), Fraction(37, 120))],
)
def test_twenty_views_of_the_usual_share_stand_beside_those_elsewhere(elsewhere, share):
    assert expect(elsewhere, USUAL) == share


@pytest.mark.parametrize(
    ("part", "whole", "share", "is_beyond"),
    [
        # Of 100 at a half: 50 expected, 5 a standard deviation, and four of them are 20.
        (70, 100, HALF, True),
        (69, 100, HALF, False),
        (30, 100, HALF, False),  # as far below
        # Of 100 at a fifth: 20 expected, 4 a standard deviation.
        (36, 100, Fraction(1, 5), True),
        (35, 100, Fraction(1, 5), False),
        (0, 100, Fraction(0), False),
    ],
)
def test_more_than_four_standard_deviations_above_the_share_is_no_chance(
    part, whole, share, is_beyond
):
    assert is_beyond_chance(part, whole, share) is is_beyond


@pytest.mark.parametrize(
    ("part", "whole", "shown"), [(1, 3, 33), (2, 3, 67), (3, 3, 100), (0, 7, 0), (0, 0, 0)]
)
def test_share_is_shown_in_whole_percent(part, whole, shown):
    assert percent(part, whole) == shown
