"""Refuses to sign, or hand out, what somebody changed past the application.

verify_payouts would name it by night: the money could be gone by then.
"""

import json
from collections.abc import Iterator
from typing import Any

from django.db.models import Model

from billing.errors import BatchTampered
from billing.models import (
    Adjustment,
    CategoryPrice,
    Hold,
    PaidPayee,
    PayeeAuthor,
    PayeeDetails,
    PaymentLine,
    PayoutBatch,
)
from billing.payees.copies import find_changed_copy
from billing.proof.digests import digest_batch
from billing.proof.entered import find_forged
from billing.proof.sealing import find_upgrade_seal


def check_entries(batch: PayoutBatch) -> None:
    """Raise BatchTampered if something that the batch rests on is not as people entered it."""
    for model, keys in _list_entries(batch):
        if forged := find_forged(model, keys):
            raise BatchTampered(
                f"The {forged.name} {forged.row}, on which this batch rests, was changed outside "
                "the application. Nobody signs before it is put right: tell the administrators."
            )


def check_signed(batch: PayoutBatch) -> None:
    """Raise BatchTampered if an approved batch is not what its approvers signed."""
    signed = batch.digest
    if seal := find_upgrade_seal(batch):
        signed = json.loads(seal.content)["digest"]
    if (
        find_forged(PayoutBatch, [batch.pk])
        or digest_batch(batch) != signed
        or find_changed_copy(batch)
    ):
        raise BatchTampered(
            f"The batch of {batch} is not as it was approved: somebody changed it outside the "
            "application. Nothing of it is paid before it is put right: tell the administrators."
        )


def _list_entries(batch: PayoutBatch) -> Iterator[tuple[type[Model], set[Any]]]:
    """Yield keys of what was entered, by rows and by histories: a row that is gone has a history.

    What other signed batches hold was looked at when those were signed.
    """
    lines = PaymentLine.objects.filter(payment__batch=batch)
    authors = batch.payments.values("author")
    yield PayoutBatch, {batch.pk}
    yield CategoryPrice, _list_keys(CategoryPrice, category__in=lines.values("category"))
    signed = PaymentLine.objects.filter(
        adjustment__isnull=False, payment__batch__in=PayoutBatch.objects.signed()
    ).exclude(payment__batch=batch)
    held = set(signed.values_list("adjustment", flat=True))
    yield Adjustment, _list_keys(Adjustment, author__in=authors) - held
    yield Hold, _list_keys(Hold, author__in=authors)
    copies = PaidPayee.objects.filter(payment__batch=batch)
    yield PayeeDetails, set(copies.values_list("version", flat=True))
    yield PayeeAuthor, _list_keys(PayeeAuthor, author__in=authors)


def _list_keys(model: Any, **of: Any) -> set[Any]:
    rows = model._base_manager.filter(**of).values_list("pk", flat=True)
    records = model.history.filter(**of).values_list("id", flat=True)
    return {*rows, *records.order_by().distinct()}
