import logging
import multiprocessing
import resource

import pytest
import time_machine
from django.core import mail
from django.db import OperationalError

from backoffice import alerts

pytestmark = pytest.mark.any_database
logger = logging.getLogger("backoffice.tests")


@pytest.fixture(autouse=True)
def admins(settings):
    settings.ADMINS = ["ines@example.org"]


def fail(error=None, **extra):
    try:
        raise error or ValueError("secret of Ines")
    except Exception:
        logger.exception("It failed.", extra=extra)


def test_error_is_mailed_with_its_place_and_without_its_values():
    fail()
    (message,) = mail.outbox
    assert message.subject == "[Imprint] Error: It failed."
    assert message.to == ["ines@example.org"]
    assert "test_alerts.py" in message.body
    assert "ValueError" in message.body
    assert "secret" not in message.body
    assert message.alternatives == []


def test_warning_is_no_mail():
    logger.warning("Hm.")
    assert mail.outbox == []


def test_same_failure_is_mailed_once_an_hour_with_the_number_of_others():
    with time_machine.travel("2026-11-22 12:00Z", tick=False) as clock:
        for _ in range(50):
            fail()
        assert len(mail.outbox) == 1
        clock.shift(3599)
        fail()
        assert len(mail.outbox) == 1
        clock.shift(1)
        fail()
    assert len(mail.outbox) == 2
    assert "The same happened 50 times more since 2026-11-22 12:00 UTC." in mail.outbox[1].body


def test_other_failures_have_mails_of_their_own():
    fail()
    logger.error("Something else of %s.", "Ines")
    logger.error("Something else of %s.", "Otto")
    assert [message.subject[10:] for message in mail.outbox] == [
        "Error: It failed.",
        "Error: Something else of Ines.",
    ]


def test_database_that_is_away_is_one_failure_wherever_it_shows():
    fail(OperationalError("connection refused"))
    try:
        raise OperationalError("connection refused")
    except OperationalError:
        logger.exception("It failed.")
    assert len(mail.outbox) == 1


def test_failures_without_end_fill_no_mailbox():
    for number in range(100):
        logger.error(f"Failure {number}")
    assert len(mail.outbox) == alerts.MAILS_AN_HOUR
    with time_machine.travel("2099-01-01"):
        logger.error("The next hour")
    assert len(mail.outbox) == alerts.MAILS_AN_HOUR + 1


def test_once_is_once_for_ever():
    with time_machine.travel("2026-11-22 12:00Z", tick=False) as clock:
        assert not alerts.was_told("fold_views is late")
        fail(kind="fold_views is late", once=True)
        clock.shift(100 * 24 * 3600)
        fail(kind="fold_views is late", once=True)
        assert alerts.was_told("fold_views is late")
    assert len(mail.outbox) == 1


def test_clock_that_was_set_back_silences_nobody_for_long():
    with time_machine.travel("2030-01-01", tick=False):
        fail()
    with time_machine.travel("2026-11-22", tick=False):
        fail()
        fail()
    assert len(mail.outbox) == 2


def fail_in_a_process(folder):
    from django.conf import settings

    settings.ALERTS_DIR = folder
    alerts._last_told.clear()
    sent = []
    alerts.mail_admins = lambda *arguments: sent.append(arguments)
    fail()
    return len(sent)


def test_processes_share_what_was_told(settings):
    with multiprocessing.get_context("fork").Pool(4) as pool:
        sent = pool.map(fail_in_a_process, [settings.ALERTS_DIR] * 20, chunksize=1)
    assert sum(sent) == 1
    assert alerts.count_failures() == {"backoffice.tests": 20}


def test_full_disk_floods_nobody(settings, monkeypatch):
    def refuse(*arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(alerts.os, "open", refuse)
    fail()
    fail()
    assert len(mail.outbox) == 1


def fail_on_a_full_disk(folder):
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))  # files can be made, and not be written
    return fail_in_a_process(folder)


def test_disk_that_is_full_silences_nobody_and_floods_nobody(settings):
    context = multiprocessing.get_context("fork")
    with context.Pool(1, maxtasksperchild=1) as pool:  # jobs, one after the other
        sent = pool.map(fail_on_a_full_disk, [settings.ALERTS_DIR] * 4, chunksize=1)
    assert sent == [1, 0, 0, 0]


def test_file_that_was_cut_off_counts_from_when_it_was_touched(settings):
    fail()
    for path in settings.ALERTS_DIR.iterdir():
        path.write_text('{"tim')
    alerts._last_told.clear()
    fail()
    assert len(mail.outbox) == 1
    assert alerts.count_failures() == {"backoffice.tests": 1}


def test_mail_that_fails_is_tried_again_and_harms_nobody(monkeypatch, capsys, caplog):
    def refuse(*arguments):
        raise ConnectionRefusedError(111, "Connection refused")

    with time_machine.travel("2026-11-22 12:00Z", tick=False) as clock:
        with monkeypatch.context() as patch:
            patch.setattr(alerts, "mail_admins", refuse)
            fail()
        fail()  # too soon
        assert mail.outbox == []
        clock.shift(alerts.AFTER_A_FAILED_MAIL)
        fail()
    assert "2 times more" in mail.outbox[0].body
    assert capsys.readouterr().err == ""  # where logging tells of its own failures
    told = [record.getMessage() for record in caplog.records if record.name == alerts.__name__]
    assert told == [
        "ADMINS could not be mailed about this: ConnectionRefusedError: [Errno 111] Connection "
        "refused"
    ]


def test_file_is_for_its_owner_alone(settings):
    fail()
    assert {path.stat().st_mode & 0o777 for path in settings.ALERTS_DIR.iterdir()} == {0o600}
