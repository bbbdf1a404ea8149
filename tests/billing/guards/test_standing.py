"""The guards exist after each migrate and flush, and a check reports it if they don't."""

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import IntegrityError, connection, migrations, models
from django.db.migrations.state import ProjectState

from backoffice.checks import check_guards
from billing.apps import BillingConfig
from billing.guards import find_missing_guards, install_guards, remove_guards
from billing.guards.rules import list_rules
from billing.models import CategoryPrice, Payment, PayoutBatch
from billing.receivers import receive_pre_migrate
from tests.billing.guarded import execute, make_batch, refuses
from tests.billing.tampering import undone, without_guards

pytestmark = [pytest.mark.postgresql, pytest.mark.cases(100), pytest.mark.slow]

on_postgresql = pytest.mark.skipif(
    connection.vendor != "postgresql", reason="SQLite knows nothing of the kind."
)
on_sqlite = pytest.mark.skipif(connection.vendor != "sqlite", reason="This is SQLite's own way.")

GUARD = "billing_guard_seal_delete"
DROP_GUARD = f"DROP TRIGGER {GUARD}"
if connection.vendor == "postgresql":
    DROP_GUARD += " ON billing_seal"


@pytest.mark.django_db
def test_all_stand():
    assert find_missing_guards(connection) == []
    assert check_guards(None, databases=["default"]) == []


@pytest.mark.django_db
def test_installing_twice_is_as_good_as_once():
    install_guards(connection)
    install_guards(connection)
    assert find_missing_guards(connection) == []


@pytest.mark.django_db
def test_all_are_missed():
    remove_guards(connection)
    assert {rule.name for rule in list_rules()} <= set(find_missing_guards(connection))
    (warning,) = check_guards(None, databases=["default"])
    assert warning.id == "backoffice.W010"
    assert GUARD in warning.msg


def test_nothing_is_asked_of_a_database_that_is_not_checked():
    assert check_guards(None) == []


@pytest.mark.django_db
def test_one_that_was_dropped_is_missed():
    execute(DROP_GUARD)
    assert find_missing_guards(connection) == [GUARD]


@pytest.mark.django_db
@on_sqlite
def test_one_that_was_weakened_is_missed_on_sqlite():
    execute(DROP_GUARD)
    execute(f"CREATE TRIGGER {GUARD} AFTER DELETE ON billing_seal BEGIN SELECT 1; END")
    assert find_missing_guards(connection) == [GUARD]


@pytest.mark.django_db
@on_postgresql
@pytest.mark.parametrize(
    "sql",
    [
        f"ALTER TABLE billing_seal DISABLE TRIGGER {GUARD}",
        f"ALTER TABLE billing_seal ENABLE REPLICA TRIGGER {GUARD}",
        f"ALTER TABLE billing_seal ENABLE TRIGGER {GUARD}",
        f"ALTER FUNCTION {GUARD} SET search_path = pg_temp",
        f"CREATE OR REPLACE FUNCTION {GUARD}() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RETURN NULL; END $$",
        f"CREATE OR REPLACE TRIGGER {GUARD} AFTER DELETE ON billing_seal "
        f"FOR EACH STATEMENT WHEN (false) EXECUTE FUNCTION {GUARD}()",
    ],
)
def test_one_that_was_weakened_is_missed_on_postgresql(sql):
    execute(sql)
    assert find_missing_guards(connection) == [GUARD]
    install_guards(connection)
    assert find_missing_guards(connection) == []


@pytest.mark.django_db
@on_postgresql
def test_no_table_is_truncated(subtests):
    for table in sorted({rule.table for rule in list_rules()}):
        with subtests.test(table), undone(), pytest.raises(IntegrityError, match="billing: "):
            execute(f"TRUNCATE {table} CASCADE")


@pytest.mark.django_db
@on_postgresql
def test_a_session_that_plays_a_replica_is_refused_too():
    make_batch("approved")
    execute("SET LOCAL session_replication_role = replica")
    assert refuses("UPDATE billing_payment SET amount = 12000000")


@pytest.mark.django_db
@on_postgresql
def test_no_temporary_table_stands_in():
    make_batch("approved")
    execute("CREATE TEMPORARY TABLE billing_payoutbatch AS SELECT 1 AS id, 'draft' AS status")
    assert refuses("DELETE FROM billing_paymentline")


@pytest.mark.django_db
@on_sqlite
def test_nothing_is_replaced():
    make_batch("approved")
    assert refuses("REPLACE INTO billing_payment SELECT * FROM billing_payment")


@pytest.mark.django_db
def test_tests_can_do_without():
    make_batch("approved")
    with without_guards():
        Payment.objects.update(author_name="Somebody else")
    assert find_missing_guards(connection) == []
    assert refuses("UPDATE billing_payment SET author_name = 'Another one'")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("run", [1, 2])
def test_they_stand_after_a_flush(run):
    assert find_missing_guards(connection) == []
    make_batch("paid")


@pytest.mark.thorough
@pytest.mark.django_db(transaction=True)
def test_migrate_puts_them_back():
    remove_guards(connection)
    call_command("migrate", verbosity=0)
    assert find_missing_guards(connection) == []


@pytest.mark.thorough
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("model", "field"),
    [(PayoutBatch, "time_zone"), (Payment, "author_name"), (CategoryPrice, "note")],
)
def test_a_migration_of_their_tables_passes(model, field):
    batch = make_batch("paid")
    migration = migrations.Migration("9999_longer", "billing")
    migration.operations = [
        migrations.AlterField(model._meta.model_name, field, models.CharField(max_length=3000))
    ]
    receive_pre_migrate(BillingConfig, using="default", plan=[(migration, False)])
    with connection.schema_editor() as editor:
        migration.apply(ProjectState.from_apps(apps), editor)
    with connection.schema_editor() as editor:
        migration.unapply(ProjectState.from_apps(apps), editor)
    call_command("migrate", verbosity=0)
    assert find_missing_guards(connection) == []
    assert batch.payments.get().author_name == "Ada Sample"


@pytest.mark.django_db
def test_they_stay_while_other_apps_migrate():
    migration = migrations.Migration("9999_other", "axes")
    receive_pre_migrate(BillingConfig, using="default", plan=[(migration, False)])
    assert find_missing_guards(connection) == []


class Elsewhere:
    """A router that puts billing's tables into another database."""

    def allow_migrate(self, db, app_label, **hints):
        return app_label != "billing"


@pytest.mark.django_db
def test_none_is_missed_where_billing_has_no_tables(settings):
    settings.DATABASE_ROUTERS = [Elsewhere()]
    remove_guards(connection)
    assert find_missing_guards(connection) == []
