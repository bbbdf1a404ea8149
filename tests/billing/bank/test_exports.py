import csv
import hashlib
import io
import json
from decimal import Decimal

import pytest
from django.core.management import CommandError, call_command

from billing.bank.by_hand import confirm_hand_payment, propose_hand_payment
from billing.bank.exports import export_payments
from billing.errors import BatchTampered, WrongStatus
from billing.models import Payment, PaymentExport, PayoutBatch, Seal
from billing.payouts import steps
from billing.payouts.holds import hold_payment
from tests.billing.batches import AT, OCTOBER, make_batch
from tests.billing.tampering import without_guards
from tests.factories import approve, make_blog, make_category, make_count, make_price, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.slow, pytest.mark.postgresql]

Status = PayoutBatch.Status


def read(export):
    return list(csv.DictReader(io.StringIO(bytes(export.content).decode())))


@pytest.mark.any_database
def test_total_row_equals_the_batch():
    for number in range(3):
        blog = make_blog()
        make_price(blog.category, "3.333")
        make_count(blog, 1000 + number)
    batch = make_batch(Status.APPROVED, views=12_345)
    *payments, total, _ = read(export_payments(batch=batch, at=AT))
    assert len(payments) == 4
    assert sum(Decimal(row["amount"]) for row in payments) == Decimal(total["amount"])
    assert total["reference"] == "total"
    assert Decimal(total["amount"]) == sum(payment.amount for payment in batch.payments.all())
    assert {row["month"] for row in payments} == {"2026-10"}
    assert {row["currency"] for row in payments} == {"EUR"}


@pytest.mark.any_database
def test_amounts_have_the_decimals_of_the_currency():
    export = export_payments(batch=make_batch(Status.APPROVED, views=1), at=AT)
    assert [row["amount"] for row in read(export)] == ["0.01", "0.01", ""]


@pytest.mark.any_database
def test_head_of_the_chain_of_seals_is_the_last_row():
    batch = make_batch(Status.APPROVED)
    seal = batch.seals.get()
    row = read(export_payments(batch=batch, at=AT))[-1]
    assert (row["reference"], row["author"], row["username"]) == (
        "chain head",
        seal.hash,
        "seal 1",
    )


def test_only_what_is_paid_is_exported():
    batch = make_batch()
    held, carried = make_blog(), make_blog()
    for blog, price in ((held, "10"), (carried, "0.001")):
        make_price(blog.category, price)
        make_count(blog, 1000)
    steps.rebuild_batch(batch=batch, by=make_user(), at=AT)
    payment = batch.payments.get(author=held.author)
    hold_payment(payment=payment, by=make_user(), reason="Under review.", at=AT)
    batch = steps.submit_batch(batch=batch, by=make_user(), at=AT)
    approve(batch, at=AT)
    *payments, total, _ = read(export_payments(batch=batch, at=AT))
    assert batch.payments.count() == 3
    assert [row["amount"] for row in [*payments, total]] == ["10.00", "10.00"]


@pytest.mark.any_database
def test_seal_of_a_file_notes_what_it_pays_and_what_it_leaves_out():
    batch = make_batch()
    make_price(make_category("Tech"), "20")
    for _ in range(2):
        make_count(make_blog(category=make_category("Tech")), 1000)
    batch = steps.rebuild_batch(batch=batch, by=make_user(), at=AT)
    batch = approve(steps.submit_batch(batch=batch, by=make_user(), at=AT), at=AT)
    failed = batch.payments.filter(amount=20).first()
    proposal = propose_hand_payment(
        payment=failed, means="cash", paid_on=AT.date(), reason="No bank", by=make_user(), at=AT
    )
    confirm_hand_payment(proposal=proposal, by=make_user(), at=AT)
    by = make_user()
    export = export_payments(batch=batch, by=by, at=AT)
    content = json.loads(batch.seals.get(kind="export").content)
    assert content["pays"] == [2, 30_000_000]
    assert content["leaves_out"] == [1, 20_000_000]
    assert content["file"] == ["csv", export.file_name, export.sha256, by.pk]


@pytest.mark.parametrize("status", [Status.DRAFT, Status.SUBMITTED, Status.CANCELLED])
def test_payments_that_nobody_approved_are_not_exported(status):
    with pytest.raises(WrongStatus, match="exported once it is approved"):
        export_payments(batch=make_batch(status))
    assert not PaymentExport.objects.exists()


def test_second_export_is_the_first_byte_for_byte():
    batch, finance = make_batch(Status.APPROVED), make_user()
    first = export_payments(batch=batch, by=finance, at=AT)
    with without_guards():
        Payment.objects.update(author_name="Somebody else")
    second = export_payments(batch=batch, by=make_user())
    assert second == first
    assert bytes(second.content) == bytes(first.content)
    assert second.sha256 == hashlib.sha256(bytes(first.content)).hexdigest()
    assert second.by == finance


@pytest.mark.any_database
@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_name_is_never_a_formula(name, monkeypatch):
    monkeypatch.setattr("billing.bank.exports.check_signed", lambda batch: None)
    batch = make_batch(Status.APPROVED)
    with without_guards():
        Payment.objects.update(author_name=name)
    assert read(export_payments(batch=batch))[0]["author"] == f"'{name}"


@pytest.mark.any_database
def test_command_writes_the_file(tmp_path, capsys):
    make_batch(Status.APPROVED)
    path = tmp_path / "payments.csv"
    call_command("export_payments", month="2026-10", output=path)
    export = PaymentExport.objects.get()
    assert path.read_bytes() == bytes(export.content)
    assert export.sha256 in capsys.readouterr().out


@pytest.mark.any_database
@pytest.mark.parametrize(
    ("month", "message"),
    [("2026-09", "no batch for 2026-09"), ("September", "is no month"), ("2026-10", "is draft")],
)
def test_command_says_why_there_is_no_file(tmp_path, month, message):
    assert make_batch().month == OCTOBER
    with pytest.raises(CommandError, match=message):
        call_command("export_payments", month=month, output=tmp_path / "payments.csv")
    assert not list(tmp_path.iterdir())


@pytest.mark.any_database
def test_command_says_that_it_cannot_write(tmp_path):
    make_batch(Status.APPROVED)
    with pytest.raises(CommandError, match="No such file"):
        call_command("export_payments", month="2026-10", output=tmp_path / "no" / "file.csv")


@pytest.mark.any_database
def test_no_file_is_made_of_an_approved_batch_whose_seals_are_gone():
    batch = make_batch(Status.APPROVED)
    with without_guards():
        Seal.objects.all().delete()
    with pytest.raises(BatchTampered, match="the chain holds no seal"):
        export_payments(batch=batch, at=AT)
    assert not PaymentExport.objects.exists()
