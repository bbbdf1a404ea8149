"""The way of a batch from its build to the bank: each step with who took it, and when."""

import datetime as dt
from typing import NamedTuple

from django.contrib.auth.models import User

from billing.models import PayoutBatch
from billing.statements.batches import Statement

Status = PayoutBatch.Status

RECORDS_READ = 200  # of the history, the newest: a month is rebuilt some dozen times at most
DONE, NOW, LATER, STOPPED = "done", "now", "later", "stopped"


class Station(NamedTuple):
    """A step; `by` is None where no person took it, `at` where nobody has yet."""

    name: str
    state: str
    by: User | None = None
    at: dt.datetime | None = None
    note: str = ""


def track(statement: Statement) -> list[Station]:
    """Return the steps of the batch in their order: those that were taken, and those to come.

    One query, beside those of the statement.
    """
    batch = statement.batch
    records = list(batch.history.select_related("history_user")[:RECORDS_READ])
    stations = [_find_build(batch, records)]
    if batch.status == Status.CANCELLED:
        return [*stations, _find_record(records, "Cancelled", _is_cancelled, STOPPED)]
    if batch.return_reason:
        stations.append(_find_record(records, "Returned", _is_return, STOPPED))
    elif recalled := _find_recall(records):
        stations.append(recalled)
    stations += [
        Station(
            sign.role,
            DONE if sign.by else LATER,
            sign.by,
            sign.at,
        )
        for sign in statement.signatures
    ]
    stations += [_find_sending(statement), _find_settlement(statement, records)]
    return _mark_next(stations)


def _find_build(batch, records) -> Station:
    def is_build(record):
        return (record.history_change_reason or "").startswith(("Built", "Rebuilt"))

    record = next(filter(is_build, records), None)
    reason = record.history_change_reason if record else ""
    name = "Rebuilt" if reason.startswith("Rebuilt") else "Built"
    return Station(name, DONE, record and record.history_user, batch.built_at)


def _find_recall(records) -> Station | None:
    """Return the recall by which the draft stands, if it does."""
    record = records[0] if records else None
    if record is None or not (record.history_change_reason or "").startswith(PayoutBatch.RECALLED):
        return None
    return _make_station("Recalled", STOPPED, record, PayoutBatch.RECALLED)


def _find_record(records, name, fits, state) -> Station:
    record = next(filter(fits, records), None)
    return _make_station(name, state, record, f"{name}: ") if record else Station(name, state)


def _make_station(name, state, record, prefix) -> Station:
    note = (record.history_change_reason or "").removeprefix(prefix)
    return Station(name, state, record.history_user, record.history_date, note)


def _is_return(record):
    return (record.history_change_reason or "").startswith(PayoutBatch.RETURNED)


def _is_cancelled(record):
    return record.status == Status.CANCELLED


def _find_sending(statement: Statement) -> Station:
    if not statement.exports:
        if statement.batch.status == Status.PAID and not statement.amounts.paying:
            return Station("Sent", DONE, note="There was nothing to send")
        return Station("Sent", LATER)
    last = max(statement.exports, key=lambda export: export.at)
    unsent = statement.unsent["number"]
    note = f"{unsent:,} in no file yet" if unsent else ""
    return Station("Sent", DONE, last.by, last.at, note)


def _find_settlement(statement: Statement, records) -> Station:
    """Return when the last payment had its result. What failed since is said with it."""
    if statement.batch.status != Status.PAID:
        return Station("Settled", LATER)
    settled = [record for record in records if record.status == Status.PAID]
    first = settled[-1] if settled else None
    failed = statement.shares["failed"].payments
    note = f"{failed:,} failed" if failed else ""
    return Station(
        "Settled", DONE, first and first.history_user, first and first.history_date, note
    )


def _mark_next(stations: list[Station]) -> list[Station]:
    """Mark the first step that is still to come."""
    place = next((n for n, each in enumerate(stations) if each.state == LATER), None)
    if place is not None:
        stations[place] = stations[place]._replace(state=NOW)
    return stations
