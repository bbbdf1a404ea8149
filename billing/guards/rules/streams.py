"""Numbers of views that went through a broker: they only grow, so that a gap stays in sight."""

from collections.abc import Iterator

from backoffice.guards.rules import Rule, changes
from billing.models import StreamPosition, WriterDay

COUNTED = ("sent", "unsettled", "told_at", "ended", "received", "received_views")


def keep_stream_numbers() -> Iterator[Rule]:
    reason = "numbers of views stay with their writer and day, and only grow."
    yield Rule(WriterDay, "UPDATE", changes(WriterDay, but=COUNTED), reason, topic="facts")
    yield Rule(
        WriterDay,
        "UPDATE",
        "NEW.sent < OLD.sent OR NEW.received_views < OLD.received_views "
        "OR (OLD.ended AND NOT NEW.ended) "
        "OR (OLD.told_at IS NOT NULL AND (NEW.told_at IS NULL OR NEW.told_at < OLD.told_at))",
        reason,
    )
    yield Rule(WriterDay, "DELETE", "TRUE", "numbers of views are never deleted.")
    yield Rule(
        StreamPosition,
        "UPDATE",
        "NEW.stream <> OLD.stream",
        "the position in a stream stays with its stream.",
    )
    yield Rule(StreamPosition, "DELETE", "TRUE", "positions in streams are never deleted.")
