"""What the home page of each role asks of the database, in all: session and sidebar included."""

import datetime as dt

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from backoffice.jobs.schedule import list_jobs
from backoffice.models import JobRun
from billing.payouts import steps
from tests.doors import make_rows
from tests.factories import make_blog, make_category, make_count, make_price, make_user
from weblog.models import Blog

pytestmark = [pytest.mark.django_db, pytest.mark.slow, pytest.mark.any_database]

NOVEMBER = dt.date(2026, 11, 1)
LATER = dt.datetime(2026, 12, 5, 12, tzinfo=dt.UTC)


@pytest.fixture(autouse=True)
def in_december():
    with time_machine.travel(LATER, tick=False):
        yield


@pytest.fixture
def house(client):
    """Make a house that has a row of each kind, a draft, and prices that change midway."""
    make_rows()
    tech = make_category("Tech")
    for day, price in ((dt.date(2026, 11, 16), "11"), (dt.date(2026, 12, 20), "12")):
        make_price(tech, price, day)
    author = make_user(groups=["Authors"])
    make_blog(author=author, category=tech, status=Blog.Status.IN_REVIEW)
    blog = make_blog(author=author, category=tech)
    make_count(blog, 500, NOVEMBER)
    make_count(blog, 700, LATER.date())
    for job in list_jobs():
        JobRun.objects.create(name=job.name, status="succeeded", started_at=LATER)
    return author


def count_queries(client, user, **query):
    """Return the queries of the second visit: the first one fills what a process keeps."""
    client.force_login(user)
    client.get(reverse("admin:index"), query)
    with CaptureQueriesContext(connection) as queries:
        assert client.get(reverse("admin:index"), query).status_code == 200
    return len(queries)


@pytest.mark.parametrize(
    ("role", "expected"),
    [
        ("Finance", 14),
        ("Editors", 13),
        ("Auditors", 15),
        ("Approvers", 9),
    ],
)
def test_home_of_a_role_takes_few_queries(client, house, role, expected):
    steps.build_batch(month=NOVEMBER, at=LATER)
    assert count_queries(client, make_user(groups=[role])) == expected


@pytest.mark.thorough
def test_home_of_an_approver_takes_few_queries_while_a_batch_waits(client, house):
    batch, *_ = steps.build_batch(month=NOVEMBER, at=LATER)
    steps.submit_batch(batch=batch, by=make_user(), at=LATER)
    assert count_queries(client, make_user(groups=["Approvers"])) == 11


@pytest.mark.thorough
def test_home_of_an_author_takes_few_queries(client, house):
    assert count_queries(client, house) == 15


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("part", "expected"),
    [("", 15), ("payments", 15), ("approval", 10), ("audit", 9), ("blogs", 14)],
)
def test_each_part_of_an_administrators_home_takes_few_queries(client, house, part, expected):
    batch, *_ = steps.build_batch(month=NOVEMBER, at=LATER)
    if part == "approval":
        steps.submit_batch(batch=batch, by=make_user(), at=LATER)
    assert count_queries(client, make_user(is_superuser=True), part=part) == expected
