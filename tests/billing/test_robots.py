import json
import re
import time

import pytest

from billing.robots import LONGEST_USER_AGENT, describe_lists, find_robot

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0"
SAFARI = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 "
    "(KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1"
)


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


def test_rules_name_the_lists_and_their_versions(settings):
    settings.ROBOT_LISTS = ["counter"]
    assert re.fullmatch(r"counter-robots \d[\d.]*", describe_lists())


def test_counter_list_is_the_published_one(settings, shared_data):
    settings.ROBOT_LISTS = ["counter"]
    published = json.loads((shared_data / "robots" / "COUNTER_Robots_list.json").read_text())
    from billing.robots import _counter_patterns

    _, patterns = _counter_patterns()
    assert [pattern.pattern for pattern in patterns] == [row["pattern"] for row in published]


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
