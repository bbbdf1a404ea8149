"""What the back-office itself puts into the trail: the security log, job runs, mails."""

from collections.abc import Iterable
from typing import Any

from django.contrib.auth.models import Group, User
from django.db.models import Q
from django.urls import reverse
from django.utils.text import capfirst
from django.utils.timezone import localtime

from backoffice.models import AccessRequest, JobRun, Mail, SecurityEvent
from backoffice.people import full_name
from backoffice.trail.entries import Entry
from backoffice.trail.origins import describe_place
from backoffice.trail.sources import (
    TrailSource,
    register_names,
    register_relations,
    register_trail_source,
)

SECURITY, JOBS, MAILS = "security", "backoffice.jobrun", "backoffice.mail"
STATUS = {
    JobRun.Status.RUNNING: ("Running", "info"),
    JobRun.Status.SUCCEEDED: ("Succeeded", "success"),
    JobRun.Status.FAILED: ("Failed", "danger"),
}


def register_own_sources() -> None:
    register_trail_source(
        TrailSource(
            key=SECURITY,
            label="Security: sign-ins, rights, downloads",
            model=SecurityEvent,
            describe=_describe_events,
            select=lambda rows: rows.select_related("by", "about"),
            people=("about",),
            words=("detail", "device"),
            names=("about",),
            permission="backoffice.view_audittrail",
        )
    )
    register_trail_source(
        TrailSource(
            key=JOBS,
            label="Job runs",
            model=JobRun,
            describe=_describe_runs,
            at="started_at",
            by="",
            words=("name", "output", "host"),
            permission="backoffice.view_jobrun",
        )
    )
    register_trail_source(
        TrailSource(
            key=MAILS,
            label="Mails",
            model=Mail,
            describe=_describe_mails,
            select=lambda rows: rows.select_related("person").defer("text"),
            at="made_at",
            by="",
            people=("person",),
            words=("subject", "address", "reason"),
            names=("person",),
            permission="backoffice.view_mail",
        )
    )
    register_names(User, "username", "first_name", "last_name")
    register_names(Group, "name")
    register_relations(User, find_of_user)
    register_relations(AccessRequest, find_of_request)


def find_of_user(user: User) -> dict[str, Q]:
    return {SECURITY: Q(about=user), MAILS: Q(person=user)}


def find_of_request(request: AccessRequest) -> dict[str, Q]:
    """Return the events of the account, or of the role, while the proposal waited and after."""
    kinds = [SecurityEvent.Kind.ACCESS_ASKED, SecurityEvent.Kind.ACCESS_REFUSED]
    until = request.decided_at or request.asked_at
    return {
        SECURITY: Q(about=request.about_id, at__gte=request.asked_at, at__lte=until)
        & (Q(kind__in=kinds) | Q(by=request.decided_by_id))
    }


def _describe_events(events: list[Any]) -> Iterable[Entry]:
    for event in events:
        pause = ""
        if event.pauses_until:
            pause = f"Signs nothing until {localtime(event.pauses_until):%-d %b %Y, %H:%M}"
        yield Entry(
            at=event.at,
            by=event.by,
            nobody="nobody signed in" if event.address else "system",
            action=event.get_kind_display(),
            tone="warning" if event.is_warning else "info",
            kind="security",
            subject=full_name(event.about) if event.about else "",
            text=". ".join(filter(None, [event.detail, pause])),
            origin=describe_place(event),
            place=(User, event.about_id) if event.about else None,
        )


def _describe_runs(runs: list[Any]) -> Iterable[Entry]:
    for run in runs:
        action, tone = STATUS[run.status]
        yield Entry(
            at=run.started_at,
            by=None,
            nobody="timetable",
            action=action,
            tone=tone,
            kind="job run",
            subject=run.name,
            text=run.output,
            origin=run.host,
            url=reverse("admin:backoffice_jobrun_change", args=[run.pk]),
            permission="backoffice.view_jobrun",
        )


def _describe_mails(mails: list[Any]) -> Iterable[Entry]:
    for mail in mails:
        whom = full_name(mail.person) if mail.person else mail.address
        yield Entry(
            at=mail.made_at,
            by=None,
            action=f"Mail: {mail.get_state_display().lower()}",
            tone="danger" if mail.state == Mail.State.FAILED else "info",
            kind=str(capfirst(mail.kind_label)),
            subject=f"{mail.subject}, to {whom}",
            text=f"Not sent: {mail.reason}" if mail.reason else "",
            url=reverse("admin:backoffice_mail_change", args=[mail.pk]),
            permission="backoffice.view_mail",
        )
