from axes.backends import AxesStandaloneBackend
from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import Permission


class ThrottledBackend(AxesStandaloneBackend, ModelBackend):
    """Check passwords, unless a lock holds after too many wrong ones.

    One backend, because User.objects.with_perm() asks for one; axes' own never signs anybody in.
    """

    def authenticate(self, request, username=None, password=None, **kwargs):
        super().authenticate(request, username, password, **kwargs)  # refuses locked accounts
        return ModelBackend.authenticate(self, request, username, password, **kwargs)

    def get_all_permissions(self, user_obj, obj=None):
        """Return what the user and the user's groups may do: one query, where Django asks twice."""
        is_plain = user_obj.is_active and not user_obj.is_superuser and obj is None
        if is_plain and user_obj.pk and not hasattr(user_obj, "_perm_cache"):
            names = ("content_type__app_label", "codename")
            own = Permission.objects.filter(user=user_obj).order_by().values_list(*names)
            of_groups = Permission.objects.filter(group__user=user_obj).order_by()
            rows = own.union(of_groups.values_list(*names)).order_by()
            user_obj._perm_cache = {f"{app}.{codename}" for app, codename in rows}
        return super().get_all_permissions(user_obj, obj)
