import datetime as dt
import json
from decimal import Decimal
from io import StringIO

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.core.management import call_command

from backoffice.accounts.anonymising import (
    AnonymisingRefused,
    anonymise_account,
    explain_refusals,
)
from backoffice.accounts.extracts import make_extract
from billing.models import (
    Adjustment,
    Hold,
    Payment,
    PaymentExport,
    PaymentLine,
    Seal,
)
from billing.payouts import steps
from billing.payouts.adjustments import save_adjustment
from tests.billing.evidence_pack.packs import run, unpack
from tests.billing.paid_months import OCTOBER
from tests.factories import NOON, make_blog, make_click, make_count, make_price, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

AFTER_THE_DUTY = dt.datetime(2037, 1, 1, 12, tzinfo=dt.UTC)
MONEY = [Payment, PaymentLine, PaymentExport, Seal]


@pytest.fixture
def author(paid):
    """An author with two paid months, who left."""
    user = paid[1].payments.filter(status="paid").order_by("pk")[1].author
    user.is_active, user.last_name, user.first_name = False, "Quillfeather", "Edda"
    user.save()
    return user


@pytest.fixture
def ines():
    return make_user("ines", is_superuser=True)


def rows():
    return [list(model.objects.order_by("pk").values_list()) for model in MONEY]


def verify():
    call_command("verify_payouts", stdout=StringIO())


def refusals(user, by, at=AFTER_THE_DUTY):
    return " ".join(explain_refusals(user=user, by=by, at=at))


@pytest.mark.thorough
def test_money_seals_and_proof_are_the_same_after_anonymising(paid, author, ines, tmp_path):
    verify()
    folders = [tmp_path / "before", tmp_path / "after"]
    unpack(paid[1], folders[0])
    before = rows()
    anonymise_account(user=author, by=ines, reason="Asked by letter.", at=AFTER_THE_DUTY)
    assert User.objects.get(pk=author.pk).username == f"former-{author.pk}"
    assert rows() == before
    verify()
    unpack(paid[1], folders[1])
    assert run(folders[1]).stdout.startswith("PASS: the batch 2026")
    assert Payment.objects.filter(author=author).exclude(author_name__startswith="Former").exists()


@pytest.mark.thorough
def test_signer_who_is_anonymised_is_a_number_in_the_pack_and_it_verifies(paid, ines, tmp_path):
    signer = paid[1].approved_by
    signer.is_active = False
    signer.save()
    assert "Their last act over money" in refusals(signer, ines, at=paid[1].approved_at)
    anonymise_account(user=signer, by=ines, reason="Asked by letter.", at=AFTER_THE_DUTY)
    folder = unpack(paid[1], tmp_path)
    people = (folder / "people.csv").read_text()
    assert f"\n{signer.pk},former-{signer.pk},Former colleague {signer.pk}," in people
    told = run(folder).stdout
    assert told.startswith("PASS")
    assert f"made anonymous since the approval: user {signer.pk}." in told
    verify()


def test_log_of_the_admin_forgets_the_name_with_the_account(ines):
    author = make_user("quill.f", first_name="Edda", last_name="Quillfeather")
    adjust(author)
    LogEntry.objects.log_actions(ines.pk, [author, *author.adjustments.all()], 1)
    assert LogEntry.objects.filter(object_repr__contains="Quillfeather").exists()
    author.is_active = False
    author.save()
    author.adjustments.update(withdrawn_at=NOON, withdrawn_by=ines)
    anonymise_account(user=author, by=ines, reason="Asked by letter.", at=AFTER_THE_DUTY)
    names = LogEntry.objects.values_list("object_repr", flat=True)
    assert set(names) == {f"former-{author.pk}", f"+€5.00 for Former colleague {author.pk}"}


@pytest.mark.thorough
def test_payment_keeps_the_name_for_ten_years(author, ines):
    at = dt.datetime(2036, 12, 31, 12, tzinfo=dt.UTC)
    words = r"Their last payment, of \d+ Nov 2026, keeps the name until 31 Dec 2036\."
    with pytest.raises(AnonymisingRefused, match=words):
        anonymise_account(user=author, by=ines, reason="Asked.", at=at)


@pytest.mark.thorough
def test_extract_holds_the_persons_money_and_nobody_elses(paid, author, ines):
    with make_extract(user=author, by=ines) as file:
        kept = json.load(file)
    payments = Payment.objects.filter(author=author).order_by("pk")
    assert [row["reference"] for row in kept["payments"]] == [row.reference for row in payments]
    assert {Decimal(row["amount"]) for row in kept["payments"]} == {row.amount for row in payments}
    lines = PaymentLine.objects.filter(payment__author=author)
    assert len(kept["payment_lines"]) == lines.count()
    assert kept["payment_results"][0]["outcome"] == "Paid"
    assert sum(row["views"] for row in kept["counted_views"]) == sum(
        line.views for line in lines.filter(kind="views")
    )
    others = Payment.objects.exclude(author=author)
    text = json.dumps(kept)
    assert not [row for row in others if row.reference in text or row.author_name in text]


@pytest.mark.thorough
def test_extract_says_what_a_signer_did_and_when(paid, ines):
    with make_extract(user=paid[1].submitted_by, by=ines) as file:
        acts = json.load(file)["acts_over_money"]
    assert {"at": "2026-11-12T00:00:00Z", "what": "submitted a payout batch"} in acts


def open_batch(author):
    blog = make_blog(author=author)
    make_price(blog.category, "10")
    make_count(blog, 1000)
    steps.build_batch(month=OCTOBER)


def adjust(author):
    make_blog(author=author)
    adjustment = Adjustment(author=author, amount=Decimal(5), reason="Too little.")
    save_adjustment(adjustment=adjustment, by=make_user())


def hold(author):
    at = dt.datetime(2026, 11, 1, tzinfo=dt.UTC)
    Hold.objects.create(
        author=author, kind="hold", reason="Asked", created_by=make_user(), created_at=at
    )


@pytest.mark.any_database
@pytest.mark.parametrize(
    ("leave_open", "words"),
    [
        (open_batch, "A payout batch that is not approved pays them"),
        (adjust, "An adjustment of theirs waits for a batch"),
        (hold, "A hold, or payment in full, stands"),
        (lambda author: make_count(make_blog(author=author), 7), "counted and not paid yet"),
        (lambda author: make_click(make_blog(author=author)), "counted and not paid yet"),
    ],
)
def test_open_money_has_to_be_settled_first(leave_open, words, ines):
    author = make_user(is_active=False)
    assert refusals(author, ines) == ""
    leave_open(author)
    assert words in refusals(author, ines)


@pytest.mark.any_database
def test_author_without_money_owes_no_duty(ines):
    author = make_user(is_active=False)
    make_blog(author=author)
    assert refusals(author, ines) == ""
