"""The payees of the demo's authors: invented people at the example accounts of banks' documents."""

import datetime as dt

from django.contrib.auth.models import User

from billing.models import Payee
from billing.payees.changes import confirm_payee, enter_own_details
from billing.payees.keys import ensure_file
from billing.payees.reading import name_waiting

# The examples of banks' own documents: no account has these numbers.
IBANS = {
    "demo.ada": "DE89370400440532013000",
    "demo.bruno": "NL91ABNA0417164300",
    "demo.chiara": "GB33BUKB20201555555555",
    "demo.dora": "FR1420041010050500013M02606",
    "demo.emil": "BE68539007547034",
    "demo.fatima": "AT611904300234573201",
    "demo.goran": "NO9386011117947",
    "demo.hana": "ES9121000418450200051332",
    "demo.ivo": "IT60X0542811101000000123456",
    "demo.jana": "PL61109010140000071219812874",
    "demo.kofi": "DK5000400440116243",
    "demo.lena": "SE4550000000058398257466",
}
ADDRESS = {
    "street": "Musterweg",
    "building_number": "1",
    "postcode": "12345",
    "town": "Musterstadt",
    "country": "DE",
    "language": "en",
    "account_kind": "iban",
}


def enter_examples(people: dict[str, User], *, at: dt.datetime) -> None:
    """Have each author enter details, and finance confirm them."""
    ensure_file()
    for username, iban in IBANS.items():
        author = people[username]
        own = {"legal_name": author.get_full_name(), "email": author.email, "iban": iban}
        data = ADDRESS | own
        details = enter_own_details(author=author, kind=Payee.Kind.PERSON, data=data, at=at)
        confirm_payee(
            payee=details.payee,
            by=people["finance"],
            note="Read back by telephone.",
            seen=name_waiting(details.payee),
            at=at,
        )
