import datetime as dt
import re
from collections import Counter

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.db import connection
from simple_history.utils import get_history_manager_for_model

from backoffice.jobs import records
from backoffice.models import JobRun
from billing.models import Adjustment, Seal, Trace, TraceSeal, Verification
from billing.payouts.adjustments import save_adjustment
from billing.payouts.steps import build_batch, submit_batch
from billing.proof.chains import append_link
from billing.proof.digests import encode_canonical, hash_text
from billing.proof.marks import make_mark
from billing.proof.traces import adopt_rows, seal_traces
from billing.verification import verify_payouts
from billing.verification.accounts import check_accounts
from billing.verification.differences import Difference
from billing.verification.traces import check_traces
from tests.billing.tampering import undone, without_guards
from tests.factories import approve, make_blog, make_category, make_price, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

AT = dt.datetime(2026, 11, 5, 9, tzinfo=dt.UTC)
OCTOBER = dt.date(2026, 10, 1)


@pytest.fixture
def house():
    """A price, a changed account and role, a job's run and a verification, all sealed but one."""
    finn = make_user("finn")
    price = make_price(make_category("Tech"), "15", by=finn)
    role = Group.objects.create(name="Finance")
    finn.groups.add(role)
    run = JobRun(name="fold_views", started_at=AT, host="here")
    run.save()
    records.finish(run, JobRun.Status.SUCCEEDED, "3 views.")
    assert verify_payouts(at=AT).difference == ""
    seal_traces(at=AT)
    make_price(price.category, "16", dt.date(2027, 1, 1), by=finn)
    return price


def execute(sql, *params):
    with without_guards(), connection.cursor() as cursor:
        cursor.execute(sql, params)
        assert cursor.rowcount


def find_difference(*checks):
    """Return what the checks of accounts and traces find, without the rest of a verification."""
    for check in checks or (check_accounts, check_traces):
        try:
            place = ""
            while place := check(Verification(), "", place, Counter()):
                pass
        except Difference as difference:
            return str(difference)
    return ""


@pytest.mark.thorough
def test_rows_that_the_application_wrote_have_their_traces(house):
    assert verify_payouts(at=AT).difference == ""
    assert set(Trace.objects.values_list("kind", flat=True)) == {
        "account", "job", "price", "role", "verification",
    }  # fmt: skip
    (price,) = Trace.objects.filter(kind="price", seal=None)
    assert seal_traces(at=AT) == 2  # that price, and the verification just now
    price.refresh_from_db()
    assert price.seal.number == 2
    assert verify_payouts(at=AT).numbers["seals of traces"] == 2


CHANGES = {
    "history of a price": (
        "UPDATE billing_historicalcategoryprice SET history_change_reason = 'x' "
        "WHERE history_id = {price}",
        "is not as the application wrote it",
    ),
    "who an account was": (
        "UPDATE backoffice_historicaluser SET username = 'fay'",
        "is not as the application wrote it",
    ),
    "which roles an account had": (
        "DELETE FROM backoffice_historicaluser_groups",
        "is not as the application wrote it",
    ),
    "a role's name": (
        "UPDATE backoffice_historicalgroup SET name = 'Approvers'",
        "is not as the application wrote it",
    ),
    "how a job ended": (
        "UPDATE backoffice_jobrun SET status = 'failed'",
        "is not as the application wrote it",
    ),
    "a job's run": ("DELETE FROM backoffice_jobrun", "was erased"),
    "what a verification found": (
        "UPDATE billing_verification SET difference = 'x' WHERE status <> 'running'",
        "is not as the application wrote it",
    ),
    "a verification": ("DELETE FROM billing_verification WHERE status <> 'running'", "was erased"),
    "a job that never ran": (
        "INSERT INTO backoffice_jobrun (name, status, started_at, finished_at, output, host) "
        "SELECT name, status, started_at, finished_at, output, host FROM backoffice_jobrun",
        "has no trace",
    ),
    "a trace": ("DELETE FROM billing_trace WHERE seal_id IS NOT NULL", "is gone"),
    "what a trace says": (
        "UPDATE billing_trace SET digest = '{zeros}' WHERE seal_id IS NOT NULL",
        "holds it otherwise",
    ),
    "what an open trace says": (
        "UPDATE billing_trace SET digest = '{zeros}' WHERE seal_id IS NULL",
        "a mark that the application did not make",
    ),
    "a seal's content": (
        "UPDATE billing_traceseal SET content = replace(content, 'price', 'prize')",
        "its content gives",
    ),
}


@pytest.mark.thorough
def test_what_was_changed_erased_or_added_by_hand_is_named(house, subtests):
    first = house.history.get().pk
    for name, (statement, says) in CHANGES.items():
        with subtests.test(name), undone():
            execute(statement.format(price=first, zeros="0" * 64))
            difference = find_difference(check_traces)
            assert says in difference
            assert re.search(r"\([a-z]+_[a-z]+ [0-9]+\)", difference)  # which row it is
    assert find_difference() == ""


@pytest.mark.thorough
def test_price_that_came_with_a_forged_history_is_named(house):
    """All that the application writes, but for the trace, whose mark needs its secret."""
    facts = (house.category_id, dt.date(2028, 1, 1), 9_000_000)
    execute(
        "INSERT INTO billing_categoryprice (id, category_id, effective_from, price_per_1000, "
        "currency, note) VALUES (4711, %s, %s, %s, 'EUR', '')",
        *facts,
    )
    execute(
        "INSERT INTO billing_historicalcategoryprice (id, note, currency, history_type, "
        "category_id, effective_from, price_per_1000, history_date, history_user_id) "
        "VALUES (4711, '', 'EUR', '+', %s, %s, %s, %s, %s)",
        *facts,
        AT,
        User.objects.first().pk,
    )
    assert "has no trace" in find_difference()
    forged = house.history.model.objects.get(id=4711)
    Trace.objects.create(kind="price", row=forged.pk, digest="0" * 64, mark="0" * 64)
    assert "a mark that the application did not make" in find_difference()
    sealed = seal_traces(at=AT)
    assert sealed
    assert Trace.objects.get(row=forged.pk, kind="price").seal is None


@pytest.mark.thorough
def test_currency_of_the_house_may_change(house, settings):
    settings.CURRENCY = "JPY"
    assert find_difference() == ""
    execute("UPDATE billing_historicalcategoryprice SET currency = 'JPY'")
    assert "is not as the application wrote it" in find_difference()


@pytest.mark.thorough
def test_first_traces_left_out_the_currency_of_the_house(house):
    """The recipe of then, byte for byte, for the one price whose trace has no seal yet."""
    record = house.history.model.objects.latest("history_id")
    facts = {
        "id": str(record.id),
        "category": str(record.category_id),
        "effective_from": "2027-01-01",
        "price_per_1000": record._meta.get_field("price_per_1000").value_to_string(record),
        "history_change_reason": record.history_change_reason,
        "history_date": record.history_date.isoformat(),
        "history_type": "+",
        "history_user": str(record.history_user_id),
    }
    digest = hash_text(encode_canonical(["price", record.pk, facts]))
    mark = make_mark("price", record.pk, digest)
    execute(
        "UPDATE billing_trace SET digest = %s, mark = %s WHERE seal_id IS NULL AND kind = 'price'",
        digest,
        mark,
    )
    assert find_difference() == ""
    execute("UPDATE billing_historicalcategoryprice SET currency = 'JPY'")
    assert "is not as the application wrote it" in find_difference()


@pytest.mark.thorough
def test_trace_of_an_earlier_secret_is_ours(house, settings):
    settings.SECRET_KEY_FALLBACKS, settings.SECRET_KEY = [settings.SECRET_KEY], "another" * 10
    assert find_difference() == ""
    assert make_mark("price", 1, "") != make_mark("price", 1, "", secret="x")


@pytest.mark.thorough
def test_approval_holds_the_head_of_the_traces(house):
    adjustment = Adjustment(
        author=make_blog(category=house.category).author, amount=5, reason="A prize"
    )
    save_adjustment(adjustment=adjustment, by=make_user(), at=AT)
    batch, _ = build_batch(month=OCTOBER, at=AT)
    submit_batch(batch=batch, by=make_user(), at=AT)
    approve(batch, at=AT)
    head = TraceSeal.objects.order_by("number").last()
    seal = Seal.objects.get(kind="approval")
    assert f'"traces":[{head.number},"{head.hash}"]' in seal.content
    assert verify_payouts(at=AT).difference == ""
    execute("UPDATE billing_trace SET seal_id = NULL")
    execute("DELETE FROM billing_traceseal")
    assert "took back or replaced what the application wrote" in verify_payouts(at=AT).difference
    execute("DELETE FROM billing_trace")
    assert adopt_rows(at=AT) == 0  # a signature tells that there were traces already


@pytest.mark.thorough
def test_rows_of_before_are_adopted_once(house):
    execute("UPDATE billing_trace SET seal_id = NULL")
    execute("DELETE FROM billing_traceseal")
    execute("DELETE FROM billing_trace")
    assert "has no trace" in find_difference()
    assert adopt_rows(at=AT) > 5
    assert find_difference() == ""
    assert adopt_rows(at=AT) == 0


@pytest.mark.thorough
def test_names_that_an_account_loses_for_good_stay_proved(house):
    from backoffice.accounts.anonymising import anonymise_account

    boss, gone = make_user(is_superuser=True), make_user("gone", is_active=False)
    anonymise_account(user=gone, by=boss, reason="Left the house")
    history = get_history_manager_for_model(User).filter(id=gone.pk)
    assert {record.username for record in history} == {f"former-{gone.pk}"}
    assert find_difference() == ""


def test_old_runs_of_jobs_are_dropped_without_a_difference(house, monkeypatch):
    monkeypatch.setattr("billing.verification.traces.SUCCESSES_KEPT", dt.timedelta(days=-400))
    execute("DELETE FROM backoffice_jobrun")
    assert find_difference() == ""


RIGHTS = {
    "a role of money": (
        "INSERT INTO auth_user_groups (user_id, group_id) SELECT {other}, id FROM auth_group",
        "has the groups",
    ),
    "a role taken away": ("DELETE FROM auth_user_groups", "has the groups none"),
    "a permission of a role": (
        "INSERT INTO auth_group_permissions (group_id, permission_id) "
        "SELECT auth_group.id, (SELECT min(id) FROM auth_permission) FROM auth_group",
        "has the permissions",
    ),
    "a permission of an account": (
        "INSERT INTO auth_user_user_permissions (user_id, permission_id) "
        "SELECT {other}, min(id) FROM auth_permission",
        "has the user permissions",
    ),
    "another user name": (
        "UPDATE auth_user SET username = 'someone' WHERE id = {other}",
        "has the username “someone”",
    ),
    "a superuser": ("UPDATE auth_user SET is_superuser = TRUE WHERE id = {other}", "“True”"),
    "an account": (
        "INSERT INTO auth_user (username, password, first_name, last_name, email, is_staff, "
        "is_superuser, is_active, date_joined) SELECT 'ghost', password, first_name, last_name, "
        "email, is_staff, is_superuser, is_active, date_joined FROM auth_user WHERE id = {other}",
        "has no history",
    ),
}


@pytest.mark.thorough
def test_rights_and_names_that_came_by_hand_are_named(house, subtests):
    other = make_user("other").pk
    for name, (statement, says) in RIGHTS.items():
        with subtests.test(name), undone():
            execute(statement.format(other=other))
            assert says in find_difference()
    assert find_difference() == ""


@pytest.mark.thorough
def test_rights_that_the_application_gives_and_takes_are_right(house):
    boss = make_user(is_superuser=True, groups=["Finance"])
    role = Group.objects.get()
    role.user_set.add(make_user())
    role.permissions.add(Permission.objects.first())
    boss.groups.clear()
    assert find_difference() == ""
    role.delete()
    assert find_difference() == ""


@pytest.mark.thorough
def test_seal_that_somebody_appended_is_named(house):
    """Row, trace and link fit: only the marks need the secret that the database does not hold."""
    with without_guards():
        row = JobRun.objects.filter(status="succeeded").latest("pk").pk
        content = {"traces": [[4711, "job", row, "1" * 64]], "key": "0" * 16, "mark": "0" * 64}
        seal = append_link(TraceSeal, content=content, at=AT)
        forged = {"kind": "job", "row": row, "digest": "1" * 64, "mark": "0" * 64}
        Trace.objects.create(pk=4711, seal=seal, **forged)
    assert f"({TraceSeal._meta.db_table} {seal.pk}) names a secret key of nobody" in (
        find_difference()
    )


@pytest.mark.thorough
def test_seals_of_a_key_that_is_gone_are_counted_but_need_no_mark(house, settings):
    seal_traces(at=AT)
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another" * 10, []
    make_price(house.category, "17", dt.date(2027, 2, 1))
    seal_traces(at=AT)
    run = verify_payouts(at=AT)
    assert run.difference == ""
    assert (run.numbers["seals of traces"], run.numbers["seals of traces by an earlier key"]) == (
        3, 2,
    )  # fmt: skip
