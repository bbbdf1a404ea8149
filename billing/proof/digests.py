"""Digests of batches, payments and lines: SHA-256 over canonical JSON.

A line's digest covers its facts. A payment's digest covers its facts and its lines' digests. A
batch's digest covers its facts and its payments' digests. So the batch's digest reveals a
difference, and the lines' digests locate it. Amounts are whole millionths, so that every database
and every reader writes the same bytes.
"""

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from django.db.models import Case, Func, TextField, Value, When

from billing.models import Payment, PaymentLine, PayoutBatch
from billing.money import to_millionths

KEPT_BACK = (Payment.Status.HELD, Payment.Status.CARRIED)
PAYMENTS_AT_A_TIME = 1_000

encode_canonical = json.JSONEncoder(
    ensure_ascii=False, separators=(",", ":"), sort_keys=True
).encode


class LineRecord(NamedTuple):
    """The facts of a line, in the order in which they are hashed. Amounts are in millionths."""

    payment: str  # the reference, as in carried_from
    number: int
    kind: str
    month: str
    blog_id: int | None
    blog_title: str
    category_id: int | None
    category_name: str
    price_id: int | None
    price_per_1000: int | None
    days: str
    views: int
    adjustment_id: int | None
    carried_from: str | None
    note: str
    amount: int


class PaymentRecord(NamedTuple):
    """The facts of a payment, in the order in which they are hashed. Amounts are in millionths."""

    reference: str
    author_id: int
    author_name: str
    status: str  # at submission: the digest leaves later payment out
    status_reason: str
    amount: int
    rounding: int
    carried_amount: int
    username: str  # this and the next are left out where they are empty at the end
    payee_digest: str  # older payments have none


class StoredPayment(NamedTuple):
    """A payment as it stands in the database."""

    pk: int
    reference: str
    facts: str  # the canonical JSON of its PaymentRecord
    digest: str  # the stored one, beside the facts
    line_digests: list[str]  # of what the lines say, by number


def digest_line(line: LineRecord) -> str:
    return hash_text(encode_canonical(line))


def digest_payment(payment: PaymentRecord, line_digests: Iterable[str]) -> str:
    return hash_payment(write_payment(payment), line_digests)


def write_payment(payment: PaymentRecord) -> str:
    if payment.payee_digest:
        return encode_canonical(payment)
    return encode_canonical(payment[:-1] if payment.username else payment[:-2])


def hash_payment(facts: str, line_digests: Iterable[str]) -> str:
    return hash_text("\n".join([facts, *line_digests]))


def record_payment(payment: Payment) -> PaymentRecord:
    return PaymentRecord(
        payment.reference,
        payment.author_id,
        payment.author_name,
        status_when_submitted(payment.status),
        payment.status_reason,
        to_millionths(payment.amount),
        to_millionths(payment.rounding),
        to_millionths(payment.carried_amount),
        payment.username,
        payment.payee_digest,
    )


def digest_batch(batch: PayoutBatch, payment_digests: Iterable[str] | None = None) -> str:
    """Return the SHA-256, in hex, of the batch.

    By default it covers the stored payments. Streamed: memory holds a portion of payments and their
    lines. Two queries for each portion.
    """
    if payment_digests is None:
        payment_digests = (
            hash_payment(payment.facts, payment.line_digests) for payment in read_payments(batch)
        )
    sha256 = hashlib.sha256(encode_canonical(_batch_record(batch)).encode())
    for digest in payment_digests:
        sha256.update(b"\n")
        sha256.update(digest.encode())
    return sha256.hexdigest()


def _batch_record(batch: PayoutBatch) -> list:
    """Return the facts of the batch: without the last two from before they were stored."""
    facts = [
        batch.month.isoformat(),
        batch.attempt,
        batch.currency,
        batch.time_zone,
        batch.rules_version,
        to_millionths(batch.minimum_payout),
        batch.approvals_needed,
    ]
    if batch.decimals is None:
        return facts
    limit = batch.second_approval_above
    return [*facts, batch.decimals, None if limit is None else to_millionths(limit)]


def hash_text(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def read_payments(batch: PayoutBatch) -> Iterator[StoredPayment]:
    """Yield the batch's payments by reference, with newly computed digests of their lines."""
    payments = (
        batch.payments.in_order()
        .annotate(facts=write_payment_facts())
        .values_list("pk", "reference", "facts", "digest")
    )
    after = ""
    while portion := list(payments.filter(reference__gt=after)[:PAYMENTS_AT_A_TIME]):
        lines = (
            PaymentLine.objects.filter(payment__in=[pk for pk, *_ in portion])
            .order_by("payment", "number")
            .values_list("payment_id", hash_line_facts())
        )
        digests = defaultdict(list)
        for payment, digest in lines:
            digests[payment].append(digest)
        for pk, reference, facts, digest in portion:
            yield StoredPayment(pk, reference, facts, digest, digests[pk])
        after = portion[-1][1]


def write_payment_facts() -> Case:
    """Return the expression for the canonical JSON of a payment's PaymentRecord."""
    kept_back = When(status__in=KEPT_BACK, then="status")
    status = Case(kept_back, default=Value(Payment.Status.PAYABLE.value), output_field=TextField())
    facts = [status if name == "status" else name for name in PaymentRecord._fields]
    return Case(
        When(username="", payee_digest="", then=CanonicalJSON(*facts[:-2])),
        When(payee_digest="", then=CanonicalJSON(*facts[:-1])),
        default=CanonicalJSON(*facts),
        output_field=TextField(),
    )


def hash_line_facts() -> Func:
    """Return the expression that computes a line's digest and ignores the stored one."""
    paths = {"payment": "payment__reference", "carried_from": "carried_from__reference"}
    return Sha256(CanonicalJSON(*(paths.get(name, name) for name in LineRecord._fields)))


class CanonicalJSON(Func):
    """The array of its arguments, written by the database in the exact bytes of encode_canonical.

    For a million lines this is many times as fast as Python.
    """

    function = "JSON_ARRAY"
    output_field = TextField()

    def as_postgresql(self, compiler, connection, **context):
        """Avoid JSON_ARRAY, which PostgreSQL has from 16 on: it writes spaces after the commas."""
        elements = [Func(item, function="TO_JSON") for item in self.get_source_expressions()]
        array = Func(*elements, template="ARRAY_TO_JSON(ARRAY[%(expressions)s])::text")
        return array.as_sql(compiler, connection, **context)


class Sha256(Func):
    """hash_text in the database. Django's own SHA256 needs an extension on PostgreSQL."""

    function = "SHA256"
    output_field = TextField()

    def as_postgresql(self, compiler, connection, **context):
        template = "ENCODE(SHA256(CONVERT_TO(%(expressions)s, 'UTF8')), 'hex')"
        return self.as_sql(compiler, connection, template=template, **context)


def status_when_submitted(status: str) -> str:
    """Return a payment's status before the bank's answer: to be paid, on hold or carried."""
    return str(status) if status in KEPT_BACK else Payment.Status.PAYABLE.value
