"""Details are unreadable without their key, bound to their row, and survive a rotation."""

import datetime as dt
import json

import pytest
from django.core.checks import run_checks
from django.core.management import CommandError, call_command
from django.db import connection

from billing.errors import DetailsUnreadable, KeysMissing
from billing.models import PayeeSecret
from billing.payees.encryption import decrypt, encrypt, fingerprint, has_fingerprint
from billing.payees.keys import add_key, load_keys, make_keys
from billing.payees.reading import find_current, list_versions
from billing.payees.secrets import open_secret
from tests.billing.tampering import without_guards
from tests.factories import IBANS, make_payee, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.any_database, pytest.mark.slow]

AT = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)
PLACE = {"table": "a", "row": 1, "field": "f"}


@pytest.fixture
def key_file(settings, tmp_path):
    path = tmp_path / "keys" / "payee.keys"
    settings.PAYEE_KEYS_FILE, settings.PAYEE_KEYS = str(path), ""
    return path


def find_errors():
    found = run_checks(tags=["database", "security"], databases=["default"])
    return {error.id: error.msg for error in found if error.id.startswith("billing.E02")}


def test_value_is_read_in_its_own_place_alone():
    encrypted = encrypt({"iban": IBANS[0]}, **PLACE)
    assert decrypt(encrypted, **PLACE) == {"iban": IBANS[0]}
    for other in ({"table": "b"}, {"row": 2}, {"field": "g"}):
        with pytest.raises(DetailsUnreadable, match="another row"):
            decrypt(encrypted, **PLACE | other)
    for damaged in ("", "AAAA", encrypted[:-4], encrypted[:20] + "AAAA" + encrypted[24:]):
        with pytest.raises(DetailsUnreadable, match="cannot be read"):
            decrypt(damaged, **PLACE)


def test_secret_of_another_row_is_refused():
    one, other = (find_current(make_payee(make_user(), at=AT), at=AT) for _ in range(2))
    with without_guards():
        PayeeSecret.objects.filter(pk=one.pk).update(account=other.secret.account)
    one.secret.refresh_from_db()
    with pytest.raises(DetailsUnreadable, match="another row"):
        open_secret(one)


def test_same_account_has_the_same_fingerprint_and_no_key_no_fingerprint(settings):
    found = fingerprint(["iban", IBANS[0]], what="account")
    assert found.startswith("21:")
    assert found == fingerprint(["iban", IBANS[0]], what="account")
    assert found != fingerprint(["iban", IBANS[0]], what="address")
    assert has_fingerprint(["iban", IBANS[0]], found, what="account")
    assert not has_fingerprint(["iban", IBANS[1]], found, what="account")
    settings.PAYEE_KEYS = make_keys()
    with pytest.raises(DetailsUnreadable, match="key 21 is missing"):
        has_fingerprint(["iban", IBANS[0]], found, what="account")


def test_keys_depend_on_no_secret_key(settings):
    encrypted = encrypt("x", **PLACE)
    found = fingerprint("x", what="account")
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another one, just as long as it", []
    assert decrypt(encrypted, **PLACE) == "x"
    assert fingerprint("x", what="account") == found


def test_key_is_made_once_for_this_user_alone(key_file):
    call_command("make_payee_key")
    assert key_file.stat().st_mode & 0o777 == 0o600
    made = key_file.read_text()
    with pytest.raises(CommandError, match="already"):
        call_command("make_payee_key")
    assert key_file.read_text() == made
    assert find_errors() == {}
    key_file.chmod(0o640)
    assert "other users" in find_errors()["billing.E020"]


def test_key_is_printed_where_no_file_is_set(settings, capsys):
    settings.PAYEE_KEYS = ""
    call_command("make_payee_key")
    settings.PAYEE_KEYS = capsys.readouterr().out.partition("=")[2].strip().strip("'")
    assert decrypt(encrypt("x", **PLACE), **PLACE) == "x"


def test_rotation_renews_every_row_and_drops_the_old_key(key_file):
    call_command("make_payee_key")
    old = load_keys().id
    rows = [find_current(make_payee(make_user(), at=AT), at=AT) for _ in range(3)]
    before = [row.secret.account for row in rows]
    call_command("rotate_payee_keys")
    new = load_keys().id
    assert new != old
    assert load_keys().ids == {old, new}
    for row, text in zip(rows, before, strict=True):
        row.secret.refresh_from_db()
        assert (row.secret.key_id, row.secret.account == text) == (new, False)
        assert open_secret(row).account["iban"] == IBANS[0]
    call_command("rotate_payee_keys", "--drop-old")
    assert load_keys().ids == {new}
    assert open_secret(rows[0]).account["iban"] == IBANS[0]
    assert key_file.stat().st_mode & 0o777 == 0o600


def test_rotation_goes_on_where_it_was_stopped(key_file):
    call_command("make_payee_key")
    row = find_current(make_payee(make_user(), at=AT), at=AT)
    key_file.write_text(add_key(key_file.read_text()))  # and then the machine stops
    late = find_current(make_payee(make_user(), at=AT), at=AT)
    assert late.secret.key_id == load_keys().id != row.secret.key_id
    call_command("rotate_payee_keys", "--go-on")
    assert set(PayeeSecret.objects.values_list("key_id", flat=True)) == {load_keys().id}


def test_rotation_of_keys_in_a_setting_prints_them(settings, capsys):
    row = find_current(make_payee(make_user(), at=AT), at=AT)
    call_command("rotate_payee_keys")
    settings.PAYEE_KEYS = capsys.readouterr().out.split("'")[1]
    call_command("rotate_payee_keys", "--go-on")
    assert "Encrypted 1 row" in capsys.readouterr().out
    row.secret.refresh_from_db()
    assert row.secret.key_id == json.loads(settings.PAYEE_KEYS)["encryption"]["primaryKeyId"]


def test_lost_key_is_told_in_words_and_hides_nothing_else(settings):
    payee = make_payee(make_user(), at=AT)
    settings.PAYEE_KEYS = make_keys()
    (version,) = list_versions(payee, at=AT)
    assert version.unreadable == "cannot be read: key 11 is missing"
    assert version.details.account == "IBAN ending in 3000"
    assert "Key 11 is missing, and 1 row(s)" in find_errors()["billing.E022"]
    with pytest.raises(CommandError, match="key 11 is missing"):
        call_command("rotate_payee_keys")
    settings.PAYEE_KEYS = ""
    assert "There is no key" in find_errors()["billing.E021"]


def test_house_without_keys_goes_on_until_a_row_needs_one(settings):
    settings.PAYEE_KEYS, settings.PAYEES_REQUIRED = "", True
    assert find_errors() == {}


@pytest.mark.parametrize("text", ["{", "{}", '{"encryption": 1, "digest": 2}', "\0"])
def test_damaged_keys_are_named_without_being_shown(settings, text):
    settings.PAYEE_KEYS = text
    with pytest.raises(KeysMissing, match="not whole") as refusal:
        load_keys()
    assert refusal.value.__cause__ is None


def test_no_detail_stands_in_clear_in_the_database():
    make_payee(make_user(), at=AT, tax_id="DE136695976", street="Geheimer Weg")
    hidden = (IBANS[0], IBANS[0][4:], "COBADEFF", "DE136695976", "Geheimer Weg")
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")  # noqa: S608
            rows = repr(cursor.fetchall())
            assert not [text for text in hidden if text in rows], table
