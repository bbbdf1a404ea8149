"""All content of the database, for comparison."""

from django.apps import apps

from backoffice.models import AccountSession


def snapshot():
    """Return all rows of all tables except sessions."""
    models = [model for model in apps.get_models(include_auto_created=True) if model._meta.managed]
    return {
        model._meta.label: sorted(map(repr, model._base_manager.values_list()))
        for model in models
        if model is not AccountSession
    }
