import datetime as dt
import smtplib

import pytest
from django.core import mail
from django.db import OperationalError
from django.utils import timezone

from backoffice import mails
from backoffice.accounts.kept import list_mails
from backoffice.mailing import records
from backoffice.mailing.kinds import PASSWORD_LINK
from backoffice.mailing.resending import ResendingRefused, resend
from backoffice.models import Mail
from tests.factories import make_user

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]

ADA = "ada@example.org"


def write(*, to=(ADA,), **details):
    return [*mails.write_mails("News", "Read on.", to=to, **details)]


def fail_with(monkeypatch, error):
    def send(message):
        raise error

    monkeypatch.setattr("django.core.mail.EmailMessage.send", send)


def test_record_says_to_whom_about_what_and_when():
    ada = make_user("ada", email="Ada@Example.org")
    mails.send_mails(write(to=[ADA, "nobody@example.org"]), about="news")
    mine, other = Mail.objects.order_by("address")
    assert (mine.person, mine.subject, mine.text, mine.state) == (ada, "News", "Read on.", "sent")
    assert mine.sent_at is not None
    assert mine.message_id == mail.outbox[0].message_id
    assert other.person is None


def test_address_of_two_accounts_is_nobodys_own():
    make_user("ada", email=ADA)
    make_user("adam", email=ADA.upper())
    mails.send_mails(write(), about="news")
    assert Mail.objects.get().person is None


def test_no_secret_is_kept():
    mails.send_mails(write(kind=PASSWORD_LINK, is_secret=True), about="a link")
    assert Mail.objects.get().text == ""
    assert mail.outbox[0].body == "Read on."


def test_mail_with_a_secret_is_sent_once_or_not_at_all(monkeypatch):
    fail_with(monkeypatch, ConnectionRefusedError("No mail server."))
    mails.send_mails(write(kind=PASSWORD_LINK, is_secret=True), about="a link")
    row = Mail.objects.get()
    assert (row.state, row.try_after) == ("failed", None)
    assert "let the person ask for a new one" in row.reason
    with pytest.raises(ResendingRefused):
        resend(mail=row)


def test_address_that_is_refused_for_good_is_not_tried_again(monkeypatch):
    refused = smtplib.SMTPRecipientsRefused({ADA: (550, b"No such\r\nmailbox")})
    fail_with(monkeypatch, refused)
    mails.send_mails(write(), about="news")
    row = Mail.objects.get()
    said = "The mail server refused the address: 550 No such mailbox"
    assert (row.state, row.reason) == ("failed", said)


def test_address_that_is_refused_for_now_is_tried_again(monkeypatch):
    fail_with(monkeypatch, smtplib.SMTPRecipientsRefused({ADA: (450, b"Mailbox is busy")}))
    mails.send_mails(write(), about="news")
    assert Mail.objects.get().state == "waiting"


def test_mail_goes_out_while_the_record_is_away(monkeypatch, caplog):
    def refuse(*args, **kwargs):
        raise OperationalError("The database is away.")

    monkeypatch.setattr(Mail.objects, "bulk_create", refuse)
    mails.send_mails(write(), about="news")
    assert [message.to for message in mail.outbox] == [[ADA]]
    assert "The record of mails could not be written." in caplog.text


def test_old_mails_are_forgotten_but_those_that_wait(settings):
    settings.MAIL_RECORD_DAYS = 30
    records.note(write(), will_send=False)
    mails.send_mails(write(to=["bea@example.org"]), about="news")
    now = timezone.now()
    assert records.forget_mails(at=now + dt.timedelta(days=29)) == 0
    assert records.forget_mails(at=now + dt.timedelta(days=31)) == 1
    assert Mail.objects.get().address == ADA


def test_who_is_anonymised_leaves_no_mail_and_no_name_in_those_to_others():
    ada = make_user("ada", email=ADA, first_name="Ada", last_name="Lindqvist")
    mails.send_mails(write(), about="news")
    of_ada = mails.write_mails("News of Ada Lindqvist", "Ada Lindqvist wrote.", to=["bo@b.example"])
    mails.send_mails(of_ada, about="news")
    records.forget_person(ada, keep_name=False)
    row = Mail.objects.get()
    assert (row.address, row.subject, row.text) == (
        "bo@b.example",
        "A mail that named somebody who has left",
        "",
    )


def test_extract_holds_the_mails_to_the_person():
    ada = make_user("ada", email=ADA)
    mails.send_mails(write(to=[ADA, "bea@example.org"]), about="news")
    (kept,) = list_mails(ada)
    assert (kept["to"], kept["subject"], kept["state"]) == (ADA, "News", "Sent")
