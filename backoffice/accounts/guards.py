"""Changes of the security log, access requests and pseudonyms that the database refuses."""

from collections.abc import Iterator

from django.contrib.auth.models import User

from backoffice.accounts.models import AccessRequest, SecurityEvent
from backoffice.guards import Guards
from backoffice.guards.rules import Rule, changes


def list_rules() -> list[Rule]:
    return [*_keep_events(), *_keep_requests(), *_keep_pseudonyms()]


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


def _keep_pseudonyms() -> Iterator[Rule]:
    """Nobody comes back into an account whose person was taken out of it for good."""
    reason = "this account was anonymised: nothing of it can be changed or given."
    was_anonymised = (
        f"EXISTS (SELECT 1 FROM {SecurityEvent._meta.db_table} event "  # noqa: S608
        f"WHERE event.kind = '{SecurityEvent.Kind.ANONYMISED}' AND event.about_id = "
    )
    condition = f"{changes(User)} AND {was_anonymised}OLD.id)"
    yield Rule(User, "UPDATE", condition, reason, of_app="backoffice")
    for rights in (User.groups.through, User.user_permissions.through):
        condition = f"{was_anonymised}NEW.user_id)"
        yield Rule(rights, "INSERT", condition, reason, of_app="backoffice")


GUARDS = Guards("backoffice", list_rules)
