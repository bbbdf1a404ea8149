"""The role that serves, as docs/operations.md makes it: a month is paid, no guard is dropped."""

import pytest
from django.core.checks import run_checks
from django.db import ProgrammingError, connection, transaction

from backoffice.backups.databases import clear_database
from billing.counting.folding import fold_views
from billing.counting.recording import record_view
from billing.guards import find_missing_guards
from billing.models import BlogView, PayoutBatch, Seal
from billing.payouts import steps
from tests.billing.batches import AT
from tests.deploy.page import read_blocks, read_sql
from tests.factories import approve, make_blog, make_count, make_price, make_user

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no roles."),
    pytest.mark.postgresql,
    pytest.mark.cases(100),
]


@pytest.fixture
def serving_role():
    """The tests' tables are the superuser's: as installed they are those of imprint."""
    with connection.cursor() as cursor:
        cursor.execute("CREATE ROLE imprint LOGIN")
        for name in connection.introspection.table_names(cursor):
            cursor.execute(f"ALTER TABLE {connection.ops.quote_name(name)} OWNER TO imprint")
        for block in read_blocks("Two roles of PostgreSQL"):
            for _, statement in read_sql(block.text):
                cursor.execute(statement)
        cursor.execute("SET LOCAL ROLE imprint")
        yield
        cursor.execute("RESET ROLE")


def check_role():
    checks = run_checks(tags=["database"], include_deployment_checks=True, databases=["default"])
    return [found.id for found in checks if found.id == "backoffice.I042"]


def test_role_that_owns_the_tables_is_named():
    assert check_role() == ["backoffice.I042"]


@pytest.mark.usefixtures("serving_role")
def test_role_with_rights_to_rows_alone_is_not():
    assert check_role() == []


@pytest.mark.thorough
@pytest.mark.usefixtures("serving_role")
def test_it_pays_a_month():
    blog = make_blog()
    make_price(blog.category, "10")
    make_count(blog, 1_000)
    record_view(blog=blog, viewed_at=AT, ip_address="192.0.2.1", user_agent="Mozilla/5.0")
    fold_views(at=AT)
    (month, *_) = steps.find_months_to_build(at=AT)
    batch, _ = steps.build_batch(month=month, at=AT)
    batch = approve(steps.submit_batch(batch=batch, by=make_user(), at=AT), at=AT)
    assert batch.status == PayoutBatch.Status.APPROVED
    assert BlogView.objects.count() == 1
    assert Seal.objects.count() == 1
    assert find_missing_guards(connection) == []


@pytest.mark.usefixtures("serving_role")
@pytest.mark.parametrize(
    "statement",
    [
        "ALTER TABLE billing_seal DISABLE TRIGGER billing_guard_seal_delete",
        "DROP TRIGGER billing_guard_seal_delete ON billing_seal",
        "CREATE OR REPLACE FUNCTION billing_guard_seal_delete() RETURNS trigger LANGUAGE plpgsql "
        "AS $$ BEGIN RETURN NULL; END $$",
        "TRUNCATE billing_seal CASCADE",
        "ALTER TABLE billing_payment ADD COLUMN paid_twice boolean",
        "DROP TABLE billing_seal CASCADE",
        "CREATE TABLE anything (id integer)",
        "SET session_replication_role = replica",
    ],
)
def test_it_can_not_take_a_guard_away(statement):
    with (
        pytest.raises(ProgrammingError, match=r"denied|must be owner"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)


@pytest.mark.usefixtures("serving_role")
def test_tables_of_later_migrations_are_open_to_it():
    with connection.cursor() as cursor:
        cursor.execute("RESET ROLE")
        cursor.execute("GRANT CREATE ON SCHEMA public TO imprint_owner")  # it owns the database
        cursor.execute("SET LOCAL ROLE imprint_owner")
        cursor.execute("CREATE TABLE later (id serial, name text)")
        cursor.execute("SET LOCAL ROLE imprint")
        cursor.execute("INSERT INTO later (name) VALUES ('a')")
        cursor.execute("SELECT id FROM later")
        assert cursor.fetchall() == [(1,)]


@pytest.mark.usefixtures("serving_role")
def test_it_reads_what_was_restored_over():
    """The owner made the schema anew: it is open as PostgreSQL's own is."""
    with connection.cursor() as cursor:
        cursor.execute("RESET ROLE")
        clear_database(connection)
        cursor.execute("CREATE TABLE restored (name text)")
        cursor.execute("GRANT SELECT ON restored TO imprint")  # as the owner's default has it
        cursor.execute("SET LOCAL ROLE imprint")
        cursor.execute("SELECT * FROM restored")
        assert cursor.fetchall() == []
