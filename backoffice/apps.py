from django.apps import AppConfig
from django.contrib.admin import apps as admin


class AdminConfig(admin.AdminConfig):
    """django.contrib.admin, with our site for admin.site."""

    default = False
    default_site = "backoffice.sites.BackofficeSite"


class BackofficeConfig(AppConfig):
    default = True
    name = "backoffice"
    verbose_name = "Back-office"

    def ready(self):
        from backoffice import checks, history  # noqa: F401
