"""Payees and their details change: one person enters, a second one confirms, then it waits.

Each change is one transaction under the lock "payouts", and everybody concerned is told by mail
after it. What is confirmed is in force PAYEE_WAIT_HOURS later; until then it can be taken back.
Permissions are the caller's; the rules here hold for everyone.
"""

import datetime as dt
from collections.abc import Iterable, Mapping

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from backoffice.people import full_name
from backoffice.signing import save_signed
from billing.errors import (
    DetailsUnreadable,
    FourEyesViolation,
    InvalidDetails,
    KeysMissing,
    NothingWaits,
    NotTheirs,
    OwnMoney,
    require_reason,
)
from billing.locks import Lock, hold_lock
from billing.models import Payee, PayeeAuthor, PayeeDetails, PayeeLook
from billing.own_money import refuse_own_author
from billing.payees import mails
from billing.payees.accounts import end_of, identify
from billing.payees.encryption import fingerprint
from billing.payees.entry import Entered, check_entry
from billing.payees.reading import find_own_payee, name_now, name_waiting
from billing.payees.secrets import Opened, keep_secret, open_secret

OWN = (
    "This payee gets your money, or that of an author with whom you write a blog. Somebody else "
    "has to confirm it."
)
ENTERED = "Payment details entered"
A_MOMENT = dt.timedelta(minutes=1)


@transaction.atomic
def enter_own_details(
    *, author: User, kind: str, data: Mapping[str, str], at: dt.datetime | None = None
) -> PayeeDetails:
    """Enter the author's own details: a first payee, or a new version of the one they have.

    Raises InvalidDetails, and NotTheirs where an agent gets the money, too, of others.
    """
    at = at or timezone.now()
    payee = find_own_payee(author, at=at)
    if payee is None:
        if kind == Payee.Kind.AGENT:
            raise InvalidDetails({"kind": "An agent is entered by finance. Ask them."})
        return add_payee(kind=kind, authors=[author], data=data, by=author, at=at)
    if payee.kind == Payee.Kind.AGENT:
        raise NotTheirs(
            f"{payee} is paid for you, and changes the details with finance. Ask finance if "
            "somebody else should be paid."
        )
    return enter_details(payee=payee, data=data, by=author, at=at)


@transaction.atomic
def add_payee(
    *,
    kind: str,
    authors: Iterable[User],
    data: Mapping[str, str],
    by: User,
    at: dt.datetime | None = None,
) -> PayeeDetails:
    """Add a payee for these authors, with its first details. All waits for a second person."""
    at = at or timezone.now()
    entered, authors = check_entry(data), list(authors)
    if kind not in Payee.Kind.values:
        raise InvalidDetails({"kind": "Choose who is paid."})
    if not authors or (len(authors) > 1 and kind != Payee.Kind.AGENT):
        raise InvalidDetails({"authors": "Name the author. Only an agent is paid for several."})
    hold_lock(Lock.PAYOUTS)
    payee = Payee(kind=kind, name=entered.legal_name, created_by=by, created_at=at)
    save_signed(payee, by=by, reason="Payee added")
    for author in authors:
        _link(payee, author, by=by, at=at)
    return _add_version(payee, entered, by=by, at=at)


@transaction.atomic
def enter_details(
    *, payee: Payee, data: Mapping[str, str], by: User, at: dt.datetime | None = None
) -> PayeeDetails:
    """Enter a new version of a payee's details. One that still waits to be confirmed gives way.

    The same by the same person within a minute, as by a double click, is the one that waits.
    """
    at = at or timezone.now()
    entered = check_entry(data)
    hold_lock(Lock.PAYOUTS)
    same = payee.versions.unconfirmed().filter(entered_by=by, **describe_entry(entered))
    if waiting := same.filter(entered_at__gt=at - A_MOMENT, entered_at__lte=at).first():
        return waiting
    for waiting in payee.versions.unconfirmed():
        _take_back(waiting, by=by, at=at, reason="Replaced by a later entry")
    _bring_name(payee, by=by, at=at)
    return _add_version(payee, entered, by=by, at=at)


@transaction.atomic
def link_author(
    *, payee: Payee, author: User, by: User, at: dt.datetime | None = None
) -> PayeeAuthor:
    """Have an agent paid for one more author, once a second person confirms it."""
    at = at or timezone.now()
    hold_lock(Lock.PAYOUTS)
    if payee.kind != Payee.Kind.AGENT:
        raise InvalidDetails(
            {"author": f"{payee} is paid for one author. An agent is for several."}
        )
    current = PayeeAuthor.objects.in_force(at).filter(author=author, payee=payee)
    if current.exists():
        raise InvalidDetails({"author": f"{payee} is paid for {full_name(author)} already."})
    link = _link(payee, author, by=by, at=at)
    mails.mail_entered(payee, enterer=by, at=at)
    return link


@transaction.atomic
def confirm_payee(
    *, payee: Payee, by: User, note: str, seen: str, at: dt.datetime | None = None
) -> Payee:
    """Confirm all that waits on the payee's page, as a second person.

    `seen` is name_waiting of what the person looked at. Raises NothingWaits where that is not what
    waits now, FourEyesViolation, and OwnMoney for whom it pays.
    """
    at = at or timezone.now()
    require_reason(note, "Write how you made sure that these details are right.")
    hold_lock(Lock.PAYOUTS)
    versions, links = list(payee.versions.unconfirmed()), list(payee.authors.unconfirmed())
    if not versions and not links:
        raise NothingWaits("Nothing waits here to be confirmed: somebody else was quicker.")
    if seen != name_waiting(payee):
        raise NothingWaits("Something else was entered meanwhile. Close this and look again.")
    if by.pk in {entry.entered_by_id for entry in (*versions, *links)}:
        raise FourEyesViolation("You entered this. A second person has to confirm it.")
    _refuse_own(payee, by=by)
    in_force_from = at + dt.timedelta(hours=settings.PAYEE_WAIT_HOURS)
    for entry in (*links, *versions):
        entry.confirmed_by, entry.confirmed_at, entry.confirmation = by, at, note.strip()
        entry.in_force_from = in_force_from
        save_signed(entry, by=by, reason=f"Confirmed: {note.strip()}")
    _bring_name(payee, by=by, at=at)
    mails.mail_confirmed(payee, in_force_from=in_force_from, at=at)
    return payee


def _bring_name(payee: Payee, *, by: User, at: dt.datetime) -> None:
    """Give the payee the name of the details in force; before there are any, of the latest.

    Details come into force by themselves, and pages read the name from them (name_now). So the
    row's own name, by which lists are searched, follows with the next act.
    """
    name = name_now(payee, at=at)
    if Payee.objects.filter(pk=payee.pk).exclude(name=name).exists():
        payee.name = name
        save_signed(payee, by=by, reason="Its details came into force")


@transaction.atomic
def withdraw_changes(
    *, payee: Payee, by: User, reason: str, at: dt.datetime | None = None
) -> Payee:
    """Take back all changes of the payee that are not in force yet. Raises NothingWaits."""
    at = at or timezone.now()
    require_reason(reason, "Say why: the reason is kept with the payee.")
    hold_lock(Lock.PAYOUTS)
    coming = [*payee.versions.coming(at), *payee.authors.coming(at)]
    if not coming:
        raise NothingWaits("No change waits here: what was entered is in force, or taken back.")
    for entry in coming:
        _take_back(entry, by=by, at=at, reason=reason.strip())
    mails.mail_withdrawn(payee, at=at)
    return payee


@transaction.atomic
def show_details(
    *, details: PayeeDetails, by: User, reason: str, at: dt.datetime | None = None
) -> Opened:
    """Return the details in full, and keep who saw them, when and why. Raises DetailsUnreadable."""
    require_reason(reason, "Say why you need to see them: it is kept for the auditors.")
    try:
        opened = open_secret(details)
    except KeysMissing as error:
        raise DetailsUnreadable(str(error)) from error
    look = PayeeLook(details=details, by=by, at=at or timezone.now(), reason=reason.strip())
    save_signed(look, by=by, reason=reason.strip())
    return opened


def _refuse_own(payee: Payee, *, by: User) -> None:
    authors = payee.authors.filter(withdrawn_at=None).values_list("author", flat=True)
    for author in set(authors):
        refuse_own_author(author, by=by, refusal=OWN)
    if by.email and payee.versions.filter(email__iexact=by.email).exists():
        raise OwnMoney(OWN)


def _link(payee: Payee, author: User, *, by: User, at: dt.datetime) -> PayeeAuthor:
    waiting = PayeeAuthor.objects.unconfirmed().filter(author=author).select_related("payee")
    if found := waiting.first():
        raise InvalidDetails(
            {
                "authors": f"A change for {full_name(author)} waits already, to {found.payee}. "
                "Have it confirmed or taken back first."
            }
        )
    link = PayeeAuthor(payee=payee, author=author, entered_by=by, entered_at=at)
    return save_signed(link, by=by, reason="Author entered for the payee")


def _add_version(payee: Payee, entered: Entered, *, by: User, at: dt.datetime) -> PayeeDetails:
    number = payee.versions.aggregate(last=Max("number"))["last"] or 0
    details = PayeeDetails(
        payee=payee,
        number=number + 1,
        **describe_entry(entered),
        entered_by=by,
        entered_at=at,
    )
    save_signed(details, by=by, reason=ENTERED)
    keep_secret(details, entered)
    mails.mail_entered(payee, enterer=by, at=at)
    return details


def describe_entry(entered: Entered) -> dict[str, str]:
    """Return what a version tells in clear, with fingerprints of the rest."""
    return {
        "legal_name": entered.legal_name,
        "country": entered.country,
        "language": entered.language,
        "email": entered.email,
        "account_kind": entered.account["kind"],
        "account_end": end_of(entered.account),
        "account_digest": fingerprint(identify(entered.account), what="account"),
        "address_digest": fingerprint(entered.address, what="address"),
        "tax_id_digest": fingerprint(entered.tax_id, what="tax_id"),
    }


def _take_back(entry, *, by: User, at: dt.datetime, reason: str) -> None:
    entry.withdrawn_by, entry.withdrawn_at, entry.withdrawal = by, at, reason
    save_signed(entry, by=by, reason=f"Taken back: {reason}")
