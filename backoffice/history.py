"""History of accounts and roles: who got which right, when, and from whom."""

from contextlib import nullcontext
from typing import Any

from django.contrib.auth.models import Group, User
from django.db import transaction
from simple_history import register
from simple_history.models import HistoricalRecords

UNTRACKED = {"password", "last_login"}


class RightsHistory(HistoricalRecords):
    """History that also notices a right given from the other side: group.user_set.add(user).

    simple-history (3.13.0) takes that for a change of the group, and fails.
    """

    def create_historical_record_m2ms(self, history_instance, instance):
        """Ask no table for the rights of a row that was added just now: it has none yet."""
        if history_instance.history_type != "+":
            super().create_historical_record_m2ms(history_instance, instance)

    def create_historical_record(self, instance, history_type, using=None):
        """Write the record with its rights, and what other apps note of it, or nothing."""
        using = using or instance._state.db
        whole: Any = transaction.atomic(using=using)
        if transaction.get_connection(using).in_atomic_block:
            whole = nullcontext()
        with whole:
            super().create_historical_record(instance, history_type, using=using)

    def m2m_changed(self, instance, action, pk_set, reverse, model, **kwargs):
        if not reverse:
            return super().m2m_changed(instance, action, pk_set=pk_set, reverse=False, **kwargs)
        if action == "pre_clear":
            rows = kwargs["sender"].objects.filter(**{instance._meta.model_name: instance})
            instance._cleared = list(rows.values_list(model._meta.model_name, flat=True))
        elif action in ("post_add", "post_remove", "post_clear"):
            pks = instance._cleared if action == "post_clear" else pk_set
            for other in model.objects.filter(pk__in=pks):
                self.create_historical_record(other, "~")


class AccountHistory(RightsHistory):
    """History without a row for each sign-in, and with a note where a password changed."""

    def post_save(self, instance, created, using=None, **kwargs):
        # A sign-in saves last_login, and the password if its hash is renewed.
        saved = kwargs.get("update_fields")
        if saved and saved <= UNTRACKED and instance._password is None:
            return
        super().post_save(instance, created, using=using, **kwargs)

    def get_change_reason_for_object(self, instance, history_type, using):
        # _password is the argument of set_password() until save() has run.
        if history_type == "~" and instance._password is not None:
            return "Password changed"
        return super().get_change_reason_for_object(instance, history_type, using)


register(
    User,
    app="backoffice",
    records_class=AccountHistory,
    excluded_fields=sorted(UNTRACKED),
    m2m_fields=[User._meta.get_field("groups"), User._meta.get_field("user_permissions")],
)
register(
    Group,
    app="backoffice",
    records_class=RightsHistory,
    m2m_fields=[Group._meta.get_field("permissions")],
)
