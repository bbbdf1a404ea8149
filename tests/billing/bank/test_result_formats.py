"""A registered format of results is offered, recognised, read and refused like the first."""

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.files.uploadedfile import SimpleUploadedFile

from billing.bank.exports import export_payments
from billing.bank.results import (
    ResultFormat,
    ResultRow,
    list_result_formats,
    register_result_format,
    unregister_result_format,
)
from billing.bank.results.apart import read_result_file
from billing.errors import InvalidResults
from billing.models import PaymentResult, PayoutBatch
from tests.billing.batches import AT, make_batch
from tests.billing.pages import url_of

pytestmark = pytest.mark.django_db


TOY_ROWS = b"TOY\n202610-1-000001 bounced\n"


def read_toy(content):
    rows = content.decode().splitlines()[1:]
    outcomes = {"bounced": "failed", "done": "paid"}
    for number, row in enumerate(rows, start=2):
        if row.split()[1] not in outcomes:
            raise InvalidResults([f"Row {number}: toys are bounced or done."])
    return [
        ResultRow(number, row.split()[0], outcomes[row.split()[1]], "Says the toy")
        for number, row in enumerate(rows, start=2)
    ]


@pytest.fixture
def toy():
    """A second format of results, for the length of the test."""
    register_result_format(
        ResultFormat(
            key="toy",
            name="Toy money",
            hint="Toy money: begins with TOY.",
            accept=(".toy",),
            sniff=lambda content: content.startswith(b"TOY"),
            read=read_toy,
        )
    )
    yield
    unregister_result_format("toy")


def upload(client, batch, content):
    file = SimpleUploadedFile("results.toy", content)
    return client.post(url_of(batch, "results/file"), {"step": "preview", "file": file})


@pytest.mark.any_database
def test_registered_format_of_results_is_offered(client, sign_in, toy):
    batch = make_batch(PayoutBatch.Status.APPROVED)
    sign_in("Finance")
    page = client.get(url_of(batch, "results/file")).text
    assert "file (CSV, pain.002, camt.053, camt.054, Toy money)" in page
    assert "Toy money: begins with TOY." in page
    assert 'accept=".csv,text/csv,.xml,text/xml,application/xml,.toy"' in page


@pytest.mark.thorough
@pytest.mark.any_database
def test_file_is_read_by_the_format_that_knows_it(client, sign_in, toy):
    batch = make_batch(PayoutBatch.Status.APPROVED)
    export_payments(batch=batch, at=AT)
    sign_in("Finance")
    page = upload(client, batch, TOY_ROWS)
    data = {"step": "confirm", "name": page.context["waiting"]["name"]}
    client.post(url_of(batch, "results/file"), data)
    result = PaymentResult.objects.get()
    assert (result.outcome, result.reason) == ("failed", "Says the toy")
    text = b"202610-1-000001,paid\n"
    assert [row.outcome for row in read_result_file(text, payments=1)] == ["paid"]


@pytest.mark.thorough
@pytest.mark.any_database
@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"TOY\n202610-1-000001 eaten\n", "Row 2: toys are bounced or done."),
        (b"TOY\n202610-1-000009 done\n", "Row 2: “202610-1-000009” is no payment of this batch."),
        (b"\x00TOY", "This is no text in UTF-8."),
    ],
)
def test_file_of_a_registered_format_is_refused_by_its_rows(client, sign_in, toy, content, problem):
    batch = make_batch(PayoutBatch.Status.APPROVED)
    sign_in("Finance")
    response = upload(client, batch, content)
    assert problem in response.text
    assert not PaymentResult.objects.exists()


@pytest.mark.any_database
def test_formats_of_results_have_keys_of_their_own():
    with pytest.raises(ImproperlyConfigured, match="two result formats"):
        register_result_format(list_result_formats()[0])
    assert [format.key for format in list_result_formats()] == ["csv", "iso20022"]
