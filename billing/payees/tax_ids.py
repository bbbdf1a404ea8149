"""Tax numbers, checked by the rules of their country where python-stdnum knows them."""

import functools
import importlib
import pkgutil
import re
from collections.abc import Callable

import stdnum
from stdnum.exceptions import ValidationError

# Modules of countries about something else than a person or a company.
OTHERS = {
    "bankaccount", "bban", "blz", "ccc", "cnpj_bank", "esr", "iban", "nhs", "onrc", "postal_code",
    "postcode", "postleitzahl", "referenciacatastral", "rtn", "sedol", "upn", "uscc_bank", "wkn",
}  # fmt: skip
FOLDERS = {"DO": "do_", "IS": "is_", "IN": "in_"}  # words of Python
LIKE_ONE = re.compile(r"[0-9A-Z][0-9A-Z ./\-]{1,33}[0-9A-Z]")


def check_tax_id(text: str, country: str) -> tuple[str, str]:
    """Return the number as it is kept, and what is wrong with it. It may be left out."""
    number = text.strip().upper()
    if not number:
        return "", ""
    if not LIKE_ONE.fullmatch(number) or not any(map(str.isdigit, number)):
        return number, "A tax number has letters, digits and - / . alone, 35 at most."
    checks = _find_checks(country)
    if not checks or any(_passes(check, number) for check in checks):
        return number, ""
    return number, (
        f"This is no tax number of {country} that can be right: a digit is wrong or missing. "
        "Compare it with the letter of the tax office."
    )


@functools.cache
def _find_checks(country: str) -> tuple[Callable[[str], str], ...]:
    """Return the check of each kind of number that the country gives to people or companies."""
    folder = FOLDERS.get(country, country.lower())
    if folder not in {module.name for module in pkgutil.iter_modules(stdnum.__path__)}:
        return ()
    package = importlib.import_module(f"stdnum.{folder}")
    names = [
        module.name
        for module in pkgutil.iter_modules(getattr(package, "__path__", []))
        if module.name not in OTHERS
    ]
    modules = [importlib.import_module(f"stdnum.{folder}.{name}") for name in names]
    return tuple(module.validate for module in modules if hasattr(module, "validate"))


def _passes(check: Callable[[str], str], number: str) -> bool:
    try:
        check(number)
    except ValidationError:
        return False
    return True
