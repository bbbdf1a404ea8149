"""System checks of the project."""

from zoneinfo import ZoneInfoNotFoundError

from cronsim import CronSimError
from django.conf import settings
from django.contrib.admin.sites import all_sites
from django.core.checks import Error, Info, Tags, Warning, register
from django.db import connections
from django.utils import timezone

from backoffice.database_rights import can_change_tables
from backoffice.guards import find_missing_anywhere
from backoffice.jobs.limits import limit_of
from backoffice.jobs.schedule import list_jobs
from backoffice.schema import find_schema_differences
from backoffice.schema_rules import find_foreign_rules


@register("admin")
def check_actions(app_configs, **kwargs):
    """Unfold runs an action without a dialog on GET, and one without permissions for everyone."""
    return [
        error
        for site in all_sites
        for model_admin in site._registry.values()
        for error in _check_actions_of(model_admin)
    ]


def _check_actions_of(model_admin):
    # A submit-line action runs in the form's own POST, which has no dialog.
    for place in ("actions_list", "actions_row", "actions_detail", "actions_submit_line"):
        for name in model_admin._extract_action_names(getattr(model_admin, place, ())):
            action = getattr(model_admin, name)
            missing = []
            if not getattr(action, "allowed_permissions", None):
                missing.append("permissions")
            if place != "actions_submit_line" and not getattr(action, "dialog", None):
                missing.append("dialog")
            if missing:
                yield Error(
                    f"The action {name} in {place} has no {' and no '.join(missing)}.",
                    obj=type(model_admin),
                    id="backoffice.E001",
                )


@register(Tags.database)
def check_schema(app_configs, databases=(), **kwargs):
    """Warns only: an error would stop the migrate that may repair the tables."""
    return [
        Warning(
            f"The table {table} of the database “{alias}” lacks {', '.join(lacks)}.",
            hint="All migrations ran, but not with the text that they have today, or the table was "
            "changed by hand. Stop the application, restore a backup or make what is missing (see "
            "docs/operations.md, Upgrading), and run this check again.",
            id="backoffice.W020",
        )
        for alias in databases or ()
        for table, lacks in find_schema_differences(connections[alias]).items()
    ]


@register(Tags.database)
def check_foreign_rules(app_configs, databases=(), **kwargs):
    """A trigger or rule of somebody else's changes what the application writes, or hides it."""
    return [
        Warning(
            f"In the database “{alias}” {table} has {', '.join(has)}, which nobody here made.",
            hint="Find out who made it and why. What it did to the rows meanwhile, verify_payouts "
            "tells as far as it can be told. Then drop it.",
            id="backoffice.W021",
        )
        for alias in databases or ()
        for table, has in find_foreign_rules(connections[alias]).items()
    ]


@register("security", deploy=True)
def check_proxies(app_configs, **kwargs):
    """Without a count of proxies, all readers behind one share its address and are one reader."""
    if settings.SECURE_PROXY_SSL_HEADER and not settings.TRUSTED_PROXIES:
        return [
            Warning(
                "BEHIND_TLS_PROXY is on, but TRUSTED_PROXIES is 0.",
                hint="Set TRUSTED_PROXIES to the number of your own proxies.",
                id="backoffice.W003",
            )
        ]
    return []


@register(Tags.database)
def check_guards(app_configs, databases=(), **kwargs):
    """Warns only: an error would stop the migrate that puts the guards back."""
    return [
        Warning(
            "Guards of what is signed and logged are missing or changed in the database "
            f"“{alias}”: {', '.join(missing)}.",
            hint="See what was changed meanwhile: of money, verify_payouts tells; of the security "
            "log, nothing can. Then run migrate, which puts the guards back.",
            id="backoffice.W010",
        )
        for alias in databases or ()
        if (missing := find_missing_anywhere(connections[alias]))
    ]


@register(Tags.database, deploy=True)
def check_database_role(app_configs, databases=(), **kwargs):
    return [
        Info(
            f"The role of the database “{alias}” has more rights than it takes to read and write "
            "rows: whoever gets hold of it could drop the guards.",
            hint="Let another role own the tables: docs/operations.md, Two roles of PostgreSQL.",
            id="backoffice.I042",
        )
        for alias in databases or ()
        if can_change_tables(connections[alias])
    ]


@register
def check_jobs(app_configs, **kwargs):
    """With an unreadable schedule, limit or zone, nobody could tell that a job is late."""
    wrong = []
    for job in list_jobs():
        try:
            job.last_due(timezone.now())
        except (CronSimError, ZoneInfoNotFoundError, ValueError):
            wrong.append(f"{job.name} at “{job.schedule}” in {settings.CRON_TIME_ZONE}")
        if limit_of(job.name) <= 0:
            wrong.append(f"{job.name} for {limit_of(job.name) / 60:g} minutes")
    if not wrong:
        return []
    return [
        Error(
            f"These jobs can't be run and watched: {', '.join(wrong)}.",
            hint="A schedule has five fields, CRON_TIME_ZONE is a name such as Europe/Berlin, "
            "JOB_MINUTES and JOB_MINUTES_OF are more than 0.",
            id="backoffice.E040",
        )
    ]


@register("security", deploy=True)
def check_admins(app_configs, **kwargs):
    if settings.ADMINS:
        return []
    return [
        Info(
            "ADMINS is empty: nobody hears of what fails.",
            hint="Name addresses, and try them: manage.py sendtestemail --admins",
            id="backoffice.I041",
        )
    ]
