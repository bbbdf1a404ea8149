"""People whom the lists take for robots, and robots that use words of people."""

import json
import re

import pytest

from billing.counting.people import PROGRAMS, take_out_people
from billing.counting.robots import _counter_patterns, _is_bot, find_on_lists
from tests.billing.counting.in_app_browsers import DEVICES
from tests.billing.counting.more_in_app_browsers import ALL, ALL_APPS

pytestmark = pytest.mark.any_database

BARE_WORDS = [
    pattern.pattern for pattern in _counter_patterns()[1] if re.fullmatch(r"\w+", pattern.pattern)
]


def list_robots(user_agents):
    return {agent: robot for agent in user_agents if (robot := find_on_lists(agent))}


@pytest.mark.parametrize("app", ALL_APPS)
def test_people_in_apps_are_no_robots(app):
    assert list_robots(ALL_APPS[app]) == {}


def test_without_them_the_lists_take_every_other_one_for_a_robot(settings):
    settings.KNOWN_PEOPLE = False
    assert len(ALL) >= 270
    assert len(list_robots(ALL)) >= 120


@pytest.mark.parametrize("app", ["Instagram", "Threads"])
@pytest.mark.parametrize("device", DEVICES)
def test_no_phone_is_a_robot_by_its_own_name(app, device):
    model = device.split("; ")[1]
    browser = f"Mozilla/5.0 (Linux; Android 14; {model}) AppleWebKit/537.36 (KHTML, like Gecko) "
    browser += "Chrome/142.0.0.0 Mobile Safari/537.36"
    assert find_on_lists(browser) == ""


@pytest.mark.parametrize("word", BARE_WORDS)
def test_robot_that_is_called_by_a_bare_word_is_a_robot_still(settings, word):
    settings.ROBOT_LISTS = ["counter"]
    assert len(BARE_WORDS) > 150
    for agent in (
        f"{word}/1.0",
        f"Mozilla/5.0 (compatible; {word}bot/1.0; +http://example.org/{word})",
        f"Mozilla/5.0 (Linux; Android 14; CUBOT X50) Mobile (compatible; {word}spider/2.1)",
    ):
        assert find_on_lists(agent)


@pytest.mark.parametrize(
    "agent",
    [
        "Mozilla/5.0 (Linux; Android 6.0.1; Nexus 5X Build/MMB29P) AppleWebKit/537.36 (KHTML, like "
        "Gecko) Chrome/142.0 Mobile Safari/537.36 (compatible; Googlebot/2.1; "
        "+http://www.google.com/bot.html)",
        "DoCoMo/2.0 N905i(c100;TB;W24H16) (compatible; Googlebot-Mobile/2.1)",
        "Mozilla/5.0 (Linux; Android 14; Googlebot) CUBOT motorola",
        "Mozilla/5.0 (compatible; YandexBot/3.0; +http://yandex.com/bots)",
        "Mozilla/5.0 (compatible; Baiduspider/2.0; +http://www.baidu.com/search/spider.html)",
        "Mozilla/5.0 (compatible; Yahoo! Slurp; http://help.yahoo.com/help/us/ysearch/slurp)",
        "Mozilla/5.0 (Linux; Android 7.0;) AppleWebKit/537.36 (compatible; PetalBot;+https://x)",
        "Mozilla/5.0 (compatible; CUBOTCrawler/1.0) Channel/googleplay",
        "Mozilla/5.0 (iPhone) Instagram 1.0 Android (35/15; ExampleBot; +http://example.org)",
        "WhatsApp/2.23.20.0 A",
        "Sogou web spider/4.0(+http://www.sogou.com/docs/help/webmasters.htm#07)",
        "Feedly/1.0 (+http://www.feedly.com/fetcher.html; 12 subscribers)",
        "AppEngine-Google; (+http://code.google.com/appengine)",
        "Google-Read-Aloud",
        "",
    ],
)
def test_robot_with_words_of_people_in_it_is_a_robot_still(agent):
    assert find_on_lists(agent)


MISSED = [
    "kube-probe/1.29",
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 "
    "Safari/537.36 GTmetrix",
    "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/142.0.0.0 Safari/537.36 DebugBear",
    "Mozilla/5.0 (Linux; Android 11; moto g power (2022)) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/142.0.0.0 Mobile Safari/537.36 Chrome-Lighthouse",
    "Mozilla/5.0 (X11; Linux x86_64) Chrome/142.0.0.0 Safari/537.36 PTST/251101.190000",
    "Mozilla/5.0 (Windows NT 6.1) AppleWebKit Chrome (Uptrends)",
    "Mozilla/5.0 (X11; Linux) AppleWebKit/537.36 Chrome/142.0 Safari/537.36 RuxitSynthetic/1.0 v1",
    "Mozilla/4.0 (compatible; ms-office; MSOffice 16)",
    "Mozilla/4.0 (compatible; MSIE 7.0; Windows NT 10.0; WOW64; Trident/7.0; .NET4.0C; ms-office)",
    "Microsoft Office/16.0 (Windows NT 10.0; Microsoft Word 16.0.17029; Pro)",
    "Microsoft Office/16.0 (Microsoft Outlook 16.0; Pro)",
    "Microsoft Office Word 2014",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Word/16.90.24101387",
    "Outlook-iOS/711.2620504.prod.iphone (4.28.0)",
    "LibreOffice 24.2 denylistedbackend/8.5.0 OpenSSL/3",
    "Dalvik/2.1.0 (Linux; U; Android 13; Pixel 6)",
    "Amzn-User/0.1",
    "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; Amzn-User/0.1) Chrome/142.0 "
    "Safari/537.36",
    "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; ChatGPT-User/1.0; +https://o)",
    "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; Perplexity-User/1.0)",
    "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; MistralAI-User/1.0)",
    "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; Claude-User/1.0)",
    "Mozilla/5.0 (compatible; cohere-ai)",
    "Mozilla/5.0 (X11; Linux) AppleWebKit/537.36 Chrome/142.0 Safari/537.36 NovaAct",
    "ModelContextProtocol/1.0 (User-Specified; +https://example.org)",
]


@pytest.mark.parametrize("agent", MISSED)
def test_monitor_office_program_or_fetcher_is_a_robot_by_default(agent):
    assert find_on_lists(agent)


def test_own_list_is_what_finds_most_of_them(settings):
    settings.ROBOT_LISTS = ["counter", "is-bot"]
    assert len(list_robots(MISSED)) <= 10


def test_each_word_that_has_people_stands_on_a_list():
    lists = [pattern.pattern for pattern in _counter_patterns()[1]]
    assert [word for word in PROGRAMS if word not in lists] == ["news"]
    assert any("news" in pattern for pattern in _is_bot().patterns)


def test_no_person_at_all_without_a_browser():
    assert take_out_people("motorola/1.0 CUBOT") == "motorola/1.0 CUBOT"


def test_at_most_one_real_browser_in_a_hundred_is_taken_for_a_robot(shared_data):
    rows = json.loads((shared_data / "browsers" / "top-user-agents.json").read_text())
    assert list_robots(rows) == {}


@pytest.mark.parametrize(
    "filling", ["(", "(a", "Instagram 1 (", "HbbTV/1 (", "Score", "FBAN/", "bd_"]
)
def test_long_user_agent_is_quick(filling):
    for start in ("Mozilla/5.0 (Linux; Android 1; ", "Mozilla/"):
        find_on_lists((start + "bot " + filling * 1000)[:1000])
