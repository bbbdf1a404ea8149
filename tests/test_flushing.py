"""What a test commits is gone before the next, and what a database is made with is back."""

import contextlib
import sqlite3

import pytest
from django.contrib.auth.models import Permission
from django.db import connection

from backoffice.accounts.guards import GUARDS
from backoffice.guards import find_missing_anywhere
from backoffice.models import SecurityEvent
from backoffice.schema_rules import find_foreign_rules
from tests import flushing
from tests.factories import make_blog, make_user

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


def test_rows_go_and_rights_and_guards_stay():
    rights = list(Permission.objects.order_by("pk").values_list("pk", "codename"))
    make_blog(author=make_user(is_superuser=True))
    assert SecurityEvent.objects.exists()  # a guard lets nobody delete it
    assert flushing.take_back()
    assert not SecurityEvent.objects.exists()
    assert list(Permission.objects.order_by("pk").values_list("pk", "codename")) == rights
    assert find_missing_anywhere(connection) == []
    assert find_foreign_rules(connection) == {}


@pytest.mark.thorough
def test_guard_or_right_that_a_test_removed_is_back():
    """On SQLite with the copy; elsewhere a flush has to follow."""
    GUARDS.remove(connection)
    assert flushing.take_back() is (connection.vendor == "sqlite")
    assert bool(find_missing_anywhere(connection)) is (connection.vendor != "sqlite")
    GUARDS.install(connection)
    Permission.objects.earliest("pk").delete()
    assert flushing.take_back() is (connection.vendor == "sqlite")


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL locks rows alone.")
def test_a_file_that_stays_locked_is_not_waited_for(monkeypatch):
    monkeypatch.setattr(flushing, "TRIES", 2)
    other = sqlite3.connect(connection.settings_dict["NAME"], isolation_level=None)
    with contextlib.closing(other):
        other.execute("BEGIN IMMEDIATE")
        assert not flushing.take_back()
    assert flushing.take_back()


def test_flush_brought_back_what_the_test_before_removed():
    assert find_missing_anywhere(connection) == []
    assert Permission.objects.filter(content_type__isnull=False).count() > 100
