"""Tells finance of what waits too long: once by mail, and on the home page until it is settled."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Iterator
from decimal import Decimal
from functools import partial

from django.conf import settings
from django.contrib.auth.models import User
from django.core.mail import EmailMessage
from django.db import transaction
from django.template.loader import render_to_string
from django.utils import timezone

from backoffice.mails import find_url, mail_after_commit, write_mails
from billing.locks import Lock, hold_lock
from billing.models import OutstandingAlarm
from billing.money import format_amount
from billing.payouts.outstanding import Cause, Waiting, list_waiting


def find_overdue(rows: Iterable[Waiting], *, at: dt.datetime) -> list[Waiting]:
    """Return what has waited for more than OUTSTANDING_ALARM_DAYS."""
    return [row for row in rows if row.age(at) > settings.OUTSTANDING_ALARM_DAYS]


def tell_of_overdue(*, at: dt.datetime | None = None) -> list[Waiting]:
    """Mail finance about what waits too long and was not told yet, and return that.

    The mail goes out after the commit, so that a killed run tells all of it again or nothing.
    """
    at = at or timezone.now()
    overdue = find_overdue(list_waiting(at=at), at=at)
    with transaction.atomic():
        hold_lock(Lock.PAYOUTS)
        told = set(OutstandingAlarm.objects.values_list("author", "cause", "since"))
        new = {(row.author, row.cause.value, row.since): row for row in overdue}
        new = {key: row for key, row in new.items() if key not in told}
        OutstandingAlarm.objects.bulk_create(
            OutstandingAlarm(author_id=author, cause=cause, since=since, told_at=at)
            for author, cause, since in new
        )
        if new:
            write = partial(_write, overdue, at)
            mail_after_commit(write, about="money that waits too long")
    return list(new.values())


def _write(overdue: list[Waiting], at: dt.datetime) -> Iterator[EmailMessage]:
    finance = User.objects.with_perm("billing.submit_payoutbatch", include_superusers=False)
    addresses = finance.filter(is_active=True).values_list("email", flat=True)
    facts = {
        "days": settings.OUTSTANDING_ALARM_DAYS,
        "waiting": describe(overdue),
        "oldest": min(row.since for row in overdue),
        "url": find_url("index"),
    }
    text = render_to_string("billing/mail/overdue.txt", facts)
    return write_mails("Money has waited too long", text, to=addresses)


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
