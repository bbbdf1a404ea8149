"""What is typed about a payee is checked field by field."""

import pytest

from billing.errors import InvalidDetails
from billing.payees.accounts import end_of, identify
from billing.payees.entry import check_entry, list_countries
from tests.factories import describe_payee

pytestmark = pytest.mark.any_database

US = {"account_kind": "us", "routing": "011000015", "number": "12345678"}


def find_faults(**values):
    with pytest.raises(InvalidDetails) as refusal:
        check_entry(describe_payee(**values))
    return refusal.value.fields


def test_details_are_kept_in_one_form():
    entered = check_entry(
        describe_payee(legal_name="  Ada \u00a0 Example ", iban="de89 3704-0044 0532 0130 00")
    )
    assert entered.legal_name == "Ada Example"
    assert entered.account == {
        "kind": "iban",
        "iban": "DE89370400440532013000",
        "bic": "COBADEFFXXX",
    }
    assert entered.address == {
        "street": "Musterweg",
        "building_number": "7b",
        "postcode": "10117",
        "town": "Berlin",
    }


@pytest.mark.parametrize(
    ("iban", "says"),
    [
        ("", "Enter the IBAN"),
        ("DE89370400440532013001", "check digits"),
        ("DE98370400440532013000", "check digits"),
        ("DE8937040044053201300", "too short or too long"),
        ("DE893704004405320130000", "too short or too long"),
        ("QQ89370400440532013000", "two letters of a country"),
        ("my usual account", "This is no IBAN"),
        ("DE8937040044053201300\u0660", "This is no IBAN"),
        ("DE89370400440532013000\0", "This is no IBAN"),
    ],
)
def test_wrong_iban_is_refused_with_what_is_wrong(iban, says):
    faults = find_faults(iban=iban)
    assert list(faults) == ["iban"]
    assert says in faults["iban"]


@pytest.mark.parametrize(
    ("values", "bic"),
    [
        ({"iban": "NL91ABNA0417164300"}, "ABNANL2A"),
        ({"iban": "AT611904300234573201"}, ""),  # within the EEA an IBAN is enough
        ({"iban": "CH9300762011623852957", "bic": "ubswchzh80a"}, "UBSWCHZH80A"),
        ({"bic": "DEUTDEFF"}, "DEUTDEFF"),
    ],
)
def test_bic_is_found_or_taken(values, bic):
    assert check_entry(describe_payee(**values)).account["bic"] == bic


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"iban": "CH9300762011623852957"}, "Enter the BIC"),
        ({"bic": "ABNANL2A"}, "a bank in NL"),
        ({"bic": "COBADE"}, "This is no BIC"),
    ],
)
def test_wrong_bic_is_refused(values, says):
    faults = find_faults(**values)
    assert list(faults) == ["bic"]
    assert says in faults["bic"]


def test_us_account_has_a_routing_number_that_fits():
    account = check_entry(describe_payee(**US, account_type="savings")).account
    assert account == {
        "kind": "us",
        "routing": "011000015",
        "number": "12345678",
        "type": "savings",
    }
    assert find_faults(**US | {"routing": "011000016", "number": "12a4"}).keys() == {
        "routing",
        "number",
        "account_type",
    }


@pytest.mark.parametrize(
    ("country", "tax_id", "is_right"),
    [
        ("DE", "DE136695976", True),
        ("DE", "DE136695977", False),
        ("DE", "36 574 261 809", True),
        ("US", "12-3456789", True),
        ("US", "00-0000000", False),
        ("FR", "FR40303265045", True),
        ("FR", "FR41303265045", False),
        ("KY", "12-34", True),  # no rule is known
        ("KY", "=1+1", False),
        ("DE", "", True),
    ],
)
def test_tax_number_is_checked_by_the_rules_of_its_country(country, tax_id, is_right):
    values = {"country": country, "tax_id": tax_id}
    if is_right:
        assert check_entry(describe_payee(**values)).tax_id == tax_id
    else:
        assert list(find_faults(**values)) == ["tax_id"]


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("legal_name", ""),
        ("legal_name", "A" * 141),
        ("legal_name", "Ada\0Example"),
        ("legal_name", "Ada \ud800"),
        ("street", "S" * 71),
        ("building_number", "1" * 17),
        ("postcode", "1" * 17),
        ("town", " "),
        ("town", "T" * 36),
        ("region", "R" * 36),
        ("country", "ZZ"),
        ("country", "Germany"),
        ("language", "klingon"),
        ("email", "ada"),
        ("account_kind", "cash"),
    ],
)
def test_each_field_has_a_message_of_its_own(field, text):
    assert list(find_faults(**{field: text})) == [field]


def test_countries_are_those_of_the_world():
    countries = dict(list_countries())
    assert countries["DE"] == "Germany"
    assert len(countries) > 240
    assert not {"EU", "UN", "ZZ"} & countries.keys()


def describe_paypal(account):
    return describe_payee(account_kind="paypal", paypal=account, iban="", bic="")


@pytest.mark.parametrize(
    ("typed", "kept", "end"),
    [
        (" Ada.Money@Example.com ", "Ada.Money@Example.com", "oney"),
        ("ada@example.com", "ada@example.com", "a"),  # half of it at most
        ("a@example.com", "a@example.com", "@"),
        ("2bcdefgh 345jk", "2BCDEFGH345JK", "45JK"),
    ],
)
def test_paypal_account_is_an_address_or_a_payer_id(typed, kept, end):
    account = check_entry(describe_paypal(typed)).account
    assert account == {"kind": "paypal", "paypal": kept}
    assert end_of(account) == end


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("", "Enter the e-mail address or the payer ID"),
        ("@home", "neither an e-mail address nor a payer ID"),
        ("1BCDEFGH345JK", "neither an e-mail address nor a payer ID"),
        ("2BCDEFGH345J", "neither an e-mail address nor a payer ID"),
        ("ada@example", "neither an e-mail address nor a payer ID"),
        ("ada\0@example.com", "neither an e-mail address nor a payer ID"),
        ("\u0430da@example.com", "neither an e-mail address nor a payer ID"),
        ("=ada@example.com", "does not take this address"),
        ("+ada@example.com", "does not take this address"),
        ("a" * 60 + "@" + "b" * 63 + ".example.com", "does not take this address"),
    ],
)
def test_wrong_paypal_account_is_refused_at_its_field(typed, says):
    with pytest.raises(InvalidDetails) as refusal:
        check_entry(describe_paypal(typed))
    assert list(refusal.value.fields) == ["paypal"]
    assert says in refusal.value.fields["paypal"]


def test_one_paypal_account_has_one_fingerprint_however_it_is_written():
    one, other = (
        check_entry(describe_paypal(typed)).account
        for typed in ("Ada@example.com", "ada@EXAMPLE.com")
    )
    assert identify(one) == identify(other) == ["paypal", "ada@example.com"]


@pytest.mark.parametrize("field", ["legal_name", "street", "town"])
@pytest.mark.parametrize("sign", ["\u202e", "\u2066", "\u200b", "\u200f", "\ufeff", "\0"])
def test_sign_that_nobody_sees_is_refused(field, sign):
    faults = find_faults(**{field: f"Ada {sign}Example"})
    assert list(faults) == [field]
    assert "Type it anew" in faults[field]


def test_marks_that_scripts_need_between_letters_are_kept():
    assert check_entry(describe_payee(legal_name="می\u200cخواهم")).legal_name == "می\u200cخواهم"
