"""The signatures of a batch: who signed, when, and which digest."""

import json

from babel.numbers import get_currency_precision
from django.contrib.auth.models import User

from backoffice.people import full_name
from billing.models import PayoutBatch
from billing.money import to_millionths
from billing.proof.chains import format_moment
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
        "decimals": get_currency_precision(batch.currency),
        "time_zone": batch.time_zone,
        "rules_version": batch.rules_version,
        "minimum_payout": to_millionths(batch.minimum_payout),
        "approvals_needed": batch.approvals_needed,
        "digest": json.loads(seal.content)["digest"] if seal else batch.digest,
        "signed": batch.digest,
    }


def describe_approvals(batch: PayoutBatch) -> dict:
    """Return the content of the batch's seals, its history, and the names of the people."""
    history = list(batch.history.order_by("history_id"))
    steps = [
        {
            "at": format_moment(record.history_date),
            "by_id": record.history_user_id,
            "status": record.status,
            "why": record.history_change_reason or "",
            "digest": record.digest,
        }
        for record in history
    ]
    signed = (batch.submitted_by_id, batch.approved_by_id, batch.second_approved_by_id)
    people = User.objects.filter(pk__in={*signed, *(step["by_id"] for step in steps)} - {None})
    return {
        "sealed": {str(seal.number): seal.content for seal in batch.seals.order_by("number")},
        "history": steps,
        "people": {str(person.pk): full_name(person) for person in people},
    }
