"""Checks that every line, payment and batch still has the digest from when it was built."""

import json
from collections import Counter
from collections.abc import Iterator

from django.db.models import F, Func, TextField

from billing.models import Payment, PaymentLine, PayoutBatch, Verification
from billing.payees.copies import find_changed_copy
from billing.proof.digests import (
    StoredPayment,
    digest_batch,
    hash_line_facts,
    hash_payment,
    write_payment_facts,
)
from billing.proof.earlier_digests import digest_batch_as_signed
from billing.proof.sealing import find_upgrade_seal, name_batch
from billing.verification.differences import Difference
from billing.verification.sql import find_first

PAYMENTS_AT_A_TIME = 5_000


def check_line_digests(run: Verification, key: str, after: str, numbers: Counter) -> None:
    """Check that each line has the digest of its facts. The database computes the hashes."""
    lines = PaymentLine.objects.filter(payment__batch=int(key)).annotate(found=hash_line_facts())
    if line := find_first(lines.exclude(digest=F("found"))):
        found = lines.values_list("found", flat=True).get(pk=line.pk)
        raise Difference(line, f"has the digest {line.digest}", f"what it says has {found}")


def check_digests(run: Verification, key: str, after: str, numbers: Counter) -> str:
    """Check a portion of the batch's payments; return the last reference, if any."""
    batch = PayoutBatch.objects.get(pk=key)
    payments = list(_read_payments(batch, after))
    start = _number_of(after) + 1 if after else 1
    is_upgraded = find_upgrade_seal(batch) is not None  # references followed other rules then
    for number, payment in enumerate(payments, start=start):
        if payment.reference != f"{name_batch(batch)}-{number:06}" and not is_upgraded:
            row = Payment.objects.get(pk=payment.pk)
            raise Difference(row, f"follows number {number - 1}", f"number {number} should")
        _check_payment(payment)
        numbers["lines"] += len(payment.line_digests)
    numbers["payments"] += len(payments)
    return payments[-1].reference if payments else ""


def _read_payments(batch: PayoutBatch, after: str) -> Iterator[StoredPayment]:
    """Yield a portion of payments with the stored digests of their lines."""
    payments = (
        batch.payments.in_order()
        .filter(reference__gt=after)
        .annotate(facts=write_payment_facts(), line_digests=LineDigests("pk"))
        .values_list("pk", "reference", "facts", "digest", "line_digests")
    )
    for pk, reference, facts, digest, digests in payments[:PAYMENTS_AT_A_TIME]:
        yield StoredPayment(pk, reference, facts, digest, digests.split("\n") if digests else [])


class LineDigests(Func):
    """The digests of a payment's lines by number, joined by line feeds into one value."""

    output_field = TextField()
    postgresql = (
        "(SELECT STRING_AGG(digest, CHR(10) ORDER BY number) FROM billing_paymentline "
        "WHERE payment_id = %(expressions)s)"
    )
    sqlite = (
        "(SELECT GROUP_CONCAT(digest, CHAR(10)) FROM (SELECT digest FROM billing_paymentline "
        "WHERE payment_id = %(expressions)s ORDER BY number))"
    )

    def as_sql(self, compiler, connection, **context):
        template = getattr(self, connection.vendor)
        return super().as_sql(compiler, connection, template=template, **context)


def _number_of(reference: str) -> int:
    return int(reference.rpartition("-")[2])


def _check_payment(payment: StoredPayment) -> None:
    digest = hash_payment(payment.facts, payment.line_digests)
    if digest == payment.digest:
        return
    row = Payment.objects.get(pk=payment.pk)
    for number, line in enumerate(row.lines.order_by("number"), start=1):
        if line.number != number:
            raise Difference(line, f"follows line {number - 1}", f"line {number} should")
    raise Difference(
        row,
        f"says {payment.facts} with {len(payment.line_digests)} lines, which gives {digest}",
        f"its digest is {payment.digest}: the payment was changed, or its lines",
    )


def check_batch_digest(run: Verification, key: str, after: str, numbers: Counter) -> None:
    """Check that the signed digest covers the batch's facts and its payments' digests.

    A batch approved before seals existed has a digest by an earlier recipe; its upgrade seal holds
    the digest by today's recipe.
    """
    batch = PayoutBatch.objects.get(pk=key)
    if changed := find_changed_copy(batch):
        raise Difference(
            changed,
            "is not the payee that was submitted, or has none",
            "the payment's digest covers another: who is paid was changed",
        )
    signed = batch.digest
    if seal := find_upgrade_seal(batch):
        signed = json.loads(seal.content)["digest"]
        if (digest := digest_batch_as_signed(batch)) != batch.digest:
            raise Difference(
                batch,
                f"and what it pays have the digest {digest}, by the recipe of its time",
                f"{batch.digest} was signed: the batch was changed, or its payments",
            )
    payments = batch.payments.in_order().values_list("digest", flat=True)
    if (digest := digest_batch(batch, payments.iterator())) != signed:
        raise Difference(
            batch,
            f"and its {payments.count()} payments have the digest {digest}",
            f"{signed} was signed: the batch was changed, or its payments",
        )
