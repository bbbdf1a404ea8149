"""Two months from payment details to settled, in the browsers of the people who take the steps.

At each step what is earned is paid, outstanding or in dispute, and the journal is balanced.
"""

import datetime as dt
import re

import pytest
import time_machine
from django.contrib.auth.models import User
from django.core.management import call_command
from django.utils import timezone
from lxml import etree
from playwright.sync_api import expect

from backoffice.clocks import confirm_clock
from billing.models import PayoutBatch
from billing.periods import next_month
from billing.verification import verify_payouts
from tests.browser.money import check_money
from tests.browser.pages import assert_fits, note_errors, press, turn_to
from tests.factories import make_user

pytestmark = [pytest.mark.thorough, pytest.mark.slow]

COMPARED = "Compared with the contracts."
PAIN = {"p": "urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"}


@pytest.fixture(autouse=True)
def house(settings, tmp_path, monkeypatch):
    """The settings of a house that pays by SEPA, and asks for details."""
    # Files keep the time of the machine, so those of a later month would be old at once.
    monkeypatch.setattr("backoffice.import_pages.drop_stale_uploads", lambda at: 0)
    settings.PAYEES_REQUIRED = True
    settings.UPLOAD_DIR = settings.FILE_UPLOAD_TEMP_DIR = tmp_path / "uploads"
    settings.BANK_ACCOUNT = {
        "name": "Imprint Press", "iban": "DE02120300000000202051", "bic": "BYLADEM1001",
        "town": "Berlin", "country": "DE",
    }  # fmt: skip


class People:
    """The browsers of four people, who press what they read on the page."""

    def __init__(self, sign_in, live_server, demo, tmp_path, take_picture):
        self.sign_in, self.url, self.passwords = sign_in, live_server.url, demo
        self.folder, self.take_picture = tmp_path, take_picture
        self.errors = []
        User.objects.filter(username="second").exists() or make_user(
            "second", first_name="Sia", last_name="Second", groups=["Finance"],
            email="second@example.com",
        )  # fmt: skip
        self.start()

    def start(self):
        """Open everybody's browser anew: those of another month have signed them out."""
        for name, username in [
            ("finance", "finance"), ("second", "second"), ("approver", "approver"),
            ("ada", "demo.ada"), ("chiara", "demo.chiara"),
        ]:  # fmt: skip
            page = self.sign_in(username)
            page.set_default_timeout(20_000)
            self.errors.append(note_errors(page.context))
            setattr(self, name, page)

    def look(self, page, name):
        for width, height, theme in [(1440, 900, "light"), (390, 844, "dark")]:
            page.set_viewport_size({"width": width, "height": height})
            turn_to(page, theme)
            assert_fits(page)
            self.take_picture(page, f"{name}-{width}-{theme}", full_page=True)
        page.set_viewport_size({"width": 1440, "height": 900})
        turn_to(page, "light")

    def open(self, page, *links):
        page.goto(f"{self.url}/admin/")
        for link in links:
            page.get_by_role("link", name=link).first.click()


@pytest.fixture
def people(sign_in, live_server, demo, tmp_path, take_picture):
    return People(sign_in, live_server, demo, tmp_path, take_picture)


def enter_details(people):
    """Ada enters another account; a second person confirms it; it is in force days later."""
    ada = people.ada
    people.open(ada)
    ada.get_by_text("Ada Example", exact=True).last.click()
    ada.get_by_role("link", name="Your payment details").click()
    ada.get_by_label("IBAN", exact=True).fill("DE89 3704 0044 0532 0130 01")
    ada.get_by_label("Kind of account").select_option(label="IBAN")
    ada.get_by_role("button", name="Enter these details").click()
    expect(ada.get_by_text("check digits").first).to_be_visible()
    people.look(ada, "own-details-wrong")
    ada.get_by_label("IBAN", exact=True).fill("DE75 5121 0800 1245 1261 99")
    ada.get_by_role("button", name="Enter these details").click()
    expect(ada.get_by_text("To be confirmed")).to_be_visible()
    people.look(ada, "own-details")
    people.open(people.second, "Payees", "Ada Example")
    press(people.second, "Confirm", answer="Read back by telephone.")
    expect(people.second.get_by_text("The details are confirmed.")).to_be_visible()
    people.look(people.second, "payee")


def open_batch(people, page, batch):
    people.open(page, "Payout batches", re.compile(f"^{batch}$"))


def open_part(page, name):
    tabs = page.get_by_role("navigation", name="Parts of this page")
    tabs.get_by_role("link", name=name).click()


def dispute_a_line(people):
    """Chiara asks about a line of her preliminary statement."""
    chiara = people.chiara
    people.open(chiara, "Statements")
    chiara.get_by_role("row").nth(1).get_by_role("link").first.click()
    chiara.get_by_role("link", name="Ask").first.click()
    chiara.get_by_label("What is wrong").fill(".")
    chiara.get_by_role("button", name="Ask").click()
    expect(chiara.get_by_text("says nothing. Write what is wrong")).to_be_visible()
    expect(chiara.get_by_label("What is wrong")).to_have_value(".")
    chiara.get_by_label("What is wrong").fill("I had more readers on the 3rd: 😀 =1+1")
    people.look(chiara, "ask")
    chiara.get_by_role("button", name="Ask").click()
    expect(chiara.get_by_text("Finance has your question.")).to_be_visible()
    people.look(chiara, "asked")


def submit(people, batch):
    finance = people.finance
    open_batch(people, finance, batch)
    press(finance, "Submit", answer=COMPARED)
    expect(finance.get_by_text("somebody else has to approve it").first).to_be_visible()


def approve(people, batch):
    approver = people.approver
    open_batch(people, approver, batch)
    press(approver, "Approve", answer=COMPARED, password=people.passwords["approver"])
    expect(approver.get_by_text("is approved. Finance can export it now.")).to_be_visible()


def pay_by_hand(people, batch, author):
    finance = people.finance
    open_batch(people, finance, batch)
    open_part(finance, "Payments")
    finance.get_by_role("link", name=author).first.click()
    press(finance, "Paid by hand", answer=".")
    expect(finance.locator("#dialog").get_by_text("says nothing")).to_be_visible()
    people.look(finance, "by-hand")
    expect(finance.locator("#dialog").get_by_text("€45.13")).to_be_visible()  # in whole cents
    finance.locator("#dialog textarea").fill("His bank is moving house; receipt 12.")
    finance.locator("#dialog button[type=submit]").click()
    expect(finance.locator("#dialog")).to_be_hidden()
    expect(finance.get_by_text("Somebody else has to confirm").first).to_be_visible()
    people.look(finance, "by-hand-proposed")
    people.open(people.second, "Payments by hand", author)
    people.look(people.second, "by-hand-second")
    press(people.second, "Confirm")
    expect(people.second.get_by_text("is recorded as paid by hand")).to_be_visible()


def export(people, batch):
    """Finance takes the file to the bank. Return {reference: amount} as it says."""
    finance = people.finance
    open_batch(people, finance, batch)
    finance.get_by_role("link", name="Export", exact=True).click()
    expect(finance.get_by_role("button", name="Make the file")).to_be_visible()
    if (other := finance.get_by_role("link", name="SEPA (pain.001)")).count():
        other.click()  # from the second file on it is chosen
    people.look(finance, "export")
    with finance.expect_download() as download:
        finance.get_by_role("button", name="Make the file").click()
    root = etree.parse(download.value.path())
    open_batch(people, finance, batch)
    people.look(finance, "exported")
    return {
        one.find(".//p:EndToEndId", PAIN).text: one.find(".//p:InstdAmt", PAIN).text
        for one in root.iterfind(".//p:CdtTrfTxInf", PAIN)
    }


def upload(people, page, batch, content):
    """Read a file of the bank on the page of the batch, up to the preview."""
    path = people.folder / "bank.xml"
    path.write_text(content)
    open_batch(people, page, batch)
    page.get_by_role("link", name="Record bank results").click()
    page.get_by_role("link", name="Read a file of the bank instead").click()
    page.get_by_label("The bank’s file").set_input_files(path)
    page.get_by_role("button", name="Look at it").click()


def answer(references, status="ACSC", wrap="pain.002"):
    """Return the bank's pain.002 about the payments."""
    told = "".join(
        f"<TxInfAndSts><OrgnlEndToEndId>{reference}</OrgnlEndToEndId><TxSts>{status}</TxSts>"
        f'<OrgnlTxRef><Amt><InstdAmt Ccy="EUR">{amount}</InstdAmt></Amt></OrgnlTxRef>'
        "</TxInfAndSts>"
        for reference, amount in references.items()
    )
    return (
        '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.002.001.10"><CstmrPmtStsRpt>'
        "<GrpHdr><MsgId>A</MsgId><CreDtTm>2026-11-23T10:00:00</CreDtTm></GrpHdr>"
        "<OrgnlGrpInfAndSts><OrgnlMsgId>X</OrgnlMsgId><OrgnlMsgNmId>pain.001.001.09</OrgnlMsgNmId>"
        "</OrgnlGrpInfAndSts><OrgnlPmtInfAndSts><OrgnlPmtInfId>X</OrgnlPmtInfId>"
        f"{told}</OrgnlPmtInfAndSts></CstmrPmtStsRpt></Document>"
    )


def bounce(reference, amount):
    """Return the bank's camt.054 about a payment that came back."""
    return (
        '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.054.001.08">'
        "<BkToCstmrDbtCdtNtfctn><GrpHdr><MsgId>S</MsgId><CreDtTm>2026-11-26T02:00:00</CreDtTm>"
        "</GrpHdr><Ntfctn><Id>1</Id><Acct><Id><IBAN>DE89370400440532013000</IBAN></Id></Acct>"
        f'<Ntry><Amt Ccy="EUR">{amount}</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts>'
        "<BkTxCd><Prtry><Cd>RETURN</Cd></Prtry></BkTxCd><NtryDtls><TxDtls>"
        f"<Refs><EndToEndId>{reference}</EndToEndId></Refs>"
        f'<Amt Ccy="EUR">{amount}</Amt><CdtDbtInd>CRDT</CdtDbtInd>'
        "<RtrInf><Rsn><Cd>AC04</Cd></Rsn></RtrInf></TxDtls></NtryDtls></Ntry>"
        "</Ntfctn></BkToCstmrDbtCdtNtfctn></Document>"
    )


def settle(people, page, batch, content, *, name):
    upload(people, page, batch, content)
    record = page.get_by_role("button", name="Record these results")
    expect(record).to_be_visible()
    people.look(page, f"{name}-preview")
    record.click()
    expect(page.get_by_text(f"Results of {batch} are recorded")).to_be_visible()
    people.look(page, f"{name}-recorded")


def answer_dispute(people):
    finance = people.finance
    people.open(finance, "Disputes", "Chiara Specimen")
    press(finance, "Accept", answer="-")
    expect(finance.locator("#dialog").get_by_text("says nothing")).to_be_visible()
    people.look(finance, "dispute-dialog")
    finance.locator("#dialog textarea").fill("Two readers were counted twice: you are right.")
    finance.get_by_label("Adjustment in EUR").fill("1.50")
    finance.locator("#dialog button[type=submit]").click()
    expect(finance.get_by_text("The dispute is accepted")).to_be_visible()
    people.look(finance, "dispute-answered")


def closing_of(batch):
    """Return a moment at which the month after that of the batch is due."""
    after = next_month(next_month(batch.month))
    return dt.datetime.combine(after, dt.time(9), tzinfo=dt.UTC) + dt.timedelta(days=4)


def expect_settled(people, batch):
    people.open(people.finance, "Payout batches")
    row = people.finance.get_by_role("row").filter(has_text=str(batch))
    expect(row).to_contain_text(re.compile("Failed in part|Settled", re.IGNORECASE))


def pay_the_second_month(people, bounced):
    """It takes in what bounced, under a new reference, and the line that was in dispute."""
    confirm_clock(by="the test", reason="No job ran in these days.")
    call_command("build_payout_batch", verbosity=0)
    november = PayoutBatch.objects.drafts().get()
    people.start()
    check_money()
    submit(people, november)
    approve(people, november)
    check_money()
    sent = export(people, november)
    ada = november.payments.get(author__username="demo.ada")
    assert ada.reference in sent
    assert bounced not in sent
    assert ada.lines.get(carried_from__isnull=False).carried_from.reference == bounced
    chiara = november.payments.get(author__username="demo.chiara")
    assert {"Two readers were counted twice: you are right."} <= {
        line.note for line in chiara.lines.all()
    }
    settle(people, people.finance, november, answer(sent), name="second-paid")
    check_money()
    people.open(people.ada, "Statements", "What you were paid in a year")
    people.look(people.ada, "year")
    people.open(people.chiara, "Statements")
    people.look(people.chiara, "statements")
    assert verify_payouts().difference == ""


def test_two_months(people):
    october = PayoutBatch.objects.drafts().get()
    assert check_money() == {}
    enter_details(people)
    dispute_a_line(people)
    assert check_money() == {}  # the draft still has the line
    open_batch(people, people.finance, october)
    open_part(people.finance, "Checks")
    expect(people.finance.get_by_text("In dispute since this batch was built")).to_be_visible()
    people.look(people.finance, "draft-disputed")
    open_part(people.finance, "Payments")
    people.finance.get_by_role("link", name="Bruno Sample").first.click()
    press(people.finance, "Release", answer="The contract has come, signed.")
    expect(people.finance.get_by_text("The hold is ended.")).to_be_visible()
    open_batch(people, people.finance, october)
    press(people.finance, "Rebuild")
    expect(people.finance.get_by_text("rebuilt").first).to_be_visible()
    waits = check_money()["demo.chiara"]
    assert waits > 0
    with time_machine.travel(timezone.now() + dt.timedelta(days=4)):
        people.start()
        open_batch(people, people.finance, october)
        press(people.finance, "Rebuild")
        submit(people, october)
        check_money()
        approve(people, october)
        check_money()
        pay_by_hand(people, october, "Bruno Sample")
        check_money()
        sent = export(people, october)
        bounced = october.payments.get(author__username="demo.ada").reference
        assert bounced in sent
        settle(people, people.finance, october, answer(sent), name="paid")
        check_money()
        upload(people, people.finance, october, bounce(bounced, sent[bounced]))
        expect(people.finance.get_by_text("by you. Somebody else has to record")).to_be_visible()
        people.look(people.finance, "bounced-refused")
        settle(people, people.second, october, bounce(bounced, sent[bounced]), name="bounced")
        assert check_money() == {"demo.chiara": waits}
        answer_dispute(people)
        assert check_money() == {}
        expect_settled(people, october)
    with time_machine.travel(closing_of(october)):
        pay_the_second_month(people, bounced)
    assert people.errors == [[]] * len(people.errors)
