from django.apps import AppConfig
from django.conf import settings
from django.contrib.admin import apps as admin
from django.contrib.auth.signals import user_logged_in
from django.core.signals import request_finished
from django.db.models.signals import m2m_changed, post_save, pre_save


class AdminConfig(admin.AdminConfig):
    """django.contrib.admin, with our site for admin.site."""

    default = False
    default_site = "backoffice.sites.BackofficeSite"


class BackofficeConfig(AppConfig):
    default = True
    name = "backoffice"
    verbose_name = "Back-office"

    def ready(self):
        from django.contrib.auth.models import User

        from backoffice import checks, history, install_checks  # noqa: F401
        from backoffice.accounts import receivers
        from backoffice.jobs.watching import receive_request_finished
        from backoffice.limits import queries  # noqa: F401
        from backoffice.sentry import start_sentry

        if settings.SENTRY_DSN:
            start_sentry(settings.SENTRY_DSN, environment=settings.SENTRY_ENVIRONMENT)

        request_finished.connect(receive_request_finished, dispatch_uid="backoffice.watch_jobs")
        for signal, receiver, sender in [
            (user_logged_in, receivers.receive_sign_in, None),
            (pre_save, receivers.receive_pre_save, User),
            (post_save, receivers.receive_post_save, User),
            (m2m_changed, receivers.receive_rights, User.groups.through),
            (m2m_changed, receivers.receive_rights, User.user_permissions.through),
        ]:
            name = f"backoffice.{receiver.__name__}.{sender and sender.__name__}"
            signal.connect(receiver, sender=sender, dispatch_uid=name)
