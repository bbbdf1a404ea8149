"""What the database itself refuses of the security log."""

from collections.abc import Iterator

from backoffice.accounts.models import SecurityEvent
from backoffice.guards import Guards
from backoffice.guards.rules import Rule, changes


def list_rules() -> list[Rule]:
    return [*_keep_events()]


def _keep_events() -> Iterator[Rule]:
    yield Rule(
        SecurityEvent,
        "UPDATE",
        f"{changes(SecurityEvent, but=['address'])} OR NEW.address IS NOT NULL",
        "security events are added, never changed: their address alone can be forgotten.",
    )
    yield Rule(SecurityEvent, "DELETE", "TRUE", "security events are never deleted.")


GUARDS = Guards("backoffice", list_rules)
