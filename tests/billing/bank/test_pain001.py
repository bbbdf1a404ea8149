"""pain.001.001.09: written by us, read by lxml, by pyiso20022 and, where it lies, by its schema."""

import datetime as dt
from decimal import Decimal
from pathlib import Path

import pytest
from lxml import etree

from billing.bank.choosing import choose_payments
from billing.bank.exports import export_payments, find_format
from billing.bank.results.apart import read_result_file
from billing.bank.results.matching import compare_results
from billing.bank.results.recording import record_results
from billing.errors import FileRefused
from billing.models import PaymentExport
from billing.verification import verify_payouts
from tests.billing.bank_files import ACCOUNT, US, make_paid_batch, read_csv, read_file
from tests.billing.batches import AT
from tests.factories import IBANS, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.any_database, pytest.mark.slow]

XSD = Path(__file__).parents[4] / "shared/data/bank-files/pain.001.001.09.xsd"
GOLDEN = Path(__file__).parent / "samples" / "pain001.xml"
NS = {"p": "urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"}
SECOND = {"iban": IBANS[1], "country": "NL", "town": "Utrecht", "tax_id": ""}


@pytest.fixture(autouse=True)
def _account(settings):
    settings.BANK_ACCOUNT = ACCOUNT


def export(batch, **values):
    return export_payments(batch=batch, format="pain001", at=AT, **values)


def read(content):
    return etree.fromstring(content)


def texts(root, path):
    return [found.text for found in root.iterfind(f".//{path}", NS)]


@pytest.mark.thorough
def test_file_is_the_golden_one_and_made_again_the_same():
    batch = make_paid_batch({"legal_name": "Ada Example"}, SECOND | {"legal_name": "Zoë Ström"})
    content = read_file(export(batch))
    assert content == GOLDEN.read_bytes()
    assert verify_payouts().difference == ""


@pytest.mark.thorough
def test_sums_and_references_are_those_of_the_batch():
    batch = make_paid_batch({}, SECOND)
    root = read(read_file(export(batch)))
    assert texts(root, "p:NbOfTxs") == ["2", "2"]
    assert texts(root, "p:CtrlSum") == ["30.00", "30.00"]
    assert texts(root, "p:EndToEndId") == ["202610-1-000001", "202610-1-000002"]
    amounts = root.findall(".//p:InstdAmt", NS)
    assert [(one.text, one.get("Ccy")) for one in amounts] == [("10.00", "EUR"), ("20.00", "EUR")]
    assert texts(root, "p:CdtrAcct/p:Id/p:IBAN") == [IBANS[0], IBANS[1]]
    assert texts(root, "p:DbtrAcct/p:Id/p:IBAN") == [ACCOUNT["iban"]]
    assert texts(root, "p:MsgId") == ["202610-1-PAIN001-1"]
    assert texts(root, "p:ReqdExctnDt/p:Dt") == ["2026-11-23"]  # 22 November is a Sunday


@pytest.mark.thorough
def test_another_reader_finds_the_same():
    from pyiso20022.pain.pain_001_001_09 import Document
    from xsdata.formats.dataclass.parsers import XmlParser

    batch = make_paid_batch({}, SECOND)
    document = XmlParser().from_bytes(read_file(export(batch)), Document)
    (payments,) = document.cstmr_cdt_trf_initn.pmt_inf
    assert Decimal(document.cstmr_cdt_trf_initn.grp_hdr.ctrl_sum) == Decimal(30)
    found = payments.cdt_trf_tx_inf
    assert [one.pmt_id.end_to_end_id for one in found] == ["202610-1-000001", "202610-1-000002"]
    assert [Decimal(one.amt.instd_amt.value) for one in found] == [Decimal(10), Decimal(20)]
    assert [one.cdtr_acct.id.iban for one in found] == [IBANS[0], IBANS[1]]


@pytest.mark.thorough
@pytest.mark.skipif(not XSD.exists(), reason="the schema of ISO 20022 is not beside the repository")
@pytest.mark.parametrize("style", ["structured", "hybrid", "none"])
def test_file_is_valid_by_the_schema(settings, style):
    settings.BANK_ADDRESSES = style
    batch = make_paid_batch({"legal_name": "Zoë & Søns <Ltd>"}, SECOND)
    schema = etree.XMLSchema(etree.parse(XSD))
    schema.assertValid(read(read_file(export(batch))))


@pytest.mark.thorough
def test_address_is_structured_or_hybrid_as_the_setting_says(settings):
    batch = make_paid_batch({})
    address = read(read_file(export(batch))).find(".//p:Cdtr/p:PstlAdr", NS)
    assert [(etree.QName(part).localname, part.text) for part in address] == [
        ("StrtNm", "Musterweg"), ("BldgNb", "7b"), ("PstCd", "10117"), ("TwnNm", "Berlin"),
        ("Ctry", "DE"),
    ]  # fmt: skip


@pytest.mark.thorough
def test_hybrid_address_has_town_and_country_and_a_line(settings):
    settings.BANK_ADDRESSES = "hybrid"
    address = read(read_file(export(make_paid_batch({})))).find(".//p:Cdtr/p:PstlAdr", NS)
    assert [(etree.QName(part).localname, part.text) for part in address] == [
        ("PstCd", "10117"), ("TwnNm", "Berlin"), ("Ctry", "DE"), ("AdrLine", "Musterweg 7b"),
    ]  # fmt: skip


@pytest.mark.thorough
def test_file_is_made_again_as_it_was_whatever_the_settings_say_by_then(settings):
    made = export(make_paid_batch({}))
    content = read_file(made)
    settings.BANK_ACCOUNT = ACCOUNT | {"iban": "DE75512108001245126199", "name": "Other"}
    settings.BANK_ADDRESSES, settings.BANK_DAYS = "none", 5
    assert read_file(PaymentExport.objects.get()) == content
    assert ACCOUNT["iban"] not in made.paid_from


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("+1 For the Veil", "+1 For the Veil"),
        ("@home", ".home"),
        ("=1+1", ".1+1"),
        ("Ann 🎉 Other", "Ann . Other"),
        ("Zoë Müller & Söhne", "Zoe Muller + Sohne"),
        ("Straße_1", "Strasse-1"),
        ("Γιώργος Ελύτης", "Giorgos Elytis"),
        ("Иван Щукин", "Ivan Shtukin"),
        ("x" * 140, "x" * 70),
        ("Nul\0name", "Nulname"),
    ],
)
def test_name_is_written_in_the_letters_of_sepa_and_told_before(name, written):
    batch = make_paid_batch({"legal_name": name.replace("\0", "")})
    choice = choose_payments(batch, find_format("pain001"))
    told = [line.text for line in choice.changed]
    assert told == (
        [] if written == name or "\0" in name else [f"Name: “{name}” becomes “{written}”"]
    )
    assert texts(read(read_file(export(batch))), "p:Cdtr/p:Nm") == [written]


@pytest.mark.thorough
def test_what_a_file_can_not_take_is_left_out_with_the_reason_and_waits():
    foreign = {"iban": "TR330006100519786457841326", "bic": "TCZBTR2A", "country": "TR"}
    batch = make_paid_batch(
        {}, US, None, {"legal_name": "王小明"}, foreign | {"tax_id": "", "town": "Ankara"}
    )
    choice = choose_payments(batch, find_format("pain001"))
    assert {why: number for why, number, _ in choice.reasons} == {
        "The account has no IBAN.": 1,
        "No payment details were known when the batch was submitted.": 1,
        "The name “王小明” can’t be written in the letters of SEPA.": 1,
        "The account is in TR, outside SEPA.": 1,
    }
    made = export(batch)
    assert (made.payment_count, made.total) == (1, Decimal(10))
    assert (made.left_out_count, made.left_out_total) == (4, Decimal(140))
    rest = export_payments(batch=batch, at=AT + dt.timedelta(hours=1))
    assert [row["amount"] for row in read_csv(rest)] == ["20.00", "30.00", "40.00", "50.00"]
    assert verify_payouts().difference == ""


@pytest.mark.parametrize(
    ("account", "says"),
    [
        ({}, "has no name"),
        ({"iban": "DE02120300000000202052"}, "has no valid iban"),
        ({"bic": "NOBIC"}, "bic in BANK_ACCOUNT is none"),
        ({"town": ""}, "needs a town"),
        ({"ibn": "x"}, "names “ibn”"),
    ],
)
def test_no_file_is_made_without_a_valid_account_that_pays(settings, account, says):
    settings.BANK_ACCOUNT = ACCOUNT | account if account else {}
    with pytest.raises(FileRefused) as refusal:
        export(make_paid_batch({}))
    assert says in " ".join(refusal.value.problems)
    assert not PaymentExport.objects.exists()


@pytest.mark.thorough
def test_sepa_pays_in_euro_alone(settings):
    settings.CURRENCY = "USD"
    with pytest.raises(FileRefused) as refusal:
        export(make_paid_batch({}))
    assert refusal.value.problems == ["SEPA pays in euro alone, and this batch is in USD."]


@pytest.mark.thorough
def test_the_banks_answer_to_the_file_settles_its_payments():
    batch = make_paid_batch({}, SECOND)
    root = read(read_file(export(batch)))
    transactions = "".join(
        f"<TxInfAndSts><OrgnlEndToEndId>{reference}</OrgnlEndToEndId>"
        f"<TxSts>ACSC</TxSts></TxInfAndSts>"
        for reference in texts(root, "p:EndToEndId")
    )
    message = texts(root, "p:MsgId")[0]
    answer = (
        '<?xml version="1.0" encoding="UTF-8"?>'
        '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.002.001.10"><CstmrPmtStsRpt>'
        "<GrpHdr><MsgId>A-1</MsgId><CreDtTm>2026-11-23T10:00:00</CreDtTm></GrpHdr>"
        f"<OrgnlGrpInfAndSts><OrgnlMsgId>{message}</OrgnlMsgId>"
        "<OrgnlMsgNmId>pain.001.001.09</OrgnlMsgNmId></OrgnlGrpInfAndSts>"
        f"<OrgnlPmtInfAndSts><OrgnlPmtInfId>{message}</OrgnlPmtInfId>{transactions}"
        "</OrgnlPmtInfAndSts></CstmrPmtStsRpt></Document>"
    )
    rows = read_result_file(answer.encode(), payments=batch.payments.count())
    match = compare_results(batch=batch, rows=rows)
    assert match.problems == []
    batch = record_results(batch=batch, results=match.results, by=make_user(), at=AT)
    assert batch.status == "paid"
    assert verify_payouts().difference == ""
