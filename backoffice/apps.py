from django.apps import AppConfig, apps
from django.conf import settings
from django.contrib.admin import apps as admin
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.core.signals import request_finished
from django.db.models.signals import (
    m2m_changed,
    post_delete,
    post_migrate,
    post_save,
    pre_delete,
    pre_migrate,
    pre_save,
)

# What breadcrumbs and lists of permissions say in the place of the names of libraries.
APP_NAMES = {"auth": "Administration", "axes": "Sign-in", "mfa": "Second factors"}


class AdminConfig(admin.AdminConfig):
    """django.contrib.admin, with our site for admin.site."""

    default = False
    default_site = "backoffice.sites.BackofficeSite"


class BackofficeConfig(AppConfig):
    default = True
    name = "backoffice"
    verbose_name = "Control"

    def ready(self):
        from allauth.account.signals import authentication_step_completed, password_reset
        from allauth.mfa.models import Authenticator
        from allauth.mfa.signals import (
            authenticator_added,
            authenticator_removed,
            authenticator_reset,
        )
        from axes.signals import user_locked_out
        from django.contrib.auth.models import Group, User

        from backoffice import (  # noqa: F401
            certificates,
            checks,
            history,
            install_checks,
            key_checks,
            lookups,
            private_files,
            renamed_rights,
        )
        from backoffice.accounts import checks as account_checks  # noqa: F401
        from backoffice.accounts import receivers
        from backoffice.accounts.duties import find_own_duties, register_duties
        from backoffice.accounts.guards import GUARDS
        from backoffice.accounts.kept import register_own_extracts
        from backoffice.accounts.recovery_codes import use_hashed_codes
        from backoffice.accounts.signals import lock_released, password_reset_asked
        from backoffice.guards import register_guards
        from backoffice.health import checks as health
        from backoffice.health.metrics import register_own_metrics
        from backoffice.jobs import home as jobs_home
        from backoffice.jobs.watching import receive_request_finished
        from backoffice.limits import queries  # noqa: F401
        from backoffice.mailing import home as mailing_home
        from backoffice.readonly import link_only_what_opens
        from backoffice.sentry import start_sentry
        from backoffice.trail import indexes as trail_indexes
        from backoffice.trail.own_sources import register_own_sources

        for label, name in APP_NAMES.items():
            apps.get_app_config(label).verbose_name = name

        if settings.SENTRY_DSN:
            start_sentry(settings.SENTRY_DSN, environment=settings.SENTRY_ENVIRONMENT)

        link_only_what_opens()
        use_hashed_codes()
        health.register_checks()
        register_own_metrics()
        register_own_extracts()
        register_duties("accounts", find_own_duties)
        jobs_home.offer_home()
        mailing_home.offer_home()
        register_guards(GUARDS)
        register_own_sources()
        request_finished.connect(receive_request_finished, dispatch_uid="backoffice.watch_jobs")
        for signal, receiver, sender in [
            (user_logged_in, receivers.receive_sign_in, None),
            (authentication_step_completed, receivers.receive_confirmation, None),
            (user_login_failed, receivers.receive_sign_in_failure, None),
            (user_locked_out, receivers.receive_lock, None),
            (lock_released, receivers.receive_lock_released, None),
            (user_logged_out, receivers.receive_sign_out, None),
            (authenticator_added, receivers.receive_new_factor, None),
            (authenticator_removed, receivers.receive_lost_factor, None),
            (authenticator_reset, receivers.receive_new_codes, None),
            (password_reset_asked, receivers.receive_reset_asked, None),
            (password_reset, receivers.receive_reset, None),
            (pre_save, receivers.receive_pre_save, User),
            (post_save, receivers.receive_post_save, User),
            (post_save, receivers.receive_factor_saved, Authenticator),
            (post_delete, receivers.receive_factor_deleted, Authenticator),
            (pre_delete, receivers.receive_group_deleted, Group),
            (m2m_changed, receivers.receive_rights, User.groups.through),
            (m2m_changed, receivers.receive_rights, User.user_permissions.through),
            (m2m_changed, receivers.receive_group_rights, Group.permissions.through),
            (pre_migrate, receivers.receive_pre_migrate, self),
            (post_migrate, receivers.receive_post_migrate, self),
        ]:
            name = f"backoffice.{receiver.__name__}.{getattr(sender, '__name__', '')}"
            signal.connect(receiver, sender=sender, dispatch_uid=name)
        post_migrate.connect(
            trail_indexes.receive_post_migrate,
            sender=self,
            dispatch_uid="backoffice.trail_indexes",
        )
        post_migrate.connect(
            renamed_rights.receive_post_migrate, dispatch_uid="backoffice.renamed_rights"
        )
