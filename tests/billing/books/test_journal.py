import datetime as dt

import pytest

from billing.books.accounts import Account
from billing.books.balances import add_up, find_balances, make_statement, owed
from billing.books.journal import (
    list_active_months,
    list_entries,
    month_window,
    sum_accounts,
    sum_entries,
)
from billing.books.parts import Window
from tests.billing.books.worked import (
    DECEMBER,
    NOVEMBER,
    OCTOBER,
    SEPTEMBER,
    record,
)
from tests.factories import make_user

pytestmark = [pytest.mark.django_db, pytest.mark.slow, pytest.mark.postgresql]

# (day, author, what, exact, in coins), in millionths
OCTOBERS_JOURNAL = [
    (6, "Ada", "earned", 35_940_000, 35_940_000),
    (6, "Ada", "adjustments", 5_000, 10_000),
    (6, "Ada", "rounding", 5_000, 0),
    (6, "Ada", "to be paid", 35_950_000, 35_950_000),
    (6, "Bruno", "earned", 10_515_000, 10_520_000),
    (6, "Bruno", "adjustments", -2_009_500, -2_010_000),
    (6, "Bruno", "carried forward", 8_505_500, 8_510_000),
    (6, "Chiara", "earned", 49_995_000, 50_000_000),
    (6, "Chiara", "on hold", 49_995_000, 50_000_000),
    (9, "Ada", "failed", 35_945_000, 35_950_000),
    (9, "Ada", "rounding of a failed payment", 5_000, 0),
]
NOVEMBERS_JOURNAL = [
    (2, "Ada", "failed, taken back", -35_945_000, -35_950_000),
    (2, "Ada", "rounding of a failed payment, taken back", -5_000, 0),
    (2, "Ada", "paid", 35_950_000, 35_950_000),
    (6, "Ada", "earned", 15_000_000, 15_000_000),
    (6, "Ada", "late views", 90_000, 90_000),
    (6, "Ada", "to be paid", 15_090_000, 15_090_000),
    (6, "Bruno", "earned", 3_000_000, 3_000_000),
    (6, "Bruno", "views taken away", -75_000, -80_000),
    (6, "Bruno", "carried in", 8_505_500, 8_510_000),
    (6, "Bruno", "rounding", -500, 0),
    (6, "Bruno", "to be paid", 11_430_000, 11_430_000),
    (6, "Chiara", "carried in", 49_995_000, 50_000_000),
    (6, "Chiara", "rounding", 5_000, 0),
    (6, "Chiara", "to be paid", 50_000_000, 50_000_000),
]


def read(month):
    return [
        (entry.day.day, entry.author_name, entry.label, entry.exact, entry.coins)
        for entry in list_entries(month_window(month, "EUR"))
    ]


def test_each_act_posts_its_entries_on_the_day_it_was_made(books):
    assert read(OCTOBER) == OCTOBERS_JOURNAL
    assert read(NOVEMBER) == NOVEMBERS_JOURNAL
    assert read(SEPTEMBER) == read(DECEMBER) == []


def test_month_that_is_over_does_not_change_by_what_comes_later(books):
    _, september, _ = books
    before = read(OCTOBER), read(NOVEMBER)
    payment = september.payments.get(author_name="Ada")
    record(
        september, payment, "failed", by=make_user(), when=dt.datetime(2026, 12, 3, tzinfo=dt.UTC)
    )
    assert (read(OCTOBER), read(NOVEMBER)) == before
    assert read(DECEMBER) == [
        (3, "Ada", "paid, taken back", -35_950_000, -35_950_000),
        (3, "Ada", "failed", 35_945_000, 35_950_000),
        (3, "Ada", "rounding of a failed payment", 5_000, 0),
    ]


def test_sums_of_a_month_are_those_of_its_entries(books):
    sums = [
        (entry.day.day, entry.label, entry.exact, entry.coins)
        for entry in sum_entries(month_window(OCTOBER, "EUR"))
    ]
    assert sums == [
        (6, "earned", 96_450_000, 96_460_000),
        (6, "adjustments", -2_004_500, -2_000_000),
        (6, "rounding", 5_000, 0),
        (6, "to be paid", 35_950_000, 35_950_000),
        (6, "on hold", 49_995_000, 50_000_000),
        (6, "carried forward", 8_505_500, 8_510_000),
        (9, "failed", 35_945_000, 35_950_000),
        (9, "rounding of a failed payment", 5_000, 0),
    ]


def test_debits_are_credits_and_an_author_is_settled_by_each_approval(books):
    opening = add_up(find_balances(Window(until=NOVEMBER, currency="EUR")))
    rows = sum_accounts(sum_entries(month_window(NOVEMBER, "EUR")), opening)
    assert sum(row.debit for row in rows) == sum(row.credit for row in rows) == 225_090_000
    in_coins = [(row.debit_coins, row.credit_coins) for row in rows]
    assert [sum(side) for side in zip(*in_coins, strict=True)] == [225_100_000] * 2
    closing = {row.account: row.closing for row in rows}
    assert closing[Account.AUTHORS] == closing[Account.WAITING] == 0
    assert closing[Account.CLEARING] == -76_520_000
    assert closing[Account.BANK] == -35_950_000
    assert closing[Account.ROUNDING] == 5_000 + 4_500
    assert sum(closing.values()) == 0


STATEMENTS = [  # (author, day, opening, movements, closing, waiting, on its way)
    ("Ada", (10, 5), 0, [], 0, 0, 0),
    ("Ada", (10, 6), 0, [35_940_000, 5_000, 5_000], 35_950_000, 0, 35_950_000),
    ("Ada", (10, 9), 0, [35_940_000, 5_000, 5_000, -5_000], 35_945_000, 35_945_000, 0),
    ("Ada", (11, 1), 35_945_000, [], 35_945_000, 35_945_000, 0),
    ("Ada", (11, 2), 35_945_000, [5_000, -35_950_000], 0, 0, 0),
    ("Bruno", (10, 31), 0, [10_515_000, -2_009_500], 8_505_500, 8_505_500, 0),
    ("Bruno", (11, 6), 8_505_500, [3_000_000, -75_000, -500], 11_430_000, 0, 11_430_000),
    ("Chiara", (11, 30), 49_995_000, [5_000], 50_000_000, 0, 50_000_000),
    ("Chiara", (12, 1), 50_000_000, [], 50_000_000, 0, 50_000_000),
]


def test_opening_and_movements_are_closing_at_any_day(books):
    authors, _, _ = books
    for name, day, *expected in STATEMENTS:
        statement = make_statement(author=authors[name].pk, day=dt.date(2026, *day), currency="EUR")
        movements = [added for _, added in statement.movements]
        assert [
            statement.opening,
            movements,
            statement.closing,
            statement.waiting,
            statement.on_its_way,
        ] == expected
        assert statement.opening + sum(movements) == statement.closing


@pytest.mark.thorough
def test_balances_of_all_authors_are_those_of_each(books):
    authors, _, _ = books
    balances = find_balances(Window(until=NOVEMBER, currency="EUR"))
    assert {pk: owed(own) for pk, own in balances.items()} == {
        authors["Ada"].pk: 35_945_000,
        authors["Bruno"].pk: 8_505_500,
        authors["Chiara"].pk: 49_995_000,
    }
    assert find_balances(Window(until=NOVEMBER, currency="JPY")) == {}


def test_entry_keeps_its_day_when_the_house_moves_to_another_time_zone(books, settings):
    """September was approved on the 6th at 1:00 in Berlin: on the 5th in New York."""
    settings.TIME_ZONE = "America/New_York"
    assert read(OCTOBER) == OCTOBERS_JOURNAL


def test_months_are_listed_with_their_currencies_and_the_silent_ones_too(books):
    assert list_active_months(dt.date(2026, 12, 24)) == [
        (DECEMBER, set()),
        (NOVEMBER, {"EUR"}),
        (OCTOBER, {"EUR"}),
    ]
