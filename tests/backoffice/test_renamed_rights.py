"""Roles keep their rights over a renamed table, also where the upgrade was refused half way."""

import pytest
from django.apps import apps
from django.contrib.auth.models import Group, Permission
from django.db import DEFAULT_DB_ALIAS, connection
from django.test.utils import CaptureQueriesContext

from backoffice.renamed_rights import receive_post_migrate
from tests.factories import make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def right():
    return Permission.objects.get(codename="change_newtext", content_type__app_label="weblog")


@pytest.fixture
def left_over(right):
    """What a refused upgrade leaves: the right that roles hold has the table's earlier name."""
    return Permission.objects.create(
        content_type=right.content_type,
        codename="change_blogrevision",
        name="Can change blog revision",
    )


def migrate():
    """Do what each migrate does at its end, as often as it likes."""
    for _ in range(2):
        receive_post_migrate(apps.get_app_config("weblog"), using=DEFAULT_DB_ALIAS)


def test_right_that_roles_hold_takes_the_new_name(right, left_over):
    """The next migrate has made one of the new name beside it, which nobody has."""
    Group.objects.create(name="Editors").permissions.add(left_over)
    edda = make_user("edda")
    edda.user_permissions.add(left_over)
    migrate()
    left_over.refresh_from_db()
    assert (left_over.codename, left_over.name) == ("change_newtext", right.name)
    assert not Permission.objects.filter(pk=right.pk).exists()
    assert Group.objects.get(permissions=left_over).name == "Editors"
    assert edda.user_permissions.get() == left_over


def test_right_takes_the_new_name_where_none_is_beside_it(right, left_over):
    right.delete()
    migrate()
    left_over.refresh_from_db()
    assert left_over.codename == "change_newtext"


def test_holders_get_the_new_right_where_some_were_given_it_since(right, left_over):
    """As by loading the shipped roles again: histories say who was given which."""
    reloaded, own = (Group.objects.create(name=name) for name in ("Editors", "Our own role"))
    reloaded.permissions.add(right)
    own.permissions.add(left_over)
    migrate()
    assert set(Group.objects.filter(permissions=right)) == {reloaded, own}
    assert not Permission.objects.filter(pk=left_over.pk).exists()
    assert [held.permission for held in own.history.first().permissions.all()] == [right]


def test_it_asks_once_where_nothing_is_left_over(right):
    for app, queries in (("weblog", 2), ("billing", 2), ("auth", 0)):
        with CaptureQueriesContext(connection) as asked:
            receive_post_migrate(apps.get_app_config(app), using=DEFAULT_DB_ALIAS)
        assert len(asked) <= queries
