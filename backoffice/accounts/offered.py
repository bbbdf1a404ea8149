"""Which permissions the forms of people and roles offer: those that open something here."""

from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.db.models import Model, Q, QuerySet

from backoffice.scrubbing import OWN_PACKAGES


class OfferedPermissions:
    """For the admin of accounts and of roles."""

    def formfield_for_manytomany(self, db_field, request=None, **kwargs):
        if db_field.related_model is Permission:
            kwargs.setdefault("queryset", find_offered_permissions())
        return super().formfield_for_manytomany(db_field, request=request, **kwargs)


def find_offered_permissions() -> QuerySet[Permission]:
    """Return all but those of tables without a page, which nobody holds.

    What somebody holds is offered: a form takes away what it does not offer.
    """
    models = [model for model in apps.get_models() if _opens_something(model)]
    kinds = ContentType.objects.get_for_models(*models, for_concrete_models=False).values()
    return Permission.objects.filter(
        Q(content_type__in=[kind.pk for kind in kinds])
        | Q(pk__in=Permission.objects.filter(group__isnull=False).values("pk"))
        | Q(pk__in=Permission.objects.filter(user__isnull=False).values("pk"))
    ).select_related("content_type")


def _opens_something(model: type[Model]) -> bool:
    """Whether it has a page: of its own, or as a part of another page, as our own tables are."""
    if admin.site.is_registered(model):
        return True
    is_history = hasattr(model, "instance_type")
    return model.__module__.split(".")[0] in OWN_PACKAGES and not is_history
