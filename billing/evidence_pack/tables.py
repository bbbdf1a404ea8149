"""The tables of an evidence pack: their columns, and the rows of a batch."""

import json
from collections.abc import Iterator
from typing import Any

from django.contrib.auth.models import User
from django.db import connection

from backoffice.people import full_name
from billing.models import (
    Adjustment,
    CategoryPrice,
    Dispute,
    ExportedPayment,
    PaidPayee,
    Payment,
    PaymentLine,
    PayoutBatch,
    Seal,
)
from billing.money import from_millionths
from billing.payees.copies import FACTS
from billing.proof.chains import format_moment
from billing.proof.digests import LineRecord, PaymentRecord, hash_text, status_when_submitted
from billing.proof.grounds import describe_grounds, list_categories
from billing.proof.sealing import name_batch, write_record
from billing.verification.snapshots import read_at_one_moment
from billing.verification.sql import as_number, unpack_days

ROWS_AT_A_TIME = 1_000
CHANGES = {"+": "added", "~": "changed", "-": "deleted"}

COUNTS = """
WITH blogs AS (
    SELECT DISTINCT l.blog_id, {month} / 100 AS month
    FROM billing_paymentline l JOIN billing_payment p ON p.id = l.payment_id
    WHERE p.batch_id = %(batch)s AND l.kind = 'views'
)
SELECT author_id, blog_id, category_id, day, SUM(views), SUM(here), SUM(held) - SUM(here),
    SUM(views) - SUM(held)
FROM (
    SELECT p.author_id, l.blog_id, l.category_id,
        {month} + CAST(days.key AS INTEGER) - 1 AS day, 0 AS views,
        CASE WHEN b.id = %(batch)s THEN CAST(days.value AS BIGINT) ELSE 0 END AS here,
        CAST(days.value AS BIGINT) AS held
    FROM billing_paymentline l
    JOIN billing_payment p ON p.id = l.payment_id
    JOIN billing_payoutbatch b ON b.id = p.batch_id
    JOIN blogs ON blogs.blog_id = l.blog_id AND blogs.month = {month} / 100
    CROSS JOIN {days} days
    WHERE l.kind = 'views' AND b.status <> 'cancelled'
    UNION ALL
    SELECT c.author_id, c.blog_id, c.category_id, {day}, c.views, 0, 0
    FROM billing_dailyviewcount c
    JOIN blogs ON blogs.blog_id = c.blog_id AND blogs.month = {day} / 100
) every_day
GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4
"""


def list_payments(batch: PayoutBatch) -> Iterator[tuple]:
    rows = batch.payments.in_order().values_list(*PaymentRecord._fields, "digest")
    for reference, author, name, status, *facts in rows.iterator(ROWS_AT_A_TIME):
        yield reference, author, name, status_when_submitted(status), *facts


def list_lines(batch: PayoutBatch) -> Iterator[tuple]:
    fields = {"payment": "payment__reference", "carried_from": "carried_from__reference"}
    lines = (
        PaymentLine.objects.filter(payment__batch=batch)
        .order_by("payment__reference", "number")
        .values_list(*(fields.get(name, name) for name in LineRecord._fields), "digest")
    )
    yield from lines.iterator(ROWS_AT_A_TIME)


def list_payees(batch: PayoutBatch) -> Iterator[tuple]:
    """Yield whom the payments go to; an account and an address by their fingerprints alone."""
    copies = PaidPayee.objects.filter(payment__batch=batch).order_by("payment__reference")
    yield from copies.values_list(*FACTS, "digest").iterator(ROWS_AT_A_TIME)


def list_bank_files(batch: PayoutBatch) -> Iterator[tuple]:
    """Yield which payment is in which file, in the order whose digest the file's seal holds."""
    rows = ExportedPayment.objects.filter(export__batch=batch).order_by("export", "number")
    yield from rows.values_list(
        "export__message_id", "export__file_name", "number", "payment__reference",
        "payment__amount",
    ).iterator(ROWS_AT_A_TIME)  # fmt: skip


def list_disputes(batch: PayoutBatch) -> Iterator[tuple]:
    """Yield what authors asked about lines of the batch, and the answers; none while it is open."""
    disputes = Dispute.objects.filter(batch=batch).select_related("answer").order_by("pk")
    for dispute in disputes:
        answer = getattr(dispute, "answer", None)
        yield (
            dispute.pk, dispute.reference, dispute.author_id, dispute.blog_id, dispute.category_id,
            dispute.price_id, dispute.adjustment_id, dispute.month, dispute.name, dispute.days,
            dispute.views, dispute.amount, dispute.question, format_moment(dispute.asked_at),
            *(
                (answer.outcome, answer.text, answer.by_id, format_moment(answer.at),
                 answer.adjustment_id)
                if answer
                else ("", "", None, "", None)
            ),
        )  # fmt: skip


def list_batch_history(batch: PayoutBatch) -> Iterator[tuple]:
    for record in batch.history.order_by("history_id"):
        _, *change = _describe_change(record)
        yield *change, record.status, write_record(record)


def list_prices(batch: PayoutBatch) -> Iterator[tuple]:
    for *facts, price, note in _read_grounds(batch)["prices"]:
        yield *facts, from_millionths(price), note


def list_price_history(batch: PayoutBatch) -> Iterator[tuple]:
    """Yield the changes of the prices up to the approval."""
    history = CategoryPrice.history.filter(category__in=list_categories(batch))
    for record in history.order_by("history_id")[: _read_grounds(batch)["price_changes"]]:
        yield (
            *_describe_change(record), record.category_id, record.effective_from,
            record.price_per_1000, record.note, write_record(record),
        )  # fmt: skip


def _read_grounds(batch: PayoutBatch) -> dict[str, Any]:
    """Return what the approval rests on, as sealed; as it is now if the seal does not hold it."""
    seal = batch.seals.filter(kind=Seal.Kind.APPROVAL).first()
    sealed = json.loads(seal.content).get("grounds") if seal else None
    return sealed or describe_grounds(batch)


def _describe_change(record) -> tuple:
    return (
        record.id,
        format_moment(record.history_date),
        record.history_user_id,
        CHANGES[record.history_type],
        record.history_change_reason or "",
    )


def list_adjustments(batch: PayoutBatch) -> Iterator[tuple]:
    for adjustment in _find_adjustments(batch).order_by("pk"):
        yield (
            adjustment.pk, adjustment.author_id, adjustment.amount,
            adjustment.reason, adjustment.created_by_id, format_moment(adjustment.created_at),
        )  # fmt: skip


def list_adjustment_history(batch: PayoutBatch) -> Iterator[tuple]:
    history = Adjustment.history.filter(id__in=_find_adjustments(batch).values("pk"))
    for record in history.order_by("history_id"):
        yield (
            *_describe_change(record), record.author_id, record.amount, record.reason,
            write_record(record),
        )  # fmt: skip


def _find_adjustments(batch: PayoutBatch):
    lines = PaymentLine.objects.filter(payment__batch=batch, adjustment__isnull=False)
    return Adjustment.objects.filter(pk__in=lines.values("adjustment"))


def list_carries(batch: PayoutBatch) -> Iterator[tuple]:
    lines = PaymentLine.objects.filter(payment__batch=batch, carried_from__isnull=False)
    payments = Payment.objects.filter(pk__in=lines.values("carried_from"))
    for payment in payments.select_related("batch").in_order().with_reason():
        yield (
            payment.reference, payment.author_id, payment.batch.month, payment.status,
            payment.reason, payment.exact_amount, payment.batch.currency,
        )  # fmt: skip


def list_findings(batch: PayoutBatch) -> Iterator[tuple]:
    yield from map(tuple, _read_grounds(batch)["findings"])


def list_people(batch: PayoutBatch) -> Iterator[tuple]:
    """Yield the people with the names that they have now."""
    people = User.objects.filter(pk__in=[pk for pk, _ in _read_grounds(batch)["people"]])
    for person in people.order_by("pk"):
        yield person.pk, person.username, full_name(person)


def list_counts(batch: PayoutBatch) -> Iterator[tuple]:
    """Yield the counted views of the batch's blogs by day, with those on this and other batches."""
    statement = COUNTS.format(
        month=as_number("l.month"), day=as_number("c.day"), days=unpack_days("l.days")
    )
    with read_at_one_moment(), connection.chunked_cursor() as cursor:
        cursor.execute(statement, {"batch": batch.pk})
        while rows := cursor.fetchmany(ROWS_AT_A_TIME):
            yield from (tuple(map(int, row)) for row in rows)


def list_seals() -> Iterator[tuple]:
    """Yield the whole chain, without the content of seals."""
    seals = Seal.objects.select_related("batch").order_by("number")
    for seal in seals.iterator(ROWS_AT_A_TIME):
        yield (
            seal.number, seal.kind, name_batch(seal.batch), hash_text(seal.content),
            seal.previous_hash, seal.hash,
        )  # fmt: skip


HISTORY = ["at", "by_id", "kind", "why"]

# Under the seal of the pack.
TABLES = {
    "adjustment_history.csv": (
        ["adjustment_id", *HISTORY, "author_id", "amount", "reason", "facts"],
        list_adjustment_history,
    ),
    "adjustments.csv": (
        ["id", "author_id", "amount", "reason", "created_by_id", "created_at"],
        list_adjustments,
    ),
    "bank_files.csv": (["message_id", "file", "number", "payment", "amount"], list_bank_files),
    "batch_history.csv": ([*HISTORY, "status", "facts"], list_batch_history),
    "carries.csv": (
        ["reference", "author_id", "month", "status", "reason", "amount", "currency"],
        list_carries,
    ),
    "counts.csv": (
        ["author_id", "blog_id", "category_id", "day", "views", "on_this_batch",
         "on_other_batches", "waiting"],
        list_counts,
    ),
    "disputes.csv": (
        ["id", "payment", "author_id", "blog_id", "category_id", "price_id", "adjustment_id",
         "month", "name", "days", "views", "amount", "question", "asked_at", "outcome", "answer",
         "answered_by_id", "answered_at", "answer_adjustment_id"],
        list_disputes,
    ),
    "findings.csv": (
        ["id", "month", "blog_id", "author_id", "kind", "views", "sentence", "status", "reason",
         "decided_by_id", "decided_at"],
        list_findings,
    ),
    "lines.csv": ([*LineRecord._fields, "digest"], list_lines),
    "payments.csv": ([*PaymentRecord._fields, "digest"], list_payments),
    "payees.csv": (
        ["payment", "payee_id", "legal_name", "country", "language", "account_kind",
         "account_end", "account_digest", "address_digest", "digest"],
        list_payees,
    ),
    "people.csv": (["id", "user_name", "name"], list_people),
    "price_history.csv": (
        ["price_id", *HISTORY, "category_id", "effective_from", "price_per_1000", "note",
         "facts"],
        list_price_history,
    ),
    "prices.csv": (
        ["id", "category_id", "category_name", "effective_from", "price_per_1000", "note"],
        list_prices,
    ),
}  # fmt: skip

SEAL_COLUMNS = ["number", "kind", "batch", "content_digest", "previous_hash", "hash"]
