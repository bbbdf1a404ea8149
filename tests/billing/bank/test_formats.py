"""A format that is registered is offered, written, kept, sealed and refused like the first."""

import hashlib
import json
from collections import Counter

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.urls import reverse

from backoffice.models import SecurityEvent
from billing.bank.exports import export_payments
from billing.bank.formats import BankFormat, list_formats, register_format, unregister_format
from billing.errors import FileRefused, UnknownFormat
from billing.models import PaymentExport, PayoutBatch, Seal, Verification
from billing.verification.differences import Difference
from billing.verification.exports import check_exports
from tests.billing.batches import AT, make_batch
from tests.billing.pages import press, url_of
from tests.billing.tampering import without_guards
from tests.pages import shown

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

OTHER_AUTHOR = "Nobody in this batch has bank details yet. Add them first."


def write(stream, file):
    for row in file.rows():
        stream.write(f"{row.reference} gets {row.millionths / 10**6:.2f}\n".encode())


def make_format(**values):
    return BankFormat(
        **{
            "key": "toy",
            "name": "Toy money",
            "content_type": "text/x-toy",
            "extension": "toy",
            "write": write,
        }
        | values
    )


@pytest.fixture
def offer():
    """Return a function that registers a toy format for the length of the test."""
    offered = []

    def _offer(**values):
        toy = make_format(**values)
        register_format(toy)
        offered.append(toy.key)
        return toy

    yield _offer
    for key in offered:
        unregister_format(key)


@pytest.mark.any_database
def test_csv_is_the_first_format():
    keys = [format.key for format in list_formats()]
    assert keys == ["csv", "xlsx", "pain001", "nacha", "wise", "paypal"]


@pytest.mark.thorough
@pytest.mark.any_database
def test_page_offers_a_registered_format(client, sign_in, offer):
    batch = make_batch(PayoutBatch.Status.APPROVED)
    offer()
    sign_in("Finance")
    page = client.get(url_of(batch, "export")).text
    assert '<strong aria-current="true">CSV</strong>' in page
    assert "?format=toy" in page
    assert client.get(url_of(batch, "export"), {"format": "nothing"}).status_code == 404


@pytest.mark.thorough
def test_registered_format_is_made_sealed_downloaded_and_verified(client, sign_in, offer):
    batch = make_batch(PayoutBatch.Status.APPROVED)
    offer()
    user = sign_in("Finance")
    press(client, batch, "export", format="toy")
    toy = PaymentExport.objects.get()
    content = b"202610-1-000001 gets 10.00\n"
    assert (toy.file_name, toy.by) == ("payments-2026-10.toy", user)
    assert toy.sha256 == hashlib.sha256(content).hexdigest()
    response = client.post(reverse("admin:billing_paymentexport_download", args=[toy.pk]))
    noted = SecurityEvent.objects.get(kind="file_taken")
    assert (noted.by, noted.detail) == (user, f"payments-2026-10.toy, SHA-256 {toy.sha256}")
    assert (response.getvalue(), response["Content-Type"]) == (content, "text/x-toy")
    assert response["Content-Disposition"] == 'attachment; filename="payments-2026-10.toy"'
    assert response["Content-Length"] == "27"
    assert toy.file_name in client.get(url_of(batch)).text
    sealed = json.loads(Seal.objects.get(kind="export").content)
    assert sealed["file"] == ["toy", "payments-2026-10.toy", toy.sha256, user.pk]
    numbers = Counter()
    check_exports(Verification(), batch.pk, "", numbers)
    assert numbers == {"exports": 1, "payments by hand": 0}


@pytest.mark.thorough
def test_verification_names_a_file_that_would_not_come_out_again(offer):
    batch = make_batch(PayoutBatch.Status.APPROVED)
    export = export_payments(batch=batch, at=AT)
    with without_guards():
        PaymentExport.objects.update(sha256="0" * 64)
    with pytest.raises(Difference, match=f"seal 2|{export.sha256}"):
        check_exports(Verification(), batch.pk, "", Counter())


@pytest.mark.thorough
@pytest.mark.any_database
def test_command_takes_a_registered_format(tmp_path, offer):
    make_batch(PayoutBatch.Status.APPROVED)
    path = tmp_path / "file"
    with pytest.raises(CommandError, match="invalid choice: 'toy'"):
        call_command("export_payments", f"--output={path}", "--month=2026-10", "--format=toy")
    offer()
    call_command("export_payments", f"--output={path}", "--month=2026-10", "--format=toy")
    assert path.read_text() == "202610-1-000001 gets 10.00\n"


@pytest.mark.thorough
@pytest.mark.any_database
def test_check_of_a_format_refuses_in_its_own_words(client, sign_in, tmp_path, offer):
    batch = make_batch(PayoutBatch.Status.APPROVED)
    offer(check=lambda batch: [f"{batch} has no account to pay from.", OTHER_AUTHOR])
    with pytest.raises(FileRefused) as refusal:
        export_payments(batch=batch, format="toy", at=AT)
    assert refusal.value.problems == ["October 2026 has no account to pay from.", OTHER_AUTHOR]
    with pytest.raises(CommandError, match=OTHER_AUTHOR):
        call_command("export_payments", month="2026-10", format="toy", output=tmp_path / "file")
    sign_in("Finance")
    response = press(client, batch, "export", format="toy")
    assert OTHER_AUTHOR in response.text + " ".join(shown(response))
    assert not PaymentExport.objects.exists()
    assert Seal.objects.count() == 1
    assert not list(tmp_path.iterdir())


@pytest.mark.thorough
@pytest.mark.any_database
def test_unknown_format_is_refused_by_name():
    batch = make_batch(PayoutBatch.Status.APPROVED)
    with pytest.raises(UnknownFormat, match="no format “toy”"):
        export_payments(batch=batch, format="toy", at=AT)


@pytest.mark.thorough
@pytest.mark.any_database
def test_file_of_a_format_that_is_offered_no_longer_says_so(client, sign_in):
    batch = make_batch(PayoutBatch.Status.APPROVED)
    register_format(make_format())
    first = export_payments(batch=batch, format="toy", at=AT)
    unregister_format("toy")
    sign_in("Finance")
    response = client.post(reverse("admin:billing_paymentexport_download", args=[first.pk]))
    assert response.status_code == 302
    assert "There is no format “toy”" in " ".join(shown(response))
    assert export_payments(batch=batch, format="toy") == first


@pytest.mark.parametrize(
    ("key", "message"),
    [("csv", "two bank formats"), ("", "1 to 10"), ("x" * 11, "1 to 10 characters")],
)
def test_key_of_a_format_is_its_own_and_fits_the_column(key, message):
    with pytest.raises(ImproperlyConfigured, match=message):
        register_format(make_format(key=key))
    assert len(list_formats()) == len(set(list_formats()))
