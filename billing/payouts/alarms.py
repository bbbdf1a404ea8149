"""Tells finance of what waits too long: once by mail, and on the home page until it is settled."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Iterator
from decimal import Decimal

from django.conf import settings
from django.contrib.auth.models import User
from django.template.loader import render_to_string
from django.utils import timezone

from backoffice.mails import Letter, find_url, send_mails, write_mails
from billing.mail_kinds import WAITING
from billing.models import OutstandingAlarm
from billing.money import format_amount
from billing.payouts.outstanding import Cause, Waiting, list_waiting


def find_overdue(rows: Iterable[Waiting], *, at: dt.datetime) -> list[Waiting]:
    """Return what has waited for more than OUTSTANDING_ALARM_DAYS."""
    return [row for row in rows if row.age(at) > settings.OUTSTANDING_ALARM_DAYS]


def tell_of_overdue(*, at: dt.datetime | None = None) -> list[Waiting]:
    """Mail finance about what waits too long and was not told yet, and return that.

    It is noted after the mail, so that a run that is killed between them tells it once more.
    """
    at = at or timezone.now()
    overdue = find_overdue(list_waiting(at=at), at=at)
    told = set(OutstandingAlarm.objects.values_list("author", "cause", "since"))
    new = [row for row in overdue if (row.author, row.cause.value, row.since) not in told]
    if new:
        send_mails(_write(overdue), about="money that waits too long")
    OutstandingAlarm.objects.bulk_create(
        [
            OutstandingAlarm(author_id=row.author, cause=row.cause, since=row.since, told_at=at)
            for row in new
        ],
        ignore_conflicts=True,
    )
    return new


def _write(overdue: list[Waiting]) -> Iterator[Letter]:
    finance = User.objects.with_perm("billing.submit_payoutbatch", include_superusers=False)
    addresses = finance.filter(is_active=True).values_list("email", flat=True)
    facts = {
        "days": settings.OUTSTANDING_ALARM_DAYS,
        "waiting": describe(overdue),
        "oldest": min(row.since for row in overdue),
        "url": find_url("index"),
    }
    text = render_to_string("billing/mail/overdue.txt", facts)
    return write_mails("Money has waited too long", text, to=addresses, kind=WAITING)


def describe(rows: Iterable[Waiting]) -> str:
    """Return “€12.34 of 2 authors and 7 views without a price”."""
    rows = list(rows)
    parts = []
    if money := [row for row in rows if row.cause != Cause.UNPRICED]:
        authors = len({row.author for row in money})
        parts.append(f"{add_up(money)} of {authors:,} author{'s' if authors > 1 else ''}")
    if views := sum(row.views for row in rows if row.cause == Cause.UNPRICED):
        parts.append(f"{views:,} view{'s' if views > 1 else ''} without a price")
    return " and ".join(parts)


def add_up(rows: Iterable[Waiting]) -> str:
    """Return the exact sum; amounts of two currencies stand side by side."""
    sums: defaultdict[str, Decimal] = defaultdict(Decimal)
    for row in rows:
        sums[row.currency] += row.amount
    return " + ".join(
        format_amount(total, currency=currency, exact=True)
        for currency, total in sorted(sums.items())
    )
