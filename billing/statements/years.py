"""What an author was paid in a year, in words: by what the bank made, as the tax office asks."""

import datetime as dt
from decimal import Decimal
from typing import NamedTuple

from django.conf import settings
from django.contrib.auth.models import User
from django.utils.translation import gettext as _

from backoffice.people import full_name
from billing.books.parts import day_in
from billing.books.years import list_years, paid_in_year
from billing.models import HandPayment, PaidPayee, Payment
from billing.statements.sheets import Row, Sheet, Table
from billing.statements.styles import Style


class YearPaid(NamedTuple):
    year: int
    currency: str


def list_years_paid(author: User) -> list[YearPaid]:
    """Return the years in which the author was paid, each with its currency, the latest first."""
    currencies = Payment.objects.filter(author=author, status=Payment.Status.PAID)
    return [
        YearPaid(year, currency)
        for year in list_years()
        for currency in sorted({*currencies.values_list("batch__currency", flat=True)})
        if paid_in_year(year, currency).filter(author=author).exists()
    ]


def write_year(*, author: User, year: int, currency: str, style: Style) -> Sheet:
    """Return the author's payments that the bank made in the year, and their sum. Three queries."""
    payments = paid_in_year(year, currency).filter(author=author).select_related("batch")
    paid = sorted(payments, key=lambda payment: (_find_day(payment), payment.reference))
    ends = dict(PaidPayee.objects.filter(payment__in=paid).values_list("payment", "account_end"))
    by_hand = HandPayment.objects.filter(payment__in=paid, withdrawn_at=None)
    with style.speaking():
        ends |= dict.fromkeys(by_hand.values_list("payment", flat=True), _("by hand"))
        rows = [
            Row(
                (
                    style.day(_find_day(payment)),
                    style.month(payment.batch.month),
                    payment.reference,
                    ends.get(payment.pk, ""),
                    style.amount(payment.amount, currency),
                )
            )
            for payment in paid
        ]
        total = style.amount(sum((payment.amount for payment in paid), Decimal(0)), currency)
        rows.append(Row((_("All payments"), "", "", "", total), is_sum=True))
        columns = (
            _("Paid on"), _("Statement"), _("Reference"), _("Account ending in"), _("Amount")
        )  # fmt: skip
        return Sheet(
            language=style.words,
            title=_("Paid in %(year)s") % {"year": year},
            day=_find_day(paid[-1]) if paid else dt.date(year, 12, 31),
            facts=[
                (_("From"), settings.PRODUCT_NAME),
                (_("Author"), full_name(author)),
                (_("Year"), str(year)),
                (_("Amount"), total),
            ],
            tables=[Table(_("Payments"), columns, rows)],
            foot=_(
                "By the day on which the bank moved the money; where it did not say one, by the "
                "day of its result. What was paid by hand stands on the day on which it was. "
                "A payment that turned out not to be made counts in no year."
            ),
        )


def _find_day(payment: Payment) -> dt.date:
    """Return the day of a payment from paid_in_year."""
    paid_at, zone = payment.paid_at, payment.batch.time_zone  # type: ignore[attr-defined]
    return payment.value_date or day_in(paid_at, zone)  # type: ignore[attr-defined]
