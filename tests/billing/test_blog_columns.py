import datetime as dt

import pytest
from django.urls import reverse
from time_machine import travel

from tests.factories import make_blog, make_count, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.any_database, pytest.mark.slow]

CHANGELIST = reverse("admin:weblog_blog_changelist")


def views_of(client, *, order=""):
    response = client.get(CHANGELIST, {"o": order} if order else {})
    assert response.status_code == 200
    blogs = response.context["cl"].result_list
    return [(blog.title, blog.views_so_far, blog.views_this_month) for blog in blogs]


@travel(dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC), tick=False)
def test_views_so_far_and_this_month_stand_beside_each_blog(client):
    read, unread = make_blog(title="Read"), make_blog(title="Unread")
    make_count(read, 1200, dt.date(2026, 10, 15))
    make_count(read, 34, dt.date(2026, 11, 2))
    client.force_login(make_user(is_superuser=True))
    assert sorted(views_of(client)) == [("Read", 1234, 34), ("Unread", 0, 0)]
    page = client.get(CHANGELIST).content.decode()
    assert all(text in page for text in ("Views so far", "This month", "1,234"))
    assert unread.title in page


@travel(dt.datetime(2026, 10, 31, 23, 30, tzinfo=dt.UTC), tick=False)
def test_month_is_that_of_the_billing_time_zone(client, settings):
    """In Berlin it is November by then."""
    assert settings.TIME_ZONE == "Europe/Berlin"
    blog = make_blog()
    make_count(blog, 5, dt.date(2026, 10, 31))
    client.force_login(make_user(is_superuser=True))
    assert views_of(client) == [(blog.title, 5, 0)]


@travel(dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC), tick=False)
def test_views_stay_with_a_blog_whose_author_and_category_changed(client):
    blog = make_blog()
    make_count(blog, 10, dt.date(2026, 11, 1))
    blog.author = make_user()
    blog.save()
    make_count(blog, 5, dt.date(2026, 11, 2))
    client.force_login(make_user(is_superuser=True))
    assert views_of(client) == [(blog.title, 15, 15)]


@travel(dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC), tick=False)
def test_list_is_sorted_by_views(client):
    for title, views in (("Middle", 20), ("Most", 300), ("Least", 1)):
        make_count(make_blog(title=title), views, dt.date(2026, 11, 2))
    client.force_login(make_user(is_superuser=True))
    columns = client.get(CHANGELIST).context["cl"].list_display
    place = [getattr(column, "__name__", column) for column in columns].index("views_so_far")
    titles = [title for title, *_ in views_of(client, order=f"-{place}")]
    assert titles == ["Most", "Middle", "Least"]


@pytest.mark.thorough
@travel(dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC), tick=False)
def test_page_of_a_blog_has_its_views_per_day(client, groups):
    author, other = make_user(groups=["Authors"]), make_user(groups=["Authors"])
    blog = make_blog(author=author)
    blog.co_authors.add(other)
    make_count(blog, 34, dt.date(2026, 11, 2))
    page = reverse("admin:weblog_blog_change", args=[blog.pk])
    client.force_login(author)
    answer = client.get(page)
    assert [panel.name for panel in answer.context["panels"]] == ["views"]
    assert "34 views in 30 days" in answer.text
    assert reverse("admin:billing_earnings_blog", args=[blog.pk]) in answer.text
    client.force_login(other)
    answer = client.get(page)
    assert answer.status_code == 200
    assert answer.context["panels"] == []  # co-authors see no figures
    client.force_login(make_user(groups=["Editors"]))
    assert "34 views in 30 days" in client.get(page).text


def test_draft_that_nobody_could_read_has_no_views_per_day(client):
    client.force_login(make_user(is_superuser=True))
    page = reverse("admin:weblog_blog_change", args=[make_blog(status="draft").pk])
    assert client.get(page).context["panels"] == []
