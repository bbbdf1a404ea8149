"""Checks that no row refers to a deleted one."""

from collections import Counter

from django.apps import apps
from django.db import IntegrityError, connection

from billing.models import BlogView, Verification
from billing.verification.differences import Difference


def check_references(run: Verification, key: str, after: str, numbers: Counter) -> None:
    """Ask SQLite for broken references, which anybody with the file can cause.

    SQLite checks foreign keys only if the connection asks for it. PostgreSQL lets only a superuser
    break them. The many views are left out, because other checks count them.
    """
    models = apps.get_app_config("billing").get_models()
    tables = [model._meta.db_table for model in models if model is not BlogView]
    try:
        connection.check_constraints(tables)
    except IntegrityError as error:
        raise Difference(
            "A row", f"refers to one that is gone: {error}", "nobody ever deleted a row of it"
        ) from error
