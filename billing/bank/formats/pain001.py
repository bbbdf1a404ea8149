"""pain.001.001.09 of ISO 20022: SEPA credit transfers in euro, as the EPC's guidelines ask for.

Written straight to the stream: sepaxml puts random ids and the time of now into a file and holds
all of it in memory, so its files can't be made again. Since 2026-11-15 an address is structured
(or hybrid: town, country and two lines), or there is none.
"""

import datetime as dt
from collections.abc import Iterator
from typing import Any, BinaryIO
from xml.sax.saxutils import escape, quoteattr

from billing.bank.formats.registry import BankFormat, Fit
from billing.bank.orders import BankFile, Order
from billing.bank.own_account import add_working_days, find_account_problems, take_account
from billing.bank.texts import says_a_name, write_sepa
from billing.models import PayoutBatch
from billing.payees.copies import PaidTo
from billing.periods import day_of

NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"
NAME, LINE = 70, 70
MOST = 999_999_999  # euro in one payment, by the EPC's guidelines
# The schemes' geographical scope (EPC409-09), by the country of the IBAN.
SEPA_COUNTRIES = frozenset(
    {
        "AD", "AL", "AT", "BE", "BG", "CH", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GB",
        "GG", "GI", "GR", "HR", "HU", "IE", "IM", "IS", "IT", "JE", "LI", "LT", "LU", "LV", "MC",
        "MD", "ME", "MK", "MT", "NL", "NO", "PL", "PT", "RO", "RS", "SE", "SI", "SK", "SM", "VA",
    }
)  # fmt: skip
# What an address has in each style, in the order of PostalAddress24; its length there.
STRUCTURED = (
    ("street", "StrtNm", 70), ("building_number", "BldgNb", 16), ("postcode", "PstCd", 16),
    ("town", "TwnNm", 35), ("region", "CtrySubDvsn", 35),
)  # fmt: skip
HYBRID = (("postcode", "PstCd", 16), ("town", "TwnNm", 35), ("region", "CtrySubDvsn", 35))


def check(batch: PayoutBatch) -> list[str]:
    if batch.currency != "EUR":
        return [f"SEPA pays in euro alone, and this batch is in {batch.currency}."]
    return list(find_account_problems())


def fit(order: Order, batch: PayoutBatch) -> Fit:
    paid = order.paid_to
    if paid is None:
        return Fit("No payment details were known when the batch was submitted.")
    if paid.account_kind != "iban":
        return Fit("The account has no IBAN.")
    country = paid.account["iban"][:2]
    if country not in SEPA_COUNTRIES:
        return Fit(f"The account is in {country}, outside SEPA.")
    name = write_sepa(paid.name)
    if not says_a_name(name):
        return Fit(f"The name “{paid.name}” can’t be written in the letters of SEPA.")
    if order.amount > MOST:
        return Fit("SEPA takes at most 999,999,999.99 euro in one payment.")
    return Fit(changes=tuple(_list_changes(paid)))


def _list_changes(paid: PaidTo) -> Iterator[str]:
    if (written := write_sepa(paid.name)[:NAME].strip()) != paid.name:
        yield f"Name: “{paid.name}” becomes “{written}”"
    for field, _, length in STRUCTURED:
        told = paid.address.get(field, "")
        if (written := write_sepa(told)[:length].strip()) != told:
            yield f"Address: “{told}” becomes “{written}”"


def write(stream: BinaryIO, file: BankFile) -> None:
    stated = file.settings
    _put(stream, '<?xml version="1.0" encoding="UTF-8"?>\n')
    _put(stream, f"<Document xmlns={quoteattr(NAMESPACE)}><CstmrCdtTrfInitn>\n")
    _put(stream, _write_header(file))
    _put(stream, _write_payer(file))
    for order in file.orders():
        _put(stream, _write_order(order, stated["addresses"]))
    _put(stream, "</PmtInf></CstmrCdtTrfInitn></Document>\n")


def _write_header(file: BankFile) -> str:
    sums = _tag("NbOfTxs", str(file.count)) + _tag("CtrlSum", f"{file.total:f}")
    return _tag(
        "GrpHdr",
        _tag("MsgId", file.export.message_id),
        _tag("CreDtTm", f"{file.made_at.astimezone(dt.UTC):%Y-%m-%dT%H:%M:%SZ}"),
        sums,
        _tag("InitgPty", _tag("Nm", _cut(file.settings["name"], NAME))),
    )


def _write_payer(file: BankFile) -> str:
    """Return the beginning of the payments' information: all that they have in common."""
    stated = file.settings
    on = add_working_days(day_of(file.made_at), stated["days"])
    address = _write_address(stated, stated.get("country", ""), stated["addresses"])
    return "<PmtInf>" + "".join(
        (
            _tag("PmtInfId", file.export.message_id),
            _tag("PmtMtd", "TRF"),
            _tag("BtchBookg", "true"),
            _tag("NbOfTxs", str(file.count)),
            _tag("CtrlSum", f"{file.total:f}"),
            _tag("PmtTpInf", _tag("SvcLvl", _tag("Cd", "SEPA"))),
            _tag("ReqdExctnDt", _tag("Dt", on.isoformat())),
            _tag("Dbtr", _tag("Nm", _cut(stated["name"], NAME)), address),
            _tag("DbtrAcct", _tag("Id", _tag("IBAN", stated["iban"]))),
            _tag("DbtrAgt", _tag("FinInstnId", _write_bank(stated.get("bic", "")))),
            _tag("ChrgBr", "SLEV"),
            "\n",
        )
    )


def _write_order(order: Order, addresses: str) -> str:
    paid = order.paid_to
    assert paid is not None  # noqa: S101  (fit took no other)
    bic = paid.account.get("bic", "")
    bank = _tag("CdtrAgt", _tag("FinInstnId", _tag("BICFI", bic))) if bic else ""
    return (
        _tag(
            "CdtTrfTxInf",
            _tag("PmtId", _tag("EndToEndId", order.reference)),
            _tag("Amt", f'<InstdAmt Ccy="EUR">{order.amount:f}</InstdAmt>'),
            bank,
            _tag(
                "Cdtr",
                _tag("Nm", _cut(paid.name, NAME)),
                _write_address(paid.address, paid.country, addresses),
            ),
            _tag("CdtrAcct", _tag("Id", _tag("IBAN", paid.account["iban"]))),
            _tag("RmtInf", _tag("Ustrd", order.reference)),
        )
        + "\n"
    )


def _write_bank(bic: str) -> str:
    return _tag("BICFI", bic) if bic else _tag("Othr", _tag("Id", "NOTPROVIDED"))


def _write_address(parts: dict[str, Any], country: str, style: str) -> str:
    if style == "none" or not parts.get("town") or not country:
        return ""
    fields = STRUCTURED if style == "structured" else HYBRID
    tags = [
        _tag(tag, _cut(parts[field], length)) for field, tag, length in fields if parts.get(field)
    ]
    tags.append(_tag("Ctry", country))
    if style == "hybrid":
        street = " ".join(filter(None, (parts.get("street"), parts.get("building_number"))))
        tags += [_tag("AdrLine", _cut(street, LINE))] if street else []
    return _tag("PstlAdr", *tags)


def _cut(text: str, length: int) -> str:
    """Return the text as SEPA writes it, escaped, no longer than the field."""
    return escape(write_sepa(text)[:length].strip())


def _tag(name: str, *parts: str) -> str:
    return f"<{name}>{''.join(parts)}</{name}>"


def _put(stream: BinaryIO, text: str) -> None:
    stream.write(text.encode())


FORMAT = BankFormat(
    key="pain001",
    name="SEPA (pain.001)",
    hint="Credit transfers in euro to IBANs, for your bank’s SEPA upload: pain.001.001.09.",
    content_type="application/xml",
    extension="pain001.xml",
    write=write,
    has_accounts=True,
    check=check,
    fit=fit,
    take_settings=take_account,
)
