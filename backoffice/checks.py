"""System checks of the project."""

from django.conf import settings
from django.contrib.admin.sites import all_sites
from django.core.checks import Error, Tags, Warning, register
from django.db import connections

from backoffice.accounts.guards import GUARDS


@register("admin")
def check_actions(app_configs, **kwargs):
    """Unfold runs an action without a dialog on GET, and one without permissions for anyone."""
    return [
        error
        for site in all_sites
        for model_admin in site._registry.values()
        for error in _check_actions_of(model_admin)
    ]


def _check_actions_of(model_admin):
    # A submit-line action runs in the form's own POST, where no dialog can be.
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


@register("security", deploy=True)
def check_proxies(app_configs, **kwargs):
    """Behind a proxy that nobody counts, all readers share its address and are one reader."""
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
def check_security_log(app_configs, databases=(), **kwargs):
    """A warning: an error would stop the very migrate that puts the guards back."""
    return [
        Warning(
            f"Guards of the security log are missing or changed in the database “{alias}”: "
            f"{', '.join(missing)}.",
            hint="Migrate, which puts them back; what was changed meanwhile can't be told.",
            id="backoffice.W010",
        )
        for alias in databases or ()
        if (missing := GUARDS.find_missing(connections[alias]))
    ]
