"""The pages of prices, as finance fills them in."""

import datetime as dt

from billing.models import CategoryPrice

LIST = "/admin/billing/categoryprice/"


def look(client, url=f"{LIST}add/", **data):
    """Post a price for the first time, without having seen its effect."""
    form = {"category": "", "effective_from": "2027-01-01", "price_per_1000": "12.345"}
    return client.post(url, form | {"note": "A contract"} | data)


def save(client, url=f"{LIST}add/", **data):
    """Post a price, and once more if its effect is shown."""
    response = look(client, url, **data)
    if response.status_code != 200 or errors_of(response):
        return response
    return look(client, url, **data, seen=response.context["adminform"].form.seen)


def make_price_without_history(category, **values):
    """A price that came by loaddata."""
    price = CategoryPrice(
        category=category, effective_from=dt.date(2020, 1, 1), price_per_1000="10", **values
    )
    return CategoryPrice.objects.bulk_create([price])[0]


def errors_of(response):
    return response.context["adminform"].form.errors.as_data()
