import datetime as dt
import re

import pytest
from django.contrib import admin
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from backoffice.big_lists import BigListAdmin
from billing.models import DailyViewCount
from tests.factories import make_blog, make_count, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

COUNTS = reverse("admin:billing_dailyviewcount_changelist")
BIG = [model for model, made in admin.site._registry.items() if isinstance(made, BigListAdmin)]


@pytest.fixture(autouse=True)
def superuser(client):
    client.force_login(make_user(is_superuser=True))


def make_days(number):
    blog = make_blog(title="Night trains")
    return [
        make_count(blog, day, dt.date(2026, 10, 1) + dt.timedelta(day)) for day in range(number)
    ]


def links(page):
    found = re.findall(r'<a href="(\?[^"]*)"[^>]*>(First|Previous|Next|Last)</a>', page)
    return {name: href.replace("&amp;", "&") for href, name in found}


def views_of(response):
    return [count.views for count in response.context["cl"].result_list]


def url_of(model):
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")


@pytest.mark.thorough
@pytest.mark.any_database
def test_every_page_is_reached_by_links_and_none_by_a_number(client):
    make_days(120)
    first = client.get(COUNTS)
    assert views_of(first) == [*range(119, 69, -1)]
    assert links(first.text).keys() == {"Next", "Last"}
    second = client.get(COUNTS + links(first.text)["Next"])
    assert views_of(second) == [*range(69, 19, -1)]
    assert links(second.text).keys() == {"First", "Previous", "Next", "Last"}
    last = client.get(COUNTS + links(second.text)["Next"])
    assert views_of(last) == [*range(19, -1, -1)]
    assert links(last.text).keys() == {"First", "Previous"}
    assert views_of(client.get(COUNTS + links(last.text)["Previous"])) == views_of(second)
    assert views_of(client.get(COUNTS, {"p": "last"})) == [*range(49, -1, -1)]
    assert "120 daily views" in " ".join(first.text.split())


@pytest.mark.thorough
@pytest.mark.any_database
def test_pages_keep_the_filter_the_search_and_the_order(client):
    make_days(60)
    asked = {"q": "night", "month": "2026-10", "o": "0"}
    first = client.get(COUNTS, asked)
    # The 31 days of October, the first of them first.
    assert views_of(first) == [*range(31)]
    asked["month"] = ""
    second = client.get(COUNTS + links(client.get(COUNTS, asked).text)["Next"])
    assert views_of(second) == [*range(50, 60)]
    assert second.context["cl"].query == "night"


@pytest.mark.thorough
@pytest.mark.any_database
def test_what_is_not_counted_to_its_end_says_so(client, monkeypatch):
    make_days(60)
    monkeypatch.setattr("backoffice.big_lists.count_up_to", lambda rows, most: most + 1)
    assert "More than 10,000 daily views" in " ".join(client.get(COUNTS).text.split())


@pytest.mark.any_database
@pytest.mark.parametrize("p", ["2", "0", "-1", "999999", "x", "after.x", "before.W10", "after.\0"])
def test_page_that_was_never_there_leads_to_the_whole_list(client, p):
    make_days(1)
    response = client.get(COUNTS, {"p": p})
    assert (response.status_code, response.url) == (302, f"{COUNTS}?e=1")


@pytest.mark.any_database
@pytest.mark.parametrize("o", ["2", "5", "-5", "1.2", "99", "x", "-", "٣", "1.-1"])
def test_order_that_no_index_has_is_not_the_lists(client, o):
    make_days(3)
    assert views_of(client.get(COUNTS, {"o": o})) == [2, 1, 0]


@pytest.mark.thorough
def test_search_finds_the_rows_of_blogs_and_of_authors(client):
    for title, first_name in (("Night trains", "Ada"), ("Day trips", "Night"), ("Boats", "Bo")):
        author = make_user(first_name=first_name, last_name="Example")
        blog = make_blog(title=title, author=author)
        for day in (10, 11):
            make_count(blog, len(title), dt.date(2026, 10, day))
    # Each row once, though "night trains" is found by its title and ... by nothing else.
    assert views_of(client.get(COUNTS, {"q": "night"})) == [9, 12, 9, 12]
    assert views_of(client.get(COUNTS, {"q": "trains NIGHT"})) == [12, 12]
    assert views_of(client.get(COUNTS, {"q": "bo example"})) == [5, 5]
    assert views_of(client.get(COUNTS, {"q": "nobody"})) == []


def test_row_that_is_found_twice_is_shown_once(client):
    author = make_user(first_name="Night")
    make_count(make_blog(title="Night trains", author=author), 7)
    make_count(make_blog(title="Boats", author=author), 8)
    assert sorted(views_of(client.get(COUNTS, {"q": "night"}))) == [7, 8]


@pytest.mark.thorough
def test_search_that_finds_very_many_blogs_still_finds_their_rows(client, monkeypatch):
    monkeypatch.setattr("backoffice.big_lists.FEW", 1)
    monkeypatch.setattr("backoffice.big_lists.MANY", 2)
    for number in (1, 2, 3):
        make_count(make_blog(title=f"Night {number}"), number)
        if number > 1:
            assert views_of(client.get(COUNTS, {"q": "night"})) == [*range(number, 0, -1)]


@pytest.mark.thorough
@pytest.mark.parametrize("model", BIG, ids=lambda model: model._meta.label_lower)
def test_no_list_reads_or_sorts_a_whole_table(client, model):
    """The plan of SQLite, which knows no number of rows: every list walks along an index."""
    made, table = admin.site.get_model_admin(model), model._meta.db_table
    columns = [*client.get(url_of(model)).context["cl"].list_display]
    numbers = [str(columns.index(name)) for name in made.orders]
    orders = ["", *numbers, *(f"-{number}" for number in numbers)]
    for order in orders:
        for position in ("", "last"):
            with CaptureQueriesContext(connection) as queries:
                client.get(url_of(model), {"o": order, "p": position})
            own = [q["sql"] for q in queries if f'FROM "{table}"' in q["sql"]]
            assert own
            for sql in own:
                assert "LIMIT" in sql
                if connection.vendor == "sqlite":
                    with connection.cursor() as cursor:
                        cursor.execute(f"EXPLAIN QUERY PLAN {sql}")
                        plan = [row[-1] for row in cursor]
                    assert not [step for step in plan if "TEMP B-TREE" in step], (sql, plan)


@pytest.mark.any_database
def test_no_big_list_has_a_date_hierarchy_which_looks_for_all_its_days():
    assert {DailyViewCount} <= set(BIG)
    assert [m for m in BIG if admin.site.get_model_admin(m).date_hierarchy] == []
