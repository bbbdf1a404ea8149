"""What accounts hear from Django: sign-ins, and changes of users and their rights."""

from django.utils import timezone

from backoffice.accounts.actors import current_request
from backoffice.accounts.devices import describe_device
from backoffice.accounts.sessions import DEVICE, SIGNED_IN_AT, digest_key, end_sessions
from backoffice.accounts.watching import compare_account, list_memberships, remember_account

# A change of these ends where the account is signed in; so does one of its groups.
ENDING = {"password", "is_active", "is_staff", "is_superuser"}


def receive_sign_in(sender, *, request, user, **kwargs):
    request.session[SIGNED_IN_AT] = int(timezone.now().timestamp())
    request.session[DEVICE] = describe_device(request.META.get("HTTP_USER_AGENT", ""))


def receive_pre_save(sender, *, instance, update_fields=None, **kwargs):
    remember_account(instance, update_fields)


def receive_post_save(sender, *, instance, update_fields=None, **kwargs):
    if ENDING & {change.what for change in compare_account(instance, update_fields)}:
        end_other_sessions(instance)


def receive_rights(sender, *, instance, action, reverse, model, pk_set, **kwargs):
    changes = list_memberships(instance, action, reverse, model, pk_set, sender)
    for user in {change.user for change in changes}:
        end_other_sessions(user)


def end_other_sessions(user) -> int:
    """End where `user` is signed in, but for the session of the request that is answered."""
    request = current_request()
    if getattr(request, "user", None) != user:
        return end_sessions(user)
    if not user.is_active:
        request.session.flush()
        return end_sessions(user)
    return end_sessions(user, but=digest_key(request.session.session_key or ""))
