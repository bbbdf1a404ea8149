"""The rights that two people give: over money and over accounts. Apps register theirs."""

from collections.abc import Callable

from django.contrib.auth.models import Group, Permission, User
from django.db.models import Q, QuerySet

_guarded: list[Q] = [
    Q(content_type__app_label__in=["auth", "axes", "mfa"]) & ~Q(codename__startswith="view_"),
    Q(content_type__app_label="backoffice", codename="view_audittrail"),
]


def guard_rights(permissions: Q) -> None:
    """Register permissions that two people give, as a query of Permission. Call it in ready()."""
    if permissions not in _guarded:
        _guarded.append(permissions)


def find_guarded_permissions() -> QuerySet[Permission]:
    guarded = Q()
    for permissions in _guarded:
        guarded |= permissions
    return Permission.objects.filter(guarded)


def find_guarded_groups() -> QuerySet[Group]:
    return Group.objects.filter(permissions__in=find_guarded_permissions()).distinct()


def find_guarded_people() -> QuerySet[User]:
    """Return the accounts with a right that two people give, the inactive ones included."""
    guarded = find_guarded_permissions().values("pk")
    return User.objects.filter(
        Q(is_superuser=True)
        | Q(user_permissions__in=guarded)
        | Q(groups__in=find_guarded_groups().values("pk"))
    ).distinct()


def is_guarded_person(user: User) -> bool:
    return find_guarded_people().filter(pk=user.pk).exists()


def is_guarded_right(right: Group | Permission) -> bool:
    find: Callable = find_guarded_groups if isinstance(right, Group) else find_guarded_permissions
    return find().filter(pk=right.pk).exists()
