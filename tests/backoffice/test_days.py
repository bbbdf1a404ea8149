"""Whoever types a day that can't be read is told how to write it."""

import pytest
from django import forms

from tests.factories import make_blog, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]


@pytest.mark.parametrize("day", ["31.31.2026", "12/31/2026", "tomorrow", "2026-02-30"])
def test_wrong_day_says_which_form(day):
    with pytest.raises(forms.ValidationError, match="year-month-day: 2026-12-31"):
        forms.DateField().clean(day)
    with pytest.raises(forms.ValidationError, match="2026-12-31 14:30"):
        forms.DateTimeField().clean(day)


@pytest.mark.parametrize("day", ["2026-12-31", "31/12/2026"])
def test_forms_that_are_named_are_read(day):
    assert forms.DateField().clean(day).isoformat() == "2026-12-31"


def test_wrong_day_of_a_filter_is_said_and_the_list_stays(client):
    make_blog(title="Slow bread")
    client.force_login(make_user(is_superuser=True))
    page = client.get("/admin/weblog/blog/", {"publish_at_from": "31.31.2026"})
    assert page.status_code == 200
    assert page.text.count("A day of the filter can’t be read") == 1
    assert "Slow bread" in page.text
    right = client.get("/admin/weblog/blog/", {"publish_at_from": "2020-01-01"})
    assert "can’t be read" not in right.text
