import pytest
from cryptography.fernet import InvalidToken
from django.core.checks import run_checks
from django.core.management import CommandError, call_command

from backoffice.accounts.checks import check_second_factor
from backoffice.accounts.factor_keys import decrypt, encrypt, find_unreadable
from backoffice.keys import list_secrets
from tests.backoffice.accounts.signing_in import (
    code_now,
    enter_code,
    enter_password,
    give_app,
    give_codes,
    is_signed_in,
    make_person,
)

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]


def test_text_comes_back_and_looks_different_each_time():
    assert decrypt(encrypt("Ünseen")) == "Ünseen"
    assert encrypt("x") != encrypt("x")


def test_another_key_opens_nothing(settings):
    settings.FACTOR_KEYS = ["one"]
    secret = encrypt("x")
    settings.FACTOR_KEYS = ["two"]
    with pytest.raises(InvalidToken):
        decrypt(secret)


def test_older_keys_go_on_opening(settings):
    settings.FACTOR_KEYS = ["one"]
    secret = encrypt("x")
    settings.FACTOR_KEYS = ["two", "one"]
    assert decrypt(secret) == "x"


def test_without_a_key_of_its_own_it_follows_secret_key_and_its_fallbacks(settings):
    settings.SECRET_KEY = "before"
    secret = encrypt("x")
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "after", ["before"]
    assert decrypt(secret) == "x"


def test_key_is_changed_without_anybody_enrolling_anew(client, settings):
    settings.FACTOR_KEYS = ["one"]
    edda = give_app(make_person("edda"))
    codes = give_codes(edda)
    settings.FACTOR_KEYS = ["two", "one"]
    call_command("encrypt_factors")
    settings.FACTOR_KEYS = ["two"]
    enter_password(client, edda)
    enter_code(client, code_now())
    assert is_signed_in(client)
    assert edda.authenticator_set.get(type="recovery_codes").wrap().validate_code(codes[0])


def test_key_of_its_own_is_brought_in_and_changed_by_the_command(settings, tmp_path):
    give_app(make_person())  # with what SECRET_KEY comes to
    file = tmp_path / ".env"
    file.write_text("DEBUG=0\n")
    for number in range(1, 4):
        rotate_factor_key(file, settings)
        call_command("encrypt_factors")
        assert len(settings.FACTOR_KEYS) == number
    rotate_factor_key(file, settings, "--drop-fallbacks")
    assert len(settings.FACTOR_KEYS) == 1
    assert find_unreadable() == []
    assert settings.FACTOR_KEYS[0] in list_secrets().values()


def rotate_factor_key(file, settings, *arguments):
    call_command("rotate_secret", "FACTOR_KEY", *arguments, file=file)
    settings.FACTOR_KEYS = file.read_text().split("FACTOR_KEY=")[1].strip().split(",")


def test_no_number_of_rotations_loses_a_factor(settings, tmp_path, capsys):
    file = tmp_path / ".env"
    file.write_text("FACTOR_KEY=one\n")
    settings.FACTOR_KEYS = ["one"]
    give_app(make_person())
    for _ in range(3):
        rotate_factor_key(file, settings)
        assert find_unreadable() == []
        assert "Then run `manage.py encrypt_factors`" in capsys.readouterr().out
        with pytest.raises(CommandError, match=r"need one \(1\).*encrypt_factors"):
            rotate_factor_key(file, settings, "--drop-fallbacks")
    assert settings.FACTOR_KEYS[-1] == "one"
    call_command("encrypt_factors")
    rotate_factor_key(file, settings, "--drop-fallbacks")
    assert find_unreadable() == []


def test_factor_that_was_lost_before_is_told_and_no_key_goes(settings, tmp_path):
    settings.SECRET_KEY = "lost"
    give_app(make_person())
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "after", ["before"]
    file = tmp_path / ".env"
    file.write_text("SECRET_KEY=after\nSECRET_KEY_FALLBACKS=before\n")
    with pytest.raises(CommandError, match="encrypt_factors --check"):
        call_command("rotate_secret", "--drop-fallbacks", file=file)
    assert "SECRET_KEY_FALLBACKS=before" in file.read_text()


def test_forgetting_old_secret_keys_keeps_the_factors(settings, tmp_path):
    settings.SECRET_KEY = "after"
    person = make_person()  # what waits to be sealed keeps its key
    settings.SECRET_KEY = "before"
    give_app(person)
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "after", ["before"]
    file = tmp_path / ".env"
    file.write_text("SECRET_KEY=after\nSECRET_KEY_FALLBACKS=before\n")
    call_command("rotate_secret", "--drop-fallbacks", file=file)
    settings.SECRET_KEY_FALLBACKS = []
    assert find_unreadable() == []


@pytest.mark.thorough
def test_lost_key_is_found_by_the_check_and_stops_the_command(settings):
    settings.FACTOR_KEYS = ["one"]
    give_app(make_person())
    assert call_command("encrypt_factors", check=True) == "All second factors are readable."
    settings.FACTOR_KEYS = ["two"]
    with pytest.raises(CommandError, match="No key opens 1 second factor"):
        call_command("encrypt_factors")
    found = run_checks(databases=["default"])
    assert "accounts.E001" in {message.id for message in found}


def test_lost_key_is_told_at_sign_in_in_words(client, settings):
    settings.FACTOR_KEYS = ["one"]
    edda = give_app(make_person("edda"))
    settings.FACTOR_KEYS = ["two"]
    enter_password(client, edda)
    assert "can’t be read" in enter_code(client, code_now()).text
    assert not is_signed_in(client)


@pytest.mark.parametrize(
    ("required", "keys", "ids"),
    [
        (True, ["one"], []),
        (False, ["one"], ["accounts.W001"]),
        (True, [], ["accounts.I002"]),
    ],
)
def test_deployment_without_second_factors_is_warned(settings, required, keys, ids):
    settings.REQUIRE_SECOND_FACTOR, settings.FACTOR_KEYS = required, keys
    assert [message.id for message in check_second_factor(None)] == ids
