"""Time and memory of a bank's answer (pain.002): read in a process made for it, shown, recorded.

`python -m benchmarks.bank_results [10_000 100_000]` takes the numbers of payments. On SQLite and
PostgreSQL, with all guards. Each step has a process of its own.
"""

import datetime as dt
import itertools
import resource
import sys
import time

from django.contrib.auth.models import User
from django.db import connection

from benchmarks.books import PAYMENT as PAYMENT_FIELDS
from benchmarks.databases import new_database, run_apart
from benchmarks.results import write_results
from billing.bank.results.apart import read_result_file
from billing.bank.results.matching import compare_results
from billing.bank.results.recording import record_results
from billing.bulk import insert_rows
from billing.guards import install_guards, remove_guards
from billing.models import ExportedPayment, Payment, PaymentExport, PayoutBatch, Seal
from billing.proof.sealing import append_seal

SIZES = [10_000, 100_000]
MONTH = dt.date(2026, 10, 1)
AT = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)
HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.002.001.10"><CstmrPmtStsRpt>
<GrpHdr><MsgId>M</MsgId><CreDtTm>2026-11-23T10:00:00</CreDtTm></GrpHdr>
<OrgnlGrpInfAndSts><OrgnlMsgId>B1</OrgnlMsgId><OrgnlMsgNmId>pain.001.001.09</OrgnlMsgNmId>
</OrgnlGrpInfAndSts><OrgnlPmtInfAndSts><OrgnlPmtInfId>P1</OrgnlPmtInfId>
"""
PAYMENT = (
    "<TxInfAndSts><StsId>S{0}</StsId><OrgnlEndToEndId>202610-1-{0:06d}</OrgnlEndToEndId>"
    "<TxSts>ACSC</TxSts><AcctSvcrRef>BANK{0}</AcctSvcrRef><OrgnlTxRef><Amt><InstdAmt "
    'Ccy="EUR">12.50</InstdAmt></Amt><ReqdExctnDt><Dt>2026-11-23</Dt></ReqdExctnDt><Cdtr><Pty>'
    "<Nm>Author number {0}</Nm></Pty></Cdtr><CdtrAcct><Id><IBAN>DE89370400440532013000</IBAN></Id>"
    "</CdtrAcct></OrgnlTxRef></TxInfAndSts>\n"
)
TAIL = "</OrgnlPmtInfAndSts></CstmrPmtStsRpt></Document>\n"


def make_file(payments: int) -> bytes:
    return (HEAD + "".join(map(PAYMENT.format, range(1, payments + 1))) + TAIL).encode()


def fill(payments: int) -> None:
    """Write an approved and exported batch whose payments have no result."""
    finance, approver = (User.objects.create(username=name) for name in ("finance", "approver"))
    User.objects.bulk_create(
        (User(username=f"payee-{number}") for number in range(payments)), batch_size=5_000
    )
    authors = User.objects.filter(username__startswith="payee-").order_by("pk")
    remove_guards(connection)
    batch = PayoutBatch.objects.create(
        month=MONTH, status="approved", currency="EUR", decimals=2, time_zone="Europe/Berlin",
        rules_version="", built_at=AT, digest="d", submitted_by=finance, submitted_at=AT,
        approved_by=approver, approved_at=AT,
    )  # fmt: skip
    rows = (
        (batch.pk, pk, "Author", "author", f"202610-1-{number:06}", "payable", "", 12_500_000,
         0, 0, "", "")
        for number, pk in enumerate(list(authors.values_list("pk", flat=True)), start=1)
    )  # fmt: skip
    insert_rows(Payment, PAYMENT_FIELDS, rows)
    export = PaymentExport.objects.create(
        batch=batch, format="csv", file_name="x.csv", sha256="0" * 64, content=b"", at=AT
    )
    sent = list(batch.payments.in_order().values_list("pk", flat=True))
    numbered = ((pk, export.pk, number) for number, pk in enumerate(sent, start=1))
    insert_rows(ExportedPayment, ("payment", "export", "number"), numbered)
    append_seal(batch=batch, kind=Seal.Kind.EXPORT, content={}, at=AT)
    install_guards(connection)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def time_results(payments: int) -> dict:
    """Return the seconds of each step, and the peaks of memory of both processes in MB."""
    content = make_file(payments)
    batch, person = PayoutBatch.objects.get(), User.objects.get(username="finance")
    moments = [time.perf_counter()]
    rows = read_result_file(content, payments=payments)
    moments.append(time.perf_counter())
    match = compare_results(batch=batch, rows=rows)
    moments.append(time.perf_counter())
    record_results(batch=batch, results=match.results, by=person, at=AT)
    moments.append(time.perf_counter())
    assert Payment.objects.filter(status="paid").count() == payments  # noqa: S101
    read, shown, recorded = (later - at for at, later in itertools.pairwise(moments))
    return {
        "megabytes": round(len(content) / 1e6, 1),
        "reading_seconds": round(read, 1),
        "matching_seconds": round(shown, 1),
        "recording_seconds": round(recorded, 1),
        "reader_peak_mb": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024,
        "page_peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }


def measure(vendor: str, payments: int) -> dict:
    with new_database(vendor):
        run_apart(fill, payments)
        result = {"database": vendor, "payments": payments} | run_apart(time_results, payments)
    print(result)
    return result


def main() -> None:
    sizes = [int(size) for size in sys.argv[1:]] or SIZES
    vendors = ("sqlite", "postgresql")
    figures = [measure(vendor, payments) for vendor in vendors for payments in sizes]
    write_results("bank_results", figures)


if __name__ == "__main__":
    main()
