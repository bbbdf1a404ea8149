import pytest
from django.contrib.auth.models import Group, Permission, User
from django.http import HttpRequest
from django.test import override_settings

from tests.factories import make_user

pytestmark = pytest.mark.django_db


def test_sign_in_adds_no_record(client):
    user = make_user("edda")
    assert client.login(request=HttpRequest(), username="edda", password="secret")
    assert user.history.count() == 1


@pytest.mark.thorough
def test_sign_in_that_renews_the_hash_adds_no_record(client):
    user = make_user("edda")
    with override_settings(
        PASSWORD_HASHERS=[
            "django.contrib.auth.hashers.ScryptPasswordHasher",
            "django.contrib.auth.hashers.MD5PasswordHasher",
        ]
    ):
        assert client.login(request=HttpRequest(), username="edda", password="secret")
    user.refresh_from_db()
    assert user.password.startswith("scrypt$")
    assert user.history.count() == 1


def test_changed_password_is_recorded_but_not_kept():
    user = make_user("edda")
    user.set_password("another secret")
    user.save(update_fields=["password"])
    record = user.history.first()
    assert record.history_change_reason == "Password changed"
    assert not hasattr(record, "password")
    assert user.history.count() == 2


def test_new_account_is_not_a_changed_password():
    assert make_user("edda").history.get().history_change_reason is None


def test_new_account_is_written_without_a_look_at_its_rights(django_assert_num_queries):
    with django_assert_num_queries(4):  # the account, its history, its trace, the security log
        make_user("edda")


def test_other_saves_keep_their_reason():
    user = make_user("edda")
    user.email, user._change_reason = "edda@example.org", "Asked for it"
    user.save()
    assert user.history.first().history_change_reason == "Asked for it"


def test_groups_are_recorded_with_each_change():
    user, group = make_user("edda"), Group.objects.create(name="Editors")
    user.groups.add(group)
    assert [row.group for row in user.history.first().groups.all()] == [group]
    assert not User.objects.get().history.last().groups.exists()


@pytest.mark.parametrize("change", ["add", "remove", "clear"])
def test_group_given_or_taken_from_its_own_page_is_recorded(change):
    user, group = make_user("edda"), Group.objects.create(name="Editors")
    if change != "add":
        user.groups.add(group)
    before = user.history.count()
    members = group.user_set
    members.clear() if change == "clear" else getattr(members, change)(user)
    assert user.history.count() == before + 1
    kept = [row.group for row in user.history.first().groups.all()]
    assert kept == ([group] if change == "add" else [])


def test_permission_given_to_a_group_from_its_other_side_is_recorded():
    group, permission = Group.objects.create(name="Editors"), Permission.objects.first()
    permission.group_set.add(group)
    assert [row.permission for row in group.history.first().permissions.all()] == [permission]
