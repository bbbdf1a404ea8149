import pytest
from django.contrib.auth.models import User

from backoffice.people import full_name

pytestmark = pytest.mark.any_database


@pytest.mark.parametrize(
    ("values", "name"),
    [
        ({"first_name": "Ada", "last_name": "Example"}, "Ada Example"),
        ({"last_name": "Example"}, "Example"),
        ({}, "demo.ada"),
    ],
)
def test_person_is_called_by_name_or_else_by_username(values, name):
    assert full_name(User(username="demo.ada", **values)) == name
