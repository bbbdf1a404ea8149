"""A payment as people read it: its lines down to the days, and what became of it."""

import datetime as dt
from decimal import Decimal
from typing import NamedTuple

from django.db.models import Count, Min, Sum
from django.utils.functional import cached_property

from billing.day_views import parse_days
from billing.models import Payment, PaymentInstruction, PaymentLine, PayoutBatch
from billing.money import line_amount

Kind = PaymentLine.Kind
Status = Payment.Status


class DayOfViews(NamedTuple):
    day: dt.date
    views: int
    amount: Decimal  # exact


class Payslip:
    """What the page of a payment shows. Queries do not grow with the number of lines."""

    def __init__(self, payment: Payment):
        self.payment = payment

    @property
    def lines(self):
        return self.payment.lines.select_related("carried_from__batch").order_by("number")

    @cached_property
    def parts(self):
        """The number and the sum of the lines of each kind, in the order in which they stand."""
        sums = self.payment.lines.order_by().values("kind")
        return [
            row | {"label": Kind(row["kind"]).label}
            for row in sums.annotate(
                count=Count("pk"), amount=Sum("amount"), first=Min("number")
            ).order_by("first")
        ]

    @cached_property
    def instruction(self):
        """The open order to hold, or to pay out in full, of the payment's author; or None."""
        orders = PaymentInstruction.objects.open().select_related("created_by")
        return orders.filter(author=self.payment.author_id).first()

    @cached_property
    def results(self):
        """What the bank said, the latest first."""
        return list(self.payment.results.select_related("by", "seal").order_by("-pk"))

    @cached_property
    def taken_in_by(self):
        """The later payment that what was not paid here came to, or None."""
        lines = self.payment.carried_to.exclude(
            payment__batch__status=PayoutBatch.Status.CANCELLED
        ).select_related("payment__batch")
        line = lines.first()
        return line.payment if line else None

    @property
    def outstanding(self):
        """What was not paid and is not nothing, exactly."""
        is_kept_back = self.payment.status in (Status.HELD, Status.CARRIED, Status.FAILED)
        return self.payment.exact_amount if is_kept_back else Decimal(0)


def list_days(line: PaymentLine) -> list[DayOfViews]:
    """Return the days whose views a line pays, each at the line's price."""
    if line.price_per_1000 is None:  # an adjustment, or what was carried here
        return []
    return [
        DayOfViews(
            day=line.month.replace(day=day),
            views=views,
            amount=line_amount(views=views, price_per_1000=line.price_per_1000),
        )
        for day, views in parse_days(line.days).items()
    ]
