"""History of accounts and roles: who was given which right, when and by whom."""

from django.contrib.auth.models import Group, User
from simple_history import register
from simple_history.models import HistoricalRecords

UNTRACKED = {"password", "last_login"}


class AccountHistory(HistoricalRecords):
    """History without the row that every sign-in would add, and a word where a password changed."""

    def post_save(self, instance, created, using=None, **kwargs):
        # A sign-in saves last_login, and the password where its hash is brought up to date.
        saved = kwargs.get("update_fields")
        if saved and saved <= UNTRACKED and instance._password is None:
            return
        super().post_save(instance, created, using=using, **kwargs)

    def get_change_reason_for_object(self, instance, history_type, using):
        # _password is what set_password() was given, until save() is done with it.
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
register(Group, app="backoffice", m2m_fields=[Group._meta.get_field("permissions")])
