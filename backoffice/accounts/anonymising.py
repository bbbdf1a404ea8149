"""Anonymises an account once no duty requires its name.

The row and its number stay, because books and histories point to them. Signed records (lines of
payments, exports, seals) keep the names of their time. Nobody can undo it.
"""

import datetime as dt
from collections.abc import Iterable
from functools import partial
from itertools import count
from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from axes.models import AccessAttempt
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group, User
from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.db.models import Model
from django.utils import timezone
from simple_history.utils import bulk_update_with_history, get_history_manager_for_model

from backoffice.accounts.duties import explain_duties
from backoffice.accounts.models import AccessRequest, SecurityEvent
from backoffice.accounts.notices import mail_anonymised
from backoffice.accounts.pseudonyms import was_anonymised
from backoffice.accounts.security_log import record_event
from backoffice.accounts.sessions import end_sessions
from backoffice.accounts.signals import account_anonymised
from backoffice.errors import Refusal
from backoffice.mailing.records import forget_person
from backoffice.reasons import explain_missing_word

FIELDS = ["username", "first_name", "last_name", "email", "password", "last_login", "is_staff"]
SHORTEST_NAME = 3  # letters; a shorter one is part of too many words to look for


class AnonymisingRefused(Refusal):
    pass


@transaction.atomic
def anonymise_account(
    *, user: User, by: User, reason: str, keep_name: bool = False, at: dt.datetime | None = None
) -> User:
    """Replace the account's personal data by its number, for good, and return it.

    `keep_name` keeps the first and last name, which readers know from blogs. It sends no signal of
    User, so the person gets no mail; the other administrators do. Raises AnonymisingRefused.
    """
    at = at or timezone.now()
    user = User.objects.select_for_update().get(pk=user.pk)
    if refusals := explain_refusals(user=user, by=by, at=at):
        raise AnonymisingRefused(" ".join(refusals))
    if refusal := explain_reason(reason, user):
        raise AnonymisingRefused(refusal)
    old_username = user.get_username()
    forget_person(user, keep_name=keep_name)
    _replace_account(user, by=by, keep_name=keep_name, at=at)
    for rights in (user.groups, user.user_permissions):
        rights.clear()
    _replace_copies(user, old_username)
    for model in (Authenticator, EmailAddress):
        model.objects.filter(user=user).delete()
    user.saved_filters.all().delete()
    AccessAttempt.objects.filter(username__iexact=old_username).delete()
    end_sessions(user)
    account_anonymised.send(User, user=user, at=at)
    detail = f"{'The name stays. ' if keep_name else ''}{reason.strip()}"
    event = record_event(SecurityEvent.Kind.ANONYMISED, about=user, by=by, detail=detail)
    transaction.on_commit(partial(mail_anonymised, event), robust=True)
    return user


def explain_refusals(*, user: User, by: User, at: dt.datetime) -> list[str]:
    """Return why `by` may not anonymise the account now, a sentence for each reason."""
    if not (by.is_active and by.is_superuser):
        return ["Only superusers anonymise accounts."]
    if user == by:
        return ["Nobody anonymises their own account. Ask another administrator."]
    if was_anonymised(user):
        return ["This account was anonymised already."]
    active = ["The account is active: take away Active first."] if user.is_active else []
    return active + explain_duties(user, on=timezone.localdate(at))


def explain_reason(reason: str, user: User) -> str:
    """Return the fault of the reason, which is kept for good, or ""."""
    if refusal := explain_missing_word(reason, "Say why: the reason is kept."):
        return refusal
    names = [user.get_username(), user.last_name, user.email]
    if any(len(name) >= SHORTEST_NAME and name.lower() in reason.lower() for name in names):
        return "Leave the name out of the reason: the reason is kept."
    return ""


def _replace_account(user: User, *, by: User, keep_name: bool, at: dt.datetime) -> None:
    user.username = _find_free_name(user)
    if not keep_name:
        user.first_name, user.last_name = "Former colleague", str(user.pk)
    user.email, user.last_login, user.is_staff = "", None, False
    user.set_unusable_password()
    bulk_update_with_history(
        [user],
        User,
        FIELDS,
        default_user=by,
        default_change_reason="Anonymised",
        default_date=at,
    )
    signed: Any = user
    signed._password, signed._history_user, signed._change_reason = None, by, "Anonymised"


def _find_free_name(user: User) -> str:
    wanted = f"former-{user.pk}"
    names = (wanted if number == 1 else f"{wanted}-{number}" for number in count(1))
    others = User.objects.exclude(pk=user.pk)
    return next(name for name in names if not others.filter(username=name).exists())


def _replace_copies(user: User, old_username: str) -> None:
    """Remove copies of the name from the account's history, logs, proposals and addresses."""
    names = {"username": user.username, "first_name": user.first_name, "last_name": user.last_name}
    get_history_manager_for_model(user).update(**names, email="")
    rename_in_log([user])
    released = f"Released {old_username}: "  # backoffice.accounts.admin
    for entry in LogEntry.objects.filter(change_message__startswith=released):
        entry.change_message = entry.change_message.replace(old_username, user.username, 1)
        entry.save(update_fields=["change_message"])
    proposed = f"Proposed by {old_username}: "  # backoffice.accounts.two_people
    for model in (User, Group):
        history = get_history_manager_for_model(model)
        for record in history.filter(history_change_reason__startswith=proposed):
            reason = record.history_change_reason.replace(old_username, user.username, 1)
            record.history_change_reason = reason
            record.save()
    decided = AccessRequest.objects.exclude(outcome=AccessRequest.Outcome.WAITING)
    decided.filter(about=user).exclude(email="").update(email="")
    # An event holds the address of the acting person.
    SecurityEvent.objects.filter(by=user, address__isnull=False).update(address=None)
    unsigned = SecurityEvent.objects.filter(about=user, by=None, address__isnull=False)
    unsigned.update(address=None)


def rename_in_log(rows: Iterable[Model]) -> None:
    """Replace names in the admin's log by the rows' current names. A query for each row."""
    for row in rows:
        entries = LogEntry.objects.filter(
            content_type=ContentType.objects.get_for_model(row), object_id=str(row.pk)
        )
        entries.update(object_repr=str(row)[:200])
