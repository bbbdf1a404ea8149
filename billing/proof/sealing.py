"""The chain of seals: everything that was signed or handed out, each link over the one before."""

import datetime as dt
from collections.abc import Iterable, Iterator
from operator import attrgetter
from typing import Any

from django.db.models import Model

from billing.models import (
    Adjustment,
    CategoryPrice,
    PaymentExport,
    PaymentLine,
    PayoutBatch,
    Seal,
)
from billing.proof.digests import encode_canonical, hash_text

NO_HASH = "0" * 64

# What a sealed record of a history is hashed over, in this order. Never changed: a field that came
# later is added by _digest_record, and only where it says something.
HISTORY_FACTS = ("history_date", "history_change_reason", "history_type", "history_user")
RECORD_FACTS = {
    PayoutBatch: (
        "month", "status", "currency", "time_zone", "rules_version", "attempt", "minimum_payout",
        "approvals_needed", "digest", "built_at", "submitted_at", "approved_at",
        "second_approved_at", "return_reason", "submitted_by", "approved_by", "second_approved_by",
        *HISTORY_FACTS,
    ),
    CategoryPrice: ("id", "effective_from", "price_per_1000", "note", "category", *HISTORY_FACTS),
    Adjustment: (
        "id", "amount", "reason", "created_at", "withdrawn_at", "author", "created_by",
        "withdrawn_by", *HISTORY_FACTS,
    ),
}  # fmt: skip


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


def format_moment(at: dt.datetime | None) -> str:
    """Return the moment in UTC; "" of a step that was not taken."""
    return at.astimezone(dt.UTC).isoformat(timespec="microseconds") if at else ""


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


def make_upgrade(batch: PayoutBatch) -> dict:
    """Return who signed a batch that was approved before there were seals, and which digest.

    Its seal holds more, as it was when an upgrade made it: the digest by the recipe of today, the
    files that had been handed out and the histories.
    """
    return {
        "signed": batch.digest,
        "submitted": [batch.submitted_by_id, format_moment(batch.submitted_at)],
        "approved": [[batch.approved_by_id, format_moment(batch.approved_at)]],
    }


def find_upgrade_seal(batch: PayoutBatch) -> Seal | None:
    """Return the seal of a batch that was approved before there were seals, if it is one."""
    return batch.seals.filter(kind=Seal.Kind.UPGRADE).first()


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


def _digest_record(record: Any) -> str:
    """Return the SHA-256 of a history record. A batch goes by its month and attempt.

    A field that a later version added is left out while it holds what its migration gave the
    records that were there, so that what was sealed before keeps its digest.
    """
    names = RECORD_FACTS[record.instance_type]
    fields = {field.name: field for field in record._meta.concrete_fields}
    facts: list[object] = [fields[name].value_to_string(record) for name in names]
    for name in sorted(fields.keys() - {*names, "id", "history_id"}):
        if fields[name].value_from_object(record) != fields[name].get_default():
            facts.append([name, fields[name].value_to_string(record)])
    return hash_text(encode_canonical(facts))


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
