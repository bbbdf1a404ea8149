import random
from itertools import pairwise

from billing.counting.stream.numbers import add_numbers, count, describe, find_holes, list_new


def test_ranges_hold_what_was_added_in_any_order_and_again():
    generator = random.Random(1)
    for _ in range(200):
        numbers = [generator.randint(1, 40) for _ in range(generator.randint(0, 60))]
        ranges = []
        for start in range(0, len(numbers), 7):
            ranges = add_numbers(ranges, numbers[start : start + 7])
        held = {each for first, last in ranges for each in range(first, last + 1)}
        assert held == set(numbers)
        assert count(ranges) == len(held)
        assert all(one[1] + 1 < other[0] for one, other in pairwise(ranges))
        holes = find_holes(ranges, until=45)
        missing = {each for first, last in holes for each in range(first, last + 1)}
        assert missing == set(range(1, 46)) - held
        assert {*list_new(ranges, range(1, 46))} == missing


def test_ranges_are_described():
    assert describe([]) == ""
    assert describe([[4, 4]]) == "4"
    assert describe([[4, 4], [7, 9]]) == "4 and 7–9"
    assert describe([[n, n] for n in range(1, 20, 2)]) == "1, 3, 5, 7, 9 and 5 more ranges"
