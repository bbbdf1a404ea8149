"""Notices every change of an account, from forms, imports, commands, shells and loaddata.

It misses changes without signals (QuerySet.update, SQL). In the application only anonymising makes
those, and it records its own event.
"""

from typing import Any, NamedTuple

from django.contrib.auth.models import User
from django.db.models import Model

WATCHED = ("username", "password", "email", "is_active", "is_staff", "is_superuser")


class Change(NamedTuple):
    """A field of an account, or a right that was given or taken away."""

    user: User
    what: str
    old: object
    new: object


def remember_account(user: User, update_fields=None) -> None:
    """Note the values that a save will overwrite. One query, none at a sign-in."""
    account: Any = user
    account._stored = None
    if user.pk and (update_fields is None or {*WATCHED} & {*update_fields}):
        account._stored = User.objects.filter(pk=user.pk).values(*WATCHED).first()


def compare_account(user: User, update_fields=None) -> list[Change]:
    """Return the watched fields that the save changed; none for a new account."""
    account: Any = user
    stored, account._stored = getattr(user, "_stored", None), None
    if stored is None:
        return []
    changed = [name for name in WATCHED if stored[name] != getattr(user, name)]
    # A sign-in may renew the hash of the same password.
    is_rehash = changed == ["password"] and {*(update_fields or ())} == {"password"}
    if is_rehash and not account._password:
        return []
    return [Change(user, name, stored[name], getattr(user, name)) for name in changed]


class Membership(NamedTuple):
    """A user, or a group, that gains or loses a group or permission."""

    holder: Model
    right: Model
    given: bool


def list_memberships(instance, action, reverse, model, pk_set, through) -> list[Membership]:
    """Return what an m2m_changed of users' groups, or anyone's permissions, gives or takes away.

    Called for post_add, and before a removal, while the right is still there.
    """
    if action == "post_add":
        others = model.objects.filter(pk__in=pk_set)
    elif action == "pre_remove":
        others = _held(instance, through, model).filter(pk__in=pk_set)
    elif action == "pre_clear":
        others = _held(instance, through, model)
    else:
        return []
    given = action == "post_add"
    if reverse:
        return [Membership(other, instance, given) for other in others]
    return [Membership(instance, right, given) for right in others]


def _held(instance, through, model):
    """Return the rows that the join table links to `instance`."""
    own, other = (
        through._meta.get_field(side._meta.model_name).name for side in (type(instance), model)
    )
    return model.objects.filter(pk__in=through.objects.filter(**{own: instance}).values(other))
