"""The look at a bank's file, by somebody who has to confirm that it is them."""

import datetime as dt

import pytest
import time_machine
from django.conf import settings as django_settings
from django.test import Client
from django.urls import reverse
from playwright.sync_api import expect

from tests.backoffice.accounts.signing_in import PASSWORD, code_now, give_app
from tests.billing.batches import make_exported_batch
from tests.factories import make_user

pytestmark = pytest.mark.thorough

RESULTS = b"202610-1-000001,paid\n202610-1-000002,paid\n"
TABLE = b"Ref;Stand\n202610-1-000001;gebucht\n"
A_WHILE = dt.timedelta(minutes=16)


@pytest.fixture
def root(transactional_db, settings, tmp_path):
    settings.REAUTHENTICATE_MINUTES = settings.ACCOUNT_REAUTHENTICATION_TIMEOUT = 15 * 60
    settings.REQUIRE_SECOND_FACTOR = True
    settings.SITE_URL = "http://localhost"  # where passkeys belong
    settings.UPLOAD_DIR = settings.FILE_UPLOAD_TEMP_DIR = tmp_path / "uploads"
    return make_user("root", password=PASSWORD, is_superuser=True)


@pytest.fixture
def batch(root):
    return make_exported_batch()


@pytest.fixture
def look_at(page, live_server, batch):
    """Return a function that signs in, opens the page for a file, and has a file looked at."""

    def look_at(content, name="results.csv"):
        page.goto(
            live_server.url + reverse("admin:billing_payoutbatch_results_file", args=[batch.pk])
        )
        page.get_by_label("The bank’s file").set_input_files(
            {"name": name, "mimeType": "text/csv", "buffer": content}
        )
        page.get_by_role("button", name="Look at it").click()

    return look_at


def sign_in(page, live_server):
    page.goto(f"{live_server.url}/admin/")
    page.get_by_label("Username").fill("root")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()


def expect_recorded(page, batch):
    expect(page.get_by_text("Results of October 2026 are recorded: 2 as paid.")).to_be_visible()
    assert batch.payments.filter(status="paid").count() == 2


def test_key_enter_records_and_does_not_cancel(page, live_server, root, batch, look_at):
    give_app(root)
    sign_in(page, live_server)
    page.get_by_label("Code from your app").fill(code_now())
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="What waits for you")).to_be_visible()
    with time_machine.travel(dt.datetime.now(dt.UTC) + A_WHILE):
        look_at(RESULTS)
        page.get_by_label("Code from your app").fill(code_now())
        page.get_by_label("Code from your app").press("Enter")
        expect_recorded(page, batch)


def test_passkey_records_what_was_looked_at(page, live_server, root, batch, look_at):
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2", "transport": "internal", "hasResidentKey": True,
        "hasUserVerification": True, "isUserVerified": True, "automaticPresenceSimulation": True,
    }  # fmt: skip
    session.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    sign_in(page, live_server)
    page.get_by_role("link", name="Add a passkey").click()
    page.get_by_role("button", name="Make the passkey").click()
    expect(page.get_by_text("They are shown this once")).to_be_visible()
    with time_machine.travel(dt.datetime.now(dt.UTC) + A_WHILE):
        look_at(RESULTS)
        page.get_by_role("button", name="Use a passkey instead").click()
        expect_recorded(page, batch)


def test_key_enter_in_the_choice_of_columns_goes_on(
    page, live_server, root, batch, look_at, settings
):
    settings.REQUIRE_SECOND_FACTOR, settings.REAUTHENTICATE_MINUTES = False, 0
    client = Client()
    client.force_login(root)
    name = django_settings.SESSION_COOKIE_NAME
    cookie = {"name": name, "value": client.cookies[name].value, "url": live_server.url}
    page.context.add_cookies([cookie])
    look_at(TABLE)
    page.get_by_label("Our reference").select_option("Ref")
    page.get_by_label("What became of it").select_option("Stand")
    page.get_by_label("Words for paid").fill("gebucht")
    page.get_by_label("Words for paid").press("Enter")
    expect(page.get_by_role("button", name="Record these results")).to_be_visible()
