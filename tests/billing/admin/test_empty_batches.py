"""A batch that pays nobody: all of it on hold or carried. Its pages say so, and none breaks."""

from decimal import Decimal

import pytest
from django.core.management import CommandError, call_command

from billing.bank.exports import export_payments
from billing.bank.formats import list_formats
from billing.errors import NothingToPay
from billing.models import PaymentExport
from billing.payouts import steps
from billing.payouts.holds import hold_payment
from tests.billing.batches import AT, make_batch
from tests.billing.evidence_pack.packs import run, unpack
from tests.billing.pages import press, url_of
from tests.factories import approve, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.any_database, pytest.mark.slow]


@pytest.fixture(params=["held", "carried"])
def empty(request, settings):
    """An approved batch whose only payment is kept back."""
    settings.MINIMUM_PAYOUT = Decimal(1000 if request.param == "carried" else 0)
    batch = make_batch()
    if request.param == "held":
        hold_payment(payment=batch.payments.get(), by=make_user(), reason="Asked for", at=AT)
    return approve(steps.submit_batch(batch=batch, by=make_user(), at=AT), at=AT)


@pytest.fixture
def finance(client, sign_in):
    sign_in("Finance")
    return client


@pytest.mark.parametrize("format", [format.key for format in list_formats()])
def test_no_file_is_made_in_any_format(empty, format):
    with pytest.raises(NothingToPay, match="The batch of October 2026 pays nothing"):
        export_payments(batch=empty, format=format, at=AT)
    assert not PaymentExport.objects.exists()


@pytest.mark.thorough
def test_its_page_offers_no_export_and_says_why(empty, finance):
    page = finance.get(url_of(empty)).content.decode()
    assert url_of(empty, "export") not in page
    assert "Nothing was paid out: all is on hold or carried." in page


@pytest.mark.thorough
def test_an_export_pressed_all_the_same_is_answered_in_words(empty, finance):
    answer = press(finance, empty, "export", format="csv")
    assert answer.status_code < 500
    assert not PaymentExport.objects.exists()


@pytest.mark.thorough
@pytest.mark.parametrize("name", ["change", "results", "history"])
def test_its_other_pages_open(empty, finance, name):
    assert finance.get(url_of(empty, name)).status_code == 200


@pytest.mark.thorough
def test_its_payment_opens_and_its_evidence_holds(empty, finance, tmp_path):
    payment = empty.payments.get()
    assert finance.get(f"/admin/billing/payment/{payment.pk}/change/").status_code == 200
    assert run(unpack(empty, tmp_path)).stdout.startswith("PASS")


@pytest.mark.thorough
def test_the_command_ends_with_the_same_words(empty, tmp_path):
    with pytest.raises(CommandError, match="pays nothing"):
        call_command(
            "export_payments", month="2026-10", format="csv", output=str(tmp_path / "file.csv")
        )
    assert not (tmp_path / "file.csv").exists()
