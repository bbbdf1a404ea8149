"""The chain of seals over all signed and exported records. Each link covers the previous one."""

import datetime as dt
import hashlib
from collections.abc import Iterable, Iterator, Mapping
from operator import itemgetter
from typing import Any

from django.contrib.auth.models import User
from django.db.models import Field, Model

from billing.models import (
    Adjustment,
    CategoryPrice,
    PaymentExport,
    PaymentLine,
    PaymentResult,
    PayoutBatch,
    Seal,
)
from billing.money import CurrencyField, to_millionths
from billing.proof.chains import append_link, find_head, format_moment
from billing.proof.digests import encode_canonical, hash_text
from billing.proof.grounds import describe_grounds
from billing.proof.traces import read_trace_head

# The hashed fields of a sealed history record, in this order. This list never changes:
# write_record adds later fields, and only if they hold a value.
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
    """Return the latest seal, whose hash covers everything ever signed, or None. One query."""
    return find_head(Seal)


def append_seal(*, batch: PayoutBatch, kind: Seal.Kind, content: dict, at: dt.datetime) -> Seal:
    """Add a link to the chain. The caller holds the lock "payouts". Two queries."""
    content = {"kind": kind, "batch": name_batch(batch)} | content
    return append_link(Seal, content=content, at=at, kind=kind, batch=batch)


def name_batch(batch: PayoutBatch) -> str:
    """Return the batch's name in seals and references: 202610-1, the first of October 2026."""
    return f"{batch.month:%Y%m}-{batch.attempt}"


def make_approval(batch: PayoutBatch) -> dict:
    """Return the content of an approval's seal: what people signed, and what that rests on."""
    return describe_approval(batch) | {
        "histories": [digest for _, digest in read_histories(batch)],
        "grounds": describe_grounds(batch),
        "traces": read_trace_head(),
    }


def describe_approval(batch: PayoutBatch) -> dict:
    """Return what people signed: digest, signatures, times, answers and acts."""
    acknowledgements = batch.acknowledgements.filter(digest=batch.digest).order_by("flag", "by_id")
    acts = _list_acts(batch)
    # Batches approved before acts were kept have none, and no word of them in their seal.
    return ({"acts": acts} if acts else {}) | {
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
    }


def _list_acts(batch: PayoutBatch) -> list[list]:
    """Return the acts that were noted at the submission: who did what, when, with what effect."""
    acts = batch.acts.filter(digest=batch.digest).order_by("source", "by_id")
    return [
        [
            act.kind,
            act.source,
            act.text,
            to_millionths(act.effect),
            act.by_id,
            format_moment(act.at),
        ]
        for act in acts
    ]


def make_upgrade(batch: PayoutBatch) -> dict:
    """Return the signers and the signed digest of a batch approved before seals existed.

    The seal from the upgrade holds more: the digest by today's recipe, the exported files and the
    histories of that time.
    """
    return {
        "signed": batch.digest,
        "submitted": [batch.submitted_by_id, format_moment(batch.submitted_at)],
        "approved": [[batch.approved_by_id, format_moment(batch.approved_at)]],
    }


def find_upgrade_seal(batch: PayoutBatch) -> Seal | None:
    """Return the upgrade seal of a batch approved before seals existed, or None."""
    return batch.seals.filter(kind=Seal.Kind.UPGRADE).first()


def read_histories(batch: PayoutBatch) -> Iterator[tuple[Model, str]]:
    """Yield the history records under the batch, each with its digest.

    These are the records of the batch up to its approval, of its prices and of its adjustments.
    None of them changes after the approval. Three queries.
    """
    lines = PaymentLine.objects.filter(payment__batch=batch)
    histories = (
        PayoutBatch.history.filter(id=batch.pk).exclude(status=PayoutBatch.Status.PAID),
        CategoryPrice.history.filter(id__in=lines.values("price")),
        Adjustment.history.filter(id__in=lines.values("adjustment")),
    )
    for history in histories:
        for record in history.order_by("history_id"):
            yield record, hash_text(write_record(record))


def write_record(record: Any) -> str:
    """Return a history record as the canonical JSON that is hashed. Month and attempt name a batch.

    It leaves out a later version's field while it holds what a migration put there: the field's
    default, or what it names as `earlier`. So a record sealed before the field existed keeps its
    digest.
    """
    names = RECORD_FACTS[record.instance_type]
    fields = {field.name: field for field in record._meta.concrete_fields}
    facts: list[object] = [fields[name].value_to_string(record) for name in names]
    for name in sorted(fields.keys() - {*names, "id", "history_id"}):
        if fields[name].value_from_object(record) != value_from_before(fields[name]):
            facts.append([name, fields[name].value_to_string(record)])
    return encode_canonical(facts)


def value_from_before(field: Field) -> Any:
    """Return what the field holds in records from before it existed."""
    return field.earlier if isinstance(field, CurrencyField) else field.get_default()


def make_results(results: Iterable[PaymentResult]) -> dict:
    """Return the content of a seal of results: of each payment, with who recorded it.

    The day and the bank's reference are in it where they are known. Earlier seals hold neither.
    Memory holds what the seal says, and of the results one at a time.
    """
    return {"results": sorted(map(_describe_result, results), key=itemgetter(0))}


def _describe_result(result: PaymentResult) -> list:
    told = [result.payment.reference, result.outcome, result.reason, result.by_id]
    if result.value_date or result.bank_reference:
        day = result.value_date.isoformat() if result.value_date else ""
        told += [day, result.bank_reference]
    if hand := result.by_hand:
        told.append({"by_hand": [hand.means, hand.reason, hand.proposed_by_id]})
    return told


def make_handing_out(export: PaymentExport) -> dict:
    """Return the content of an export's seal: the file, its maker, and what it pays.

    Files of earlier versions did not note what they pay, or not payment by payment.
    """
    file = {"file": [export.format, export.file_name, export.sha256, export.by_id]}
    if export.total is None or export.left_out_total is None:
        return file
    counts = [export.payment_count, export.left_out_count]
    totals = [to_millionths(export.total), to_millionths(export.left_out_total)]
    told = file | {"pays": [counts[0], totals[0]], "leaves_out": [counts[1], totals[1]]}
    if not export.message_id:
        return told
    return told | {"message": export.message_id, "payments": export.payments_digest}


def make_pack_content(*, files: Mapping[str, str], by: User | None) -> dict:
    """Return the content of an evidence pack's seal: {file: SHA-256}, and who took the pack.

    `seals` is the SHA-256 over number, kind and batch of the links before it: a link's own hash
    holds its content alone, which packs of other batches do not show.
    """
    names = hashlib.sha256()
    for seal in Seal.objects.select_related("batch").order_by("number").iterator():
        names.update(f"{seal.number} {seal.kind} {name_batch(seal.batch)}\n".encode())
    return {"files": dict(files), "by": by.pk if by else None, "seals": names.hexdigest()}
