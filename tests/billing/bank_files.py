"""Files to the bank in tests: read, and signed batches whose payees have accounts."""

import csv
import datetime as dt
import io

from billing.bank.exports import open_file
from billing.payouts import steps
from tests.billing.batches import AT, OCTOBER
from tests.factories import (
    approve,
    make_blog,
    make_category,
    make_click,
    make_payee,
    make_price,
    make_user,
)

ACCOUNT = {
    "name": "Imprint Press",
    "iban": "DE02120300000000202051",
    "bic": "BYLADEM1001",
    "street": "Am Markt",
    "building_number": "1",
    "postcode": "10178",
    "town": "Berlin",
    "country": "DE",
}
NACHA = {
    "routing": "091000019",
    "bank": "First Sample Bank",
    "company_id": "1234567890",
    "company": "Imprint Press",
}
US = {
    "account_kind": "us",
    "routing": "111000025",
    "number": "0012345678",
    "account_type": "checking",
    "country": "US",
    "street": "Main Street",
    "building_number": "12",
    "postcode": "60601",
    "town": "Chicago",
    "region": "IL",
    "tax_id": "",
    "iban": "",
}


def read_file(export) -> bytes:
    with open_file(export) as stream:
        return stream.read()


def read_csv(export) -> list[dict]:
    return list(csv.DictReader(io.StringIO(read_file(export).decode())))


def make_paid_batch(*payees, price="10000"):
    """Make an approved batch of October: a payment of €10, €20, … to each of the payees.

    A payee is what somebody types about one that differs from the usual; None is nobody known.
    """
    category = make_category()
    make_price(category, price)
    for number, values in enumerate(payees, start=1):
        blog = make_blog(category=category, author=make_user(last_name=f"Author {number}"))
        for reader in range(number):
            start = dt.datetime(2026, 10, 10, 10, tzinfo=dt.UTC)
            make_click(blog, reader, start=start, ip_address=f"192.0.2.{reader}")
        if values is not None:
            make_payee(blog.author, at=AT, **values)
    batch, _ = steps.build_batch(month=OCTOBER, at=AT)
    return approve(steps.submit_batch(batch=batch, by=make_user(), at=AT), at=AT)
