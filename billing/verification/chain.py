"""Checks the chain of seals, and compares each seal with the rows that it sealed."""

import json
from collections import Counter
from itertools import pairwise, zip_longest
from operator import attrgetter

from django.db import connection
from django.db.models import F, OuterRef, Q, Subquery

from backoffice.guards import find_missing_anywhere
from billing.models import (
    Payment,
    PaymentResult,
    PayoutBatch,
    Seal,
    TraceSeal,
    Verification,
)
from billing.proof.chains import format_moment, iter_links
from billing.proof.digests import encode_canonical
from billing.proof.sealing import (
    describe_approval,
    make_results,
    make_upgrade,
    name_batch,
    read_histories,
)
from billing.verification.differences import Difference

# The seals of approvals: the function for their content, and the fields checked elsewhere.
OF_APPROVALS = {
    Seal.Kind.APPROVAL: (describe_approval, ["histories", "grounds", "traces"]),
    Seal.Kind.UPGRADE: (make_upgrade, ["digest", "files", "histories"]),
}
APPROVED = (PayoutBatch.Status.APPROVED, PayoutBatch.Status.PAID)


def check_guards(run: Verification, key: str, after: str, numbers: Counter) -> None:
    """Note missing guards. They are no difference, because the rows may still be right."""
    run.missing_guards = find_missing_anywhere(connection)


def check_chain(run: Verification, key: str, after: str, numbers: Counter) -> None:
    """Check that the chain has no gap, that each link fits, and that it has every known head.

    Known are `run.head` and the heads that earlier verifications found in order. The heads on
    exports are checked with the exports.
    """
    head, known = "", _list_known_heads(run)
    for seal, fault in iter_links(Seal):
        if fault:
            raise Difference(seal, *fault)
        if (kind := json.loads(seal.content)["kind"]) != seal.kind:
            raise Difference(seal, f"is of the kind “{seal.kind}”", f"it sealed “{kind}”")
        head = seal.hash
        known.pop(head, None)
        numbers["seals"] += 1
    for hash, source in known.items():
        raise Difference(
            "The chain of seals",
            f"has {numbers['seals']} links and none with the hash {hash}",
            f"it had one, says {source}: somebody took back or replaced later seals",
        )
    _check_upgrade()
    run.chain_head = head


def _list_known_heads(run: Verification) -> dict[str, str]:
    """Return {hash: who knows it}, the oldest first."""
    passed = Verification.objects.filter(status=Verification.Status.PASSED).exclude(chain_head="")
    earlier = passed.filter(pk__lt=run.pk).order_by("pk")
    known = {
        found.chain_head: f"the verification of {found.started_at:%-d %b %Y}" for found in earlier
    }
    return known | ({run.head: "the hash that was given"} if run.head else {})


def _check_upgrade() -> None:
    """Check that one upgrade made all seals of batches approved before seals existed."""
    seals = list(Seal.objects.filter(kind=Seal.Kind.UPGRADE).order_by("number"))
    for before, seal in pairwise(seals):
        if (seal.number, seal.at) != (before.number + 1, before.at):
            raise Difference(
                seal, f"was made by an upgrade on {seal.at}", f"{before} is of the only upgrade"
            )


def check_approvals(run: Verification, key: str, after: str, numbers: Counter) -> None:
    """Check that each approved batch has one approval seal with the same facts as its row.

    A batch approved before seals existed has an upgrade seal instead.
    """
    batch = PayoutBatch.objects.get(pk=key)
    numbers["batches"] += 1
    seals = list(batch.seals.filter(kind__in=OF_APPROVALS))
    expected = 1 if batch.status in APPROVED else 0
    if len(seals) != expected:
        raise Difference(
            batch,
            f"is {batch.status} with {len(seals)} approval seals",
            f"it should have {expected}",
        )
    for seal in seals:
        sealed = json.loads(seal.content)
        make_facts, others = OF_APPROVALS[Seal.Kind(seal.kind)]
        check_content(seal, make_facts(batch) | {name: sealed.get(name) for name in others})
        if sealed.get("traces"):
            _check_trace_head(seal, *sealed["traces"])


def _check_trace_head(seal: Seal, number: int, hash_of_it: str) -> None:
    if not TraceSeal.objects.filter(number=number, hash=hash_of_it).exists():
        raise Difference(
            seal,
            f"holds the seal of traces {number} with the hash {hash_of_it}",
            "that is gone: somebody took back or replaced what the application wrote",
        )


def check_sealed_histories(run: Verification, key: str, after: str, numbers: Counter) -> None:
    """Check that the history records are the sealed ones, in the same order."""
    batch = PayoutBatch.objects.get(pk=key)
    for seal in batch.seals.filter(kind__in=OF_APPROVALS):
        sealed = json.loads(seal.content)["histories"]
        records = list(read_histories(batch))
        for record, digest in records:
            if digest not in sealed:
                raise Difference(
                    record, f"has the digest {digest}", f"{seal} sealed no such record"
                )
        if [digest for _, digest in records] != sealed:
            raise Difference(
                seal,
                f"sealed {len(sealed)} records of who changed what",
                f"now there are {len(records)}, or in another order",
            )


def check_results(run: Verification, key: str, after: str, numbers: Counter) -> None:
    """Check that the bank results are the sealed ones, and that payments have their statuses."""
    batch = PayoutBatch.objects.get(pk=key)
    for seal in batch.seals.order_by("number"):
        results = sorted(
            seal.results.select_related("payment", "by_hand"), key=attrgetter("payment.reference")
        )
        _check_results(batch, seal, results)
        numbers["results"] += len(results)
    _check_statuses(batch)


def _check_results(batch: PayoutBatch, seal: Seal, results: list[PaymentResult]) -> None:
    sealed = json.loads(seal.content).get("results", [])
    for says, should in zip_longest(results, sealed):
        row = says or f"The bank result of {should[0]} (billing_paymentresult)"
        if says is None:
            raise Difference(row, "is missing", f"{seal} holds it")
        if make_results([says])["results"] != [should]:
            raise Difference(
                row,
                f"is {says.outcome} by user {says.by_id}",
                f"{seal} holds {encode_canonical(should)}",
            )
        if says.at != seal.at or says.payment.batch_id != batch.pk:
            raise Difference(row, f"is of {says.at}", f"{seal} of {batch} is of {seal.at}")
    if seal.kind == Seal.Kind.RESULTS:
        check_content(seal, {"results": sealed})


def check_content(seal: Seal, facts: dict) -> None:
    """Check that the seal's content is `facts` and the seal's own fields."""
    base = {
        "number": seal.number,
        "kind": seal.kind,
        "batch": name_batch(seal.batch),
        "at": format_moment(seal.at),
    }
    should = json.loads(encode_canonical(base | facts))
    content = json.loads(seal.content)
    for name in sorted(should.keys() | content.keys()):
        if content.get(name) != should.get(name):
            raise Difference(
                seal,
                f"sealed the {name} {_shorten(content.get(name))}",
                f"the rows now say {_shorten(should.get(name))}",
            )


def _shorten(value) -> str:
    text = encode_canonical(value)
    return text if len(text) <= 500 else f"{text[:500]}…"


def _check_statuses(batch: PayoutBatch) -> None:
    latest = PaymentResult.objects.filter(payment=OuterRef("pk")).order_by("-seal__number")
    payments = batch.payments.annotate(outcome=Subquery(latest.values("outcome")[:1]))
    wrong = payments.filter(
        Q(outcome__isnull=True, status__in=["paid", "failed"])
        | Q(outcome__isnull=False) & ~Q(outcome=F("status"))
    ).first()
    if wrong:
        says = wrong.outcome or "that there is none yet"
        raise Difference(wrong, f"is {wrong.status}", f"the bank's latest result says {says}")
    payable = batch.payments.filter(status=Payment.Status.PAYABLE).first()
    if batch.status == PayoutBatch.Status.PAID and payable:
        raise Difference(payable, "is still to be paid", f"the batch of {batch} is paid")
    if batch.status == PayoutBatch.Status.APPROVED and not payable:
        raise Difference(batch, "is approved", "no payment of it is left, so it should be paid")
