"""Bank accounts, and PayPal's: what a valid one is, and what may be shown of it."""

import re
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from schwifty import BIC, IBAN
from schwifty.exceptions import (
    InvalidBBANChecksum,
    InvalidChecksumDigits,
    InvalidCountryCode,
    InvalidLength,
    SchwiftyException,
)
from stdnum.us import rtn

from billing.models import PayeeDetails

Kind = PayeeDetails.AccountKind

SHOWN_DIGITS = 4
PAYER_ID = re.compile(r"[2-9A-HJ-NP-Z]{13}")  # PayPal leaves out 0, 1, I and O
PAYPAL_EMAIL = 127  # characters, by PayPal's API of payouts
ACCOUNT_NUMBER = re.compile(r"[0-9]{5,17}")  # NACHA's field has 17 places
NO_IBAN = "This is no IBAN: two letters, two digits, then the account, as on the bank statement."
NUMBERS = {Kind.IBAN: "iban", Kind.US: "number", Kind.PAYPAL: "paypal"}  # the fields
TYPES = {"checking": "Checking", "savings": "Savings"}
# Regulation (EU) 260/2012, article 5: within the EEA an IBAN is enough.
WITHOUT_BIC = {
    "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE", "IS",
    "IT", "LI", "LT", "LU", "LV", "MT", "NL", "NO", "PL", "PT", "RO", "SE", "SI", "SK",
}  # fmt: skip
# Countries whose IBANs banks of a neighbour issue, or that are written under another's code.
SHARED = [{"GB", "GG", "IM", "JE"}, {"FR", "MC", "GF", "GP", "MQ", "RE", "YT", "PF", "NC", "PM"}]


def check_account(kind: str, data: dict[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """Return the account, and a sentence for each field that is wrong."""
    if kind == Kind.US:
        return _check_us(data)
    if kind == Kind.IBAN:
        return _check_iban(data)
    if kind == Kind.PAYPAL:
        return _check_paypal(data)
    return {}, {"account_kind": "Choose what kind of account it is."}


def end_of(account: dict[str, str]) -> str:
    """Return the last digits of the account: all that is shown of it.

    Of a PayPal account that is a mail address it is the end of its first part, and a short one
    shows less: the rest could be guessed.
    """
    number = account[NUMBERS[Kind(account["kind"])]]
    if "@" in number:
        number = number.partition("@")[0]
        return number[-min(SHOWN_DIGITS, len(number) // 2) :] if len(number) > 1 else "@"
    return number[-SHOWN_DIGITS:]


def identify(account: dict[str, str]) -> list[str]:
    """Return what makes two accounts the same, however else they are described."""
    if account["kind"] == Kind.IBAN:
        return [Kind.IBAN.value, account["iban"]]
    if account["kind"] == Kind.PAYPAL:
        return [Kind.PAYPAL.value, account["paypal"].lower()]
    return [Kind.US.value, account["routing"], account["number"]]


def _check_iban(data: dict[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    text = _compact(data.get("iban", ""))
    if not text:
        return {}, {"iban": "Enter the IBAN."}
    if not text.isascii():  # digits of other scripts look like ours
        return {}, {"iban": NO_IBAN}
    try:
        iban = IBAN(text)
    except SchwiftyException as error:
        return {}, {"iban": _explain(error)}
    bic, wrong = _check_bic(_compact(data.get("bic", "")), iban)
    account = {"kind": Kind.IBAN.value, "iban": str(iban), "bic": bic}
    return account, {"bic": wrong} if wrong else {}


def _explain(error: SchwiftyException) -> str:
    if isinstance(error, InvalidChecksumDigits | InvalidBBANChecksum):
        return "This IBAN has a wrong letter or digit: its check digits do not fit. Compare it."
    if isinstance(error, InvalidLength):
        return "This IBAN is too short or too long for its country. Compare it."
    if isinstance(error, InvalidCountryCode):
        return "An IBAN begins with the two letters of a country that has IBANs, such as DE."
    return NO_IBAN


def _check_bic(text: str, iban: IBAN) -> tuple[str, str]:
    """Return the BIC, found from the IBAN where it can be, and what is wrong with it."""
    if not text:
        found = _find_bic(iban)
        if found or iban.country_code in WITHOUT_BIC:
            return found, ""
        return "", "Enter the BIC: it can’t be found from this IBAN."
    try:
        bic = BIC(text)
    except SchwiftyException:
        return "", "This is no BIC: 8 or 11 letters and digits, as on the bank statement."
    if not _fit(bic.country_code, iban.country_code):
        return "", (
            f"This BIC is of a bank in {bic.country_code}, and the IBAN of one in "
            f"{iban.country_code}. Compare both."
        )
    return str(bic), ""


def _find_bic(iban: IBAN) -> str:
    try:
        found: Any = iban.bic
    except SchwiftyException:
        return ""
    return str(found) if found else ""


def _fit(one: str, other: str) -> bool:
    return one == other or any({one, other} <= countries for countries in SHARED)


def _check_us(data: dict[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    routing, number = _compact(data.get("routing", "")), _compact(data.get("number", ""))
    wrong = {}
    if not (re.fullmatch(r"[0-9]{9}", routing) and rtn.is_valid(routing)):
        wrong["routing"] = (
            "This is no routing number: nine digits, the last of which fits the others. It is "
            "left of the account number on a check."
        )
    if not ACCOUNT_NUMBER.fullmatch(number):
        wrong["number"] = "An account number has 5 to 17 digits."
    if data.get("account_type") not in TYPES:
        wrong["account_type"] = "Choose whether it is a checking or a savings account."
    account = {
        "kind": Kind.US.value,
        "routing": routing,
        "number": number,
        "type": data.get("account_type", ""),
    }
    return account, wrong


def _check_paypal(data: dict[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """Take a mail address or a payer ID. PayPal compares neither by upper and lower case."""
    text = re.sub(r"[\s\u200b-\u200f\u2060\ufeff]", "", data.get("paypal", ""))
    if not text:
        return {}, {"paypal": "Enter the e-mail address or the payer ID of the PayPal account."}
    if PAYER_ID.fullmatch(text.upper()):
        text = text.upper()
    elif "@" not in text or not text.isascii() or not _is_email(text):
        return {}, {
            "paypal": "This is neither an e-mail address nor a payer ID: 13 letters and digits, "
            "as in the settings of the PayPal account."
        }
    elif len(text) > PAYPAL_EMAIL or not text[0].isalnum():  # else a formula in a spreadsheet
        return {}, {"paypal": "PayPal’s file does not take this address. Use the payer ID."}
    return {"kind": Kind.PAYPAL.value, "paypal": text}, {}


def _is_email(text: str) -> bool:
    try:
        validate_email(text)
    except ValidationError:
        return False
    return True


def _compact(text: str) -> str:
    """Return the text without what people and programs put between digits."""
    return re.sub(r"[\s\-.\u200b-\u200f\u2060\ufeff]", "", text).upper()
