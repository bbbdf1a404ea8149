import datetime as dt
import io
import json
import logging
import logging.config

import pytest
from django.core import mail

from backoffice.logs import SECURITY, make_logging
from tests.factories import make_user

pytestmark = [pytest.mark.any_database, pytest.mark.django_db, pytest.mark.slow]

READER = {
    "HTTP_USER_AGENT": "Mozilla/5.0 (geheim)",
    "REMOTE_ADDR": "203.0.113.9",
    "HTTP_COOKIE": "sessionid=geheim",
    "HTTP_AUTHORIZATION": "Basic geheim",
}
WHAT_IS_NOBODYS_BUSINESS = ("geheim", "203.0.113.9", "Mozilla", "DE89", "my+illness")


@pytest.fixture
def lines(monkeypatch):
    """Return a function that reads the lines logged since its last call."""
    stream = io.StringIO()
    (console,) = [
        handler
        for handler in logging.getLogger().handlers
        if type(handler) is logging.StreamHandler
    ]
    monkeypatch.setattr(console, "stream", stream)

    def read():
        text = stream.getvalue()
        stream.seek(0)
        stream.truncate()
        return [json.loads(line) for line in text.splitlines()]

    return read


@pytest.fixture
def failing(settings, client):
    settings.ROOT_URLCONF = "tests.backoffice.failing_urls"
    settings.ADMINS = ["ines@example.org"]
    client.raise_request_exception = False
    return client


def test_failure_of_a_page_is_logged_and_mailed_without_what_the_reader_sent(failing, lines):
    data = {"iban": "DE89370400440532013000", "password": "geheim"}
    response = failing.post("/fail/?q=my+illness", data, **READER)
    assert response.status_code == 500
    (line,) = lines()
    assert (line["level"], line["logger"]) == ("error", "django.request")
    assert line["message"] == "Internal Server Error: /fail/"
    assert line["request_id"] == response["X-Request-ID"]
    assert "failing_urls.py" in line["error"]
    (message,) = mail.outbox
    assert response["X-Request-ID"] in message.body
    assert "ValueError" in message.body
    for said in (json.dumps(line), message.subject, message.body):
        for private in WHAT_IS_NOBODYS_BUSINESS:
            assert private not in said


def test_reading_is_not_logged(failing, lines):
    failing.get("/work/?q=my+illness", **READER)
    failing.get("/search/?q=my+illness", **READER)
    assert lines() == []


def test_reader_who_finds_nothing_leaves_a_path_and_no_more(failing, lines):
    failing.get("/nothing/?q=my+illness", **READER)
    (line,) = lines()
    assert line.keys() == {"timestamp", "level", "logger", "message", "request_id"}
    assert line["message"] == "Not Found: /nothing/"


def test_what_staff_ask_for_is_logged_with_the_person(failing, lines):
    user = make_user()
    failing.force_login(user)
    failing.get("/admin/work/?q=my+illness", HTTP_USER_AGENT="Mozilla/5.0")
    warning, line = lines()
    assert warning["message"] == "Somebody is there."
    assert warning["request_id"] == line["request_id"]
    assert warning["user_id"] == line["user_id"] == str(user.pk)
    assert [line[name] for name in ("method", "path", "status")] == ["GET", "/admin/work/", 200]
    assert line["milliseconds"] >= 0


def test_refusal_is_logged_with_the_person(failing, lines):
    user = make_user()
    failing.force_login(user)
    failing.get("/admin/auth/user/")
    said = {line["logger"]: line for line in lines()}
    assert said["django.request"]["message"] == "Forbidden (Permission denied): /admin/auth/user/"
    line = said["backoffice.middleware"]
    assert (line["status"], line["path"]) == (403, "/admin/auth/user/")
    assert line["user_id"] == str(user.pk)


def test_time_of_a_line_names_its_zone(failing, lines):
    failing.get("/nothing/")
    (line,) = lines()
    assert line["timestamp"].endswith("Z")
    assert dt.datetime.fromisoformat(line["timestamp"]).tzinfo == dt.UTC


def test_log_costs_no_query(failing, django_assert_num_queries):
    failing.force_login(make_user())
    with django_assert_num_queries(0):
        failing.get("/fail/")


@pytest.mark.parametrize(
    ("given", "proxies", "is_taken"),
    [
        ("a1b2c3d4-e5f6", 1, True),
        ("a1b2c3d4-e5f6", 0, False),  # nobody of ours gave it
        ("short", 1, False),
        ("a" * 65, 1, False),
        ('x","level":"error', 1, False),
        ("aaaaaaaa\r\nX-Evil: 1", 1, False),
        ("aaaaaaaa\n", 1, False),
        ("äääääääää", 1, False),
        ("", 1, False),
    ],
)
def test_id_of_a_request_is_taken_in_a_safe_form_alone(client, settings, given, proxies, is_taken):
    settings.TRUSTED_PROXIES = proxies
    answered = client.get("/robots.txt", HTTP_X_REQUEST_ID=given)["X-Request-ID"]
    assert (answered == given) is is_taken
    assert answered.isascii()


def test_line_can_not_be_forged(lines):
    logging.getLogger("backoffice.tests").warning('x\n{"level": "error", "message": "forged"}')
    (line,) = lines()
    assert line["level"] == "warning"


def test_security_names_addresses_and_others_do_not(lines):
    for name in (SECURITY, "backoffice.tests"):
        logging.getLogger(name).info(
            "Sign-in of %s failed.", "203.0.113.9", extra={"address": "203.0.113.9"}
        )
    security, other = lines()
    assert security["message"] == "Sign-in of 203.0.113.9 failed."
    assert security["address"] == "203.0.113.9"
    assert other["message"] == "Sign-in of … failed."
    assert "address" not in other


def test_security_has_a_file_of_its_own_if_one_is_named(tmp_path):
    path = tmp_path / "security.log"
    made = make_logging(debug=False, security_log=str(path))
    assert made["handlers"]["security"]["filename"] == str(path)
    assert made["loggers"][SECURITY]["handlers"] == ["security"]
    assert "handlers" not in make_logging(debug=False)["loggers"][SECURITY]


def test_host_that_is_not_ours_is_logged_and_no_mail(failing, lines):
    assert failing.get("/", headers={"host": "evil.example"}).status_code == 400
    assert [line["logger"] for line in lines()] == ["django.security.DisallowedHost"]
    assert mail.outbox == []


def test_developer_gets_words():
    formatter = logging.config.DictConfigurator(make_logging(debug=True)).configure_formatter(
        make_logging(debug=True)["formatters"]["lines"]
    )
    record = logging.makeLogRecord({"name": "backoffice", "msg": "Well.", "levelname": "INFO"})
    assert "Well." in formatter.format(record)
    assert not formatter.format(record).startswith("{")


def test_security_event_keeps_its_facts_and_others_lose_them(lines):
    facts = {"about": 7, "by": 8, "detail": "by 203.0.113.9"}
    for name in (SECURITY, "backoffice.tests"):
        logging.getLogger(name).info("Locked.", extra=facts)
    security, other = lines()
    assert {name: security[name] for name in facts} == facts
    assert "detail" not in other


def test_worker_of_gunicorn_logs_like_the_rest(lines):
    logging.getLogger("gunicorn.error").warning("Invalid request from ip=203.0.113.9: /?q=geheim")
    (line,) = lines()
    assert line["message"] == "Invalid request from ip=…: /?…"


def test_job_that_has_told_is_not_told_again_by_cron(failing, lines):
    try:
        raise SystemExit(1)
    except SystemExit:
        logging.getLogger("django_crontab.crontab").exception("Failed to complete cronjob.")
    assert mail.outbox == []
    assert len(lines()) == 1
