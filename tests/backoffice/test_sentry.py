import json
import logging

import pytest
import sentry_sdk
from sentry_sdk.transport import Transport

from backoffice.sentry import start_sentry
from tests.factories import make_user

pytestmark = [pytest.mark.any_database, pytest.mark.django_db]


@pytest.fixture
def sent(settings):
    """The sent events, as JSON."""
    events = []

    class Kept(Transport):
        def capture_envelope(self, envelope):
            events.extend(item.payload.get_bytes().decode() for item in envelope.items)

    settings.ROOT_URLCONF = "tests.backoffice.failing_urls"
    with sentry_sdk.isolation_scope():
        start_sentry("https://key@sentry.example/1", transport=Kept)
        yield events
        sentry_sdk.get_client().close()
        sentry_sdk.get_global_scope().set_client(None)


def test_nothing_is_sent_unless_a_dsn_is_set(settings):
    assert settings.SENTRY_DSN == ""
    assert not sentry_sdk.get_client().is_active()


def test_failure_of_a_page_goes_out_without_what_was_sent(sent, client):
    client.raise_request_exception = False
    user = make_user(email="ines@example.org")
    client.force_login(user)
    response = client.post(
        "/fail/?q=my+illness",
        {"iban": "DE89370400440532013000", "password": "geheim"},
        HTTP_USER_AGENT="Mozilla/5.0 (geheim)",
        REMOTE_ADDR="203.0.113.9",
        HTTP_AUTHORIZATION="Basic geheim",
    )
    (event,) = sent
    told = json.loads(event)
    assert told["tags"] == {"request_id": response["X-Request-ID"]}
    assert told["request"] == {"method": "POST", "url": "/fail/"}
    (error,) = told["exception"]["values"]
    assert (error["type"], error["value"]) == ("ValueError", "")
    assert any(frame["function"] == "fail" for frame in error["stacktrace"]["frames"])
    for private in ("geheim", "203.0.113.9", "Mozilla", "DE89", "illness", "ines", "vars"):
        assert private not in event
    assert told.keys() <= {
        "event_id", "timestamp", "level", "logger", "platform", "release", "environment", "sdk",
        "request", "tags", "logentry", "exception",
    }  # fmt: skip


def test_what_is_logged_as_an_error_goes_out_without_its_values(sent):
    secret = "geheim"  # a local variable
    logging.getLogger("backoffice.jobs").error("No mail for %s: %s", "ines@example.org", secret)
    (event,) = sent
    assert json.loads(event)["logentry"] == {"message": "No mail for %s: %s"}
    assert "geheim" not in event
    assert "ines@" not in event
