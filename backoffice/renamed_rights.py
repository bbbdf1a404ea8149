"""Rights of a table that was renamed go on under its new name, even if an upgrade was refused.

Django renames the permissions of a renamed model after a migrate that ran to its end. When a later
migration refuses, the table has its new name already, and the next migrate makes permissions that
nobody has, beside those that the roles hold.
"""

from functools import cache
from typing import Any

from django.contrib.auth.models import Group, Permission, User
from django.db import router, transaction
from django.db.migrations import RenameModel
from django.db.migrations.loader import MigrationLoader


def receive_post_migrate(sender: Any, *, using: str, **kwargs: Any) -> None:
    module, _ = MigrationLoader.migrations_module(sender.label)
    if module is None or not router.allow_migrate_model(using, Permission):
        return
    for old_name, name in _list_renames().get(sender.label, ()):
        _carry_over(sender.label, old_name.lower(), name.lower(), using=using)


@cache
def _list_renames() -> dict[str, list[tuple[str, str]]]:
    """Return (old, new) of each table that a migration renames, by app, in the order of running."""
    loader = MigrationLoader(None)
    renames: dict[str, list[tuple[str, str]]] = {}
    for key in sorted(loader.disk_migrations):
        for operation in loader.disk_migrations[key].operations:
            if isinstance(operation, RenameModel):
                renames.setdefault(key[0], []).append((operation.old_name, operation.new_name))
    return renames


def _carry_over(app: str, old_name: str, name: str, *, using: str) -> None:
    """Let the holders of a permission of the old name have it under the new. One query if none."""
    permissions = Permission.objects.using(using)
    left = permissions.filter(
        content_type__app_label=app,
        content_type__model=name,
        codename__in=[f"{verb}_{old_name}" for verb in ("add", "change", "delete", "view")],
    )
    for old in left:
        codename = old.codename.replace(old_name, name)
        with transaction.atomic(using=using):
            made = permissions.filter(content_type=old.content_type, codename=codename).first()
            if made and _list_holders(made, using=using):
                _give_instead(old, made, using=using)  # somebody gave the new one in between
                continue
            if made:
                made.delete()
                old.name = made.name
            old.codename = codename
            old.save(using=using)


def _list_holders(permission: Permission, *, using: str) -> list[Any]:
    """Return the roles' and accounts' sets of rights that hold it."""
    groups = Group.objects.using(using).filter(permissions=permission)
    users = User.objects.using(using).filter(user_permissions=permission)
    return [group.permissions for group in groups] + [user.user_permissions for user in users]


def _give_instead(old: Permission, made: Permission, *, using: str) -> None:
    for rights in _list_holders(old, using=using):
        rights.add(made)
        rights.remove(old)
    old.delete()
