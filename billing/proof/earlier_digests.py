"""The digest of batches signed before lines and payments had their own digests."""

import hashlib
import json
from collections.abc import Iterator

from billing.models import PaymentLine, PayoutBatch
from billing.proof.digests import status_when_submitted


def digest_batch_as_signed(batch: PayoutBatch) -> str:
    """Return the SHA-256, in hex, of the batch, its payments and lines. Two queries, streamed.

    The recipe of the first versions, byte for byte. It still proves what people signed then.
    """
    sha256 = hashlib.sha256()
    for record in _iter_records(batch):
        sha256.update(json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode())
        sha256.update(b"\n")
    return sha256.hexdigest()


def _iter_records(batch: PayoutBatch) -> Iterator[list]:
    yield ["batch", batch.month.isoformat(), batch.currency, batch.time_zone, batch.rules_version]
    payments = batch.payments.in_order().values_list(
        "reference", "author_id", "author_name", "status", "amount", "rounding"
    )
    for *names, status, amount, rounding in payments.iterator():
        yield [
            "payment", *names, status_when_submitted(status), f"{amount:.6f}", f"{rounding:.6f}",
        ]  # fmt: skip
    lines = (
        PaymentLine.objects.filter(payment__batch=batch)
        .order_by("payment__reference", "blog_id", "category_id", "month", "price_id")
        .values_list(
            "payment__reference", "kind", "blog_id", "blog_title", "category_id", "category_name",
            "price_id", "month", "views", "price_per_1000", "amount",
        )
    )  # fmt: skip
    for *facts, month, views, price, amount in lines.iterator():
        yield ["line", *facts, month.isoformat(), views, f"{price:.6f}", f"{amount:.6f}"]
