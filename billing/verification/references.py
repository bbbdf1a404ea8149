"""That no row refers to one that is gone."""

from collections import Counter

from django.apps import apps
from django.db import IntegrityError, connection

from billing.models import BlogView, Verification
from billing.verification.differences import Difference


def check_references(run: Verification, key: str, after: str, numbers: Counter) -> None:
    """Ask SQLite, which lets anybody delete who opens the file without foreign keys.

    PostgreSQL refuses that to everybody but its superuser. Views are many, and counted anyway.
    """
    models = apps.get_app_config("billing").get_models()
    tables = [model._meta.db_table for model in models if model is not BlogView]
    try:
        connection.check_constraints(tables)
    except IntegrityError as error:
        raise Difference(
            "A row", f"refers to one that is gone: {error}", "nothing of it was ever deleted"
        ) from error
