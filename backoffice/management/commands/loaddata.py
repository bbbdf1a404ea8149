from django.contrib.auth.models import Group, Permission
from django.core.management.commands import loaddata


class Command(loaddata.Command):
    """Django's (6.1), but for roles that several files tell of.

    A file speaks for the apps whose permissions it names: those of other apps stay with the role.
    Django would take away what another file gave, and the security log would tell of it.
    """

    def save_obj(self, obj):
        if isinstance(obj.object, Group) and "permissions" in obj.m2m_data:
            permissions = list(obj.m2m_data["permissions"])
            obj.m2m_data["permissions"] = permissions + _find_others(obj.object, permissions)
        return super().save_obj(obj)


def _find_others(group: Group, permissions: list) -> list[Permission]:
    """Return what the role has of apps that none of the permissions is about."""
    pks = [getattr(permission, "pk", permission) for permission in permissions]
    named = Permission.objects.filter(pk__in=pks).values("content_type__app_label")
    held = Permission.objects.filter(group__name=group.name)
    return list(held.exclude(content_type__app_label__in=named))
