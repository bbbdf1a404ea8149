import pytest
from django.contrib.auth.models import Permission

from tests.factories import make_user


@pytest.fixture
def make_clerk(db):
    """Return a maker of staff who hold the named permissions and no other."""

    def make(*permissions, **values):
        user = make_user(**values)
        for permission in permissions:
            app_label, codename = permission.split(".")
            user.user_permissions.add(
                Permission.objects.get(content_type__app_label=app_label, codename=codename)
            )
        return user

    return make
