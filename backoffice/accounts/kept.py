"""The sections of an extract about the account itself."""

from collections import defaultdict
from collections.abc import Iterator

from allauth.mfa.models import Authenticator
from axes.models import AccessAttempt
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group, User
from django.utils import timezone
from simple_history.utils import get_history_manager_for_model

from backoffice.accounts.extracts import ROWS_AT_A_TIME, name_actor, read_rows, register_extract
from backoffice.accounts.models import AccessRequest, SecurityEvent
from backoffice.accounts.sessions import list_sessions
from backoffice.mailing.choices import read_choices
from backoffice.mailing.kinds import name_kind
from backoffice.mailing.models import Mail, MailChoice
from backoffice.saved_filters.models import SavedFilter

FACTS = ["username", "first_name", "last_name", "email", "is_active", "is_staff", "is_superuser"]
FACTS += ["date_joined"]


def register_own_extracts() -> None:
    for name, list_rows in [
        ("account", list_account),
        ("account_history", list_history),
        ("second_factors", list_factors),
        ("devices_signed_in", list_open_sign_ins),
        ("failed_attempts", list_failed_sign_ins),
        ("security_events", list_events),
        ("security_events_by_you", list_own_events),
        ("access_requests", list_requests),
        ("changes_in_the_admin", list_log_entries),
        ("mails_to_you", list_mails),
        ("mails_wanted", list_wanted_mails),
        ("saved_filters", list_saved_filters),
    ]:
        register_extract(name, list_rows)


def list_account(user: User) -> Iterator[dict]:
    yield {
        **{fact: getattr(user, fact) for fact in [*FACTS, "last_login"]},
        "roles": [group.name for group in user.groups.order_by("name")],
        "permissions": [permission.name for permission in user.user_permissions.all()],
    }


def list_history(user: User) -> Iterator[dict]:
    roles = _list_past_roles(user)
    records = get_history_manager_for_model(user).order_by("history_date", "history_id")
    for record in records.iterator(ROWS_AT_A_TIME):
        yield {
            "at": record.history_date,
            "what": record.get_history_type_display(),
            "by": name_actor(record.history_user_id, user),
            **{fact: getattr(record, fact) for fact in FACTS},
            "roles": sorted(roles[record.history_id]),
        }


def _list_past_roles(user: User) -> dict[int, list[str]]:
    """Return {history_id: names of roles}; of a role that is gone, its number. Two queries."""
    names, roles = dict(Group.objects.values_list("pk", "name")), defaultdict(list)
    history = get_history_manager_for_model(user)
    held = history.model.groups.model.objects.filter(history_id__in=history.values("history_id"))
    for history_id, role in held.values_list("history_id", "group_id"):
        roles[history_id].append(names.get(role, f"role {role}"))
    return roles


def list_factors(user: User) -> Iterator[dict]:
    """Yield kinds and dates of factors, without their secrets."""
    factors = Authenticator.objects.filter(user=user).order_by("pk")
    dates = {"added_at": "created_at", "last_used_at": "last_used_at"}
    return read_rows(factors, kind="get_type_display", **dates)


def list_open_sign_ins(user: User) -> Iterator[dict]:
    """Yield the account's sessions, without their keys."""
    for session in list_sessions(user, at=timezone.now()):
        yield {
            "device": session.device,
            "since": session.started_at,
            "last_used_at": session.seen_at,
            "ends_at": session.expire_date,
        }


def list_failed_sign_ins(user: User) -> Iterator[dict]:
    attempts = AccessAttempt.objects.filter(username__iexact=user.get_username())
    return read_rows(
        attempts.order_by("pk"),
        at="attempt_time",
        address="ip_address",
        browser="user_agent",
        failures="failures_since_start",
    )


def list_events(user: User) -> Iterator[dict]:
    """Yield events of the account. It leaves out other actors' addresses and devices."""
    events = SecurityEvent.objects.filter(about=user).order_by("pk")
    for event in events.iterator(ROWS_AT_A_TIME):
        is_anothers = event.by_id not in (None, user.pk)
        yield {
            "at": event.at,
            "what": event.get_kind_display(),
            "by": name_actor(event.by_id, user),
            "detail": event.detail,
            "address": None if is_anothers else event.address,
            "device": "" if is_anothers else event.device,
            "signs_nothing_until": event.pauses_until,
        }


def list_own_events(user: User) -> Iterator[dict]:
    """Yield the person's acts on other accounts, without owners and texts that may name them."""
    events = SecurityEvent.objects.filter(by=user).exclude(about=user).order_by("pk")
    return read_rows(events, at="at", what="get_kind_display", address="address", device="device")


def list_requests(user: User) -> Iterator[dict]:
    """Yield proposals for the person, and the person's proposals and decisions for others."""
    requests = AccessRequest.objects.select_related("group", "permission").order_by("pk")
    for request in requests.filter(about=user).iterator(ROWS_AT_A_TIME):
        yield {
            "what": request.what,
            "why": request.reason,
            "proposed_at": request.asked_at,
            "proposed_by": name_actor(request.asked_by_id, user),
            "outcome": request.outcome,
            "decided_at": request.decided_at,
            "note": request.decision_note,
        }
    for role, moment in [("asked_by", "asked_at"), ("decided_by", "decided_at")]:
        done = requests.filter(**{role: user}).exclude(about=user)
        for request in done.iterator(ROWS_AT_A_TIME):
            what = "You proposed" if role == "asked_by" else "You decided on"
            yield {
                "what": f"{what} a right of somebody else",
                "kind": request.get_kind_display(),
                "at": getattr(request, moment),
            }


def list_log_entries(user: User) -> Iterator[dict]:
    """Yield kinds and times of the person's changes in the admin. The rows may be others'."""
    entries = LogEntry.objects.filter(user=user).select_related("content_type").order_by("pk")
    for entry in entries.iterator(ROWS_AT_A_TIME):
        yield {
            "at": entry.action_time,
            "what": entry.get_action_flag_display(),
            "kind": entry.content_type.name if entry.content_type else "",
            "row": entry.object_id,
        }


def list_mails(user: User) -> Iterator[dict]:
    """Yield the mails to the person, whose text their mailbox has, too."""
    mails = Mail.objects.filter(person=user).order_by("pk")
    return read_rows(
        mails,
        written_at="made_at",
        sent_at="sent_at",
        to="address",
        about="kind_label",
        subject="subject",
        text="text",
        state="get_state_display",
        reason="reason",
    )


def list_wanted_mails(user: User) -> Iterator[dict]:
    """Yield how the person wants mails of each kind for which they chose; others come at once."""
    for key, how in read_choices(user).items():
        yield {"about": name_kind(key), "how": MailChoice.How(how).label}


def list_saved_filters(user: User) -> Iterator[dict]:
    for saved in SavedFilter.objects.filter(person=user):
        yield {"list": saved.list_name, "name": saved.name, "query": saved.query}
