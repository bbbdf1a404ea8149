"""Holds and pay-outs in full: ended once, never deleted."""

from collections.abc import Iterator

from backoffice.guards.rules import Rule, changes
from billing.models import Hold


def keep_holds() -> Iterator[Rule]:
    end = ("ended_by", "ended_at", "end_reason")
    yield Rule(
        Hold,
        "UPDATE",
        f"""{changes(Hold, but=end)}
        OR OLD.ended_at IS NOT NULL AND {changes(Hold)}""",
        "a hold or pay-out is ended once, and not changed otherwise.",
    )
    yield Rule(Hold, "DELETE", "TRUE", "holds and pay-outs are ended, never deleted.")
