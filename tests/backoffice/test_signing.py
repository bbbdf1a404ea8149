"""Save without a change leaves no record, at any door."""

import datetime as dt
from decimal import Decimal

import pytest
from django.contrib.auth.models import Group
from django.urls import reverse
from simple_history.utils import get_history_model_for_model

from backoffice.signing import is_changed, save_if_changed
from billing.counting.robot_exceptions import save_robot_exception
from billing.models import CategoryPrice, RobotException
from billing.payouts.adjustments import save_adjustment
from billing.prices.rules import find_last_change, save_price
from tests.billing.adjustments import make_adjustment
from tests.factories import make_blog, make_category, make_price, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]


def read_form(page):
    form = page.context["adminform"].form
    values = {field.html_name: field.value() for field in form}
    return {name: value for name, value in values.items() if value not in (None, False)}


def test_price_saved_without_a_change_keeps_its_last_editor():
    first, second = make_user(), make_user()
    price = CategoryPrice(
        category=make_category(), effective_from=dt.date(2026, 10, 1), price_per_1000=Decimal(5)
    )
    save_price(price=price, by=first)
    save_price(price=CategoryPrice.objects.get(), by=second)
    assert price.history.count() == 1
    assert find_last_change(price.category_id).history_user == first


def test_same_amount_written_otherwise_is_no_change():
    price = make_price(make_category(), "5")
    price.price_per_1000 = "5.000"
    price.effective_from = "2020-01-01"
    assert not is_changed(price)
    price.price_per_1000 = "5.001"
    assert is_changed(price)


def test_adjustment_and_exception_saved_without_a_change_leave_no_record():
    adjustment = make_adjustment()
    save_adjustment(adjustment=adjustment, by=make_user())
    exception = RobotException(text="CUBOT", reason="A telephone")
    for _ in range(2):
        save_robot_exception(exception=exception, by=make_user())
    assert (adjustment.history.count(), exception.history.count()) == (1, 1)


def test_row_without_any_record_gets_one():
    category = make_category()
    category.history.all().delete()
    save_if_changed(category, by=make_user(), reason="Looked at")
    assert category.history.count() == 1


def make_role():
    return Group.objects.create(name="Clerks")


@pytest.mark.parametrize("make", [make_category, make_blog, make_user, make_role])
def test_page_saved_without_a_change_leaves_no_record(client, make):
    row = make()
    client.force_login(make_user(is_superuser=True))
    opts = row._meta
    url = reverse(f"admin:{opts.app_label}_{opts.model_name}_change", args=[row.pk])
    history = get_history_model_for_model(type(row)).objects.filter(id=row.pk)
    before = history.count()
    page = client.get(url)
    response = client.post(url, read_form(page))
    assert response.status_code == 302, page.context["adminform"].form.errors
    assert "reauthenticate" not in response.url
    assert history.count() == before


def test_row_that_was_changed_past_its_history_can_be_saved_as_the_history_says():
    price = make_price(make_category(), "5")
    CategoryPrice.objects.filter(pk=price.pk).update(note="By SQL")
    assert is_changed(price)
    save_if_changed(price, by=make_user(), reason="As it was")
    assert (CategoryPrice.objects.get().note, price.history.count()) == ("", 2)
