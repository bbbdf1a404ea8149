"""The account that pays, and when: from the settings, checked, as a file keeps them."""

import datetime as dt
from collections.abc import Iterator
from typing import Any

from django.conf import settings
from schwifty import BIC, IBAN
from schwifty.exceptions import SchwiftyException
from stdnum.us import rtn

from billing.bank.texts import says_a_name, write_nacha, write_sepa

ADDRESS_STYLES = ("structured", "hybrid", "none")
ACCOUNT = (
    "name", "iban", "bic", "street", "building_number", "postcode", "town", "country",
)  # fmt: skip
NACHA = ("routing", "bank", "company_id", "company")
COMPANY_ID = 10
HOW = "See “Files to the bank” in docs/finance.md."
SATURDAY = 5


def find_account_problems() -> Iterator[str]:
    """Yield what BANK_ACCOUNT lacks for pain.001, in sentences for an administrator."""
    account = settings.BANK_ACCOUNT
    for name in account:
        if name not in ACCOUNT:
            yield f"BANK_ACCOUNT names “{name}”. There are: {', '.join(ACCOUNT)}."
    if not says_a_name(write_sepa(account.get("name", ""))):
        yield "BANK_ACCOUNT has no name: the holder of the account that pays, as the bank has it."
    if not _is(IBAN, account.get("iban", "")):
        yield "BANK_ACCOUNT has no valid iban: that of the account that pays."
    if account.get("bic") and not _is(BIC, account["bic"]):
        yield "The bic in BANK_ACCOUNT is none: 8 or 11 letters and digits."
    if settings.BANK_ADDRESSES not in ADDRESS_STYLES:
        yield (
            f"BANK_ADDRESSES is “{settings.BANK_ADDRESSES}”. There are: "
            f"{', '.join(ADDRESS_STYLES)}."
        )
    has_address = any(account.get(name) for name in ("street", "postcode", "town", "country"))
    if has_address and not (account.get("town") and len(account.get("country", "")) == 2):
        yield (
            "The address in BANK_ACCOUNT needs a town and a country of two letters: since "
            "2026-11-15 banks refuse others (EPC)."
        )
    if settings.BANK_DAYS < 0:
        yield f"BANK_DAYS is {settings.BANK_DAYS}: payments can’t be made before they are sent."


def find_nacha_problems() -> Iterator[str]:
    """Yield what BANK_NACHA lacks for NACHA files."""
    stated = settings.BANK_NACHA
    for name in stated:
        if name not in NACHA:
            yield f"BANK_NACHA names “{name}”. There are: {', '.join(NACHA)}."
    if not rtn.is_valid(stated.get("routing", "")):
        yield "BANK_NACHA has no valid routing: the nine digits of the bank that pays."
    if not write_nacha(stated.get("bank", "")):
        yield "BANK_NACHA has no bank: the name of the bank that pays."
    company_id = stated.get("company_id", "")
    if not (company_id.isascii() and company_id.isalnum() and len(company_id) <= COMPANY_ID):
        yield "BANK_NACHA has no company_id: up to ten letters and digits, which the bank gave you."
    if not says_a_name(write_nacha(stated.get("company", ""))):
        yield "BANK_NACHA has no company: your name on the payees’ statements."


def take_account() -> dict[str, Any]:
    """Return what a pain.001 keeps of the settings."""
    account = {name: value.strip() for name, value in settings.BANK_ACCOUNT.items()}
    compact = {
        name: account[name].replace(" ", "").upper() for name in ("iban", "bic") if name in account
    }
    return account | compact | {"addresses": settings.BANK_ADDRESSES, "days": settings.BANK_DAYS}


def take_nacha() -> dict[str, Any]:
    return dict(settings.BANK_NACHA) | {"days": settings.BANK_DAYS}


def add_working_days(day: dt.date, days: int) -> dt.date:
    """Return the day on which banks should move the money, Saturdays and Sundays left out.

    Holidays are not known here: the bank takes the next day on which it works.
    """
    while days or day.weekday() >= SATURDAY:
        day += dt.timedelta(days=1)
        days -= day.weekday() < SATURDAY
        days = max(days, 0)
    return day


def _is(kind: Any, text: str) -> bool:
    try:
        kind(text)
    except SchwiftyException:
        return False
    return True
