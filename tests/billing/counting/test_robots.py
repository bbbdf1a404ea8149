import json
import re
import time
from types import SimpleNamespace

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from billing.counting import robots
from billing.counting.robots import (
    LONGEST_USER_AGENT,
    describe_lists,
    find_on_lists,
    find_robot,
    forget_exceptions,
    is_on_lists,
)
from billing.models import RobotException

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0"
SAFARI = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 "
    "(KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1"
)
CUBOT = (
    "Mozilla/5.0 (Linux; Android 15; CUBOT KINGKONG 9) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/142.0.0.0 Mobile Safari/537.36"
)


def make_exception(text="CUBOT", **values):
    exception = RobotException.objects.create(text=text, reason="A brand of phones.", **values)
    forget_exceptions()
    return exception


@pytest.fixture(autouse=True)
def _lists_alone(settings):
    """What an administrator's exceptions do, without the people that are known anyway."""
    settings.KNOWN_PEOPLE = False


@pytest.mark.parametrize("user_agent", [FIREFOX, SAFARI])
def test_browser_is_no_robot(user_agent):
    assert find_robot(user_agent) == ""


@pytest.mark.parametrize("user_agent", ["Googlebot/2.1", "GOOGLEBOT/2.1", "googlebot/2.1"])
def test_counter_list_is_matched_in_any_case(settings, user_agent):
    settings.ROBOT_LISTS = ["counter"]
    assert find_robot(user_agent) == "counter: bot"


@pytest.mark.parametrize("user_agent", [None, "", "-"])
def test_reader_without_a_user_agent_is_a_robot(user_agent):
    assert find_robot(user_agent) == "counter: ^.?$"


def test_is_bot_finds_what_the_counter_list_does_not(settings):
    user_agent = FIREFOX + " Playwright/1.56"
    settings.ROBOT_LISTS = ["counter"]
    assert find_robot(user_agent) == ""
    settings.ROBOT_LISTS = ["counter", "is-bot"]
    assert find_robot(user_agent) == "is-bot: playwright"


def test_pattern_is_told_and_not_what_the_reader_sent(settings):
    settings.ROBOT_LISTS = ["is-bot"]
    assert find_robot("+49-30-901820-" * 5) == "is-bot: ^[^ ]{50,}$"


def test_no_list_finds_no_robot(settings):
    settings.ROBOT_LISTS = []
    assert find_robot("Googlebot/2.1") == ""


@pytest.mark.parametrize("filling", ["a", "(", "Mozilla/5.0 ", "bo t", "\\", "é"])
def test_long_user_agent_is_cut_and_quick(filling):
    started_at = time.perf_counter()
    find_robot(filling * (100_000 // len(filling)))
    assert time.perf_counter() - started_at < 1


def test_nothing_behind_the_cut_tells_a_robot():
    browser = FIREFOX.ljust(LONGEST_USER_AGENT)
    assert find_robot(browser + "Googlebot") == find_robot(browser)


def test_excepted_text_makes_a_person_of_what_a_list_calls_a_robot():
    assert find_robot(CUBOT) == "counter: bot"
    make_exception("cubot king")
    assert find_robot(CUBOT) == ""
    assert find_robot("Googlebot/2.1") == "counter: bot"


def test_exception_that_was_ended_holds_no_more():
    make_exception(is_active=False)
    assert find_robot(CUBOT) == "counter: bot"


def test_text_behind_the_cut_excepts_nothing():
    make_exception()
    assert find_robot("Googlebot".ljust(LONGEST_USER_AGENT) + "CUBOT") == "counter: bot"


def test_lists_alone_know_no_exceptions():
    make_exception()
    assert find_on_lists(CUBOT) == "counter: bot"


def test_exceptions_cost_people_no_query_and_robots_one_in_half_a_minute(monkeypatch):
    moments = iter([60, 61, 89, 90])
    monkeypatch.setattr(robots, "time", SimpleNamespace(monotonic=lambda: next(moments)))
    with CaptureQueriesContext(connection) as queries:
        find_robot(FIREFOX)
        assert len(queries) == 0
        for number in (1, 1, 1, 2):
            find_robot("Googlebot/2.1")
            assert len(queries) == number


def test_rules_name_the_lists_their_versions_and_the_date_of_counter_s(settings):
    settings.ROBOT_LISTS = ["counter", "is-bot"]
    version = r"\d[\d.]*"
    pattern = rf"counter-robots {version} \(list of 2024-04-22\), is-bot {version}"
    assert re.fullmatch(pattern, describe_lists())


def test_rules_name_how_far_they_depart_from_counter(settings):
    settings.ROBOT_LISTS = ["is-bot"]
    make_exception("CUBOT")
    assert describe_lists().endswith("; 1 exception departs from COUNTER")
    make_exception("Alexa Toolbar")
    make_exception("HMSCore", is_active=False)
    assert describe_lists().endswith("; 2 exceptions depart from COUNTER")


def test_rules_name_the_own_list_and_known_people(settings):
    settings.KNOWN_PEOPLE = True
    assert describe_lists().endswith(", own 2026-11-27; known people depart from COUNTER")
    make_exception("CUBOT")
    assert describe_lists().endswith("; known people and 1 exception depart from COUNTER")
    assert len(f"COUNTER 5.1; {describe_lists()}") < 180  # a batch stores 200 characters


def test_list_of_unknown_date_is_named_by_its_digest(monkeypatch, settings):
    settings.ROBOT_LISTS = ["counter"]
    monkeypatch.setattr(robots, "COUNTER_LIST_DATES", {})
    robots._date_counter_list.cache_clear()
    assert describe_lists().endswith("(list 179a20d3ee8f)")
    robots._date_counter_list.cache_clear()


@pytest.mark.parametrize(
    ("robot", "is_on"),
    [
        ("counter: bot", True),
        ("is-bot: playwright", True),
        (r"own: \bkube-probe/", True),
        ("counter: playwright", False),
        ("counter: gone", False),
        ("another: bot", False),
        ("", False),
    ],
)
def test_stored_pattern_is_looked_up_on_the_lists_in_use(robot, is_on):
    assert is_on_lists(robot) == is_on


def test_pattern_of_a_list_not_in_use_is_on_none(settings):
    settings.ROBOT_LISTS = ["is-bot"]
    assert not is_on_lists("counter: bot")


def test_counter_list_is_the_published_one(settings, shared_data):
    settings.ROBOT_LISTS = ["counter"]
    published = json.loads((shared_data / "robots" / "COUNTER_Robots_list.json").read_text())
    from billing.counting.robots import _counter_patterns

    _, patterns = _counter_patterns()
    assert [pattern.pattern for pattern in patterns] == [row["pattern"] for row in published]


@pytest.mark.thorough
@pytest.mark.slow
def test_most_known_crawlers_are_found(settings, shared_data):
    crawlers = json.loads((shared_data / "robots" / "crawler-user-agents.json").read_text())
    user_agents = [agent for crawler in crawlers for agent in crawler["instances"]]

    def share_found():
        return sum(1 for agent in user_agents if find_robot(agent)) / len(user_agents)

    settings.ROBOT_LISTS = ["counter"]
    counter_alone = share_found()
    settings.ROBOT_LISTS = ["counter", "is-bot"]
    assert counter_alone > 0.6
    assert share_found() > 0.9
