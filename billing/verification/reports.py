"""The report of a verification, in words."""

import datetime as dt
from collections.abc import Iterable, Iterator

from django.utils import timezone

from billing.models import PayoutBatch, Seal, Verification
from billing.verification.submissions import list_submissions
from billing.verification.traces import NIGHTS

# The numbers of a run, in the order of the report.
NUMBERS = {
    "batches": "batches",
    "payments": "payments",
    "lines": "lines",
    "adjustments": "adjustments",
    "carries": "amounts carried forward",
    "days": "days",
    "views": "counted views",
    "sealed views": "views under seal",
    "view seals": "seals of views",
    "seals": "seals",
    "results": "bank results",
    "exports": "exported files",
    "balances": "balances of authors in the books",
    "tracked rows": "rows with a history",
    "accounts and roles": "accounts and roles",
    "traced rows": "records and log entries",
    "seals of traces": "seals of them",
}

# What a run without a difference proves, and what no run can know.
PROVED = [
    "every amount follows from counted views, prices, adjustments and carried amounts",
    "who was paid, held or carried follows from the sums, the minimum and the holds",
    "no batch left out an adjustment or a carried amount that waited for it",
    "each batch took in the views that were due when it was submitted, and no others",
    "whoever did something that changed what a batch pays did not approve it",
    "batches, histories, exports and results are as they were sealed",
    "the journal balances, and ends with what is paid, on its way and waiting",
    "accounts, roles, histories and logs are as the application wrote them",
    "the chain has the heads of earlier verifications, and those on exports",
]
NOT_PROVED = [
    "whether a counted view was a person: the rules and robot lists of its time judged that",
    "whether an account was deactivated at the time of a batch",
    "what stood in histories before the upgrade that first took them up",
    "what somebody made up who owns the database and all copies of it: compare the chain with a "
    "head that left the house, on an export or in a mail",
]


def list_numbers(run: Verification) -> list[tuple[str, int]]:
    """Return the kinds and numbers of checked rows: [("batches", 3), ...]."""
    return [(words, run.numbers.get(name, 0)) for name, words in NUMBERS.items()]


def report_run(run: Verification) -> Iterator[str]:
    """Yield the lines of a finished run's report: the numbers, then the difference."""
    numbers = ", ".join(f"{number:,} {words}" for words, number in list_numbers(run))
    yield f"{run}: checked {numbers}."
    if waiting := run.numbers.get("waiting"):
        yield f"{waiting:,} views wait for the next batch: late, excluded or counted again since."
    if run.views_after:
        yield (
            f"Views up to seal {run.views_after} were proved by an earlier run, and left out now: "
            "verify_payouts without --new-views proves them again."
        )
    if run.part:
        yield (
            f"Records and log entries up to seal {run.traces_after} were proved by an earlier run: "
            f"of these part {run.part} of {NIGHTS} was proved again. verify_payouts without "
            "--new-views proves all."
        )
    if unsealed := run.numbers.get("traces without a seal"):
        yield (
            f"Not proved yet: {unsealed:,} records and log entries are younger than the last seal. "
            "If one of them was erased with its trace, nothing tells. seal_traces seals them."
        )
    if unmarked := run.numbers.get("seals of traces by an earlier key"):
        yield (
            f"{unmarked:,} seals of records were marked with a secret key that is gone: the chain "
            "proves them, their marks can't be checked any more."
        )
    for seal in _list_upgraded(run):
        yield (
            f"{seal.batch} was approved before there were seals. It was compared with the digest "
            f"of that time, and with {seal}, made by the upgrade on {timezone.localdate(seal.at)}."
        )
    if earlier := _list_earlier(run.month):
        yield (
            "Which views were due to these batches is not proved: they were submitted before it "
            f"came under seal. {', '.join(map(str, earlier))}."
        )
    if untold := run.numbers.get("untold"):
        yield (
            f"{untold:,} times it is not proved which views of a day or blog were due to a batch: "
            "they were dropped, a finding about them was opened again, or a draft beside it was "
            "built again."
        )
    for guard in run.missing_guards:
        yield f"The database does not guard what is sealed: {guard}."
    if run.difference:
        yield run.difference
    elif run.chain_head:
        yield f"Proved: {'; '.join(PROVED)}."
        yield f"Not proved: {'; '.join(NOT_PROVED)}."
        yield f"No row differs. The chain ends with {run.chain_head}."
    else:
        yield "No row differs. Nothing is sealed yet."


def _list_earlier(month: dt.date | None) -> list[PayoutBatch]:
    """Return the batches of the month, or of all, that were submitted without a seal of views."""
    submissions = list_submissions(month or dt.date.min)
    return [
        each.batch
        for each in submissions
        if each.seal is None and month in (None, each.batch.month)
    ]


def _list_upgraded(run: Verification) -> Iterable[Seal]:
    seals = Seal.objects.filter(kind=Seal.Kind.UPGRADE).select_related("batch").order_by("number")
    return seals.filter(batch__month=run.month) if run.month else seals
