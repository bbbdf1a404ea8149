"""What is known of payees now, with all but the last digits of an account hidden."""

import datetime as dt
from typing import NamedTuple

from babel import Locale
from django.contrib.auth.models import User
from django.db.models import Exists, OuterRef, QuerySet

from billing.errors import BillingError
from billing.models import Payee, PayeeAuthor, PayeeDetails
from billing.payees.entry import ADDRESS
from billing.payees.secrets import read_field

SHOWN_OF_TAX_ID = 3


class Masked(NamedTuple):
    """A version as a page shows it. `unreadable` says why a part is missing."""

    details: PayeeDetails
    address: str
    tax_id: str
    state: str  # withdrawn, unconfirmed, waiting or begun: PayeeDetails.describe_state
    unreadable: str


def find_own_payee(author: User, *, at: dt.datetime) -> Payee | None:
    """Return the payee who gets the author's money, or will; None where there is none yet."""
    links = PayeeAuthor.objects.filter(author=author, withdrawn_at=None).select_related("payee")
    in_force = PayeeAuthor.objects.in_force(at).filter(author=author).values("pk")
    link = links.filter(pk__in=in_force).first() or links.first()
    if link is None:
        return None
    link.payee.name = name_now(link.payee, at=at)
    return link.payee


def name_now(payee: Payee, *, at: dt.datetime) -> str:
    """Return the name in force: a new one counts no sooner than its details. One or two queries.

    Before anything is in force, it is the name that was confirmed, or else entered, last.
    """
    if current := find_current(payee, at=at):
        return current.legal_name
    begun = payee.versions.filter(withdrawn_at=None)
    latest = begun.exclude(confirmed_at=None).first() or begun.first()
    return latest.legal_name if latest else payee.name


def name_waiting(payee: Payee) -> str:
    """Return a name for all that waits to be confirmed, which changes with it. Two queries."""
    versions = payee.versions.unconfirmed().order_by("pk").values_list("pk", flat=True)
    links = payee.authors.unconfirmed().order_by("pk").values_list("pk", flat=True)
    return " ".join(map(str, (*versions, *links)))


def find_unconfirmed() -> QuerySet[Payee]:
    """Return the payees for whom something waits for a second person."""
    return Payee.objects.filter(
        Exists(PayeeDetails.objects.unconfirmed().filter(payee=OuterRef("pk")))
        | Exists(PayeeAuthor.objects.unconfirmed().filter(payee=OuterRef("pk")))
    )


def list_versions(payee: Payee, *, at: dt.datetime) -> list[Masked]:
    """Return all versions, the newest first. What no key opens is told in words. One query."""
    people = ("entered_by", "confirmed_by", "withdrawn_by")
    versions = payee.versions.select_related("secret", "payee", *people).order_by("-number")
    return [mask(details, at=at) for details in versions]


def find_current(payee: Payee, *, at: dt.datetime) -> PayeeDetails | None:
    return PayeeDetails.objects.in_force(at).filter(payee=payee).first()


def mask(details: PayeeDetails, *, at: dt.datetime) -> Masked:
    address = tax_id = unreadable = ""
    try:
        address = write_address(read_field(details, "address"), details.country)
        tax_id = mask_tax_id(read_field(details, "tax_id"))
        read_field(details, "account")
    except BillingError as error:
        unreadable = str(error)
    return Masked(details, address, tax_id, details.describe_state(at), unreadable)


def write_address(address: dict[str, str], country: str) -> str:
    """Return the address in one line, its parts in the order of ISO 20022."""
    street, number, postcode, town, region = (address.get(name, "") for name in ADDRESS)
    parts = [f"{street} {number}", f"{postcode} {town}", region, name_country(country)]
    return ", ".join(filter(None, map(str.strip, parts)))


def name_country(code: str) -> str:
    return Locale("en").territories.get(code, code)


def mask_tax_id(tax_id: str) -> str:
    return f"ending in {tax_id[-SHOWN_OF_TAX_ID:]}" if tax_id else "none"
