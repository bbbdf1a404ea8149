from axes.backends import AxesStandaloneBackend
from django.contrib.auth.backends import ModelBackend


class ThrottledBackend(AxesStandaloneBackend, ModelBackend):
    """Passwords, unless somebody was wrong too often.

    One backend, because User.objects.with_perm() asks for one; axes' own never signs anybody in.
    """

    def authenticate(self, request, username=None, password=None, **kwargs):
        super().authenticate(request, username, password, **kwargs)  # refuses who is locked out
        return ModelBackend.authenticate(self, request, username, password, **kwargs)
