"""The digest that is submitted and approved: SHA-256 over everything a batch says."""

import hashlib
import json
from collections.abc import Iterator

from billing.models import PaymentLine, PayoutBatch


def digest_batch(batch: PayoutBatch) -> str:
    """Return the SHA-256, in hex, of the batch, its payments and lines. Two queries, streamed."""
    sha256 = hashlib.sha256()
    for record in _iter_records(batch):
        sha256.update(json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode())
        sha256.update(b"\n")
    return sha256.hexdigest()


def _iter_records(batch: PayoutBatch) -> Iterator[list]:
    yield [
        "batch",
        batch.month.isoformat(),
        batch.currency,
        batch.time_zone,
        batch.rules_version,
    ]
    payments = batch.payments.order_by("reference").values_list(
        "reference", "author_id", "author_name", "status", "amount", "rounding"
    )
    for *text, amount, rounding in payments.iterator():
        yield ["payment", *text, f"{amount:.6f}", f"{rounding:.6f}"]
    lines = (
        PaymentLine.objects.filter(payment__batch=batch)
        .order_by("payment__reference", "blog_id", "category_id", "month", "price_id")
        .values_list(
            "payment__reference",
            "kind",
            "blog_id",
            "blog_title",
            "category_id",
            "category_name",
            "price_id",
            "month",
            "views",
            "price_per_1000",
            "amount",
        )
    )
    for *facts, month, views, price, amount in lines.iterator():
        yield ["line", *facts, month.isoformat(), views, f"{price:.6f}", f"{amount:.6f}"]
