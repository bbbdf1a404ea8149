"""The batch's own facts, and what its seals hold: who signed, when, and which digest."""

import json

from billing.models import PayoutBatch
from billing.money import to_millionths
from billing.proof.sealing import find_upgrade_seal, name_batch


def describe_batch(batch: PayoutBatch) -> dict:
    """Return the facts under the batch's digest, without its payments, and the digest.

    For a batch approved before seals existed, this is the digest from the upgrade, and `signed` is
    the one that people signed.
    """
    seal = find_upgrade_seal(batch)
    return {
        "name": name_batch(batch),
        "month": batch.month.isoformat(),
        "attempt": batch.attempt,
        "currency": batch.currency,
        "decimals": batch.coin_decimals,
        "stored_limits": _describe_limits(batch),
        "time_zone": batch.time_zone,
        "rules_version": batch.rules_version,
        "minimum_payout": to_millionths(batch.minimum_payout),
        "approvals_needed": batch.approvals_needed,
        "digest": json.loads(seal.content)["digest"] if seal else batch.digest,
        "signed": batch.digest,
    }


def _describe_limits(batch: PayoutBatch) -> list | None:
    """Return what the digest of the batch ends with. None before decimals were stored."""
    if batch.decimals is None:
        return None
    limit = batch.second_approval_above
    return [batch.decimals, None if limit is None else to_millionths(limit)]


def list_sealed(batch: PayoutBatch) -> dict[str, str]:
    """Return {number: content} of the batch's seals. The chain proves each."""
    return {str(seal.number): seal.content for seal in batch.seals.order_by("number")}
