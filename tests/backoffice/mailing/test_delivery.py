import datetime as dt

import pytest
from django.core import mail
from django.utils import timezone

from backoffice import mails
from backoffice.jobs import run_job
from backoffice.mailing import records
from backoffice.mailing.delivery import send_waiting
from backoffice.mailing.kinds import PASSWORD_LINK
from backoffice.mailing.resending import resend
from backoffice.models import Mail

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]

MINUTE = dt.timedelta(minutes=1)


def write(*, to=("ada@example.org",), **details):
    return [*mails.write_mails("News", "Read on.", to=to, **details)]


@pytest.fixture
def server(monkeypatch):
    """A mail server that fails as long as it has an error, and keeps what it took."""

    class Server:
        error, taken = None, []

        def send(self, message):
            if self.error:
                raise self.error
            self.taken = [*self.taken, message]

    server = Server()
    monkeypatch.setattr("django.core.mail.EmailMessage.send", lambda message: server.send(message))
    return server


def test_mail_that_was_not_taken_is_sent_later_under_the_same_identity(server):
    server.error = OSError("no way out")
    (message,) = write()
    mails.send_mail(message, about="news")
    now = timezone.now()
    server.error = None
    assert send_waiting(at=now) == (0, 0)
    assert send_waiting(at=now + 5 * MINUTE) == (1, 0)
    (sent,) = server.taken
    assert (sent.to, sent.subject, sent.body) == (["ada@example.org"], "News", "Read on.")
    assert sent.message()["Message-ID"] == message.message_id
    assert Mail.objects.get().state == "sent"
    assert send_waiting(at=now + dt.timedelta(days=30)) == (0, 0)


@pytest.mark.parametrize("moment", ["before the server is asked", "after it took the mail"])
def test_mail_of_a_process_that_was_killed_is_sent(server, moment):
    (message,) = write()
    records.note([message], will_send=True)
    if moment == "after it took the mail":
        message.send()
    now = timezone.now()
    assert send_waiting(at=now + 4 * MINUTE) == (0, 0)
    assert send_waiting(at=now + 5 * MINUTE) == (1, 0)
    assert {sent.message()["Message-ID"] for sent in server.taken} == {message.message_id}


def test_job_that_is_killed_while_it_sends_neither_loses_nor_repeats(server, monkeypatch):
    records.note(write(to=["ada@example.org", "bea@example.org"]), will_send=False)

    def kill(letter):
        raise SystemExit

    monkeypatch.setattr(records, "note_sent", kill)
    with pytest.raises(SystemExit):
        send_waiting()
    monkeypatch.undo()
    assert [*Mail.objects.order_by("pk").values_list("state", "tries")] == [
        ("waiting", 1),
        ("waiting", 0),
    ]
    assert send_waiting() == (1, 0)  # the first one may have been taken: it has its time
    assert send_waiting(at=timezone.now() + 6 * MINUTE) == (1, 0)


def test_two_jobs_at_once_send_a_mail_once(server, monkeypatch):
    records.note(write(), will_send=False)
    row = Mail.objects.get()
    assert send_waiting() == (1, 0)
    from backoffice.mailing import delivery

    assert delivery._claim(row, at=timezone.now()) is None


def test_tries_are_bounded_and_the_last_one_says_why(server, caplog):
    server.error = OSError("no way out")
    mails.send_mail(write()[0], about="news")
    at, tried = timezone.now(), 1
    for _ in range(20):
        at += dt.timedelta(days=1)
        tried += send_waiting(at=at)[1]
    row = Mail.objects.get()
    assert (tried, row.tries, row.state) == (8, 8, "failed")
    assert row.reason == "OSError: no way out"
    assert "A mail about other could not be sent." in caplog.text


def test_job_ends_when_no_server_answers(server):
    records.note(write(to=["ada@example.org", "bea@example.org"]), will_send=False)
    server.error = ConnectionRefusedError("No mail server.")
    assert send_waiting() == (0, 1)
    assert [*Mail.objects.order_by("pk").values_list("tries", flat=True)] == [1, 0]


def test_mail_with_a_secret_is_never_sent_without_it(server):
    records.note(write(kind=PASSWORD_LINK, is_secret=True), will_send=True)
    assert send_waiting(at=timezone.now() + 6 * MINUTE) == (0, 0)
    row = Mail.objects.get()
    assert (server.taken, row.state) == ([], "failed")
    assert "ended before the mail server had answered" in row.reason


def test_failed_mail_is_sent_again_by_hand(server):
    server.error = OSError("no way out")
    mails.send_mail(write()[0], about="news")
    Mail.objects.update(state="failed", try_after=None)
    server.error = None
    resend(mail=Mail.objects.get())
    assert send_waiting() == (1, 0)


def test_job_says_what_it_did(server):
    records.note(write(), will_send=False)
    assert run_job("send_mails").output == "1 mail sent, 0 not taken."
    assert mail.outbox == []
