"""pain.002, camt.053 and camt.054 are read right in the versions that banks send."""

import datetime as dt
import io
import re
from decimal import Decimal
from pathlib import Path

import pytest

from billing.bank.results import iso20022
from billing.bank.results.csv import read as read_csv
from billing.bank.results.reasons import LONGEST
from billing.errors import InvalidResults
from billing.models.seals import REASON_LENGTH

pytestmark = [pytest.mark.any_database, pytest.mark.slow]

SAMPLES = Path(__file__).parent / "samples"


def sample(name):
    return (SAMPLES / f"{name}.xml").read_bytes()


def read(content):
    """Read a file as the process of its own does, but here: starting one costs half a second."""
    return iso20022.read_message(content) if iso20022.sniff(content) else read_csv(content)


def facts(content):
    return [
        (row.number, row.reference, row.outcome, row.reason, row.amount, row.value_date,
         row.bank_reference)
        for row in read(content)
    ]  # fmt: skip


ANSWER = [
    (17, "202610-1-000001", "paid", "", Decimal("1.00"), dt.date(2026, 11, 24), "BANK-77"),
    (28, "202610-1-000002", "failed", "Account closed (AC04): Konto erloschen", Decimal("2.00"),
     None, ""),
    (43, "202610-1-000003", "pending", "", None, None, ""),
]  # fmt: skip


def test_answer_to_a_file_is_read():
    assert facts(sample("pain.002.001.10")) == ANSWER


@pytest.mark.parametrize("version", ["04", "06", "08", "09", "11", "12", "13", "14"])
def test_answers_of_other_versions_are_read_alike(version):
    text = sample("pain.002.001.10").decode()
    if version < "08":  # a day was a day before it could be a moment
        text = text.replace(
            "<ReqdExctnDt><Dt>2026-11-24</Dt></ReqdExctnDt>",
            "<ReqdExctnDt>2026-11-24</ReqdExctnDt>",
        )
    text = text.replace("002.001.10", f"002.001.{version}")
    assert facts(text.encode()) == ANSWER


@pytest.mark.parametrize(
    "namespace",
    [
        "urn:iso:std:iso:20022:tech:xsd:pain.002.003.03",
        "http://www.six-interbank-clearing.com/de/pain.002.001.03.ch.02.xsd",
        "urn:iso:std:iso:20022:tech:xsd:pain.002.001.03",
    ],
)
def test_older_answers_are_read_under_the_names_of_their_country(namespace):
    text = sample("pain.002.001.10").decode()
    text = text.replace("<Dt>2026-11-24</Dt>", "2026-11-24")
    text = text.replace("urn:iso:std:iso:20022:tech:xsd:pain.002.001.10", namespace)
    assert facts(text.encode()) == ANSWER


STATEMENT = [
    (22, "202610-1-000001", "paid", "", Decimal("1.00"), dt.date(2026, 11, 24), "BANK-1"),
    (28, "202610-1-000003", "paid", "", Decimal("3.00"), dt.date(2026, 11, 24), "COLLECTED-1"),
    (45, "202610-1-000003", "failed", "Wrong account number (AC01)", Decimal("3.00"),
     dt.date(2026, 11, 26), "BANK-9"),
    (58, "RENT-11", "paid", "", Decimal("812.00"), None, ""),
    (60, "", "pending", "", None, None, ""),
]  # fmt: skip


def test_statement_is_read():
    assert facts(sample("camt.053.001.08")) == STATEMENT


@pytest.mark.parametrize("version", ["09", "10", "11", "12", "13"])
def test_statements_of_later_versions_are_read_alike(version):
    text = sample("camt.053.001.08").replace(b"053.001.08", f"053.001.{version}".encode())
    if version == "13":
        with pytest.raises(InvalidResults, match="in version 13, which nobody here can"):
            facts(text)
    else:
        assert facts(text) == STATEMENT


@pytest.mark.parametrize("version", ["02", "03", "04", "05", "06", "07"])
def test_statements_of_earlier_versions_are_read_alike(version):
    """There the status is the code itself, and .02 has no amount of a single payment."""
    text = sample("camt.053.001.08").decode()
    if version < "07":
        text = text.replace("<Sts><Cd>BOOK</Cd></Sts>", "<Sts>BOOK</Sts>")
    if version == "02":
        text = re.sub(
            r"(</Refs>\s*)(<Amt Ccy=\"EUR\">[0-9.]*</Amt>)(\s*)<CdtDbtInd>....</CdtDbtInd>",
            r"\1<AmtDtls><TxAmt>\2</TxAmt></AmtDtls>\3",
            text,
        )
    text = text.replace("053.001.08", f"053.001.{version}")
    assert facts(text.encode()) == STATEMENT


def test_advice_is_read_with_a_prefix_and_in_latin_1():
    assert facts(sample("camt.054.001.02")) == [
        (14, "202610-1-000002", "pending", "", Decimal("2.00"), None, ""),
        (23, "202610-1-000001", "failed", "The bank gives no reason (MS03): Zurück",
         Decimal("1.00"), dt.date(2026, 11, 25), ""),
    ]  # fmt: skip


def test_message_may_stand_in_an_envelope_and_after_an_empty_line():
    text = sample("camt.053.001.08").decode().partition("?>\n")[2]
    text = f'\n<?xml version="1.0"?>\n<Envelope xmlns="urn:x"><AppHdr/>\n{text}</Envelope>'
    assert facts(text.encode()) == [(row[0] + 2, *row[1:]) for row in STATEMENT]


def test_message_is_read_in_utf_16():
    text = sample("pain.002.001.10").decode().replace('"UTF-8"', '"UTF-16"')
    assert facts(text.encode("utf-16")) == ANSWER


def test_names_and_accounts_of_payees_are_dropped_while_reading():
    from billing.bank.results.binding import bind
    from billing.bank.results.xml_parts import PartReader

    reader = PartReader(open_document=iso20022._open_document)
    parts = list(reader.read(io.BytesIO(sample("pain.002.001.10"))))
    assert [part.name for part in parts] == ["OrgnlGrpInfAndSts", "OrgnlPmtInfAndSts"]
    seen = [str(bind(part, reader.message, reader.counted)) for part in parts]
    assert "DE02120300000000202051" not in "".join(seen)
    assert "Ada Example" not in "".join(seen)


def test_answer_to_a_whole_file_names_no_payment():
    text = re.sub(
        r"<OrgnlPmtInfAndSts>.*</OrgnlPmtInfAndSts>",
        "",
        sample("pain.002.001.10").decode(),
        flags=re.S,
    )
    text = text.replace(
        "<GrpSts>PART</GrpSts>",
        "<GrpSts>RJCT</GrpSts><StsRsnInf><Rsn><Cd>DU01</Cd></Rsn></StsRsnInf>",
    )
    (row,) = read(text.encode())
    assert (row.of_all, row.amount, row.outcome) == (3, Decimal("6.00"), "failed")
    assert row.reason == "The file was sent before (DU01)"


@pytest.mark.thorough
def test_long_answer_is_read_in_portions_with_the_same_rows_and_lines():
    text = sample("pain.002.001.10").decode()
    begin = text.index("<TxInfAndSts>")
    end = text.rindex("</TxInfAndSts>") + len("</TxInfAndSts>")
    for number in (999, 1_000, 1_001, 2_500):
        one = "<TxInfAndSts><OrgnlEndToEndId>R{}</OrgnlEndToEndId><TxSts>ACSC</TxSts></TxInfAndSts>"
        many = "\n".join(one.format(n) for n in range(number))
        rows = read((text[:begin] + many + text[end:]).encode())
        assert [row.reference for row in rows] == [f"R{n}" for n in range(number)]
        first = text[:begin].count("\n") + 1
        assert [row.number for row in rows] == list(range(first, first + number))


def test_reasons_fit_into_their_column():
    assert LONGEST == REASON_LENGTH


BOMB = """<?xml version="1.0"?><!DOCTYPE d [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.002.001.10"><A>&b;</A></Document>"""
OUTSIDE = """<?xml version="1.0"?>
<!DOCTYPE d SYSTEM "file:///etc/passwd">
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.002.001.10"/>"""


def damaged(old, new, name="pain.002.001.10"):
    text = sample(name).decode()
    assert old in text
    return text.replace(old, new, 1)


DAMAGE = {
    "cut in a tag": (sample("pain.002.001.10")[:1500], "Line 42: the file breaks off"),
    "cut between tags": (sample("camt.053.001.08")[:1700], "Line 43: the file breaks off"),
    "end tag lost": (damaged("</TxSts>", ""), "Line 27: .*damaged here .mismatched tag"),
    "two files in one": (sample("pain.002.001.10") * 2, "Line 50: .*junk after document"),
    "NUL": (damaged("ACSC", "AC\0SC"), "Line 21: .*damaged here"),
    "not in its encoding": (damaged("Konto", "Z\xfcrich").encode("latin-1"), "Line 35: "),
    "unknown encoding": (damaged("UTF-8", "EBCDIC-42"), "Line 1: .*unknown encoding"),
    "entities": (BOMB, "Line 1: the file declares a document type"),
    "outside entity": (OUTSIDE, "Line 2: the file declares a document type"),
    "entity of nobody": (damaged("Konto", "&nobody;"), "Line 35: .*undefined entity"),
    "no amount": (damaged(">1.00<", ">one<"), "Line 17: .*pain.002 .*: a value can’t be read"),
    "amount that is no number": (damaged(">1.00<", ">NaN<"), "Line 17: “NaN” is no amount"),
    "no day": (damaged("2026-11-24", "2026-11-99"), "Line 17: what begins here is not as"),
    "unknown status": (damaged("ACSP", "OKAY"), "Line 43: “OKAY” is no status of a payment"),
    "no status": (damaged("<TxSts>ACSP</TxSts>", "").replace("PART", ""), "Line 43: there is no"),
    "entry without amount": (
        damaged('<Amt Ccy="EUR">4.00</Amt>', "", "camt.053.001.08"),
        "Line 12: what begins here is not as camt.053 has it: it lacks 'amt'",
    ),
    "entry without direction": (
        damaged("<CdtDbtInd>DBIT</CdtDbtInd>", "", "camt.053.001.08"),
        "Line 12: what begins here is not as camt.053",
    ),
    "no payment in it": (
        '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.054.001.08"/>',
        "There is no payment in this file",
    ),
    "file to the bank": (damaged("pain.002.001.10", "pain.001.001.09"), "a file to the bank"),
    "report of the day": (damaged("pain.002.001.10", "camt.052.001.08"), "camt.052.*still change"),
    "version of tomorrow": (damaged("002.001.10", "002.001.99"), "version 99, which nobody here"),
    "another XML": ("<html><body><p><b><i>x</i></b></p></body></html>", "no message of a bank"),
    "feed": ('<?xml version="1.0"?>\n<rss/>', "Line 2: this is XML, but no message of a bank"),
    "deep": ("<Document xmlns='urn:iso:std:iso:20022:tech:xsd:camt.054.001.08'>" + "<a>" * 99,
             "Line 1: the file is nested too deeply"),
    "long text": (damaged("Konto", "x" * 20_000), "Line 35: a text is longer than 10,000"),
    "many attributes": (
        damaged("<TxInfAndSts>", "<TxInfAndSts {}>".format(" ".join(f'a{n}=""' for n in range(30)))),  # noqa: E501
        "more in the file than in any",
    ),
    "workbook": (b"PK\x03\x04x", "This is a workbook or a ZIP"),
    "PDF": (b"%PDF-1.7", "This is a PDF"),
    "MT940": (b":20:STARTUMS\r\n:25:1/2", "This is an MT940 statement"),
    "packed": (b"\x1f\x8b\x08", "This file is packed"),
}  # fmt: skip


@pytest.mark.parametrize("name", DAMAGE)
def test_damaged_file_is_refused_with_the_place(name):
    content, problem = DAMAGE[name]
    content = content if isinstance(content, bytes) else content.encode()
    with pytest.raises(InvalidResults, match=problem):
        read(content)


def test_samples_beside_the_repository_that_are_no_answers_are_refused_by_name(shared_data):
    folder = shared_data / "bank-files" / "samples"
    if not folder.is_dir():
        pytest.skip(f"No bank files in {folder}.")
    for path in sorted(folder.glob("*.xml")):
        with pytest.raises(InvalidResults, match="a file to the bank"):
            read(path.read_bytes())
