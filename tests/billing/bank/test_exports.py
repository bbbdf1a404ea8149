import datetime as dt
import hashlib
import json
from decimal import Decimal

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, transaction

from billing.bank.by_hand import confirm_hand_payment, propose_hand_payment
from billing.bank.exports import describe_file, export_payments, open_file
from billing.errors import BatchTampered, FileChanged, WrongStatus
from billing.models import ExportedPayment, Payment, PaymentExport, PayoutBatch, Seal
from billing.payouts import steps
from billing.payouts.holds import hold_payment
from tests.billing.bank_files import read_csv, read_file
from tests.billing.batches import AT, OCTOBER, make_batch
from tests.billing.tampering import without_guards
from tests.factories import approve, make_blog, make_category, make_count, make_price, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.slow, pytest.mark.postgresql]

Status = PayoutBatch.Status


@pytest.mark.any_database
def test_payments_stand_alone_in_the_file_and_their_sum_goes_with_it():
    for number in range(3):
        blog = make_blog()
        make_price(blog.category, "3.333")
        make_count(blog, 1000 + number)
    batch = make_batch(Status.APPROVED, views=12_345)
    export = export_payments(batch=batch, at=AT)
    rows = read_csv(export)
    assert [row["reference"] for row in rows] == [f"202610-1-00000{n}" for n in (1, 2, 3, 4)]
    assert sum(Decimal(row["amount"]) for row in rows) == Decimal("133.46")
    assert {(row["month"], row["currency"]) for row in rows} == {("2026-10", "EUR")}
    told = describe_file(export)
    assert (told["payments"], told["total"], told["currency"]) == (4, "133.46", "EUR")


@pytest.mark.thorough
@pytest.mark.any_database
def test_amounts_have_the_decimals_of_the_currency():
    export = export_payments(batch=make_batch(Status.APPROVED, views=1), at=AT)
    assert [row["amount"] for row in read_csv(export)] == ["0.01"]


@pytest.mark.thorough
@pytest.mark.any_database
def test_what_goes_with_a_file_names_its_seal_and_its_bytes():
    batch = make_batch(Status.APPROVED)
    export = export_payments(batch=batch, at=AT)
    told, seal = describe_file(export), batch.seals.get(kind="export")
    assert told["chain_head"] == {"seal": 2, "hash": seal.hash}
    content = read_file(export)
    assert (told["sha256"], told["bytes"]) == (hashlib.sha256(content).hexdigest(), len(content))
    assert told["message_id"] == "202610-1-CSV-1"


@pytest.mark.thorough
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
    rows = read_csv(export_payments(batch=batch, at=AT))
    assert batch.payments.count() == 3
    assert [row["amount"] for row in rows] == ["10.00"]


@pytest.mark.thorough
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


@pytest.mark.thorough
def test_second_export_is_the_first_byte_for_byte():
    batch, finance = make_batch(Status.APPROVED), make_user()
    first = export_payments(batch=batch, by=finance, at=AT)
    content = read_file(first)
    second = export_payments(batch=batch, by=make_user())
    assert (second, second.by) == (first, finance)
    assert read_file(second) == content
    assert second.sha256 == hashlib.sha256(content).hexdigest()


@pytest.mark.thorough
def test_file_that_can_not_be_made_as_it_was_is_not_handed_out():
    export = export_payments(batch=make_batch(Status.APPROVED), at=AT)
    with without_guards():
        Payment.objects.update(author_name="Somebody else")
    with pytest.raises(FileChanged, match="can’t be handed out"):
        open_file(export)


@pytest.mark.thorough
@pytest.mark.any_database
def test_file_of_before_is_the_bytes_that_were_kept():
    batch = make_batch(Status.APPROVED)
    content = b"reference,author\n202610-1-000001,Ada\ntotal,\n"
    digest = hashlib.sha256(content).hexdigest()
    export = PaymentExport.objects.create(
        batch=batch, format="csv", file_name="x.csv", content=content, sha256=digest, at=AT
    )
    assert read_file(export) == content


@pytest.mark.thorough
@pytest.mark.any_database
def test_payment_is_in_one_file_whatever_its_format():
    batch = make_batch(Status.APPROVED)
    export = export_payments(batch=batch, at=AT)
    assert list(export.rows.values_list("payment__reference", "number")) == [("202610-1-000001", 1)]
    with pytest.raises(WrongStatus, match="a payment is in one file alone"):
        export_payments(batch=batch, format="pain001", at=AT)
    assert PaymentExport.objects.count() == 1


@pytest.mark.thorough
def test_database_keeps_a_payment_in_one_file():
    batch = make_batch(Status.APPROVED)
    export = export_payments(batch=batch, at=AT)
    row = export.rows.get()
    other = PaymentExport.objects.create(
        batch=batch, format="csv", number=2, payment_count=1, message_id="other", at=AT
    )
    for change in (
        lambda: ExportedPayment.objects.create(export=other, payment=row.payment, number=1),
        lambda: ExportedPayment.objects.filter(pk=row.pk).update(export=other),
        lambda: row.delete(),
        lambda: PaymentExport.objects.filter(pk=export.pk).update(sha256="0" * 64),
        lambda: PaymentExport.objects.filter(pk=export.pk).update(sha256=""),
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            change()


@pytest.mark.thorough
def test_database_takes_no_payment_into_a_finished_file_or_one_of_another_batch():
    october = make_batch(Status.APPROVED)
    payment = october.payments.get()
    september, _ = steps.build_batch(month=dt.date(2026, 9, 1), at=AT)
    for batch, sha256 in ((october, "0" * 64), (september, "")):
        export = PaymentExport.objects.create(
            batch=batch, format="csv", payment_count=1, sha256=sha256, at=AT
        )
        with pytest.raises(DatabaseError, match="its own approved batch"), transaction.atomic():
            ExportedPayment.objects.create(export=export, payment=payment, number=1)


@pytest.mark.thorough
@pytest.mark.any_database
@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_name_is_never_a_formula(name, monkeypatch):
    monkeypatch.setattr("billing.bank.exports.check_signed", lambda batch: None)
    batch = make_batch(Status.APPROVED)
    with without_guards():
        Payment.objects.update(author_name=name)
    assert read_csv(export_payments(batch=batch))[0]["author"] == f"'{name}"


@pytest.mark.thorough
@pytest.mark.any_database
def test_command_writes_the_file(tmp_path, capsys):
    make_batch(Status.APPROVED)
    path = tmp_path / "payments.csv"
    call_command("export_payments", month="2026-10", output=path)
    export = PaymentExport.objects.get()
    assert path.read_bytes() == read_file(export)
    assert export.sha256 in capsys.readouterr().out
    assert json.loads(tmp_path.joinpath("payments.csv.json").read_text()) == describe_file(export)


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


@pytest.mark.thorough
@pytest.mark.any_database
def test_command_says_that_it_cannot_write(tmp_path):
    make_batch(Status.APPROVED)
    with pytest.raises(CommandError, match="No such file"):
        call_command("export_payments", month="2026-10", output=tmp_path / "no" / "file.csv")


@pytest.mark.thorough
@pytest.mark.any_database
def test_no_file_is_made_of_an_approved_batch_whose_seals_are_gone():
    batch = make_batch(Status.APPROVED)
    with without_guards():
        Seal.objects.all().delete()
    with pytest.raises(BatchTampered, match="the chain holds no seal"):
        export_payments(batch=batch, at=AT)
    assert not PaymentExport.objects.exists()


@pytest.fixture
def of_before_user_names(monkeypatch):
    """An approved batch whose payments hold no user name."""
    batch = make_batch(Status.APPROVED)
    with without_guards():
        Payment.objects.update(username="")
    monkeypatch.setattr("billing.bank.exports.check_signed", lambda batch: None)
    return batch


@pytest.mark.thorough
@pytest.mark.any_database
def test_file_that_names_todays_users_is_kept_and_outlives_their_names(of_before_user_names):
    export = export_payments(batch=of_before_user_names, at=AT)
    content = read_file(export)
    author = of_before_user_names.payments.get().author
    assert author.username in content.decode()
    author.username = "anonymous-1"
    author.save()
    assert read_file(export) == content


@pytest.mark.thorough
@pytest.mark.any_database
def test_earlier_file_whose_users_were_renamed_says_what_to_do(of_before_user_names):
    export = export_payments(batch=of_before_user_names, at=AT)
    with without_guards():
        PaymentExport.objects.update(content=b"")  # as such files were made at first
    author = of_before_user_names.payments.get().author
    author.username = "anonymous-1"
    author.save()
    export.refresh_from_db()
    with pytest.raises(FileChanged) as refusal:
        open_file(export)
    assert "one of them was renamed or made anonymous since" in str(refusal.value)
    assert "pay by the file that you took then" in str(refusal.value)
