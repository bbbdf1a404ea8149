"""What read or checked a great many rows: imports of access logs, and verifications."""

from collections.abc import Iterable
from typing import Any

from django.urls import reverse

from backoffice.trail.entries import Entry
from backoffice.trail.sources import TrailSource, register_trail_source
from billing.models import AccessLogImport, Verification

LOGS = "billing.accesslogimport"
VERIFICATIONS = "billing.verification"
OUTCOMES = {
    Verification.Status.RUNNING: "info",
    Verification.Status.PASSED: "success",
    Verification.Status.FAILED: "danger",
}


def offer_runs() -> None:
    register_trail_source(
        TrailSource(
            key=LOGS,
            label="Imports of access logs",
            model=AccessLogImport,
            describe=_describe_logs,
            select=lambda rows: rows.select_related("by"),
            at="started_at",
            words=("file_name", "sha256"),
            permission="billing.view_accesslogimport",
        )
    )
    register_trail_source(
        TrailSource(
            key=VERIFICATIONS,
            label="Verifications",
            model=Verification,
            describe=_describe_verifications,
            select=lambda rows: rows.select_related("by"),
            at="started_at",
            words=("difference", "head", "chain_head"),
            permission="billing.view_verification",
        )
    )


def _describe_logs(imports: list[Any]) -> Iterable[Entry]:
    for log in imports:
        counts = ", ".join(
            f"{name.replace('_', ' ')} {count:,}" for name, count in log.outcomes.items()
        )
        digest = f"SHA-256 {log.sha256}" if log.sha256 else ""
        yield Entry(
            at=log.started_at,
            by=log.by,
            nobody="command line",
            action="Imported" if log.finished_at else "Begun",
            tone="success" if log.finished_at else "warning",
            kind="access log",
            subject=log.file_name,
            text=". ".join(filter(None, [f"{log.lines:,} lines", counts, digest])),
            url=reverse("admin:billing_accesslogimport_change", args=[log.pk]),
            permission="billing.view_accesslogimport",
        )


def _describe_verifications(runs: list[Any]) -> Iterable[Entry]:
    for run in runs:
        yield Entry(
            at=run.started_at,
            by=run.by,
            nobody="nightly job or command line",
            action=run.get_status_display().capitalize(),
            tone=OUTCOMES[run.status],
            kind="verification",
            subject=str(run),
            text=run.difference,
            url=reverse("admin:billing_verification_change", args=[run.pk]),
            permission="billing.view_verification",
        )
