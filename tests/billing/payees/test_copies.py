"""What was paid to whom is copied, sealed with the payment, and named before it is signed."""

import csv
import datetime as dt
import gc
import io
import zipfile

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext

from billing.bank.exports import export_payments
from billing.errors import BatchBlocked, BatchTampered, DetailsUnreadable, FourEyesViolation
from billing.evidence_pack import make_evidence_pack
from billing.models import PaidPayee, PayeeDetails, PayeeSecret, Payment, Seal, Verification
from billing.payees import changes
from billing.payees.changes import confirm_payee, enter_details
from billing.payees.copies import read_paid_to
from billing.payees.encryption import encrypt, fingerprint
from billing.payees.keys import add_key, load_keys, make_keys
from billing.payees.reading import name_waiting
from billing.payees.secrets import open_secret
from billing.payouts import payee_checks
from billing.payouts.batch_checks import count_flags, find_blockers, find_flags
from billing.payouts.holds import hold_payment
from billing.payouts.steps import (
    approve_batch,
    build_batch,
    rebuild_batch,
    return_batch,
    submit_batch,
)
from billing.proof.digests import digest_batch
from billing.verification import verify_payouts
from tests.billing.bank_files import read_file
from tests.billing.batches import AT, OCTOBER
from tests.billing.tampering import without_guards
from tests.factories import (
    IBANS,
    approve,
    describe_payee,
    make_blog,
    make_category,
    make_click,
    make_payee,
    make_price,
    make_user,
)

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

NOVEMBER = dt.date(2026, 11, 1)
LATER = AT + dt.timedelta(days=30)
HIDDEN = (IBANS[0], IBANS[0][4:], "COBADEFF", "Musterweg", "DE136695976")


@pytest.fixture
def blog():
    category = make_category("Tech")
    make_price(category, "10")
    blog = make_blog(category=category, author=make_user(last_name="Example"))
    make_click(blog)
    return blog


def build(month=OCTOBER, at=AT):
    return build_batch(month=month, at=at)[0]


def submit(batch=None, at=AT, **values):
    return submit_batch(batch=batch or build(), by=make_user(), at=at, **values)


def change(payee, at, **values):
    enter_details(payee=payee, data=describe_payee(**values), by=make_user(), at=at)
    seen = name_waiting(payee)
    confirm_payee(payee=payee, by=make_user(), note="Called them", seen=seen, at=at)


def flags_of(batch):
    flags = find_flags(batch)
    assert batch.status == "draft" or count_flags(batch) == len(flags)
    return {flag.code: flag.message for flag in flags if flag.code[:5] == "payee"}


def verify():
    run = verify_payouts()
    return run.status == Verification.Status.PASSED, run.difference


@pytest.mark.thorough
@pytest.mark.postgresql
def test_payee_is_copied_as_of_the_submission(blog):
    payee = make_payee(blog.author, at=AT, legal_name="Ada Example")
    batch = submit()
    change(payee, AT, iban=IBANS[1], legal_name="Ada Newname")
    approve(batch, at=LATER)
    (paid,) = read_paid_to(batch)
    assert paid == (
        "202610-1-000001",
        "Ada Example",
        "DE",
        "de",
        {"street": "Musterweg", "building_number": "7b", "postcode": "10117", "town": "Berlin"},
        "iban",
        {"kind": "iban", "iban": "DE89370400440532013000", "bic": "COBADEFFXXX"},
        False,
    )
    assert list(read_paid_to(batch, references=["202610-1-000002"])) == []
    assert verify() == (True, "")


@pytest.mark.thorough
def test_payment_without_a_payee_has_no_copy_and_its_old_digest(blog):
    batch = build()
    before = batch.payments.get().digest
    submit(batch)
    assert batch.payments.get().digest == before
    assert not PaidPayee.objects.exists()
    approve(batch, at=AT)
    assert verify() == (True, "")


@pytest.mark.thorough
def test_copy_is_under_the_digest_that_is_signed(blog):
    make_payee(blog.author, at=AT)
    batch = submit()
    for changed in ({"legal_name": "Mallory"}, {"account_digest": "21:0"}, {"country": "US"}):
        with transaction.atomic():
            with without_guards():
                PaidPayee.objects.update(**changed)
            with pytest.raises(BatchTampered):
                approve(batch, at=AT)
            transaction.set_rollback(True)
    with transaction.atomic():
        with without_guards():
            PaidPayee.objects.all().delete()
        with pytest.raises(BatchTampered):
            approve(batch, at=AT)
        transaction.set_rollback(True)
    approve(batch, at=AT)


@pytest.mark.thorough
def test_verification_names_a_changed_payee(blog):
    make_payee(blog.author, at=AT)
    approve(submit(), at=AT)
    with without_guards():
        PaidPayee.objects.update(legal_name="Mallory")
    passed, difference = verify()
    assert not passed
    assert "payee of 202610-1-000001" in difference


@pytest.mark.thorough
def test_verification_names_a_copy_that_is_said_to_be_of_another_version(blog):
    payee = make_payee(blog.author, at=AT)
    approve(submit(), at=AT)
    change(payee, LATER, iban=IBANS[1])
    somebody = make_payee(make_user(), at=AT)
    for other in (payee.versions.latest("number"), somebody.versions.get()):
        with without_guards():
            PaidPayee.objects.update(version=other)
        passed, difference = verify()
        assert not passed
        assert "payee of 202610-1-000001" in difference


def forge_account(copy):
    """Put another account in its place, as somebody with the keys can."""
    account = {"kind": "iban", "iban": IBANS[1], "bic": ""}
    row = copy.payment.reference
    return {"account": encrypt(account, table="billing_paidpayee", row=row, field="account")}


FORGED = {
    "another account": forge_account,
    "no text of ours": lambda copy: {"account": f"{copy.account}c"},
    "another key": lambda copy: {"key_id": copy.key_id + 1},
}


@pytest.mark.thorough
@pytest.mark.parametrize("what", FORGED)
def test_account_that_was_not_submitted_is_not_approved_verified_or_paid(blog, what):
    make_payee(blog.author, at=AT)
    batch, copy = submit(), PaidPayee.objects.select_related("payment").get()
    with without_guards():
        PaidPayee.objects.update(**FORGED[what](copy))
    with pytest.raises(BatchTampered):
        approve(batch, at=AT)
    if what != "another key":
        with pytest.raises(DetailsUnreadable):
            list(read_paid_to(batch))
    with without_guards():
        copy.save()
        approve(batch, at=AT)
        PaidPayee.objects.update(**FORGED[what](copy))
    passed, difference = verify()
    assert not passed
    assert f"payee of {copy.payment.reference}" in difference


def test_account_that_was_not_entered_is_not_shown(blog):
    details = make_payee(blog.author, at=AT).versions.get()
    account = {"kind": "iban", "iban": IBANS[1], "bic": ""}
    row = f"{details.payee_id}/{details.pk}"
    forged = encrypt(account, table="billing_payeesecret", row=row, field="account")
    with without_guards():
        PayeeSecret.objects.update(account=forged)
    with pytest.raises(DetailsUnreadable, match="not the account that was entered"):
        open_secret(PayeeDetails.objects.get())


@pytest.mark.parametrize(
    ("field", "value", "name"),
    [("address", {"street": "Elsewhere"}, "address"), ("tax_id", "DE999999999", "tax number")],
)
def test_address_and_tax_number_that_were_not_entered_are_not_shown_or_submitted(
    blog, field, value, name
):
    details = make_payee(blog.author, at=AT).versions.get()
    assert (details.address_digest[:3], details.tax_id_digest[:3]) == ("21:", "21:")
    row = f"{details.payee_id}/{details.pk}"
    forged = encrypt(value, table="billing_payeesecret", row=row, field=field)
    with without_guards():
        PayeeSecret.objects.update(**{field: forged})
    with pytest.raises(DetailsUnreadable, match=f"not the {name} that was entered"):
        open_secret(PayeeDetails.objects.get())


@pytest.mark.thorough
def test_versions_from_before_there_were_fingerprints_of_all_parts_go_on(blog, monkeypatch):
    def make_one(value, *, what):
        return fingerprint(value, what=what) if what == "account" else ""

    with monkeypatch.context() as patch:
        patch.setattr(changes, "fingerprint", make_one)
        make_payee(blog.author, at=AT)
    assert PayeeDetails.objects.get().address_digest == ""
    assert open_secret(PayeeDetails.objects.get()).tax_id == "DE136695976"
    approve(submit(), at=AT)
    assert verify() == (True, "")


@pytest.mark.thorough
@pytest.mark.postgresql
@pytest.mark.parametrize("status", ["submitted", "approved"])
def test_database_keeps_the_payee_of_a_payment(blog, status):
    make_payee(blog.author, at=AT)
    batch = submit()
    if status == "approved":
        approve(batch, at=AT)
    copies = PaidPayee.objects.all()
    for act in (
        lambda: copies.update(legal_name="Mallory"),
        lambda: copies.update(account="AAAA"),
        lambda: copies.delete(),
        lambda: Payment.objects.update(payee_digest=""),
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            act()


@pytest.mark.thorough
def test_returned_batch_is_submitted_with_the_details_of_then(blog):
    payee = make_payee(blog.author, at=AT)
    batch = build()
    built = batch.payments.get().digest
    submit(batch)
    signed = batch.payments.get().digest
    assert signed != built
    batch = return_batch(batch=batch, by=make_user(), reason="The account is wrong")
    assert not PaidPayee.objects.exists()
    assert batch.payments.get().digest == built
    change(payee, AT, iban=IBANS[1])
    submit(batch, at=LATER, answer="Done as you asked")
    assert [paid.account["iban"] for paid in read_paid_to(batch)] == [IBANS[1]]
    return_batch(batch=batch, by=make_user(), reason="Once more, please")
    rebuild_batch(batch=batch, by=make_user(), at=LATER)
    submit(batch, at=LATER, answer="Done as you asked")
    approve(batch, at=LATER)
    assert verify() == (True, "")


@pytest.mark.thorough
def test_missing_details_block_where_they_are_required_and_a_hold_is_the_way_out(blog, settings):
    settings.PAYEES_REQUIRED = True
    other = make_blog(category=blog.category)
    make_click(other)
    make_payee(other.author, at=AT)
    batch = build()
    (blocker,) = find_blockers(batch)
    assert blocker.code == "payee_missing"
    assert "1 payment is without payment details in force: Example." in blocker.message
    with pytest.raises(BatchBlocked):
        submit(batch)
    payment = batch.payments.get(author=blog.author)
    hold_payment(payment=payment, by=make_user(), reason="Details are missing", at=AT)
    assert find_blockers(batch) == []
    submit(batch)
    assert len(list(read_paid_to(batch))) == 1


def test_details_that_wait_are_not_paid_by(blog, settings):
    settings.PAYEES_REQUIRED = True
    make_payee(blog.author, at=AT, is_confirmed=False)
    assert [blocker.code for blocker in find_blockers(build())] == ["payee_missing"]


@pytest.mark.thorough
def test_first_payment_to_an_account_is_flagged_and_the_next_is_not(blog):
    make_payee(blog.author, at=AT)
    october = build()
    assert flags_of(october).keys() == {"payee_account_new"}
    submit(october)
    assert (
        "1 payment is the first to its account: Example."
        in (flags_of(october)["payee_account_new"])
    )
    approve(october, at=AT)
    make_click(blog, start=dt.datetime(2026, 11, 3, 10, tzinfo=dt.UTC))
    november = build(NOVEMBER, LATER)
    assert flags_of(november) == {}


@pytest.mark.thorough
def test_changed_details_are_flagged_with_the_next_payment(blog, settings):
    settings.PAYEE_WAIT_HOURS = 0
    payee = make_payee(blog.author, at=AT)
    approve(submit(), at=AT)
    make_click(blog, start=dt.datetime(2026, 11, 3, 10, tzinfo=dt.UTC))
    change(payee, AT, iban=IBANS[1])
    november = submit(build(NOVEMBER, LATER), at=LATER)
    assert flags_of(november).keys() == {"payee_changed", "payee_account_new"}
    with pytest.raises(Exception, match="Answer in words"):
        approve_batch(batch=november, by=make_user(), at=LATER)


def test_account_of_two_payees_is_flagged(blog):
    make_payee(blog.author, at=AT)
    make_payee(make_user(), at=AT)
    assert "payee_account_shared" in flags_of(build())


@pytest.mark.thorough
def test_details_replaced_after_the_submission_are_flagged(blog, settings):
    settings.PAYEE_WAIT_HOURS = 0
    payee = make_payee(blog.author, at=AT)
    batch = submit()
    assert "payee_outdated" not in flags_of(batch)
    change(payee, AT, iban=IBANS[1])
    assert "payee_outdated" in flags_of(batch)


@pytest.mark.thorough
def test_checks_take_the_same_queries_for_any_number(blog):
    make_payee(blog.author, at=AT)
    batch = build()
    before = count_queries(batch)
    for _ in range(3):
        more = make_blog(category=blog.category)
        make_click(more)
        make_payee(more.author, at=AT)
    batch = rebuild_batch(batch=batch, by=make_user(), at=AT)
    assert count_queries(batch) == before


@pytest.mark.thorough
@pytest.mark.any_database
def test_lines_are_hashed_once_by_each_signature(blog):
    """The submission's digest with the copies is made of the digests that it compared before."""
    make_payee(blog.author, at=AT)
    draft = build()
    with CaptureQueriesContext(connection) as submission:
        submitted = submit(draft)
    assert PaidPayee.objects.filter(payment__batch=draft).count() == 1
    assert submitted.digest == digest_batch(submitted)
    with CaptureQueriesContext(connection) as approval:
        approve(submitted, at=AT)
    for queries in (submission, approval):
        hashed = [each for each in queries if "SHA256" in each["sql"]]
        assert len([each for each in hashed if "billing_paymentline" in each["sql"]]) == 1


@pytest.mark.thorough
@pytest.mark.any_database
def test_checks_hold_a_portion_of_the_payments(blog, monkeypatch):
    """And name an author once."""
    monkeypatch.setattr(payee_checks, "ROWS_AT_A_TIME", 1)
    monkeypatch.setattr(payee_checks, "NAMES_SHOWN", 2)
    for name in ("Example", "Baker", "Carpenter", "Dyer"):
        make_click(make_blog(category=blog.category, author=make_user(last_name=name)))
    for author in User.objects.filter(blogs__isnull=False):
        make_payee(author, at=AT)
    draft = build()
    for batch in (draft, submit(draft)):
        alive = []

        def is_meant(going, alive=alive):
            alive.append(sum(type(each) is payee_checks.Going for each in gc.get_objects()))
            return True

        assert payee_checks._count(batch, is_meant) == (5, ["Example", "Baker"])
        assert len(alive) == 5
        assert max(alive) <= 2


def count_queries(batch):
    with CaptureQueriesContext(connection) as queries:
        payee_checks.flag_changed_payees(batch)
        payee_checks.flag_shared_accounts(batch)
        payee_checks.flag_new_accounts(batch)
        payee_checks.flag_outdated_payees(batch)
    return len(queries)


@pytest.mark.thorough
def test_who_entered_or_confirmed_the_details_does_not_approve(blog):
    finance = make_user()
    payee = make_payee(blog.author, at=AT, by=finance)
    batch = submit()
    second = payee.versions.get().confirmed_by
    for person in (finance, second):
        with pytest.raises(FourEyesViolation, match="payment details"):
            approve(batch, by=person, at=AT)
    approve(batch, at=AT)
    assert set(batch.acts.filter(kind="payee").values_list("by", flat=True)) == {
        finance.pk,
        second.pk,
    }


@pytest.mark.thorough
def test_keys_are_rotated_with_payments_in_flight(blog, settings, tmp_path):
    settings.PAYEE_KEYS_FILE = str(tmp_path / "payee.keys")
    (tmp_path / "payee.keys").write_text(settings.PAYEE_KEYS)
    make_payee(blog.author, at=AT)
    batch = submit()
    call_command("rotate_payee_keys")
    approve(batch, at=AT)
    call_command("rotate_payee_keys", "--drop-old")
    assert 11 not in load_keys().ids
    assert [paid.account["iban"] for paid in read_paid_to(batch)] == [IBANS[0]]
    assert verify() == (True, "")


@pytest.mark.thorough
def test_lost_key_loses_no_payment(blog, settings):
    make_payee(blog.author, at=AT)
    batch = submit()
    settings.PAYEE_KEYS = make_keys()
    approve(batch, at=AT)
    assert export_payments(batch=batch, at=AT).payment_count == 1
    assert verify() == (True, "")
    with pytest.raises(Exception, match="cannot be read: key 11 is missing"):
        list(read_paid_to(batch))


@pytest.mark.thorough
def test_copy_of_another_payment_is_refused(blog):
    other = make_blog(category=blog.category)
    make_click(other)
    make_payee(blog.author, at=AT)
    make_payee(other.author, at=AT, iban=IBANS[1])
    batch = submit()
    one, two = PaidPayee.objects.order_by("payment__reference")
    with without_guards():
        PaidPayee.objects.filter(pk=one.pk).update(account=two.account, address=two.address)
    with pytest.raises(Exception, match="another row"):
        list(read_paid_to(batch))


@pytest.mark.thorough
def test_no_detail_stands_in_clear_in_database_file_pack_or_seal(blog):
    make_payee(blog.author, at=AT)
    batch = approve(submit(), at=AT)
    with make_evidence_pack(batch) as pack, zipfile.ZipFile(pack) as archive:
        texts = {name: archive.read(name).decode() for name in archive.namelist()}
    texts["seals"] = repr(list(Seal.objects.values_list("content", flat=True)))
    texts["export"] = repr(read_file(export_payments(batch=batch, at=AT)))
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")  # noqa: S608
            texts[table] = repr(cursor.fetchall())
    assert not [(name, text) for name in texts for text in HIDDEN if text in texts[name]]
    (row,) = csv.DictReader(io.StringIO(texts["payees.csv"]))
    assert (row["payment"], row["account_end"]) == ("202610-1-000001", "3000")
    assert row["account_digest"].startswith("21:")


@pytest.mark.thorough
def test_new_key_in_front_changes_no_digest(blog, settings):
    make_payee(blog.author, at=AT)
    batch = submit()
    settings.PAYEE_KEYS = add_key(settings.PAYEE_KEYS)
    call_command("rotate_payee_keys", "--go-on")
    approve(batch, at=AT)
    assert verify() == (True, "")
