import datetime as dt

import pytest

from billing.counting import folding, readers
from billing.models import BlogView, ReaderSalt
from tests.factories import FIREFOX, NOON, make_blog, make_click, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql]

CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/142.0.0.0 Safari/537.36"


@pytest.fixture(autouse=True)
def in_berlin(settings):
    settings.TIME_ZONE = "Europe/Berlin"


@pytest.fixture
def blog():
    return make_blog()


def test_author_does_not_earn_by_reading_the_own_blog(blog):
    assert make_click(blog, user=blog.author).outcome == "own_view"


def test_own_view_is_one_even_without_a_place_on_staff(blog):
    author = make_user(is_staff=False)
    assert make_click(make_blog(author=author), user=author).outcome == "own_view"


def test_staff_are_no_readers(blog):
    assert make_click(blog, user=make_user()).outcome == "staff_view"


def test_signed_in_reader_is_a_reader(blog):
    assert make_click(blog, user=make_user(is_staff=False)).outcome == "pending"


def test_robot_is_kept_with_the_pattern_that_told_it(blog):
    robot = make_click(blog, user_agent="Googlebot/2.1")
    assert (robot.outcome, robot.excluded_by) == ("robot", "counter: bot")


def test_reader_without_a_user_agent_is_a_robot(blog):
    assert make_click(blog, user_agent="").outcome == "robot"


def test_neither_address_nor_user_agent_is_stored(blog):
    make_click(blog)
    stored = repr(BlogView.objects.values().get()) + repr(ReaderSalt.objects.values().get())
    assert "192.0.2.1" not in stored
    assert "Firefox" not in stored


def test_reader_has_another_key_on_another_day(blog):
    first, second = make_click(blog), make_click(blog, 24 * 3600)
    assert first.reader_key != second.reader_key
    assert first.address_key != second.address_key


def test_address_key_shows_one_address_behind_many_user_agents(blog):
    first, second = make_click(blog, user_agent=FIREFOX), make_click(blog, user_agent=CHROME)
    assert first.reader_key != second.reader_key
    assert first.address_key == second.address_key


def test_view_takes_one_insert_once_the_salt_of_the_day_is_known(
    blog, django_assert_num_queries, monkeypatch
):
    monkeypatch.setattr(readers, "_salts", {dt.date(2026, 10, 15): b"salt"})
    with django_assert_num_queries(1):
        make_click(blog)


def test_salt_is_kept_in_memory_once_it_is_committed(
    blog, django_capture_on_commit_callbacks, monkeypatch, time_machine
):
    time_machine.move_to(NOON)
    monkeypatch.setattr(readers, "_salts", {})
    with django_capture_on_commit_callbacks() as callbacks:
        make_click(blog)
    assert readers._salts == {}
    for callback in callbacks:
        callback()
    assert readers._salts == {dt.date(2026, 10, 15): bytes(ReaderSalt.objects.get().salt)}


def test_salt_is_forgotten_48_hours_after_its_day_began(monkeypatch, time_machine):
    monkeypatch.setattr(readers, "_salts", {})
    for day in (12, 14, 15):
        readers._salts[dt.date(2026, 10, day)] = b"salt"
    time_machine.move_to(dt.datetime(2026, 10, 15, 22, tzinfo=dt.UTC))  # midnight in Berlin
    readers._keep_salt(dt.date(2026, 10, 16), b"salt")
    assert sorted(readers._salts) == [dt.date(2026, 10, 15), dt.date(2026, 10, 16)]


def test_salt_of_a_day_long_past_is_not_kept_in_memory(monkeypatch):
    monkeypatch.setattr(readers, "_salts", {})
    readers._keep_salt(dt.date(2015, 5, 17), b"salt")
    assert readers._salts == {}


def test_rules_are_told_with_the_robot_lists(settings):
    settings.ROBOT_LISTS = ["counter", "is-bot"]
    assert folding.describe_rules().startswith("COUNTER 5.1; counter-robots ")
