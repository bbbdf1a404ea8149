"""Checks lines, sums and roundings against prices, days, adjustments and earlier payments.

The database does the work and returns only the first wrong line or payment.
"""

from collections import Counter
from decimal import Decimal

from django.db import connection
from django.db.models import Count, F, Min, Q, Sum
from django.db.models.functions import Coalesce

from billing.day_views import parse_days
from billing.models import (
    Adjustment,
    Payment,
    PaymentLine,
    PayoutBatch,
    Verification,
)
from billing.money import MILLION, from_millionths, in_millionths
from billing.verification.differences import Difference
from billing.verification.prices import PRICE_SPANS, find_price_in_force
from billing.verification.sql import add_days, load_line, unpack_days

Kind = PaymentLine.Kind

DAYS = r"^[0-9]+:-?[0-9]+( [0-9]+:-?[0-9]+)*$"

WRONG_DAYS = """
WITH {price_spans}
SELECT MIN(l.id)
FROM billing_paymentline l
JOIN billing_payment p ON p.id = l.payment_id
JOIN price ON price.id = l.price_id
WHERE p.batch_id = %s AND l.kind = 'views' AND (
    SELECT SUM(CAST(day.value AS BIGINT)) <> l.views
        OR {first_day} < price.starts_on OR {last_day} >= price.ends_on
    FROM {days} day
)
"""


def check_lines(run: Verification, key: str, after: str, numbers: Counter) -> None:
    """Check that each line's amount is its views at its price, in force on all its days."""
    views = PaymentLine.objects.filter(payment__batch=int(key), kind=Kind.VIEWS).annotate(
        thousandfold=in_millionths("amount") * 1000,
        product=F("views") * in_millionths("price_per_1000"),
    )
    copies = Q(
        price__category=F("category"),
        price__price_per_1000=F("price_per_1000"),
        price__currency=F("payment__batch__currency"),
    )
    wrong = views.aggregate(
        days=Min("pk", filter=~Q(days__regex=DAYS)),
        amount=Min("pk", filter=~Q(thousandfold=F("product"))),
        price=Min("pk", filter=~copies),
    )
    if line := load_line(views, wrong["days"]):
        raise Difference(line, f"has the days “{line.days}”", "days read like “1:12 2:40”")
    if line := load_line(views, wrong["amount"]):
        price_per_1000 = line.price_per_1000 or Decimal(0)
        raise Difference(
            line,
            f"has the amount {line.amount:f}",
            f"{line.views} views at {price_per_1000:f} per 1,000 are "
            f"{line.views * price_per_1000 / 1000:f}",
        )
    if line := load_line(views, wrong["price"]):
        price = line.price
        raise Difference(
            line,
            f"has the price {line.price_per_1000:f} of {line.category_name}",
            f"price {price.pk} is {price.price_per_1000:f} {price.currency} of {price.category}"
            if price
            else "it points to no price",
        )
    if line := _find_wrong_days(key):
        _explain_days(line)


def _find_wrong_days(batch: str) -> PaymentLine | None:
    statement = WRONG_DAYS.format(
        price_spans=PRICE_SPANS,
        first_day=add_days("l.month", "MIN(CAST(day.key AS INTEGER)) - 1"),
        last_day=add_days("l.month", "MAX(CAST(day.key AS INTEGER)) - 1"),
        days=unpack_days("l.days"),
    )
    with connection.cursor() as cursor:
        cursor.execute(statement, [batch])
        (pk,) = cursor.fetchone()
    return load_line(PaymentLine.objects.all(), pk)


def _explain_days(line: PaymentLine) -> None:
    days = parse_days(line.days)
    if sum(days.values()) != line.views:
        raise Difference(
            line, f"has {line.views} views", f"its days “{line.days}” have {sum(days.values())}"
        )
    for day in sorted(days):
        price = find_price_in_force(line.category_id, line.month.replace(day=day))
        if line.price != price:
            raise Difference(
                line, f"uses {line.price} on day {day}", f"{price} was in force that day"
            )
    raise Difference(line, f"has the days “{line.days}”", "they don't all fit its price")


def check_sums(run: Verification, key: str, after: str, numbers: Counter) -> None:
    """Check that each payment is the sum of its lines, rounded half up once, or kept back."""
    batch = PayoutBatch.objects.get(pk=key)
    exact = in_millionths("amount") - in_millionths("rounding") + in_millionths("carried_amount")
    summed = batch.payments.in_order().annotate(
        exact=exact, of_lines=Coalesce(Sum(in_millionths("lines__amount")), 0)
    )
    if payment := summed.exclude(of_lines=F("exact")).first():
        raise Difference(
            payment,
            f"has the exact amount {payment.exact_amount:f}",
            f"its lines add up to {from_millionths(payment.of_lines):f}",
        )
    coin = MILLION // 10**batch.coin_decimals
    rounded = batch.payments.in_order().annotate(
        left_over=in_millionths("amount") % coin, doubled=in_millionths("rounding") * 2
    )
    is_half_up = Q(left_over=0, doubled__gt=-coin, doubled__lte=coin)
    if payment := rounded.exclude(is_half_up).first():
        raise Difference(
            payment,
            f"is {payment.amount:f}, with a rounding of {payment.rounding:f}",
            f"{payment.exact_amount:f} is rounded half up to whole coins",
        )


def check_adjustments(run: Verification, key: str, after: str, numbers: Counter) -> None:
    """Check that lines agree with their adjustments and that no adjustment is paid twice."""
    lines = _first_kind(key, Kind.ADJUSTMENT)
    same = Q(
        adjustment__author=F("payment__author"),
        adjustment__amount=F("amount"),
        adjustment__reason=F("note"),
        adjustment__withdrawn_at=None,
        adjustment__currency=F("payment__batch__currency"),
    )
    if line := lines.exclude(same).first():
        fact = line.adjustment
        withdrawn = " and was withdrawn" if fact.withdrawn_at else ""
        raise Difference(
            line,
            f"takes in {line.amount:f} for “{line.note}”",
            f"adjustment {fact.pk} is {fact.amount:f} {fact.currency} for user {fact.author_id}, "
            f"“{fact.reason}”{withdrawn}",
        )
    _check_once(lines, "adjustment", Adjustment)
    numbers["adjustments"] += lines.count()


def check_carries(run: Verification, key: str, after: str, numbers: Counter) -> None:
    """Check that carried lines equal the author's earlier payments, each taken over once."""
    lines = _first_kind(key, Kind.CARRIED_IN).annotate(
        carried=in_millionths("carried_from__amount")
        - in_millionths("carried_from__rounding")
        + in_millionths("carried_from__carried_amount"),
        taken=in_millionths("amount"),
    )
    same = Q(
        carried_from__author=F("payment__author"),
        carried_from__batch__month=F("month"),
        carried_from__batch__currency=F("payment__batch__currency"),
        carried_from__status__in=["held", "carried", "failed"],
        carried_from__batch__status__in=["approved", "paid"],
        taken=F("carried"),
    )
    if line := lines.exclude(same).first():
        source = line.carried_from
        raise Difference(
            line,
            f"takes in {line.amount:f} from {source} of {line.month:%B %Y}",
            f"that is {source.exact_amount:f} {source.batch.currency} for user "
            f"{source.author_id}, {source.status}, of {source.batch}, "
            f"which is {source.batch.status}",
        )
    _check_once(lines, "carried_from", Payment)
    numbers["carries"] += lines.count()


def _first_kind(batch: str, kind: Kind):
    lines = PaymentLine.objects.filter(payment__batch=int(batch), kind=kind)
    related = ("payment", "adjustment", "carried_from__batch")
    return lines.select_related(*related).order_by("payment", "number")


def _check_once(lines, name: str, model) -> None:
    """Check that no other line of any standing batch holds the source of these lines."""
    twice = (
        PaymentLine.objects.standing()
        .filter(**{f"{name}__in": lines.order_by().values(name)})
        .order_by()
        .values(name)
        .annotate(holders=Count("pk"))
        .filter(holders__gt=1)
    )
    if row := twice.first():
        line = lines.filter(**{name: row[name]}).first()
        fact = model.objects.get(pk=row[name])
        raise Difference(
            line, f"takes in {fact}", f"{row['holders']} lines of standing batches hold it"
        )
