"""Checks the chain of seals over traces, and that the traces under each are those that it lists."""

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable

from django.db.models import Count, Max, QuerySet

from billing.models import Trace, TraceSeal, Verification
from billing.proof.chains import find_fault
from billing.proof.marks import find_key, is_content_marked
from billing.verification.differences import Difference

SEALS_AT_A_TIME = 10  # of at most 1,000 traces each

type Seals = QuerySet[TraceSeal]


def check_end() -> None:
    """Check that no seal is missing, up to the last one that a verification knew. Two queries."""
    ends = TraceSeal.objects.aggregate(count=Count("pk"), last=Max("number", default=0))
    if ends["count"] != ends["last"]:
        raise Difference(
            f"The chain of {TraceSeal._meta.verbose_name_plural} ({TraceSeal._meta.db_table})",
            f"has {ends['count']} links",
            f"the last one has the number {ends['last']}",
        )
    knew = Verification.objects.filter(traces_until__gt=ends["last"]).order_by("pk").last()
    if knew:
        raise Difference(
            f"The chain of {TraceSeal._meta.verbose_name_plural} ({TraceSeal._meta.db_table})",
            f"ends with seal {ends['last']}",
            f"seal {knew.traces_until} was there on {knew.started_at:%Y-%m-%d} "
            f"({Verification._meta.db_table} {knew.pk})",
        )


def check_seals(narrow: Callable[[Seals], Seals], after: int, numbers: Counter) -> int:
    """Check the seals of a run after that number. Return the last one's, or 0 at the end."""
    seals = list(
        narrow(TraceSeal.objects.filter(number__gt=after)).order_by("number")[:SEALS_AT_A_TIME]
    )
    befores = _load_befores(seals)
    under: dict[int, list[Trace]] = defaultdict(list)
    for trace in Trace.objects.filter(seal__in=[seal.pk for seal in seals]).order_by("pk"):
        under[trace.seal_id or 0].append(trace)
    for seal in seals:
        before = befores.get(seal.number - 1)
        if fault := find_fault(seal, before):
            raise Difference(seal, *fault)
        content = json.loads(seal.content)
        is_known = _check_mark(seal, content, before)
        numbers["seals of traces by an earlier key"] += not is_known
        _check_list(seal, content["traces"], under[seal.pk])
        numbers["seals of traces"] += 1
    return seals[-1].number if len(seals) == SEALS_AT_A_TIME else 0


def _load_befores(seals: list[TraceSeal]) -> dict[int, TraceSeal]:
    befores = {seal.number: seal for seal in seals}
    missing = [seal.number - 1 for seal in seals if seal.number - 1 not in befores]
    return befores | {each.number: each for each in TraceSeal.objects.filter(number__in=missing)}


def _check_mark(seal: TraceSeal, content: dict, before: TraceSeal | None) -> bool:
    """Check the mark by the key that the seal names, unless that key is gone."""
    secret = find_key(content)
    if secret is None:
        if before and find_key(json.loads(before.content)):
            raise Difference(seal, "names a secret key of nobody", "the seal before names ours")
        return False
    if not is_content_marked(content, previous_hash=seal.previous_hash, secret=secret):
        raise Difference(
            seal, "bears a mark that the application did not make", "it marks each of them"
        )
    return True


def _check_list(seal: TraceSeal, listed: list[list], traces: Iterable[Trace]) -> None:
    should = {pk: (kind, row, digest) for pk, kind, row, digest in listed}
    for trace in traces:
        if should.pop(trace.pk, None) != (trace.kind, trace.row, trace.digest):
            raise Difference(
                trace, f"says that it is in {seal} of traces", "that holds it otherwise"
            )
    for pk, (kind, row, _) in should.items():
        raise Difference(
            f"The trace of {kind} {row} ({Trace._meta.db_table} {pk})",
            "is gone",
            f"{seal} of traces holds it",
        )
