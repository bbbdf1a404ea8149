import datetime as dt

import pytest

from billing.models import AccessLogImport, BlogView, DailyViewCount, MonthlyViewCount
from tests.billing.pages import count_queries, make_view
from tests.factories import make_blog, make_category, make_count

pytestmark = [pytest.mark.django_db, pytest.mark.any_database, pytest.mark.slow]

MODELS = ["monthlyviewcount", "dailyviewcount", "blogview", "accesslogimport"]


def url_of(model, path=""):
    return f"/admin/billing/{model}/{path}"


def make_rows(number):
    """`number` rows of each kind."""
    for _ in range(number):
        blog = make_blog()
        make_count(blog, 1000)
        make_view(blog, BlogView.Outcome.ROBOT)
        AccessLogImport.objects.create(
            file_name="access.log",
            path_pattern="^/blogs/",
            started_at=dt.datetime(2026, 10, 15, tzinfo=dt.UTC),
            lines=12,
            outcomes={"counted": 7, "robot": 5},
        )


def last_of(model):
    models = [MonthlyViewCount, DailyViewCount, BlogView, AccessLogImport]
    return models[MODELS.index(model)].objects.first()


@pytest.mark.parametrize("model", MODELS)
def test_lists_and_pages_are_there_to_be_read(client, sign_in, model):
    make_rows(1)
    sign_in("Auditors")
    assert client.get(url_of(model)).status_code == 200
    assert client.get(url_of(model, f"{last_of(model).pk}/change/")).status_code == 200


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("path", ["add/", "{pk}/change/", "{pk}/delete/"])
def test_not_even_a_superuser_changes_what_was_counted(client, sign_in, model, path):
    make_rows(1)
    sign_in("Superusers")
    url = url_of(model, path.format(pk=last_of(model).pk))
    assert client.post(url, {"views": "1000000", "post": "yes"}).status_code == 403
    assert MonthlyViewCount.objects.get().views == DailyViewCount.objects.get().views == 1000


@pytest.mark.parametrize("role", ["Authors", "Editors"])
@pytest.mark.parametrize("model", MODELS)
def test_counts_are_hidden_from_who_writes_and_edits(client, sign_in, model, role):
    sign_in(role)
    assert client.get(url_of(model)).status_code == 403


@pytest.mark.thorough
@pytest.mark.parametrize("model", MODELS)
def test_lists_cost_the_same_for_2_and_20_rows(client, sign_in, model):
    make_rows(2)
    sign_in("Auditors")
    client.get(url_of(model))
    queries = count_queries(client, url_of(model))
    make_rows(18)
    assert count_queries(client, url_of(model)) == queries


@pytest.mark.parametrize("model", MODELS)
def test_empty_lists_say_why_they_are_empty(client, sign_in, model):
    sign_in("Auditors")
    assert "Nothing here yet" in client.get(url_of(model)).text


@pytest.mark.thorough
@pytest.mark.parametrize("model", ["monthlyviewcount", "dailyviewcount", "blogview"])
@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"month": "2026-10"}, 1),
        ({"month": "2026-11"}, 0),
        ({"month": "nonsense"}, 0),
        ({"month": ""}, 1),
    ],
)
def test_counts_are_filtered_by_month(client, sign_in, model, query, found):
    make_rows(1)
    sign_in("Auditors")
    assert len(client.get(url_of(model), query).context["cl"].result_list) == found


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"day_from": "11/10/2026", "day_to": "11/10/2026"}, 1),
        ({"day_from": "2026-10-12"}, 0),
        ({"day_to": "2026-10-10"}, 0),
        ({"day_from": "nonsense"}, 1),
        ({"outcome__exact": "robot"}, 1),
        ({"outcome__exact": "counted"}, 0),
    ],
)
def test_views_are_filtered_by_day_and_outcome(client, sign_in, query, found):
    make_rows(1)
    sign_in("Auditors")
    assert len(client.get(url_of("blogview"), query).context["cl"].result_list) == found


def test_months_to_choose_from_run_from_the_first_to_the_last(client, sign_in):
    blog = make_blog()
    for day in (dt.date(2025, 12, 31), dt.date(2026, 2, 1)):
        make_count(blog, 1, day)
    sign_in("Auditors")
    months = client.get(url_of("dailyviewcount")).context["cl"].filter_specs[0].lookup_choices
    assert months == [
        ("2026-02", "February 2026"),
        ("2026-01", "January 2026"),
        ("2025-12", "December 2025"),
    ]


@pytest.mark.thorough
def test_monthly_views_are_searched_by_blog(client, sign_in):
    make_count(make_blog(title="Night trains", category=make_category()), 1)
    sign_in("Finance")
    for word, found in (("night", 1), ("day", 0)):
        response = client.get(url_of("monthlyviewcount"), {"q": word})
        assert len(response.context["cl"].result_list) == found


def test_of_a_reader_only_the_start_of_the_key_is_shown(client, sign_in):
    view = make_view(make_blog(), BlogView.Outcome.COUNTED)
    sign_in("Auditors")
    for url in (url_of("blogview"), url_of("blogview", f"{view.pk}/change/")):
        text = client.get(url).text
        assert b"kkkk".hex() in text
        assert b"kkkkk".hex() not in text
        assert b"aaaa".hex() not in text


def test_import_shows_what_became_of_its_lines(client, sign_in):
    make_rows(1)
    sign_in("Auditors")
    pk = AccessLogImport.objects.get().pk
    text = client.get(url_of("accesslogimport", f"{pk}/change/")).text
    for row in ('Counted</td><td class="bo-num">7<', 'Malformed</td><td class="bo-num">0<'):
        assert f"<td>{row}" in text
