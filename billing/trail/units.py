"""How the trail writes what is money, views, days or a month: never a bare number."""

import datetime as dt
from decimal import Decimal
from typing import Any

from backoffice.changes import register_writer
from billing.models import Adjustment, CategoryPrice, Finding, PayoutBatch
from billing.money import format_amount


def offer_units() -> None:
    register_writer(CategoryPrice, "price_per_1000", write_price)
    register_writer(Adjustment, "amount", write_amount)
    register_writer(PayoutBatch, "minimum_payout", write_amount)
    register_writer(PayoutBatch, "second_approval_above", write_amount)
    register_writer(PayoutBatch, "month", write_month)
    register_writer(Finding, "month", write_month)
    register_writer(Finding, "views", write_views)


def write_amount(record: Any, amount: Decimal) -> str:
    return format_amount(amount, currency=record.currency, exact=True)


def write_price(record: Any, price: Decimal) -> str:
    return f"{write_amount(record, price)} per 1,000 views"


def write_month(record: Any, month: dt.date) -> str:
    return f"{month:%B %Y}"


def write_views(record: Any, views: int) -> str:
    return f"{views:,} view{'' if views == 1 else 's'}"
