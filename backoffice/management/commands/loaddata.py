from pathlib import Path
from typing import Any

from django.contrib.auth.models import Group, Permission, User
from django.core.management import CommandError
from django.core.management.commands import loaddata
from django.utils import timezone
from simple_history.signals import post_create_historical_record
from simple_history.utils import get_history_manager_for_model

from backoffice.signing import needs_a_person


class Command(loaddata.Command):
    """Django's (6.1), but for roles that several files tell of, and for rows that people sign.

    A file speaks for the apps whose permissions it names: those of other apps stay with the role.
    Django would take away what another file gave, and the security log would tell of it.

    Django writes no history for a row from a file. So a row that needs a person, such as a price,
    comes in by `--by`, with a record that names who loaded it and from where.
    """

    def add_arguments(self, parser):
        super().add_arguments(parser)
        parser.add_argument(
            "--by", metavar="USERNAME", help="Who signs for prices and the like in the files."
        )
        parser.add_argument("--reason", help="What their history says of them.", default="")

    def handle(self, *fixture_labels, by=None, reason="", **options):
        try:
            self.signer = User.objects.get_by_natural_key(by) if by else None
        except User.DoesNotExist:
            raise CommandError(f"There is no user {by}.") from None
        names = ", ".join(Path(label).name for label in fixture_labels)
        self.reason = (reason or f"Read from the file {names}")[:100]
        return super().handle(*fixture_labels, **options)

    def save_obj(self, obj):
        if isinstance(obj.object, Group) and "permissions" in obj.m2m_data:
            permissions = list(obj.m2m_data["permissions"])
            obj.m2m_data["permissions"] = permissions + _find_others(obj.object, permissions)
        is_signed = needs_a_person(type(obj.object))
        if is_signed and not self.signer:
            raise CommandError(
                f"A {obj.object._meta.verbose_name} tells who made it. Name the person who loads "
                "it: --by USERNAME."
            )
        is_saved = super().save_obj(obj)
        if is_signed and is_saved:
            _sign(obj.object, by=self.signer, reason=self.reason)
        return is_saved


def _find_others(group: Group, permissions: list) -> list[Permission]:
    """Return what the role has of apps that none of the permissions is about."""
    pks = [getattr(permission, "pk", permission) for permission in permissions]
    named = Permission.objects.filter(pk__in=pks).values("content_type__app_label")
    held = Permission.objects.filter(group__name=group.name)
    return list(held.exclude(content_type__app_label__in=named))


def _sign(row: Any, *, by: User, reason: str) -> None:
    """Write the record of a row that the file made or changed; none if it is as it was."""
    history: Any = get_history_manager_for_model(type(row))
    stored = type(row)._base_manager.get(pk=row.pk)
    facts = {
        field.attname: getattr(stored, field.attname) for field in history.model.tracked_fields
    }
    last = history.filter(**{row._meta.pk.attname: row.pk}).order_by("history_id").last()
    if last and all(getattr(last, name) == value for name, value in facts.items()):
        return
    record = history.create(
        history_date=timezone.now(),
        history_user=by,
        history_change_reason=reason,
        history_type="~" if last else "+",
        **facts,
    )
    post_create_historical_record.send(
        history.model, instance=stored, history_instance=record, using=record._state.db
    )
