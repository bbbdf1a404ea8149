"""What somebody typed about a payee, checked field by field before anything is kept.

The lengths are those of ISO 20022 (PostalAddress24, pain.001.001.09), so that no bank cuts a line.
"""

import unicodedata
from collections.abc import Mapping
from typing import NamedTuple

from babel import Locale
from django.conf.global_settings import LANGUAGES
from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from billing.errors import InvalidDetails
from billing.payees.accounts import check_account
from billing.payees.tax_ids import check_tax_id

LENGTHS = {
    "legal_name": 140,
    "street": 70,
    "building_number": 16,
    "postcode": 16,
    "town": 35,
    "region": 35,
    "email": 254,
}
# What turns the direction of what follows, or takes no room: a name would read as another one.
UNSEEN = frozenset(
    "\u061c\u200b\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2066\u2067\u2068\u2069\ufeff"
)
ADDRESS = ("street", "building_number", "postcode", "town", "region")
NO_COUNTRIES = {"AC", "CP", "CQ", "DG", "EA", "EU", "EZ", "IC", "QO", "TA", "UN", "XA", "XB", "ZZ"}
REQUIRED = {
    "legal_name": "Enter the name as the bank knows it.",
    "town": "Enter the town: banks refuse an address without it.",
    "email": "Enter the address to which we write about changes.",
}


class Entered(NamedTuple):
    """Details that passed all checks. The address and the account are as they are encrypted."""

    legal_name: str
    country: str
    language: str
    email: str
    tax_id: str
    address: dict[str, str]
    account: dict[str, str]


def list_countries() -> list[tuple[str, str]]:
    """Return (code, name) of all countries, by name."""
    names = {str(code): name for code, name in Locale("en").territories.items()}
    codes = [code for code in names if len(code) == 2 and code.isalpha()]
    return sorted(
        ((code, names[code]) for code in codes if code not in NO_COUNTRIES),
        key=lambda country: country[1],
    )


def list_languages() -> list[tuple[str, str]]:
    return sorted(LANGUAGES, key=lambda language: language[1])


def check_entry(data: Mapping[str, str]) -> Entered:
    """Return what was entered, in its kept form. Raises InvalidDetails, a sentence a field."""
    wrong: dict[str, str] = {}
    texts = {name: _clean(data.get(name) or "") for name in LENGTHS}
    for name, text in texts.items():
        if fault := _find_fault(name, text):
            wrong[name] = fault
    if not wrong.get("email") and (fault := _check_email(texts["email"])):
        wrong["email"] = fault
    country, language = data.get("country", ""), data.get("language", "")
    if country not in dict(list_countries()):
        wrong["country"] = "Choose the country of the address."
    if language not in dict(LANGUAGES):
        wrong["language"] = "Choose the language of statements."
    tax_id, fault = check_tax_id(_clean(data.get("tax_id") or ""), country)
    if fault:
        wrong["tax_id"] = fault
    account, faults = check_account(
        data.get("account_kind", ""), {name: text or "" for name, text in data.items()}
    )
    wrong |= faults
    if wrong:
        raise InvalidDetails(wrong)
    address = {name: texts[name] for name in ADDRESS if texts[name]}
    return Entered(texts["legal_name"], country, language, texts["email"], tax_id, address, account)


def _clean(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).split())


def _find_fault(name: str, text: str) -> str:
    if not text:
        return REQUIRED.get(name, "")
    if any(
        unicodedata.category(letter) in ("Cc", "Cs", "Co", "Cn") or letter in UNSEEN
        for letter in text
    ):
        return "There is a character in it that can’t be printed. Type it anew."
    if len(text) > LENGTHS[name]:
        return f"Banks take at most {LENGTHS[name]} characters here; these are {len(text)}."
    return ""


def _check_email(text: str) -> str:
    try:
        validate_email(text)
    except ValidationError:
        return "This is no e-mail address."
    return ""
