"""The robot lists against real user agents of robots and of people."""

import functools

import pytest

from benchmarks.robots import (
    KNOWN_VICTIMS,
    LAYERS,
    Robot,
    describe,
    main,
    measure,
    read_browsers,
    read_robots,
)
from billing.counting import robots
from billing.models import RobotException

pytestmark = [pytest.mark.any_database, pytest.mark.slow]


@pytest.fixture(scope="module")
def user_agents(shared_data):
    return read_robots(shared_data), read_browsers(shared_data)


@pytest.fixture(scope="module", autouse=True)
def searched_once():
    """Let each list be searched once for a user agent, which takes most of the time here.

    With and without known people, and with one list or three, the answer of each is the same.
    """
    with pytest.MonkeyPatch.context() as patch:
        for name, find in robots.FINDERS.items():
            patch.setitem(robots.FINDERS, name, functools.cache(find))
        yield


@pytest.mark.parametrize("layers", LAYERS)
@pytest.mark.parametrize("known_people", [False, True])
def test_no_modern_browser_is_taken_for_a_robot(user_agents, layers, known_people):
    figures = measure(layers, *user_agents, known_people=known_people)
    assert figures["browsers"] == 1891
    assert figures["browsers_taken_for_robots"] == {}
    assert figures["precision"] == 1


@pytest.mark.thorough
def test_second_list_finds_most_robots_that_the_first_does_not(user_agents):
    counter, both, all_three = (measure(layers, *user_agents) for layers in LAYERS)
    assert (counter["found"], counter["robots"]) == (1556, 2123)
    assert both["found"] >= 2114
    assert all_three["found"] >= 2117


def test_words_of_people_make_a_person_of_no_robot(user_agents):
    for layers in LAYERS[1:]:
        found = measure(layers, *user_agents)["found"]
        assert measure(layers, *user_agents, known_people=True)["found"] == found


@pytest.mark.thorough
def test_report_names_what_was_missed_and_whom_the_lists_hit(user_agents):
    report = describe(measure(["counter"], *user_agents))
    assert "recall     73.29%  1,556 of 2,123 robots found" in report
    assert "http-library         18 of 103" in report
    assert "CUBOT                counter: bot" in report


def test_browser_taken_for_a_robot_is_named_with_the_pattern():
    figures = measure(
        ["counter"],
        [Robot("Googlebot/2.1", ("search-engine",))],
        {"phones": [KNOWN_VICTIMS["CUBOT"]]},
    )
    assert f"counter: bot: {KNOWN_VICTIMS['CUBOT']}" in describe(figures)
    assert figures["precision"] == 0.5


def test_missing_folder_is_told(tmp_path):
    with pytest.raises(SystemExit, match="No robots and browsers in"):
        main(tmp_path / "nowhere")


@pytest.mark.django_db
@pytest.mark.parametrize(("text", "user_agent"), KNOWN_VICTIMS.items())
def test_exception_makes_a_known_victim_a_person_again(settings, text, user_agent):
    assert robots.find_robot(user_agent) == ""
    settings.KNOWN_PEOPLE = False
    robots.forget_exceptions()
    assert robots.find_robot(user_agent)
    RobotException.objects.create(text=text, reason="They are phones and toolbars of people.")
    robots.forget_exceptions()
    assert robots.find_robot(user_agent) == ""
    robots.forget_exceptions()
