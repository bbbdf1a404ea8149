import itertools

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from tablib import Dataset

from backoffice.resources import ImportedResource, UserResource
from tests.factories import make_user

pytestmark = [pytest.mark.django_db, pytest.mark.any_database, pytest.mark.slow]

URL = "/admin/auth/user/import/"
HEADER = "username,first_name,last_name,email,active\n"


@pytest.fixture(autouse=True)
def folder(settings, tmp_path):
    settings.UPLOAD_DIR = tmp_path / "uploads"


@pytest.fixture
def root(client):
    user = make_user("root", is_superuser=True)
    client.force_login(user)
    return user


def upload(client, data):
    file = SimpleUploadedFile("people.csv", data.encode())
    return client.post(URL, {"step": "preview", "file": file})


def bring_in(client, data):
    response = upload(client, data)
    assert response.context["problems"] == []
    name = client.session[f"upload:{URL}"]["name"]
    client.post(URL, {"step": "confirm", "name": name})
    return response.context["totals"]


def test_account_comes_in_inactive_and_without_any_right(client, root):
    data = HEADER + "rosa,Rosa,Diaz,rosa@example.com,0\n"
    bring_in(client, data)
    rosa = User.objects.get(username="rosa")
    assert (rosa.get_full_name(), rosa.email) == ("Rosa Diaz", "rosa@example.com")
    assert not rosa.is_active
    assert not rosa.is_staff
    assert not rosa.is_superuser
    assert not rosa.has_usable_password()
    record = rosa.history.get()
    assert (record.history_user, record.history_change_reason) == (root, "Imported from people.csv")
    assert bring_in(client, data) == {"new": 0, "update": 0, "skip": 1}
    assert rosa.history.count() == 1


def test_names_and_activity_of_an_account_change_and_nothing_else(client, root):
    rosa = make_user("rosa")
    password = rosa.password
    bring_in(client, HEADER + "rosa,Rosa,,,0\n")
    rosa.refresh_from_db()
    assert (rosa.first_name, rosa.is_active, rosa.is_staff) == ("Rosa", False, True)
    assert rosa.password == password


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (HEADER + "rosa,,,,1\n", "A new account is inactive"),
        (HEADER + "rosa,,,,\n", "Write 1 for an active account"),
        (HEADER + "rosa,,,no address,0\n", "Enter a valid email address"),
        (HEADER + "ro sa,,,,0\n", "Enter a valid username"),
        (HEADER + "root,,,,0\n", "That is you"),
        ("username,is_superuser\nrosa,1\n", "There is no column “is_superuser”"),
        ("username,password\nrosa,x\n", "There is no column “password”"),
    ],
)
def test_what_an_import_may_not_do_is_refused(client, root, data, problem):
    before = list(User.objects.values_list())
    assert problem in upload(client, data).text
    assert list(User.objects.values_list()) == before


def test_accounts_are_the_superusers(client):
    client.force_login(make_user())
    assert client.get(URL).status_code == 403
    assert client.get("/admin/auth/user/export/").status_code == 403


def test_export_holds_no_password_and_no_right(client, root):
    text = client.post("/admin/auth/user/export/", {"format": "0"}).text
    assert text.startswith("username,first_name,last_name,email,active")
    assert root.password not in text


class CountingResource(ImportedResource):
    """Counts the rows that it looks at; each of them is refused."""

    looked_at = 0

    class Meta(ImportedResource.Meta):
        model = User
        import_id_fields = fields = ["username"]

    def before_import_row(self, row, **kwargs):
        self.looked_at += 1
        raise ValidationError("No.")


def test_no_row_is_looked_at_after_fifty_problems():
    resource = CountingResource()
    result = resource.import_data(Dataset(*[("a",)] * 4_000, headers=["username"]), dry_run=True)
    assert resource.looked_at == 50
    assert "50 rows have problems" in resource.stopped
    assert [len(result.rows), len(result.invalid_rows)] == [4_000, 51]


@pytest.mark.parametrize(("clock", "step"), [("thread_time", 1), ("monotonic", 3)])
def test_no_row_is_looked_at_when_the_time_is_over(monkeypatch, clock, step):
    """A table of 4,200 rows took 12 seconds of a processor, and half a minute on a busy machine."""
    times = itertools.count(step=step)
    monkeypatch.setattr(f"backoffice.resources.time.{clock}", times.__next__)
    names = [(f"a{number}", "0") for number in range(9)]
    resource = UserResource()
    result = resource.import_data(
        Dataset(*names, headers=["username", "active"]),
        use_transactions=True,
        rollback_on_validation_errors=True,
    )
    assert "the 3 rows before took 4 seconds" in resource.stopped
    assert len(result.invalid_rows) == 1
    assert not User.objects.filter(username__startswith="a").exists()
