"""Rights over money and accounts: one administrator proposes them, another confirms.

One person can take a right away at once, without this module. Superusers follow the same rules.
"""

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from django.apps import apps
from django.conf import settings
from django.contrib.auth.models import Group, Permission, User
from django.db import transaction
from django.utils import timezone

from backoffice.accounts.factors import ALL_REMOVED
from backoffice.accounts.models import AccessRequest, SecurityEvent
from backoffice.accounts.notices import mail_request
from backoffice.accounts.pauses import find_given_outside, find_pauses
from backoffice.accounts.pseudonyms import was_anonymised
from backoffice.accounts.security_log import record_event
from backoffice.accounts.sessions import end_sessions
from backoffice.errors import Refusal
from backoffice.reasons import explain_missing_word

Kind, Outcome = AccessRequest.Kind, AccessRequest.Outcome

NOT_A_SUPERUSER = "Only superusers give rights."
CONFIRM_WITHIN = dt.timedelta(days=7)
NO_OTHER = (
    "There is no other one yet. Somebody with access to the machine makes a second (manage.py "
    "createsuperuser), who then proposes and confirms with you."
)

_granting: ContextVar[AccessRequest | None] = ContextVar("granting", default=None)


class AccessRefused(Refusal):
    pass


def current_grant() -> AccessRequest | None:
    """Return the request that confirm_access is carrying out; its changes have two people."""
    return _granting.get()


@transaction.atomic
def propose_access(
    *,
    kind: AccessRequest.Kind,
    by: User,
    reason: str,
    about: User | None = None,
    group: Group | None = None,
    permission: Permission | None = None,
    email: str = "",
    at: dt.datetime | None = None,
) -> AccessRequest:
    """Ask the other administrators to confirm, and return the request.

    With a single administrator it takes effect at once. A waiting proposal is not repeated. Raises
    AccessRefused.
    """
    ask = "Say why: the reason is kept, and the other administrator reads it."
    if refusal := explain_missing_word(reason, ask):
        raise AccessRefused(refusal)
    at = at or timezone.now()
    what = {
        "kind": kind,
        "about": about,
        "group": group,
        "permission": permission,
        "email": email,
    }
    request = AccessRequest(**what, reason=reason.strip(), asked_by=by, asked_at=at, is_alone=False)
    if not _may_propose(by, kind):
        raise AccessRefused(NOT_A_SUPERUSER)
    if was_anonymised(about):
        raise AccessRefused("This account was anonymised: it is given nothing any more.")
    if not settings.SINGLE_ADMINISTRATOR and _gains(by, request):
        raise AccessRefused("Nobody proposes a right for themselves. Ask another administrator.")
    fresh = at - CONFIRM_WITHIN
    waiting = AccessRequest.objects.filter(**what, outcome=Outcome.WAITING, asked_at__gt=fresh)
    if standing := waiting.first():
        return standing
    request.save()
    detail = _describe(request, request.reason)
    record_event(SecurityEvent.Kind.ACCESS_ASKED, about=about, by=by, detail=detail)
    if settings.SINGLE_ADMINISTRATOR and by.is_superuser:
        return _carry_out(request, by=by, at=at, is_alone=True)
    transaction.on_commit(lambda: mail_request(request), robust=True)
    return request


@transaction.atomic
def confirm_access(
    *, request: AccessRequest, by: User, at: dt.datetime | None = None
) -> AccessRequest:
    """Carry out what another administrator proposed. Raises AccessRefused."""
    at = at or timezone.now()
    request = AccessRequest.objects.select_for_update().get(pk=request.pk)
    if objections := find_objections(request=request, by=by, at=at):
        raise AccessRefused(" ".join(objections))
    return _carry_out(request, by=by, at=at, is_alone=False)


@transaction.atomic
def refuse_access(
    *, request: AccessRequest, by: User, note: str, at: dt.datetime | None = None
) -> AccessRequest:
    """Refuse a proposal, or withdraw one's own. Raises AccessRefused."""
    _check_administrator(by)
    if refusal := explain_missing_word(note, "Say why: whoever proposed it reads it."):
        raise AccessRefused(refusal)
    at = at or timezone.now()
    _decide(request, Outcome.REFUSED, by=by, at=at, decision_note=note.strip())
    detail = _describe(request, request.decision_note)
    record_event(SecurityEvent.Kind.ACCESS_REFUSED, about=request.about, by=by, detail=detail)
    return request


def _describe(request, why):
    """Return the text for the security log, without the mail address: the log keeps it for ever."""
    what = "an e-mail address" if request.kind == Kind.EMAIL else request.what
    return f"{what}: {why}"


def find_objections(*, request: AccessRequest, by: User, at: dt.datetime) -> list[str]:
    """Return why `by` may not confirm the request, a sentence for each reason."""
    objections = []
    if request.outcome != Outcome.WAITING:
        objections.append("This was decided already.")
    if not (by.is_active and by.is_superuser):
        objections.append("Only superusers confirm.")
    if request.asked_by_id == by.pk:
        objections.append("You proposed it: another administrator has to confirm.")
        others = User.objects.filter(is_active=True, is_superuser=True).exclude(pk=by.pk)
        if not others.exists():
            objections.append(NO_OTHER)
    if _gains(by, request):
        objections.append("It is for you: another administrator has to confirm.")
    if not _may_propose(request.asked_by, request.kind):
        objections.append("The proposer is no administrator any more. Refuse it.")
    if _gains(request.asked_by, request):
        objections.append("It is now for the proposer themselves. Refuse it.")
    if _has_changed(request):
        objections.append("The role was changed after it was proposed. Refuse it, and ask anew.")
    if at > request.asked_at + CONFIRM_WITHIN:
        objections.append("It was proposed more than 7 days ago. Refuse it, and propose it anew.")
    if find_pauses(by, at=at).exclude(by=None).exists():
        objections.append("Somebody else changed your account lately, so you confirm nothing yet.")
    if find_given_outside(by) or find_given_outside(request.asked_by):
        objections.append("One of you was given rights without a second administrator.")
    return objections


def _may_propose(user, kind):
    """Superusers, and of an address whoever keeps accounts."""
    is_clerk = kind == Kind.EMAIL and user.has_perm("auth.change_user")
    return user.is_active and (user.is_superuser or is_clerk)


def _check_administrator(by):
    if not (by.is_active and by.is_superuser):
        raise AccessRefused(NOT_A_SUPERUSER)


def _gains(user, request):
    if request.kind == Kind.GROUP_PERMISSION:
        return user.groups.filter(pk=request.group_id).exists()
    return request.about_id == user.pk


def _has_changed(request):
    """Return whether the role's permissions or name changed after the proposal.

    A role that is saved as it was, as by an upgrade, has not changed.
    """
    if request.kind != Kind.GROUP:
        return False
    history = request.group.history
    if not history.filter(history_date__gt=request.asked_at).exists():
        return False
    then = history.filter(history_date__lte=request.asked_at).first()
    if then is None:
        return True
    permitted = {*then.permissions.values_list("permission", flat=True)}
    now = {*request.group.permissions.values_list("pk", flat=True)}
    return (then.name, permitted) != (request.group.name, now)


def _decide(request, outcome, *, by, at, **values):
    """Save the decision by compare-and-set: of two people who decide at once, one succeeds."""
    values |= {"outcome": outcome, "decided_by": by, "decided_at": at}
    waiting = AccessRequest.objects.filter(pk=request.pk, outcome=Outcome.WAITING)
    if waiting.update(**values) != 1:
        raise AccessRefused("This was decided already.")
    for name, value in values.items():
        setattr(request, name, value)


def _carry_out(request, *, by, at, is_alone):
    _decide(request, Outcome.CONFIRMED, by=by, at=at, is_alone=is_alone)
    with _grant(request):
        _APPLY[request.kind](request)
    return request


@contextmanager
def _grant(request: AccessRequest) -> Iterator[None]:
    token = _granting.set(request)
    try:
        yield
    finally:
        _granting.reset(token)


def _load_person(request):
    person = User.objects.get(pk=request.about_id)
    person._history_user = request.decided_by
    person._change_reason = f"Proposed by {request.asked_by}: {request.reason}"
    return person


def _save(field, value):
    def save(request):
        person = _load_person(request)
        setattr(person, field, value)
        person.save()

    return save


def _give_email(request):
    _save("email", request.email)(request)


def _give_group_permission(request):
    group = Group.objects.get(pk=request.group_id)
    group._history_user = request.decided_by
    group._change_reason = f"Proposed by {request.asked_by}: {request.reason}"
    group.permissions.add(request.permission)


def _drop_factors(request):
    """Delete the factors. The person signs in with the password and enrols a new factor at once."""
    from backoffice.accounts.security_log import record_event

    if apps.is_installed("allauth.mfa"):
        from allauth.mfa.models import Authenticator

        Authenticator.objects.filter(user=request.about_id).delete()
    end_sessions(request.about)
    record_event(
        SecurityEvent.Kind.FACTOR_REMOVED,
        about=request.about,
        by=request.decided_by,
        detail=f"{ALL_REMOVED}: {request.reason}",
    )


_APPLY = {
    Kind.GROUP: lambda request: _load_person(request).groups.add(request.group),
    Kind.PERMISSION: lambda request: _load_person(request).user_permissions.add(request.permission),
    Kind.GROUP_PERMISSION: _give_group_permission,
    Kind.SUPERUSER: _save("is_superuser", True),
    Kind.ACTIVATION: _save("is_active", True),
    Kind.EMAIL: _give_email,
    Kind.FACTORS: _drop_factors,
}
