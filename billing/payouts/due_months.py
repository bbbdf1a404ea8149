"""Which closed months are due: those with views to pay, and the last one if money waits.

Whatever waits makes the last closed month due, once: late views of earlier months, views taken away
after payment, adjustments, failed payments, and carried sums that can be paid by now. What would
only be held or carried on again makes no month due, or there would be an empty batch each month.
"""

import datetime as dt

from django.conf import settings
from django.db.models import Max
from django.db.models.functions import TruncMonth

from billing.models import (
    CategoryPrice,
    DailyViewCount,
    MonthlyViewCount,
    Payment,
    PaymentLine,
    PayoutBatch,
)
from billing.money import currency_decimals, house_currency
from billing.payouts.derivation import derive_payments
from billing.periods import last_closed_month, next_month
from billing.prices.lookup import LoadedPrices

Status = Payment.Status
Kind = PaymentLine.Kind


def find_months_to_build(*, at: dt.datetime) -> list[dt.date]:
    """Return the closed months that have something to pay and no batch, oldest first.

    Views without a price are enough, so that the build can name them; but a month with no others
    waits by itself once a later one has its batch.
    """
    last = last_closed_month(at)
    standing = PayoutBatch.objects.standing()
    months = list(
        MonthlyViewCount.objects.filter(month__lte=last, views__gt=0)
        .exclude(month__in=standing.values("month"))
        .order_by("month")
        .values_list("month", flat=True)
        .distinct()
    )
    latest = standing.aggregate(month=Max("month"))["month"]
    passed_by = [month for month in months if latest and month < latest]
    waiting = set(passed_by) - set(_find_priced(passed_by)) if passed_by else set()
    due = [month for month in months if month not in waiting]
    if last not in months and (latest is None or latest < last) and _would_change(last):
        due.append(last)
    return due


def _find_priced(months: list[dt.date]) -> list[dt.date]:
    """Return those of `months` that have views with a price. Two queries."""
    prices = LoadedPrices(CategoryPrice.objects.order_by(), give=lambda price: price.pk)
    last_views = (
        DailyViewCount.objects.filter(
            day__gte=months[0], day__lt=next_month(months[-1]), views__gt=0
        )
        .annotate(month=TruncMonth("day"))
        .filter(month__in=months)
        .order_by()
        .values_list("month", "category")
        .annotate(last=Max("day"))
    )
    return sorted({month for month, category, day in last_views if prices.find(category, day)})


def _would_change(month: dt.date) -> bool:
    """Return whether a batch of a month without views would pay or take in anything."""
    batch = PayoutBatch(
        month=month,
        currency=house_currency(),
        decimals=currency_decimals(house_currency()),
        minimum_payout=settings.MINIMUM_PAYOUT,
    )
    failed = set(
        Payment.objects.outstanding()
        .filter(status=Status.FAILED, batch__currency=batch.currency)
        .values_list("reference", flat=True)
    )
    for portion in derive_payments(batch):
        for payment, lines in portion:
            if payment.status == Status.PAYABLE:
                return True
            is_new = any(
                line.kind != Kind.CARRIED_IN or line.carried_from in failed for line, _ in lines
            )
            if is_new and payment.status != Status.HELD:
                return True
    return False
