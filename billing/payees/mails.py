"""Mails about a change of where money goes: to the old address, the new one, and the authors.

Whoever takes over an account changes the address, too: so what is told goes to that of the version
in force and to those of the accounts as well. No mail says more of an account than its last digits.
"""

import datetime as dt
from collections.abc import Iterator

from django.conf import settings
from django.contrib.auth.models import User
from django.db.models import Q
from django.template.loader import render_to_string

from backoffice.mails import Letter, find_url, mail_after_commit, write_mails
from billing.mail_kinds import DETAILS, TO_CONFIRM
from billing.models import Payee, PayeeAuthor, PayeeDetails

CONFIRM = "billing.confirm_payee"


def mail_entered(payee: Payee, *, enterer: User, at: dt.datetime) -> None:
    """Tell whom it concerns that something was entered, and ask finance to confirm it."""
    _tell(payee, "payee_entered", "New payment details were entered", at=at)
    facts = {"payee": payee, "url": find_url("billing_payee_change", payee.pk)}

    def write() -> Iterator[Letter]:
        text = render_to_string("billing/mail/payee_to_confirm.txt", facts)
        people = User.objects.with_perm(CONFIRM, include_superusers=False)
        addresses = people.exclude(pk=enterer.pk).values_list("email", flat=True)
        subject = _name("Payment details wait to be confirmed")
        return write_mails(subject, text, to=addresses, kind=TO_CONFIRM)

    mail_after_commit(write, about=f"the payee {payee.pk}")


def mail_confirmed(payee: Payee, *, in_force_from: dt.datetime, at: dt.datetime) -> None:
    subject = "New payment details were confirmed"
    _tell(payee, "payee_confirmed", subject, at=at, in_force_from=in_force_from)


def mail_withdrawn(payee: Payee, *, at: dt.datetime) -> None:
    _tell(payee, "payee_withdrawn", "A change of payment details was taken back", at=at)


def find_addresses(payee: Payee, *, at: dt.datetime) -> set[str]:
    """Return the authors' addresses, and those of who is paid now and who is to be.

    Four queries.
    """
    links = payee.authors.filter(withdrawn_at=None)
    authors = links.filter(author__is_active=True).values_list("author__email", flat=True)
    now = PayeeAuthor.objects.in_force(at).filter(author__in=links.values("author"))
    paid = PayeeDetails.objects.in_force(at).filter(
        Q(payee=payee) | Q(payee__in=now.values("payee"))
    )
    last = payee.versions.order_by("-number").values_list("email", flat=True)[:1]
    return {*authors, *paid.values_list("email", flat=True), *last} - {""}


def _tell(payee: Payee, template: str, subject: str, *, at: dt.datetime, **facts: object) -> None:
    addresses = find_addresses(payee, at=at)
    details = payee.versions.order_by("-number").first()
    context = {
        "payee": payee,
        "details": details,
        "url": find_url("billing_own_payee"),
        "hours": settings.PAYEE_WAIT_HOURS,
        **facts,
    }

    def write() -> Iterator[Letter]:
        text = render_to_string(f"billing/mail/{template}.txt", context)
        return write_mails(_name(subject), text, to=addresses, kind=DETAILS)

    mail_after_commit(write, about=f"the payee {payee.pk}")


def _name(subject: str) -> str:
    return f"{settings.PRODUCT_NAME}: {subject}"
