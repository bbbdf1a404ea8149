from axes.backends import AxesStandaloneBackend
from django.contrib.auth.backends import ModelBackend


class ThrottledBackend(AxesStandaloneBackend, ModelBackend):
    """Check passwords, unless a lock holds after too many wrong ones.

    One backend, because User.objects.with_perm() asks for one; axes' own never signs anybody in.
    """

    def authenticate(self, request, username=None, password=None, **kwargs):
        super().authenticate(request, username, password, **kwargs)  # refuses locked accounts
        return ModelBackend.authenticate(self, request, username, password, **kwargs)
