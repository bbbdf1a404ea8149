"""The numbers in the sidebar are those of the lists behind them."""

import pytest
from django.db import connection
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext

from backoffice import navigation
from tests.doors import make_rows
from tests.factories import make_user

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]


def list_counted(user):
    request = RequestFactory().get("/admin/")
    request.user = user
    for section in navigation.build_navigation(request):
        for item in section["items"]:
            if "badge" in item:
                yield item["title"], item


@pytest.mark.thorough
def test_each_number_is_that_of_the_list_behind_it(client):
    make_rows()
    admin = make_user(is_superuser=True)
    client.force_login(admin)
    counted = dict(list_counted(admin))
    assert {"Findings", "Holds and pay-outs", "Disputes"} <= {*counted}
    for title, item in counted.items():
        page = client.get(item["link"])
        assert page.status_code == 200, title
        if page.context.get("cl"):
            assert page.context["cl"].result_count == item["badge"], title


def test_nothing_that_waits_is_no_number(client):
    assert dict(list_counted(make_user(is_superuser=True))) == {}


def test_numbers_are_counted_once_for_each_request():
    request = RequestFactory().get("/admin/")
    request.user = make_user(is_superuser=True)
    navigation.build_navigation(request)
    with CaptureQueriesContext(connection) as again:
        navigation.build_navigation(request)
    assert len(again) == 0
