"""Puts an author's month that has no payment yet into words, as months does those that have."""

import datetime as dt
from decimal import Decimal

from django.conf import settings
from django.contrib.auth.models import User
from django.utils.translation import gettext as _

from backoffice.people import full_name
from billing.money import house_currency
from billing.statements.authors import list_exclusions
from billing.statements.earnings import BlogOfMonth, EarnedMonth, list_blogs
from billing.statements.months import write_exclusions
from billing.statements.sheets import Row, Sheet, Table
from billing.statements.styles import Style


def write_open_month(row: EarnedMonth, *, author: User, style: Style, day: dt.date) -> Sheet:
    """Return what was counted in the month, with its prices, in the payee's language."""
    with style.speaking():
        month = style.month(row.month)
        title = _("Views of %(month)s") if row.is_over else _("%(month)s so far")
        tables = [
            _write_views(list_blogs(author, row.month), style),
            write_exclusions(list_exclusions(author.pk, row.month), style),
        ]
        sums = row.sums or {house_currency(): Decimal(0)}
        earned = " + ".join(style.amount(sums[key], key, exact=True) for key in sorted(sums))
        facts = [
            (_("From"), settings.PRODUCT_NAME),
            (_("Author"), full_name(author)),
            (_("Views"), style.number(row.views)),
            (_("Amount"), earned),
        ]
        if row.unpriced:
            facts.append((_("Views without a price yet"), style.number(row.unpriced)))
        return Sheet(
            language=style.words,
            title=title % {"month": month},
            day=day,
            warning=_("Preliminary: this month is in no payout yet, and amounts may change."),
            facts=facts,
            tables=[table for table in tables if table],
            foot=_("The lines are exact. Only the sum of a payment is rounded, once."),
        )


def _write_views(blogs: list[BlogOfMonth], style: Style) -> Table | None:
    rows = [
        Row((one.blog.title, one.category, style.number(one.views), *_write_price(one, style)))
        for one in blogs
    ]
    columns = (_("Blog"), _("Category"), _("Views"), _("Per 1,000 views"), _("Amount"))
    return Table(_("Views"), columns, rows, numbers=3) if rows else None


def _write_price(one: BlogOfMonth, style: Style) -> tuple[str, str]:
    if one.price is None or one.amount is None:
        return _("no price yet"), ""
    currency = one.price.currency
    return (
        style.amount(one.price.price_per_1000, currency, exact=True),
        style.amount(one.amount, currency, exact=True),
    )
