"""Mails to an account's person about an event: what happened, by whom, what to do.

Only an unusual sign-in sends a mail, because nobody reads daily mails.
"""

import datetime as dt

from django.conf import settings
from django.contrib.auth.models import User
from django.utils.timezone import localtime

from backoffice.accounts.models import AccessRequest, SecurityEvent
from backoffice.mailing.kinds import ACCOUNT
from backoffice.mails import find_url, send_mails, write_mails
from backoffice.people import full_name

Kind = SecurityEvent.Kind

KNOWN_FOR = dt.timedelta(days=90)

# The subjects of mails by kind of event. Other kinds send no mail.
SUBJECTS = {
    Kind.LOCKED: "Your account is locked for a while",
    Kind.LOCK_RELEASED: "Your account is unlocked",
    Kind.SESSIONS_ENDED: "You were signed out",
    Kind.ACTIVATED: "Your account is active",
    Kind.DEACTIVATED: "Your account is deactivated",
    Kind.USERNAME_CHANGED: "Your username was changed",
    Kind.EMAIL_CHANGED: "Your e-mail address was changed",
    Kind.PASSWORD_CHANGED: "Your password was changed",
    Kind.FACTOR_ADDED: "A second factor was added to your account",
    Kind.FACTOR_REMOVED: "A second factor was removed from your account",
    Kind.STAFF_GIVEN: "You may sign in to the back-office",
    Kind.STAFF_TAKEN: "You may not sign in to the back-office any more",
    Kind.SUPERUSER_GIVEN: "You are a superuser now",
    Kind.SUPERUSER_TAKEN: "You are no superuser any more",
    Kind.GROUP_GIVEN: "You were given a role",
    Kind.GROUP_TAKEN: "A role was taken from you",
    Kind.PERMISSION_GIVEN: "You were given a permission",
    Kind.PERMISSION_TAKEN: "A permission was taken from you",
    Kind.EXTRACT_TAKEN: "What is kept about you was downloaded",
}

ALARM = """If you did not do this and nobody told you of it: change your password, look at your
sign-ins at {account}, end those that you do not know, and tell an administrator at once."""
TAKEN = """You need not do anything. If you did not expect it, ask an administrator."""
LOCKED = """If these were your own attempts, wait and try again, or ask an administrator to release
the lock. If they were not, somebody is trying your name: tell an administrator."""
ADVICE = {
    Kind.LOCKED: LOCKED,
    Kind.DEACTIVATED: TAKEN,
    Kind.STAFF_TAKEN: TAKEN,
    Kind.SUPERUSER_TAKEN: TAKEN,
    Kind.GROUP_TAKEN: TAKEN,
    Kind.PERMISSION_TAKEN: TAKEN,
}


def mail_event(event: SecurityEvent, old_address: str = "") -> None:
    """Mail the person, and their old address. A failed mail is only logged."""
    subject = _choose_subject(event)
    if not subject or not event.about:
        return
    addresses = [event.about.email, old_address]
    _mail(subject, _write(event, subject), to=addresses, about=f"the security event {event.pk}")


def mail_request(request: AccessRequest) -> None:
    """Ask the other administrators to look at a proposal."""
    url = find_url("backoffice_accessrequest_change", request.pk)
    body = (
        f"{full_name(request.asked_by)} proposes {request.what} for {request.whom}.\n\n"
        f"Why: {request.reason}\n\n"
        f"It takes effect when another administrator confirms it, within 7 days:\n{url}\n\n"
        "Ask the person yourself before you do, by another way than this mail.\n"
    )
    but = [request.asked_by_id, request.about_id or 0]
    _mail_administrators("An administrator asks you to confirm", body, but=but)


def mail_outside(event: SecurityEvent) -> None:
    """Tell all administrators that a right was given without the second of two people."""
    whom = full_name(event.about) if event.about else "everyone of the role"
    consequence = (
        "They sign nothing until somebody takes it away and proposes it again."
        if event.about
        else "An update of the application gives such a right if it extends a role. If there was "
        "no update, take the right away and ask who was at the machine. The page Views explained "
        "lists it."
    )
    body = (
        f"{event.get_kind_display()}: {event.detail or 'see the audit trail'}\n"
        f"To:   {whom}\nBy:   {_name_actor(event)}\n"
        f"When: {localtime(event.at):%-d %b %Y, %H:%M}\n\n"
        "This right needs two administrators, but a command, a fixture or a program on the "
        f"machine gave it. {consequence}\n"
    )
    _mail_administrators("A right was given without a second person", body)


def mail_anonymised(event: SecurityEvent) -> None:
    """Tell the other administrators: it can't be undone, and one person did it."""
    name = event.about.get_username() if event.about else "nobody"
    body = (
        f"{_name_actor(event)} anonymised an account: {name} from now on.\n"
        f"When: {localtime(event.at):%-d %b %Y, %H:%M}\nWhy:  {event.detail}\n\n"
        "It can't be undone. If it should not have been: the nightly backup of before knows the "
        "name.\n"
    )
    _mail_administrators("An account was anonymised", body, but=[event.by_id])


def _mail_administrators(subject, body, but=()):
    people = User.objects.filter(is_superuser=True, is_active=True).exclude(email="")
    addresses = people.exclude(pk__in=but).values_list("email", flat=True)
    _mail(subject, body, to=addresses, about="a right that takes two people")


def _mail(subject, text, *, to, about):
    mails = write_mails(f"{settings.PRODUCT_NAME}: {subject}", text, to=to, kind=ACCOUNT)
    send_mails(mails, about=about)


def _choose_subject(event):
    if event.kind == Kind.SIGNED_IN:
        return _describe_unusual(event)
    if event.kind == Kind.SESSIONS_ENDED and event.by_id == event.about_id:
        return ""
    return SUBJECTS.get(event.kind, "")


def _describe_unusual(event):
    """Return what is unusual about a sign-in: a new device or failures before it; or ""."""
    earlier = SecurityEvent.objects.filter(about=event.about_id, pk__lt=event.pk).order_by("-pk")
    last = earlier.filter(kind=Kind.SIGNED_IN).first()
    if last is None:
        return ""
    failures = earlier.filter(kind=Kind.SIGN_IN_FAILED, pk__gt=last.pk).count()
    if failures > 1:
        return f"A sign-in after {failures} attempts that failed"
    known = earlier.filter(kind=Kind.SIGNED_IN, device=event.device, at__gt=event.at - KNOWN_FOR)
    return "" if known.exists() else f"A sign-in with a new device: {event.device}"


def _write(event, subject):
    person = event.about
    when = f"{localtime(event.at):%-d %b %Y, %H:%M}"
    lines = [
        f"Hello {full_name(person)},",
        "",
        f"{subject}.",
        "",
        f"Account: {person.get_username()}",
        f"When:    {when}",
        f"By:      {_name_actor(event)}",
    ]
    if event.detail:
        lines.append(f"What:    {event.detail}")
    if event.pauses_until:
        until = f"{localtime(event.pauses_until):%-d %b %Y, %H:%M}"
        lines += ["", f"Until {until} you can sign no payout: somebody else changed your account."]
    account = find_url("backoffice_account")
    lines += ["", ADVICE.get(event.kind, ALARM).format(account=account), ""]
    return "\n".join(lines)


def _name_actor(event):
    if event.by_id is None:
        return "nobody who is signed in" if event.address else "the machine itself"
    if event.by_id == event.about_id:
        return "you"
    return full_name(event.by)
