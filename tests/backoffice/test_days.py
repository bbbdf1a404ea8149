"""Whoever types a day that can't be read is told how to write it."""

import pytest
from django import forms
from django.contrib import admin
from django.contrib.admin.utils import get_fields_from_path
from django.db import models
from django.urls import reverse
from unfold.contrib.filters.admin import RangeDateFilter, RangeDateTimeFilter

from backoffice.base_admin import DayRangeFilter
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


def declared_filters():
    """Yield (admin, name of the field, class of the filter, or None for Django's choice)."""
    for model_admin in admin.site._registry.values():
        for declared in model_admin.list_filter:
            if isinstance(declared, tuple):
                yield model_admin, *declared
            elif isinstance(declared, str):
                yield model_admin, declared, None


DAY_FILTERS = [
    (model_admin, name)
    for model_admin, name, kind in declared_filters()
    if kind and issubclass(kind, RangeDateFilter | RangeDateTimeFilter)
]


def test_no_list_has_a_filter_of_dates_as_the_theme_or_django_ships_it():
    assert len(DAY_FILTERS) > 5
    for model_admin, name, kind in declared_filters():
        if isinstance(get_fields_from_path(model_admin.model, name)[-1], models.DateField):
            assert issubclass(kind or object, DayRangeFilter), (model_admin, name)


@pytest.mark.parametrize("end", ["from", "to"])
@pytest.mark.parametrize("day", ["0001-01-01", "0001-01-02", "9999-12-31", "9999-12-30"])
@pytest.mark.parametrize(
    ("model_admin", "name"), DAY_FILTERS, ids=lambda value: str(value).rpartition(".")[2]
)
def test_day_that_overflows_in_some_time_zone_is_said_and_the_list_stays(
    admin_client, model_admin, name, day, end
):
    url = reverse(f"admin:{model_admin.opts.label_lower.replace('.', '_')}_changelist")
    page = admin_client.get(url, {f"{name}_{end}": day})
    assert page.status_code == 200
    assert page.text.count("is not from 2000 to 2099") == 1
    of_the_theme = {f"{name}_{end}_0": day, f"{name}_{end}_1": "00:00:00"}
    page = admin_client.get(url, of_the_theme, follow=True)
    assert page.status_code == 200
    assert "This list has no such filter" in page.text
