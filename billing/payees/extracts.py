"""What is kept of a person as a payee, for their extract.

In full they get it alone, as article 15 of the GDPR asks: whoever takes the extract for them sees
the last digits, as everywhere. An agent's details are the agent's own, so of them it has the name.
"""

from collections.abc import Iterator

from django.contrib.auth.models import User
from django.utils import timezone

from backoffice.accounts.extracts import ROWS_AT_A_TIME
from billing.errors import BillingError
from billing.models import PaidPayee, Payee, PayeeAuthor, PayeeDetails, PayeeLook
from billing.payees.copies import read_copy
from billing.payees.reading import mask
from billing.payees.secrets import open_secret


def list_payees(user: User) -> Iterator[dict]:
    """Yield who gets the person's money, or got it."""
    links = PayeeAuthor.objects.filter(author=user).select_related("payee").order_by("pk")
    for link in links.iterator(ROWS_AT_A_TIME):
        yield {
            "name": link.payee.name,
            "kind": link.payee.get_kind_display(),
            "entered_at": link.entered_at,
            "confirmed_at": link.confirmed_at,
            "in_force_from": link.in_force_from,
            "taken_back_at": link.withdrawn_at,
        }


def list_details(user: User) -> Iterator[dict]:
    """Yield each version of the person's own details, with the last digits alone."""
    at = timezone.now()
    for details in _find_own(user):
        masked = mask(details, at=at)
        yield _describe(details) | {
            "address": masked.address,
            "tax_number": masked.tax_id,
            "account": details.account,
            "cannot_be_read": masked.unreadable,
        }


def list_details_in_full(user: User) -> Iterator[dict]:
    """Yield each version of the person's own details, for the person alone."""
    for details in _find_own(user):
        try:
            address, tax_id, account = open_secret(details)
        except BillingError as error:
            yield _describe(details) | {"cannot_be_read": str(error)}
            continue
        yield _describe(details) | {
            "address": _list(address),
            "tax_number": tax_id,
            "account": _list(account),
        }


def list_paid(user: User) -> Iterator[dict]:
    """Yield whom each payment of the person went to, by the copy that was signed with it."""
    for copy in _find_copies(user):
        is_own = copy.payee.kind != Payee.Kind.AGENT
        yield _describe_paid(copy) | ({"account_ends_in": copy.account_end} if is_own else {})


def list_paid_in_full(user: User) -> Iterator[dict]:
    for copy in _find_copies(user):
        row = _describe_paid(copy)
        if copy.payee.kind != Payee.Kind.AGENT:
            try:
                row |= {name: _list(read_copy(copy, name)) for name in ("address", "account")}
            except BillingError as error:
                row |= {"account_ends_in": copy.account_end, "cannot_be_read": str(error)}
        yield row


def list_looks(user: User) -> Iterator[dict]:
    """Yield when the person's bank details were shown in full, and why."""
    looks = PayeeLook.objects.filter(details__in=_find_own(user)).order_by("pk")
    for look in looks.iterator(ROWS_AT_A_TIME):
        yield {"at": look.at, "why": look.reason}


EXTRACTS = {
    "payees": (list_payees, None),
    "payment_details": (list_details, list_details_in_full),
    "paid_to": (list_paid, list_paid_in_full),
    "payment_details_shown_in_full": (list_looks, None),
}


def _find_own(user: User):
    payees = Payee.objects.filter(authors__author=user).exclude(kind=Payee.Kind.AGENT)
    versions = PayeeDetails.objects.filter(payee__in=payees.values("pk"))
    return versions.select_related("secret", "payee").order_by("payee", "number")


def _find_copies(user: User):
    copies = PaidPayee.objects.filter(payment__author=user).select_related("payment", "payee")
    return copies.order_by("payment").iterator(ROWS_AT_A_TIME)


def _describe(details: PayeeDetails) -> dict:
    return {
        "version": details.number,
        "legal_name": details.legal_name,
        "country": details.country,
        "language": details.language,
        "email": details.email,
        "entered_at": details.entered_at,
        "confirmed_at": details.confirmed_at,
        "in_force_from": details.in_force_from,
        "taken_back_at": details.withdrawn_at,
    }


def _describe_paid(copy: PaidPayee) -> dict:
    return {"payment": copy.payment.reference, "name": copy.legal_name, "country": copy.country}


def _list(facts: dict[str, str]) -> list[str]:
    return [f"{name.replace('_', ' ')}: {value}" for name, value in facts.items() if value]
