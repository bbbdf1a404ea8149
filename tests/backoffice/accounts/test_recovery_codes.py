"""Recovery codes are kept as salted hashes, and nothing else that leads to them."""

import json

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from django.urls import reverse

from backoffice.accounts.factor_keys import encrypt_anew
from backoffice.accounts.factors import use_code
from tests.backoffice.accounts.signing_in import (
    code_now,
    give_app,
    give_codes,
    make_person,
    sign_in,
)

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]


@pytest.fixture
def edda():
    return give_app(make_person("edda"))


def find_set(user):
    return Authenticator.objects.get(user=user, type="recovery_codes")


def make_shown_before_hashes(user):
    """Make a set as it was kept before: its seed, encrypted. Return its codes."""
    codes = RecoveryCodes.__mro__[1].activate(user)  # allauth's own
    codes.instance.data["viewed_at"] = 1.0
    codes.instance.save()
    return codes.generate_codes()


def test_each_code_is_hashed_with_a_salt_of_its_set(edda):
    codes = give_codes(edda)
    data = find_set(edda).data
    assert set(data) == {"viewed_at", "salt", "rounds", "hashes"}
    assert len(set(data["hashes"])) == len(codes) == 10
    assert {len(kept) for kept in data["hashes"]} == {64}
    assert len(bytes.fromhex(data["salt"])) * 8 == 128
    other = make_person()
    give_codes(other)
    assert find_set(other).data["salt"] != data["salt"]
    assert not any(code in json.dumps(data) for code in codes)


def test_hashing_is_slow_where_it_counts():
    from backoffice import settings

    assert settings.RECOVERY_CODE_ROUNDS == 600_000


def test_codes_are_shown_once_and_then_nobody_knows_them(client):
    user = make_person()
    sign_in(client, user)
    secret = client.get(reverse("mfa_activate_totp")).context["form"].secret
    page = client.post(reverse("mfa_activate_totp"), {"code": code_now(secret=secret)}, follow=True)
    code, *others = page.context["unused_codes"]
    assert "seed" not in find_set(user).data
    assert find_set(user).wrap().get_unused_codes() == [""] * 10
    assert use_code(find_set(user), f" {code[:4]} {code[4:]} ") is True
    assert use_code(find_set(user), code) is False
    assert "9 of 10 codes are left" in client.get(reverse("mfa_view_recovery_codes")).text
    assert use_code(find_set(user), others[-1]) is True


def test_set_that_was_never_shown_lets_nobody_in(edda):
    codes = RecoveryCodes.activate(edda).generate_codes()
    assert use_code(find_set(edda), codes[0]) is False


def test_codes_of_before_work_and_are_hashed_at_their_first_use(edda):
    code, other, *_ = make_shown_before_hashes(edda)
    assert use_code(find_set(edda), code) is True
    assert "seed" not in find_set(edda).data
    assert use_code(find_set(edda), code) is False
    assert use_code(find_set(edda), other) is True


def test_codes_of_before_are_hashed_by_encrypt_factors(edda):
    code, *_ = make_shown_before_hashes(edda)
    encrypt_anew()
    assert len(find_set(edda).data["hashes"]) == 10
    assert use_code(find_set(edda), code) is True
