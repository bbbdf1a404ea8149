"""A month from end to end: build, submission, approval, files to the bank, its answer, statements.

`python -m benchmarks.payout_month [100_000]` takes the numbers of payments; with `--keep FOLDER`, a
run that was stopped goes on in a second one after the last step that ended. On PostgreSQL, with all
guards. Each payment has ten lines; ten authors share a payee, each payee has an account of its own.
Each author has an address, so the mails after a step are written in its time. Each step has a
process of its own, whose peak of memory is told. CSV and XLSX are made and taken back, as a payment
is in one file: the answer is that to pain.001, and pays everybody. Statements are made one by one
when somebody asks, so a number of them is timed, spread over the batch.
"""

import argparse
import datetime as dt
import io
import json
import re
import time
from itertools import batched
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.db import connection, transaction
from django.db.models import Sum, Value
from django.db.models.functions import Concat
from django.utils import timezone
from schwifty import IBAN
from simple_history.utils import get_history_manager_for_model

from benchmarks.build_batch import AT, BLOGS_PER_AUTHOR, MONTH
from benchmarks.build_batch import fill as fill_counts
from benchmarks.databases import (
    new_database,
    read_processor_seconds,
    record_accounts,
    run_apart,
)
from benchmarks.export_payments import measure, run_with_keys
from benchmarks.results import write_results
from billing.bank.exports import export_payments, open_file
from billing.bank.results.apart import stream_result_file
from billing.bank.results.matching import compare_results
from billing.bank.results.recording import record_results
from billing.models import (
    Payee,
    PayeeAuthor,
    PayeeDetails,
    Payment,
    PaymentExport,
    PaymentLine,
    PayoutBatch,
)
from billing.payees.changes import describe_entry
from billing.payees.entry import check_entry
from billing.payees.keys import make_keys
from billing.payees.secrets import keep_secret
from billing.payouts.steps import build_batch, submit_batch
from billing.proof.traces import seal_traces, trace_latest_records
from billing.statements.authors import MonthlyStatement
from billing.statements.months import write_month
from billing.statements.pdf import print_sheet
from tests.factories import approve, describe_payee
from weblog.models import Blog

SIZES = [100_000]
AUTHORS_PER_PAYEE = 10
PAGES, PRINTED = 1_000, 100
ACCOUNT = {"name": "Imprint Press", "iban": "DE02120300000000202051", "bic": "BYLADEM1001"}
OWN_ADDRESS = {"town": "Berlin", "country": "DE"}
ORDER = re.compile(
    rb"<EndToEndId>([^<]+)</EndToEndId>.*?<InstdAmt Ccy=\"EUR\">([0-9.]+)</InstdAmt>"
    rb".*?<IBAN>([A-Z0-9]+)</IBAN>",
    re.DOTALL,
)
HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.002.001.10"><CstmrPmtStsRpt>
<GrpHdr><MsgId>M</MsgId><CreDtTm>2026-10-06T10:00:00</CreDtTm></GrpHdr>
<OrgnlGrpInfAndSts><OrgnlMsgId>{0}</OrgnlMsgId><OrgnlMsgNmId>pain.001.001.09</OrgnlMsgNmId>
</OrgnlGrpInfAndSts><OrgnlPmtInfAndSts><OrgnlPmtInfId>P1</OrgnlPmtInfId>
"""
ANSWER = (
    "<TxInfAndSts><OrgnlEndToEndId>{0}</OrgnlEndToEndId><TxSts>ACSC</TxSts><OrgnlTxRef><Amt>"
    '<InstdAmt Ccy="EUR">{1}</InstdAmt></Amt><ReqdExctnDt><Dt>2026-10-06</Dt></ReqdExctnDt>'
    "<CdtrAcct><Id><IBAN>{2}</IBAN></Id></CdtrAcct></OrgnlTxRef></TxInfAndSts>\n"
)
TAIL = "</OrgnlPmtInfAndSts></CstmrPmtStsRpt></Document>\n"


def fill(payments: int) -> dict:
    fill_counts((payments - 1) * BLOGS_PER_AUTHOR)  # one author more comes with the prices
    writers = User.objects.filter(pk__in=Blog.objects.values("author"))
    writers.update(email=Concat("username", Value("@example.com")))  # each gets the mails
    record_accounts()
    authors = list(writers.order_by("pk"))
    make_payees(authors)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    return {"authors": len(authors)}


def make_payees(authors: list[User]) -> None:
    """Add a payee with an account of its own for each ten authors, entered and confirmed before.

    All at once: entered one by one, ten thousand take hours of checks and mails.
    """
    enterer, second = (User.objects.create(username=name) for name in ("enterer", "second"))
    at = AT - dt.timedelta(days=30)
    groups = list(batched(authors, AUTHORS_PER_PAYEE))
    payees = Payee.objects.bulk_create(
        Payee(
            kind=Payee.Kind.AGENT, name=f"Payee Number {number}", created_by=enterer, created_at=at
        )
        for number in range(len(groups))
    )
    entered = [check_entry(describe(number)) for number in range(len(groups))]
    details = PayeeDetails.objects.bulk_create(
        PayeeDetails(
            payee=payee, number=1, **describe_entry(each), entered_by=enterer, entered_at=at
        )
        for payee, each in zip(payees, entered, strict=True)
    )
    PayeeAuthor.objects.bulk_create(
        PayeeAuthor(payee=payee, author=author, entered_by=enterer, entered_at=at)
        for payee, group in zip(payees, groups, strict=True)
        for author in group
    )
    for entries in (PayeeDetails.objects, PayeeAuthor.objects):
        entries.update(
            confirmed_by=second, confirmed_at=at, confirmation="Called", in_force_from=at
        )
    for row, each in zip(details, entered, strict=True):
        keep_secret(row, each)
    for model in (Payee, PayeeDetails, PayeeAuthor):
        history: Any = get_history_manager_for_model(model)
        history.bulk_history_create(model.objects.order_by("pk"), batch_size=1_000)
        trace_latest_records(model, model.objects.values_list("pk", flat=True))
    seal_traces(at=timezone.now())


def describe(number: int) -> dict[str, str]:
    account = IBAN.generate("DE", bank_code="12030000", account_code=f"{number + 1:010}")
    name = f"Payee Number {number}"
    return describe_payee(legal_name=name, iban=str(account), tax_id="")


def run_step(keys: str, function, *arguments):
    settings.CURRENCY, settings.MINIMUM_PAYOUT = "EUR", 0
    settings.MAILERS = {"default": {"BACKEND": "django.core.mail.backends.dummy.EmailBackend"}}
    return run_with_keys(keys, function, *arguments)


def find_person(username: str) -> User:
    return User.objects.get_or_create(username=username)[0]


def time_step(step, *arguments) -> dict:
    """Measure a step, with the seconds of processors that Python and PostgreSQL use for it.

    They stay the same on a machine that does other things as well.
    """
    before = read_processor_seconds()
    told = measure(step, *arguments)
    return told | {"processor_seconds": round(read_processor_seconds() - before, 1)}


def build() -> dict:
    batch, _ = build_batch(month=MONTH, at=AT)
    return {"payments": batch.payments.count(), "lines": PaymentLine.objects.count()}


def submit() -> None:
    by = find_person("submitter")
    submit_batch(batch=PayoutBatch.objects.get(), by=by, at=AT)


def sign() -> None:
    approve(PayoutBatch.objects.get(), by=find_person("approver"), at=AT)


def make_file(format: str, is_kept: bool) -> dict:
    settings.BANK_ACCOUNT = ACCOUNT | OWN_ADDRESS
    with transaction.atomic():
        export = export_payments(batch=PayoutBatch.objects.get(), format=format, at=AT)
        told = {"payments": export.payment_count, "megabytes": round(export.size / 1e6, 1)}
        transaction.set_rollback(not is_kept)
    return told


def answer_file() -> bytes:
    """Return the bank's answer to the file that it has: everybody is paid."""
    settings.BANK_ACCOUNT = ACCOUNT | OWN_ADDRESS
    made = io.StringIO()
    with open_file(PaymentExport.objects.get()) as stream:
        content = stream.read()
    made.write(HEAD.format("M1"))
    for order in ORDER.findall(content):
        made.write(ANSWER.format(*(part.decode() for part in order)))
    made.write(TAIL)
    return made.getvalue().encode()


def read_answer(content: bytes, payments: int) -> dict:
    rows = sum(1 for _ in stream_result_file(content, payments=payments))
    return {"rows": rows, "megabytes": round(len(content) / 1e6, 1)}


def take_in(content: bytes, payments: int) -> dict:
    batch = PayoutBatch.objects.get()
    by = find_person("clerk")
    match = compare_results(batch=batch, rows=stream_result_file(content, payments=payments))
    record_results(batch=batch, results=match.results, by=by, at=AT + dt.timedelta(days=1))
    paid = Payment.objects.filter(status="paid")
    assert paid.count() == len(match.results)  # noqa: S101
    assert PayoutBatch.objects.get().status == PayoutBatch.Status.PAID  # noqa: S101
    return {"paid": paid.count(), "total": str(paid.aggregate(sum=Sum("amount"))["sum"])}


def make_statements(payments: int, number: int, is_printed: bool) -> dict:
    pks = list(Payment.objects.order_by("pk").values_list("pk", flat=True))
    chosen = pks[:: max(1, payments // number)][:number]
    started_at = time.perf_counter()
    for payment in Payment.objects.select_related("batch", "author").filter(pk__in=chosen):
        sheet = write_month(MonthlyStatement(payment, at=AT))
        if is_printed:
            print_sheet(sheet)
    each = (time.perf_counter() - started_at) / len(chosen)
    return {"statements": len(chosen), "milliseconds_each": round(each * 1000, 1)}


def run(payments: int, folder: Path | None) -> dict:
    """Return the figures of each step; of those that ended before as they lie in the folder."""
    keys, figures = make_keys(), {"payments": payments}
    kept = folder / f"{payments}.json" if folder else None
    if kept and kept.exists():
        keys, figures = json.loads(kept.read_text())

    def take(name, step, *arguments):
        if name in figures:
            return
        figures[name] = run_apart(run_step, keys, time_step, step, *arguments)
        print(f"{payments:,} {name}: {figures[name]}", flush=True)
        if kept:
            kept.write_text(json.dumps([keys, figures]))

    with new_database("postgresql", folder=folder):
        take("fill", fill, payments)
        take("build", build)
        take("submit", submit)
        take("approve", sign)
        for format, is_kept in (("csv", False), ("xlsx", False), ("pain001", True)):
            take(format, make_file, format, is_kept)
        content = run_apart(run_step, keys, answer_file)
        take("read_answer", read_answer, content, payments)
        take("take_in_answer", take_in, content, payments)
        take("statement_pages", make_statements, payments, PAGES, False)
        take("statement_pdfs", make_statements, payments, PRINTED, True)
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sizes", nargs="*", type=int, default=SIZES)
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="for one size: go on there")
    options = parser.parse_args()
    if options.keep:
        options.keep.mkdir(parents=True, exist_ok=True)
    figures = [run(payments, options.keep) for payments in options.sizes]
    write_results("payout_month", figures)


if __name__ == "__main__":
    main()
