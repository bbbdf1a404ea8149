"""The steps that a status may take, as SQL."""

from collections.abc import Collection, Mapping


def moves[Status: str](transitions: Mapping[Status, Collection[str]]) -> str:
    """Return SQL that is true if the status takes one of these steps."""
    ways = sorted(f"('{old}', '{new}')" for old, news in transitions.items() for new in news)
    return f"(OLD.status, NEW.status) IN (VALUES {', '.join(ways)})"
