import datetime as dt

import pytest

from backoffice import home
from tests.factories import make_user

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]

DAYS = {dt.date(2026, 2, 28): 1200, dt.date(2026, 3, 1): 34}


@pytest.fixture
def toy():
    """An app called "toy" that offers a task, a card and two sections."""

    def list_sections(user):
        chart = home.make_chart(DAYS, title="Teas drunk", unit="teas")
        yield home.Section("teas", home.CHART, chart)
        problems = [{"text": "The kettle is empty", "link": "/kettle/"}]
        yield home.Section("empty", "backoffice/home/job_problems.html", problems, is_warning=True)

    home.register_tasks("toy", lambda user: [{"text": f"{user} fills up", "link": "/fill/"}])
    home.register_cards("toy", lambda user: [{"label": "Teas", "value": "34", "link": "/teas/"}])
    home.register_sections("toy", list_sections)
    yield
    home.unregister("toy")


def open_home(client, user):
    client.force_login(user)
    return client.get("/admin/")


def test_home_shows_what_an_app_offers(client, toy):
    response = open_home(client, make_user("brewer"))
    page = response.content.decode()
    assert {"text": "brewer fills up", "link": "/fill/"} in response.context["tasks"]
    assert '<a href="/fill/">brewer fills up' in page
    assert '<a href="/teas/" class="bo-card">' in page
    assert "1,234 teas in 2 days, in numbers" in page
    assert page.index("The kettle is empty") < page.index("What waits for you")
    assert page.index("What waits for you") < page.index("Teas drunk")


def test_chart_has_its_numbers_as_text_the_latest_first(client, toy):
    page = open_home(client, make_user()).content.decode()
    assert '<th scope="col" class="bo-num">Teas</th>' in page
    assert page.index("Sun 1 Mar 2026") < page.index("Sat 28 Feb 2026")


def test_home_without_an_offer_says_that_nothing_waits(client, toy):
    home.unregister("toy")
    response = open_home(client, make_user())
    assert (response.context["cards"], response.context["tasks"]) == ([], [])
    assert "Nothing right now. Your tasks will stand here." in response.content.decode()


def test_order_decides_and_not_who_came_first(client, toy):
    for name, order in (("last", 99), ("first", 1)):
        label = name.capitalize()
        home.register_cards(
            name, lambda user, label=label: [{"label": label, "value": "1"}], order=order
        )
    try:
        shown = open_home(client, make_user()).context["cards"]
    finally:
        home.unregister("first")
        home.unregister("last")
    assert [card["label"] for card in shown] == ["First", "Teas", "Last"]


def test_second_offer_of_a_name_takes_the_place_of_the_first(client, toy):
    home.register_cards("toy", lambda user: [{"label": "Coffees", "value": "2"}])
    cards = open_home(client, make_user()).context["cards"]
    assert [card["label"] for card in cards] == ["Coffees"]
