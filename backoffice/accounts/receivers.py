"""Receivers of Django's signals about sign-ins, users and their rights."""

from django.conf import settings
from django.contrib.auth.models import Group, Permission, User
from django.db import connections
from django.utils import timezone

from backoffice.accounts.actors import current_actor, current_request
from backoffice.accounts.devices import describe_device
from backoffice.accounts.factors import cross_out
from backoffice.accounts.guards import GUARDS
from backoffice.accounts.models import SecurityEvent
from backoffice.accounts.rights import is_guarded_person, is_guarded_right
from backoffice.accounts.security_log import record_event, was_locked
from backoffice.accounts.sessions import DEVICE, SIGNED_IN_AT, digest_key, end_sessions
from backoffice.accounts.two_people import current_grant
from backoffice.accounts.watching import compare_account, list_memberships, remember_account

Kind = SecurityEvent.Kind

# (when set, when taken away) of each field that is watched.
KINDS = {
    "username": (Kind.USERNAME_CHANGED, Kind.USERNAME_CHANGED),
    "password": (Kind.PASSWORD_CHANGED, Kind.PASSWORD_CHANGED),
    "email": (Kind.EMAIL_CHANGED, Kind.EMAIL_CHANGED),
    "is_active": (Kind.ACTIVATED, Kind.DEACTIVATED),
    "is_staff": (Kind.STAFF_GIVEN, Kind.STAFF_TAKEN),
    "is_superuser": (Kind.SUPERUSER_GIVEN, Kind.SUPERUSER_TAKEN),
}
RIGHTS = {
    Group: (Kind.GROUP_GIVEN, Kind.GROUP_TAKEN),
    Permission: (Kind.PERMISSION_GIVEN, Kind.PERMISSION_TAKEN),
}
# A change of these fields ends the account's sessions; so does a change of its rights.
ENDING = {"password", "is_active", "is_staff", "is_superuser"}


def receive_sign_in(sender, *, request, user, **kwargs):
    device = describe_device(request.META.get("HTTP_USER_AGENT", ""))
    request.session[SIGNED_IN_AT] = int(timezone.now().timestamp())
    request.session[DEVICE] = device
    record_event(Kind.SIGNED_IN, about=user, by=user)


def receive_confirmation(sender, *, request, reauthenticated=False, **kwargs):
    """Give the session a new key after a confirmation, so that a stolen key becomes useless.

    A sign-in counts as a confirmation and has brought a new key already.
    """
    came_with = request.COOKIES.get(settings.SESSION_COOKIE_NAME)
    if reauthenticated and came_with == request.session.session_key:
        request.session.cycle_key()


def receive_sign_in_failure(sender, *, credentials, **kwargs):
    """It stores no typed text, because people type their password as their name.

    During a lock, the event of the lock stands for all refused attempts.
    """
    account = _find_account(credentials.get("username"))
    if not was_locked(account, at=timezone.now()):
        record_event(Kind.SIGN_IN_FAILED, about=account, by=None)


def receive_lock(sender, *, username=None, **kwargs):
    account = _find_account(username)
    if not was_locked(account, at=timezone.now()):
        record_event(Kind.LOCKED, about=account, by=None)


def receive_lock_released(sender, *, username, ip_address, by, reason, **kwargs):
    detail = reason if username else f"An address: {reason}"
    record_event(Kind.LOCK_RELEASED, about=_find_account(username), by=by, detail=detail)


def _find_account(username):
    return User.objects.filter(username=str(username or "").replace("\0", "")).first()


def receive_sign_out(sender, *, user, **kwargs):
    if user is not None:
        record_event(Kind.SIGNED_OUT, about=user, by=user)


def receive_pre_save(sender, *, instance, update_fields=None, **kwargs):
    remember_account(instance, update_fields)


def receive_post_save(sender, *, instance, created, update_fields=None, **kwargs):
    by = _find_actor(instance)
    if created:
        record_event(Kind.ACCOUNT_ADDED, about=instance, by=by)
        if instance.is_superuser:
            outside = _is_outside() and _has_administrators(but=instance)
            record_event(Kind.SUPERUSER_GIVEN, about=instance, by=by, is_outside=outside)
        return
    changes = compare_account(instance, update_fields)
    for change in changes:
        given, taken = KINDS[change.what]
        old_address = change.old if change.what == "email" else ""
        kind = given if change.new else taken
        outside = (
            kind in (Kind.SUPERUSER_GIVEN, Kind.ACTIVATED)
            and _is_outside()
            and is_guarded_person(instance)
            and _has_administrators(but=instance)
        )
        record_event(kind, about=instance, by=by, old_address=old_address, is_outside=outside)
    if ENDING & {change.what for change in changes}:
        end_other_sessions(instance)


def receive_rights(sender, *, instance, action, reverse, model, pk_set, **kwargs):
    changes = list_memberships(instance, action, reverse, model, pk_set, sender)
    for user, right, is_given in changes:
        given, taken = RIGHTS[type(right)]
        kind = given if is_given else taken
        outside = is_given and _is_outside() and is_guarded_right(right)
        record_event(kind, about=user, by=_find_actor(user), detail=right.name, is_outside=outside)
    for user in {change.holder for change in changes}:
        end_other_sessions(user)


def receive_group_rights(sender, *, instance, action, reverse, model, pk_set, **kwargs):
    """Record a role's new permission for each member. If a person gave it, mail each member.

    A right over money or accounts that a fixture or a program gives counts as well, so that the
    members sign nothing for a while. At a first installation roles have no members.
    """
    changes = list_memberships(instance, action, reverse, model, pk_set, sender)
    for group in {change.holder for change in changes}:
        own = [change for change in changes if change.holder == group]
        _record_role(group, [change.right for change in own], is_given=own[0].given)


def _record_role(group, permissions, *, is_given):
    by, members = _find_actor(group), list(group.user_set.all())
    names = ", ".join(permission.name for permission in permissions)
    is_guarded = is_given and any(is_guarded_right(permission) for permission in permissions)
    outside = is_guarded and bool(members) and _is_outside()
    detail = f"{group.name}: {'given' if is_given else 'taken away'} {names}"
    record_event(Kind.GROUP_CHANGED, about=None, by=by, detail=detail, is_outside=outside)
    if by is None and not is_guarded:
        return
    kind = Kind.PERMISSION_GIVEN if is_given else Kind.PERMISSION_TAKEN
    for member in members:
        record_event(kind, about=member, by=by, detail=f"{names} (through {group.name})")


def _find_actor(instance):
    """Return the actor: the confirmer, the user of the request, or the signer of the save."""
    if grant := current_grant():
        return grant.decided_by
    return current_actor() or getattr(instance, "_history_user", None)


def receive_new_factor(sender, *, user, authenticator, request=None, **kwargs):
    """End the sessions that began without the new factor."""
    if request is not None:
        cross_out(authenticator, request.POST.get("code", ""))
    end_other_sessions(user)
    record_event(
        Kind.FACTOR_ADDED, about=user, by=_find_actor(user), detail=_name_factor(authenticator)
    )


def receive_lost_factor(sender, *, user, authenticator, **kwargs):
    end_other_sessions(user)
    record_event(
        Kind.FACTOR_REMOVED, about=user, by=_find_actor(user), detail=_name_factor(authenticator)
    )


def receive_new_codes(sender, *, user, **kwargs):
    record_event(Kind.FACTOR_ADDED, about=user, by=_find_actor(user), detail="New recovery codes")


def receive_factor_saved(sender, *, instance, created, **kwargs):
    """Record a factor that a program adds. Of those added on the site, allauth tells."""
    user = instance.user
    if created and _is_by_a_program(user):
        detail = _name_factor(instance)
        record_event(Kind.FACTOR_ADDED, about=user, by=_find_actor(user), detail=detail)


def receive_factor_deleted(sender, *, instance, **kwargs):
    if _is_by_a_program(instance.user):
        receive_lost_factor(sender, user=instance.user, authenticator=instance)


def _is_by_a_program(user):
    """An account that is not active signs nothing, and is paused when it is active again."""
    is_on_the_site = current_request() is not None or current_grant() is not None
    return user.is_active and not is_on_the_site


def receive_group_deleted(sender, *, instance, **kwargs):
    """Record that its members lose the role: of rows that go with it, Django tells nothing."""
    for member in instance.user_set.all():
        by = _find_actor(instance)
        record_event(Kind.GROUP_TAKEN, about=member, by=by, detail=instance.name)
        end_other_sessions(member)


def receive_reset_asked(sender, *, users, **kwargs):
    for user in users:
        record_event(Kind.PASSWORD_RESET_ASKED, about=user, by=None)


def receive_reset(sender, *, user, **kwargs):
    record_event(Kind.PASSWORD_RESET, about=user, by=user)


def _name_factor(authenticator):
    if authenticator.type == authenticator.Type.WEBAUTHN:
        return f"The passkey “{authenticator.wrap().name}”"
    is_app = authenticator.type == authenticator.Type.TOTP
    return "An app" if is_app else "Recovery codes"


def _is_outside():
    """Return whether one person alone is giving a right that needs two."""
    return current_grant() is None and not settings.SINGLE_ADMINISTRATOR


def _has_administrators(*, but):
    """Return whether two administrators exist. The first two are made on the machine."""
    others = User.objects.filter(is_superuser=True, is_active=True).exclude(pk=but.pk)
    return others.count() >= 2


def end_other_sessions(user) -> int:
    """End the user's sessions, except the session of the current request."""
    request = current_request()
    if request is None or getattr(request, "user", None) != user:
        return end_sessions(user)
    if not user.is_active:
        request.session.flush()
        return end_sessions(user)
    return end_sessions(user, but=digest_key(request.session.session_key or ""))


def receive_pre_migrate(sender, *, using, plan=(), **kwargs):
    if any(migration.app_label in ("backoffice", "auth") for migration, _ in plan):
        GUARDS.remove(connections[using])


def receive_post_migrate(sender, *, using, **kwargs):
    if GUARDS.find_missing(connections[using]):
        GUARDS.install(connections[using])
