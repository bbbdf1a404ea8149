"""Changes of the security log and of access requests that the database refuses."""

from collections.abc import Iterator

from backoffice.accounts.models import AccessRequest, SecurityEvent
from backoffice.guards import Guards
from backoffice.guards.rules import Rule, changes


def list_rules() -> list[Rule]:
    return [*_keep_events(), *_keep_requests()]


def _keep_events() -> Iterator[Rule]:
    yield Rule(
        SecurityEvent,
        "UPDATE",
        f"{changes(SecurityEvent, but=['address'])} OR NEW.address IS NOT NULL",
        "security events are added, never changed: their address alone can be forgotten.",
    )
    yield Rule(SecurityEvent, "DELETE", "TRUE", "security events are never deleted.")


def _keep_requests() -> Iterator[Rule]:
    decision = ("outcome", "decided_by", "decided_at", "decision_note", "is_alone")
    yield Rule(
        AccessRequest,
        "INSERT",
        "NEW.outcome <> 'waiting'",
        "an access request begins undecided.",
    )
    yield Rule(
        AccessRequest,
        "UPDATE",
        f"OLD.outcome <> 'waiting' AND {changes(AccessRequest, but=['email'])} "
        f"OR {changes(AccessRequest, but=[*decision, 'email'])} "
        "OR NEW.email <> OLD.email AND (OLD.outcome = 'waiting' OR NEW.email <> '')",
        "an access request is decided once, and not changed otherwise: "
        "its mail address alone can be forgotten.",
    )
    yield Rule(AccessRequest, "DELETE", "TRUE", "access requests are never deleted.")


GUARDS = Guards("backoffice", list_rules)
