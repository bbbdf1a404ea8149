import logging

import pytest
from django.core import mail
from django.db import transaction

from backoffice import mails
from backoffice.mailing.delivery import send_waiting
from backoffice.models import Mail

pytestmark = pytest.mark.any_database


def test_mail_about_a_change_goes_out_once_it_is_committed(db, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        mails.mail_after_commit(
            lambda: mails.write_mails("News", "Read on.", to=["ada@example.org"]), about="news"
        )
        assert mail.outbox == []
    (message,) = mail.outbox
    assert (message.subject, message.body, message.to) == ("News", "Read on.", ["ada@example.org"])


def test_mail_about_a_change_that_is_undone_is_never_written(
    db, django_capture_on_commit_callbacks
):
    written = []
    with django_capture_on_commit_callbacks(execute=True):
        try:
            with transaction.atomic():
                mails.mail_after_commit(lambda: written.append("a mail") or [], about="news")
                raise LookupError
        except LookupError:
            pass
    assert written == []


def test_mail_that_fails_is_logged_without_its_subject_and_the_next_goes_out(
    db, django_capture_on_commit_callbacks, monkeypatch, caplog
):
    sent = []

    def send(message):
        if "ada@example.org" in message.to:
            raise OSError("no way out")
        sent.append(message.to)

    monkeypatch.setattr("django.core.mail.EmailMessage.send", send)
    with caplog.at_level(logging.ERROR), django_capture_on_commit_callbacks(execute=True):
        people = ["ada@example.org", "bea@example.org"]
        mails.mail_after_commit(lambda: mails.write_mails("Secret", "", to=people), about="blog 7")
    assert sent == [["bea@example.org"]]
    assert [*Mail.objects.order_by("address").values_list("state", "reason")] == [
        ("waiting", "OSError: no way out"),
        ("sent", ""),
    ]
    assert [record.getMessage() for record in caplog.records] == [
        "The mail about blog 7 could not be sent."
    ]
    assert "no way out" in caplog.text


def test_each_person_gets_a_mail_of_their_own():
    people = ["ada@example.org", "bea@example.org"]
    written = [*mails.write_mails("News", "Read on.", to=people)]
    assert [message.to for message in written] == [["ada@example.org"], ["bea@example.org"]]
    assert {(*message.cc, *message.bcc) for message in written} == {()}


def test_mail_to_many_is_left_to_the_job(db, django_capture_on_commit_callbacks):
    people = [f"reader{number:03}@example.org" for number in range(21)]
    with django_capture_on_commit_callbacks(execute=True):
        mails.mail_after_commit(
            lambda: mails.write_mails("News", "Read on.", to=people), about="news"
        )
    assert mail.outbox == []
    assert Mail.objects.filter(state="waiting", tries=0).count() == 21
    assert send_waiting() == (21, 0)
    assert [message.to[0] for message in mail.outbox] == people


def test_without_a_mail_server_the_first_mail_waits_for_it_and_the_others_do_not(db, monkeypatch):
    tried = []

    def send(message):
        tried.append(message.to[0])
        raise ConnectionRefusedError("No mail server.")

    monkeypatch.setattr("django.core.mail.EmailMessage.send", send)
    people = ["ada@example.org", "bea@example.org", "cy@example.org"]
    mails.send_mails(mails.write_mails("News", "Read on.", to=people), about="news")
    assert tried == ["ada@example.org"]
    assert Mail.objects.filter(state="waiting").count() == 3


def test_without_a_mail_server_one_line_says_so(db, settings, monkeypatch, caplog, capsys):
    def refuse(*args, **kwargs):
        raise ConnectionRefusedError("No mail server.")

    settings.ADMINS = ["ines@example.org"]
    monkeypatch.setattr("django.core.mail.EmailMessage.send", refuse)
    mails.send_mails(mails.write_mails("News", "Read on.", to=["ada@example.org"]), about="news")
    assert [(record.getMessage(), record.exc_info) for record in caplog.records] == [
        ("The mail about news could not be sent: ConnectionRefusedError: No mail server.", None)
    ]
    assert capsys.readouterr().err == ""


@pytest.mark.thorough
def test_many_mails_are_recorded_while_they_are_written(db, monkeypatch):
    """100,000 of them fit into no memory. Their HTML is the job's."""
    monkeypatch.setattr(mails, "MAILS_AT_A_TIME", 30)
    recorded, letters = [], []

    def write():
        for number in range(100):
            recorded.append(Mail.objects.count())
            to = [f"author-{number}@example.org"]
            letters.extend(mails.write_mails("News", "Read on.", to=to))
            yield letters[-1]

    mails.send_mails(write(), about="news")
    assert recorded == [0] * 30 + [30] * 30 + [60] * 30 + [90] * 10
    assert Mail.objects.filter(state="waiting", tries=0).count() == 100
    assert mail.outbox == []
    assert not any(letter.alternatives for letter in letters)
    send_waiting()
    assert len(mail.outbox) == 100
    assert all("Read on." in html for letter in mail.outbox for html, _ in letter.alternatives)


def test_nobody_is_mailed_twice_and_no_address_is_no_mail():
    (message,) = mails.write_mails("News", "", to=["ada@example.org", "", "ada@example.org"])
    assert message.to == ["ada@example.org"]
    assert [*mails.write_mails("News", "", to=[""])] == []


@pytest.mark.parametrize(
    ("line", "subject"),
    [
        ("Paper\nBcc: all@example.org", "Paper Bcc: all@example.org"),
        ("  Two \t words\r\n", "Two words"),
        ("1\xa0hour  ago", "1\xa0hour ago"),
        ("x" * 150, "x" * 150),
        ("x" * 151, "x" * 149 + "…"),
    ],
)
def test_subject_is_one_line_and_not_too_long(line, subject):
    assert mails.make_subject(line) == subject


def test_admins_are_told_under_the_name_of_the_application(settings):
    settings.ADMINS = ["ops@example.org"]
    mails.mail_admins("Error: It\nfailed", "Look.")
    (message,) = mail.outbox
    assert message.subject == "[Imprint] Error: It failed"
    assert (message.to, message.from_email) == (["ops@example.org"], settings.SERVER_EMAIL)


def test_without_admins_nobody_is_told(settings):
    settings.ADMINS = []
    mails.mail_admins("Error", "Look.")
    assert mail.outbox == []


def test_nothing_is_sent_while_mails_are_kept_quiet(db):
    (message,) = mails.write_mails("News", "Read on.", to=["ada@example.org"])
    with mails.keep_quiet():
        mails.send_mail(message, about="news")
    assert mail.outbox == []
    assert not Mail.objects.exists()
    mails.send_mail(message, about="news")
    assert [sent.subject for sent in mail.outbox] == ["News"]
