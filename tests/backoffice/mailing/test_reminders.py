import datetime as dt

import pytest
from django.core import mail

from backoffice import mails
from backoffice.jobs import run_job
from backoffice.mailing import reminders
from backoffice.mailing.delivery import send_waiting
from backoffice.mailing.kinds import MailKind
from backoffice.mailing.reminders import Reminder, write_summaries
from backoffice.models import Mail, MailChoice, ReminderSaid
from tests.factories import make_user

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]

AT = dt.datetime(2026, 11, 22, 7, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)
KIND = MailKind(
    key="t.reminder", label="what waits", permission="weblog.publish_blog", comes_at_once=False
)
NEWS = MailKind(key="t.news", label="news", permission="weblog.publish_blog")


@pytest.fixture
def edda():
    return make_user("edda", email="edda@example.org", first_name="Edda")


@pytest.fixture
def waits(monkeypatch, settings):
    """Let things wait for people: a list of reminders, which a test may change."""
    settings.REMIND_AGAIN_DAYS = 7
    waiting = []
    monkeypatch.setattr(reminders, "_listers", {"test": lambda at: waiting})
    return waiting


def remind(person, key="a", **details):
    values = {"text": f"Thing {key} waits.", "url": f"http://testserver/{key}", "kind": KIND}
    return Reminder(person=person.pk, key=key, **(values | details))


def run(at=AT):
    write_summaries(at=at)
    before = len(mail.outbox)
    send_waiting(at=at)
    return mail.outbox[before:]


def test_each_person_gets_one_mail_with_all_that_waits(edda, waits):
    otto = make_user("otto", email="otto@example.org")
    waits += [remind(edda, "a"), remind(edda, "b"), remind(otto, "c")]
    for_edda, for_otto = run()
    assert (for_edda.to, for_edda.subject) == (
        ["edda@example.org"],
        "Imprint: 2 things wait for you",
    )
    for part in ("Hello Edda", "Thing a waits.\nhttp://testserver/a", "Thing b waits."):
        assert part in for_edda.body
    assert for_otto.subject == "Imprint: Thing c waits."


def test_reminder_is_said_once_and_again_after_so_many_days(edda, waits):
    waits.append(remind(edda))
    days = [number for number in range(16) if run(AT + number * DAY)]
    assert days == [0, 7, 14]


def test_new_thing_is_said_the_next_day_without_the_old_one(edda, waits):
    waits.append(remind(edda, "a"))
    run()
    waits.append(remind(edda, "b"))
    assert run() == []  # one mail a day
    (message,) = run(AT + DAY)
    assert "Thing b" in message.body
    assert "Thing a" not in message.body


def test_head_of_the_chain_stands_once_where_money_is_named(edda, waits):
    waits += [remind(edda, key, proof="Head of the chain: number 7, abc") for key in "ab"]
    assert run()[0].body.count("Head of the chain: number 7, abc") == 1


def test_mails_for_once_a_day_come_with_it_and_only_once(edda, waits):
    MailChoice.objects.create(person=edda, kind=NEWS.key, how="daily")
    for word in ("One", "Two"):
        mails.send_mails(mails.write_mails(word, f"{word}!", to=[edda.email], kind=NEWS), about="x")
    (message,) = run()
    assert message.subject == "Imprint: your mails of the day"
    assert message.body.index("--- One\n\nOne!") < message.body.index("--- Two\n\nTwo!")
    assert run(AT + DAY) == []
    told = Mail.objects.exclude(summary=None).values_list("subject", flat=True)
    assert set(told) == {"One", "Two"}


def test_reminders_can_be_turned_off(edda, waits):
    MailChoice.objects.create(person=edda, kind=KIND.key, how="off")
    waits.append(remind(edda))
    assert run() == []


def test_nobody_without_an_address_or_who_left_is_reminded(waits):
    waits += [remind(make_user()), remind(make_user(email="a@example.org", is_active=False))]
    assert run() == []


def test_run_that_is_killed_half_way_loses_nothing_and_says_nothing_twice(edda, waits, monkeypatch):
    otto = make_user("otto", email="otto@example.org")
    waits += [remind(edda), remind(otto)]
    write, killed = reminders._write, []

    def kill_at_otto(person, *details):
        if person == otto and not killed:
            killed.append(person)
            raise SystemExit
        return write(person, *details)

    monkeypatch.setattr(reminders, "_write", kill_at_otto)
    with pytest.raises(SystemExit):
        write_summaries(at=AT)
    assert [row.person for row in ReminderSaid.objects.all()] == [edda]
    assert [message.to[0] for message in run()] == ["edda@example.org", "otto@example.org"]
    assert run() == []


def test_one_list_that_fails_stops_no_other(edda, waits, monkeypatch, caplog):
    def fail(at):
        raise LookupError

    listers = {"broken": fail, "whole": lambda at: [remind(edda)]}
    monkeypatch.setattr(reminders, "_listers", listers)
    assert len(run()) == 1
    assert "The reminders of broken could not be listed." in caplog.text


def test_mail_server_that_is_away_gets_it_later(edda, waits, monkeypatch):
    waits.append(remind(edda))

    def refuse(message):
        raise ConnectionRefusedError

    with monkeypatch.context() as patch:
        patch.setattr("django.core.mail.EmailMessage.send", refuse)
        run()
    assert len(run(AT + dt.timedelta(minutes=5))) == 1


def test_job_says_what_it_did(edda, waits):
    waits.append(remind(edda))
    assert run_job("send_reminders").output == "1 mail of the day written; 1 sent, 0 not taken."
