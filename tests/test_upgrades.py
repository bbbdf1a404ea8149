"""The data of every earlier version upgrades to today's, with its money and its proof."""

import contextlib
import datetime as dt
import json
import os
import re

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.contrib.contenttypes.models import ContentType
from django.core.checks import run_checks
from django.core.management.sql import emit_pre_migrate_signal
from django.db import IntegrityError, connection, transaction
from django.db.migrations.executor import MigrationExecutor
from django.db.models import F

from backoffice.schema import find_schema_differences
from billing.bank.exports import export_payments
from billing.bank.results.recording import record_results
from billing.counting.recording import record_view
from billing.models import BlogView, CategoryPrice, Hold, Payment, PaymentLine, PayoutBatch, Seal
from billing.payouts.holds import end_hold
from billing.payouts.steps import build_closed_months, rebuild_batch, submit_batch
from billing.proof.chains import hash_link
from billing.proof.earlier_digests import digest_batch_as_signed
from billing.verification import verify_payouts
from billing.verification.reports import report_run
from tests.billing.bank_files import read_file
from tests.billing.tampering import without_guards
from tests.factories import FIREFOX, approve
from tests.upgrades.databases import migrate, other_database, read_dump
from weblog.models import Blog, NewText
from weblog.publishing.new_texts import publish_new_text

pytestmark = [pytest.mark.slow, pytest.mark.postgresql]

JUNE = dt.date(2026, 6, 1)
NOVEMBER = dt.datetime(2026, 11, 12, tzinfo=dt.UTC)
READER = {"ip_address": "192.0.2.1", "user_agent": FIREFOX}
BEFORE_SEALS = ["3da967c", "0f4e745"]
WITH_SEALS = ["589bc76", "157f2d7"]
# PostgreSQL takes one of each, the tests below bring the others; `make test-long` takes all four.
TAKEN_TO_THE_END = (
    ["589bc76", "0f4e745"]
    if connection.vendor == "postgresql" and os.environ.get("TEST_ALL") != "1"
    else WITH_SEALS + BEFORE_SEALS
)
BEFORE_BOUNDS = "0011_stored_currency"


@pytest.fixture
def use_dump(django_db_setup, django_db_blocker):
    """Return a function that opens the database of an earlier version."""
    with django_db_blocker.unblock(), contextlib.ExitStack() as opened:
        yield lambda commit: opened.enter_context(other_database(read_dump(commit)))


@pytest.fixture
def use_upgraded(upgrades, django_db_blocker):
    """Return a function that opens the database of an earlier version, brought to today."""
    with django_db_blocker.unblock(), contextlib.ExitStack() as opened:
        yield lambda commit: opened.enter_context(upgrades.open(commit))


def pay_the_rest(*, at=NOVEMBER):
    """Rebuild, submit and approve every batch that is not approved yet, and return the batches."""
    finance, approver = (User.objects.get(username=name) for name in ("finance", "approver"))
    batches = []
    for batch in PayoutBatch.objects.filter(status="draft").order_by("month"):
        batches.append(rebuild_batch(batch=batch, by=finance, at=at))
    for batch in [*batches, *build_closed_months(at=at)]:
        submit_batch(batch=batch, by=finance, at=at)
    return [
        approve(batch, by=approver, at=at)
        for batch in PayoutBatch.objects.awaiting_approval().order_by("month")
    ]


def amounts_of(month):
    payments = Payment.objects.filter(batch__month=dt.date(2026, month, 1))
    payments = payments.exclude(batch__status="cancelled").order_by("author__username")
    return [str(payment.amount) for payment in payments]


@pytest.mark.thorough
@pytest.mark.long
@pytest.mark.parametrize("commit", TAKEN_TO_THE_END)
def test_an_earlier_version_is_brought_to_today_verified_exported_and_paid(use_upgraded, commit):
    use_upgraded(commit)
    assert run_checks(tags=["database"], databases=["default"]) == []
    run = verify_payouts(at=NOVEMBER)
    assert (run.difference, run.status) == ("", "passed")
    head = run.chain_head
    handed_out = {}
    for batch in PayoutBatch.objects.filter(status="approved").order_by("month"):
        export = export_payments(batch=batch, at=NOVEMBER)
        handed_out[batch.month.month] = read_file(export).decode().count("\n")
    assert {*handed_out} == {6, 7}
    assert [batch.month.month for batch in pay_the_rest()] == [8, 9, 10]
    paid = {month: amounts_of(month) for month in (6, 7, 8, 9, 10)}
    assert paid == {
        6: ["0.210000", "0.080000"],
        7: ["0.260000", "0.080000"],
        8: ["0.290000", "0.080000"] if commit in BEFORE_SEALS else ["0.250000", "0.080000"],
        9: ["0.250000", "0.080000"] if commit in BEFORE_SEALS else ["0.290000", "0.080000"],
        10: ["0.250000", "0.080000"],
    }
    run = verify_payouts(head=head, at=NOVEMBER)
    assert (run.difference, run.missing_guards, run.status) == ("", [], "passed")


@pytest.mark.thorough
def test_a_demo_of_later_days_is_brought_to_today_verified_exported_and_paid(use_upgraded):
    """It was made by setup_demo: payees, a failed payment, holds, findings, traces, job runs."""
    use_upgraded("f821b58")
    at = dt.datetime(2026, 12, 2, tzinfo=dt.UTC)
    assert run_checks(tags=["database"], databases=["default"]) == []
    run = verify_payouts(at=at)
    assert (run.difference, run.status) == ("", "passed")
    told = list(PayoutBatch.objects.order_by("month").values_list("month__month", "status"))
    assert told == [(8, "paid"), (9, "approved"), (10, "draft")]
    assert [batch.month.month for batch in pay_the_rest(at=at)] == [10]
    for batch in PayoutBatch.objects.filter(status="approved"):
        rows = read_file(export_payments(batch=batch, at=at)).decode().splitlines()
        assert len(rows) == 1 + batch.payments.payable().count()
    run = verify_payouts(head=run.chain_head, at=at)
    assert (run.difference, run.missing_guards, run.status) == ("", [], "passed")


@pytest.mark.thorough
def test_what_was_paid_before_keeps_its_currency_whatever_the_setting_says(use_dump, settings):
    """Histories and digests of that time hold, though they name no currency and no user name."""
    settings.CURRENCY = "JPY"
    use_dump("157f2d7")
    migrate()
    used = CategoryPrice.objects.filter(lines__isnull=False).distinct()
    assert set(used.values_list("currency", flat=True)) == {"EUR"}
    assert set(CategoryPrice.history.values_list("currency", flat=True)) == {""}
    assert set(Payment.objects.values_list("username", "batch__decimals")) == {("", None)}
    assert verify_payouts(at=NOVEMBER).difference == ""
    july = PayoutBatch.objects.get(month=dt.date(2026, 7, 1), status="approved")
    rows = read_file(export_payments(batch=july, at=NOVEMBER)).decode().splitlines()
    assert [row.split(",")[4:] for row in rows[1:]] == [
        ["0.26", "EUR"], ["0.08", "EUR"],
    ]  # fmt: skip
    told = run_checks(tags=["database"], databases=["default"])
    assert {each.id for each in told if "EUR" in each.msg} == {"billing.I002", "billing.W025"}
    assert len(told) == 2


@pytest.mark.thorough
def test_what_an_edited_migration_left_out_is_made_and_holds_views(use_dump):
    """The database of the first text was brought further by versions that mended nothing."""
    use_dump("3da967c")
    migrate("billing", "0002_payout_proof")
    missing = {"billing_finding", "billing_historicalfinding", "billing_retiredviewtotal"}
    assert missing.isdisjoint(connection.introspection.table_names())
    known = list(connection.introspection.table_names())
    migrate()
    assert missing <= set(connection.introspection.table_names()) - set(known)
    assert find_schema_differences(connection) == {}
    assert BlogView.objects.filter(agent_key=F("reader_key")).count() == 119
    view = record_view(blog=Blog.objects.first(), viewed_at=NOVEMBER, **READER)
    assert BlogView.objects.get(pk=view.id).outcome == "pending"


OLD_HOLDS = """
INSERT INTO billing_paymentinstruction
    (id, author_id, kind, reason, created_by_id, created_at, ended_by_id, ended_at, end_reason)
SELECT 7, author.id, 'hold', 'Bank details are missing', finance.id, '2026-08-20 09:00:00',
    NULL, NULL, ''
FROM auth_user finance, (SELECT MIN(author_id) AS id FROM billing_payment) author
WHERE finance.username = 'finance';
INSERT INTO billing_historicalpaymentinstruction
    (id, author_id, kind, reason, created_by_id, created_at, ended_by_id, ended_at, end_reason,
     history_date, history_change_reason, history_type, history_user_id)
SELECT id, author_id, kind, reason, created_by_id, created_at, ended_by_id, ended_at, end_reason,
    '2026-11-27 09:00:00', reason, '+', created_by_id  -- after the dump's batches were signed
FROM billing_paymentinstruction;
"""
OLD_TEXT = """
INSERT INTO weblog_blogrevision
    (id, blog_id, title, summary, body, status, created_by_id, created_at, updated_at,
     review_comment)
SELECT 9, id, 'As it will be', '', '<p>Later.</p>', 'in_review', author_id,
    '2026-08-20 09:00:00', '2026-08-20 09:00:00', ''
FROM weblog_blog WHERE id = (SELECT MIN(id) FROM weblog_blog WHERE status = 'published');
INSERT INTO weblog_historicalblogrevision
    (id, blog_id, title, summary, body, status, created_by_id, created_at, updated_at,
     review_comment, history_date, history_change_reason, history_type, history_user_id)
SELECT id, blog_id, title, summary, body, status, created_by_id, created_at, updated_at,
    review_comment, created_at, 'Submitted for review', '+', created_by_id
FROM weblog_blogrevision;
"""


def carry_on():
    """Bring an installation to today that is refused once on its way. Return what it had before.

    It has a hold and a new text of the time when both had other names, with rights to them.
    """
    migrate("billing", "0008_bank_formats")
    migrate("weblog", "0004_picture_takedowns")
    may_see = Permission.objects.get(codename="view_paymentinstruction")
    give("Auditors", may_see)
    may_publish = Permission.objects.get(codename="change_blogrevision")
    give("Editors", may_publish)
    for statement in [*OLD_HOLDS.split(";\n")[:2], *OLD_TEXT.split(";\n")[:2]]:
        execute(statement)
    kind = ContentType.objects.get(app_label="billing", model="paymentinstruction")
    head = Seal.objects.order_by("number").last().hash
    migrate("billing", BEFORE_BOUNDS)
    migrate_but_not_to_its_end("weblog", "0005_new_texts")
    set_price = "UPDATE billing_categoryprice SET price_per_1000 = %s WHERE id = 1"
    execute(set_price, 500)
    with pytest.raises(ValueError, match="CategoryPrice 1") as refusal:
        migrate()
    execute(set_price, 15_000_000)  # as it was
    migrate()
    return {
        "kind": kind.pk,
        "may_see": may_see.pk,
        "may_publish": may_publish.pk,
        "head": head,
        "refusal": str(refusal.value),
    }


def migrate_but_not_to_its_end(app, name):
    """Apply a migration as a migrate does that another refuses afterwards: no signal follows."""
    executor = MigrationExecutor(connection, progress_callback=None)
    plan = executor.migration_plan([(app, name)])
    state = executor._create_project_state(with_applied_migrations=True)
    emit_pre_migrate_signal(0, False, connection.alias, apps=state.apps, plan=plan)
    executor.migrate([(app, name)], plan=plan, state=state.clone())


def give(role, permission):
    """Give a right as the application of that time did, which left no traces."""
    group = Group.objects.get(name=role)
    Group.permissions.through.objects.bulk_create(
        [Group.permissions.through(group=group, permission=permission)], ignore_conflicts=True
    )


def execute(statement, *parameters):
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters or None)


@pytest.fixture
def carried(upgrades, django_db_blocker):
    with django_db_blocker.unblock(), upgrades.open("157f2d7", carry_on) as before:
        yield before


@pytest.mark.thorough
def test_amounts_past_the_bounds_are_named_before_anything_changes(carried):
    assert re.search(r"CategoryPrice 1: price_per_1000 0\.000500", carried["refusal"])


@pytest.mark.thorough
def test_holds_of_before_go_on_under_their_new_name(carried):
    """Row, history, constraints, guards, permissions of groups; and a sealed chain as it was."""
    assert run_checks(tags=["database"], databases=["default"]) == []
    kinds = ContentType.objects.filter(app_label="billing", model__endswith="instruction")
    assert not kinds.exists()
    assert ContentType.objects.get(app_label="billing", model="hold").pk == carried["kind"]
    may_see = Permission.objects.get(pk=carried["may_see"])
    assert may_see.codename == "view_hold"
    assert Group.objects.filter(name="Auditors", permissions=may_see).exists()
    hold, record = Hold.objects.get(), Hold.history.get()
    assert (hold.pk, hold.reason, record.history_change_reason) == (
        7, "Bank details are missing", "Bank details are missing",
    )  # fmt: skip
    with pytest.raises(IntegrityError, match="never deleted"), transaction.atomic():
        hold.delete()
    with pytest.raises(IntegrityError), transaction.atomic():
        Hold.objects.create(
            author=hold.author, kind="hold", reason="Twice", created_by=hold.created_by,
            created_at=NOVEMBER,
        )  # fmt: skip
    assert verify_payouts(head=carried["head"], at=NOVEMBER).difference == ""
    finance = User.objects.get(username="finance")
    drafts = [rebuild_batch(batch=batch, by=finance, at=NOVEMBER) for batch in _list_drafts()]
    held = Payment.objects.filter(batch__in=drafts, author=hold.author)
    assert {payment.status for payment in held} == {"held"}
    end_hold(hold=hold, by=finance, reason="They came", at=NOVEMBER)
    assert [record.history_type for record in hold.history.all()] == ["~", "+"]
    assert verify_payouts(head=carried["head"], at=NOVEMBER).difference == ""


@pytest.mark.thorough
def test_new_texts_of_before_go_on_under_their_new_name(carried):
    assert run_checks(tags=["database"], databases=["default"]) == []
    assert not ContentType.objects.filter(model__endswith="blogrevision").exists()
    may_publish = Permission.objects.get(pk=carried["may_publish"])
    assert may_publish.codename == "change_newtext"
    assert Group.objects.filter(name="Editors", permissions=may_publish).exists()
    text = NewText.objects.get()
    assert (text.pk, text.history.get().history_change_reason) == (9, "Submitted for review")
    with pytest.raises(IntegrityError), transaction.atomic():
        NewText.objects.create(blog=text.blog, title="Twice", created_by=text.created_by)
    text = publish_new_text(new_text=text, by=User.objects.get(username="approver"), at=None)
    assert (text.status, text.blog.title) == ("published", "As it will be")


def _list_drafts():
    return list(PayoutBatch.objects.filter(status="draft").order_by("month"))


@pytest.fixture(scope="module")
def upgraded(upgrades, django_db_blocker):
    with django_db_blocker.unblock(), upgrades.open("0f4e745"):
        yield


@pytest.fixture
def earlier(upgraded):
    """The upgraded batch of June, in a transaction that is rolled back."""
    with transaction.atomic():
        yield PayoutBatch.objects.get(month=JUNE, status="approved")
        transaction.set_rollback(True)


@pytest.mark.thorough
def test_batches_of_before_are_named_with_the_digest_that_was_signed(earlier):
    assert digest_batch_as_signed(earlier) == earlier.digest
    told = list(report_run(verify_payouts()))
    named = [line for line in told if "before there were seals" in line]
    assert [line.partition(" was")[0] for line in named] == ["June 2026", "July 2026"]
    content = json.loads(Seal.objects.get(batch=earlier).content)
    assert (content["kind"], content["signed"], content["files"][0][1]) == (
        "upgrade", earlier.digest, "payments-2026-06.csv",
    )  # fmt: skip


@pytest.mark.thorough
def test_lines_of_before_got_their_days_so_late_views_pay_only_themselves(earlier):
    lines = PaymentLine.objects.filter(kind="views").order_by("pk")
    assert {line.days == "" for line in lines} == {False}
    july = lines.filter(payment__batch__month=dt.date(2026, 7, 1))
    assert [(line.month.month, line.days, line.views) for line in july] == [
        (6, "28:2", 2), (7, "3:3 14:3", 6), (7, "15:3 20:2 28:1", 6), (7, "15:3", 3),
        (7, "1:4 30:4", 8),
    ]  # fmt: skip


@pytest.mark.thorough
def test_what_was_submitted_before_waits_with_finance_as_a_draft(earlier):
    august = PayoutBatch.objects.get(month=dt.date(2026, 8, 1))
    record = august.history.first()
    assert (august.status, august.digest, august.submitted_by) == ("draft", "", None)
    assert august.return_reason.startswith("Returned by an upgrade")
    assert (record.status, record.history_change_reason) == ("draft", august.return_reason)


@pytest.mark.thorough
def test_payments_of_before_get_their_results(earlier):
    finance = User.objects.get(username="finance")
    results = {payment.pk: ("paid", "") for payment in earlier.payments.all()}
    batch = record_results(batch=earlier, results=results, by=finance, at=NOVEMBER)
    assert (batch.status, verify_payouts().difference) == ("paid", "")


CHANGES = {
    "UPDATE billing_payment SET amount = amount + 10000 WHERE batch_id = %s": "202606-2-00001",
    "UPDATE billing_paymentline SET blog_title = 'Other' WHERE payment_id IN "
    "(SELECT id FROM billing_payment WHERE batch_id = %s)": "payment line",
    "UPDATE billing_paymentline SET digest = '' WHERE payment_id IN "
    "(SELECT id FROM billing_payment WHERE batch_id = %s)": "payment line",
    "UPDATE billing_payoutbatch SET rules_version = 'Others' WHERE id = %s": "rules",
    "UPDATE billing_payoutbatch SET approved_by_id = NULL, status = 'submitted', approved_at = NULL"
    " WHERE id = %s": "its history ends with",
    "UPDATE billing_paymentexport SET file_name = 'other.csv' WHERE batch_id = %s": "other.csv",
    "DELETE FROM billing_exportedpayment WHERE export_id IN "
    "(SELECT id FROM billing_paymentexport WHERE batch_id = %s);"
    "DELETE FROM billing_paymentexport WHERE batch_id = %s": "sealed the file",
    "DELETE FROM billing_historicalpayoutbatch WHERE id = %s AND status = 'submitted'": "goes from "
    "draft to approved",
    "UPDATE billing_payment SET digest = '' WHERE batch_id = %s": "its digest is ",
}


@pytest.mark.thorough
@pytest.mark.parametrize(("statement", "named"), CHANGES.items())
def test_a_change_of_what_an_upgrade_sealed_is_named(earlier, statement, named):
    with without_guards(), connection.cursor() as cursor:
        for part in statement.split(";"):
            cursor.execute(part, [earlier.pk])
            assert cursor.rowcount > 0
    assert named in verify_payouts().difference


@pytest.mark.thorough
def test_nobody_but_an_upgrade_says_that_a_batch_is_of_before(earlier):
    """Neither past the guards nor without any digest."""
    finance, approver = (User.objects.get(username=name) for name in ("finance", "approver"))
    batch = PayoutBatch.objects.get(month=dt.date(2026, 8, 1))
    batch = rebuild_batch(batch=batch, by=finance, at=NOVEMBER)
    batch = submit_batch(batch=batch, by=finance, at=NOVEMBER)
    batch = approve(batch, by=approver, at=NOVEMBER)
    seal = Seal.objects.get(batch=batch)
    facts = {"number": 4, "batch": batch, "content": "{}", "at": NOVEMBER}
    with pytest.raises(IntegrityError, match="only an upgrade"), transaction.atomic():
        Seal.objects.create(kind="upgrade", previous_hash=seal.hash, hash="4", **facts)
    with without_guards():
        Seal.objects.filter(pk=seal.pk).update(
            kind="upgrade", content=seal.content.replace('"approval"', '"upgrade"')
        )
        Seal.objects.filter(pk=seal.pk).update(
            hash=hash_link(Seal.objects.get(pk=seal.pk).content, seal.previous_hash)
        )
    assert "was made by an upgrade" in verify_payouts().difference
    with without_guards():
        Seal.objects.filter(pk=seal.pk).delete()
    assert "is approved with 0 approval seals" in verify_payouts().difference
