"""The chain of seals: everything that was signed or handed out, each link over the one before."""

import datetime as dt
from collections.abc import Iterable, Iterator
from operator import attrgetter

from django.db.models import Model

from billing.digests import encode_canonical, hash_text
from billing.models import (
    Adjustment,
    CategoryPrice,
    PaymentExport,
    PaymentLine,
    PayoutBatch,
    Seal,
)

NO_HASH = "0" * 64


def chain_head() -> Seal | None:
    """Return the latest seal: its hash stands for everything that was ever signed. One query."""
    return Seal.objects.order_by("number").last()


def append_seal(*, batch: PayoutBatch, kind: Seal.Kind, content: dict, at: dt.datetime) -> Seal:
    """Add a link to the chain. The caller holds the lock "payouts". Two queries."""
    head = chain_head()
    number, previous_hash = (head.number + 1, head.hash) if head else (1, NO_HASH)
    text = encode_canonical(
        {"number": number, "kind": kind, "batch": name_batch(batch), "at": format_moment(at)}
        | content
    )
    return Seal.objects.create(
        number=number,
        kind=kind,
        batch=batch,
        content=text,
        previous_hash=previous_hash,
        hash=hash_seal(text, previous_hash),
        at=at,
    )


def hash_seal(content: str, previous_hash: str) -> str:
    """Return the hash of a link. Over the content's own hash: so the chain can be handed out whole
    to whoever may read one batch alone.
    """
    return hash_text(f"{previous_hash}\n{hash_text(content)}")


def name_batch(batch: PayoutBatch) -> str:
    """Return the batch's name in seals and references: 202610-1, the first of October 2026."""
    return f"{batch.month:%Y%m}-{batch.attempt}"


def format_moment(at: dt.datetime) -> str:
    return at.astimezone(dt.UTC).isoformat(timespec="microseconds")


def make_approval(batch: PayoutBatch) -> dict:
    """Return what an approval seals: the digest, who signed it and when, and what they wrote."""
    acknowledgements = batch.acknowledgements.filter(digest=batch.digest).order_by("flag", "by_id")
    return {
        "digest": batch.digest,
        "submitted": [batch.submitted_by_id, format_moment(batch.submitted_at)],
        "approved": [
            [person, format_moment(moment)]
            for person, moment in (
                (batch.approved_by_id, batch.approved_at),
                (batch.second_approved_by_id, batch.second_approved_at),
            )
            if person
        ],
        "acknowledged": [
            [note.flag, note.message, note.text, note.by_id, format_moment(note.at)]
            for note in acknowledgements
        ],
        "histories": [digest for _, digest in read_histories(batch)],
    }


def read_histories(batch: PayoutBatch) -> Iterator[tuple[Model, str]]:
    """Yield the records, each with its digest, of who made what the batch rests on, and when.

    Of the batch up to its approval, of its prices and of its adjustments: signed, neither of these
    changes any more. Three queries.
    """
    lines = PaymentLine.objects.filter(payment__batch=batch)
    histories = (
        PayoutBatch.history.filter(id=batch.pk).exclude(status=PayoutBatch.Status.PAID),
        CategoryPrice.history.filter(id__in=lines.values("price")),
        Adjustment.history.filter(id__in=lines.values("adjustment")),
    )
    for history in histories:
        for record in history.order_by("history_id"):
            yield record, _digest_record(record)


def _digest_record(record: Model) -> str:
    """Return the SHA-256 of a history record. A batch goes by its month and attempt."""
    keys = {"history_id", "id"} if record.instance_type is PayoutBatch else {"history_id"}
    fields = [field for field in record._meta.concrete_fields if field.name not in keys]
    return hash_text(encode_canonical([field.value_to_string(record) for field in fields]))


def make_settlement(results: Iterable) -> dict:
    """Return what a settlement seals: each payment's result, who recorded it and when."""
    return {
        "results": [
            [result.payment.reference, result.outcome, result.reason, result.by_id]
            for result in sorted(results, key=attrgetter("payment.reference"))
        ]
    }


def make_handing_out(export: PaymentExport) -> dict:
    """Return what an export seals: the file, and who made it."""
    return {"file": [export.format, export.file_name, export.sha256, export.by_id]}
