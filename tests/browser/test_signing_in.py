"""Signing in in a real browser: an app, recovery codes, a passkey, a new password, and a lock."""

import datetime as dt
import re

import pytest
import time_machine
from django.apps import apps
from django.core import mail
from django.test import Client
from django.urls import reverse
from playwright.sync_api import expect

from backoffice.accounts.reset import wait_for_mails
from tests.backoffice.accounts.signing_in import PASSWORD, code_now, give_app, wrong_code
from tests.browser.pages import SCREENS, THEMES, assert_fits, note_errors, turn_to
from tests.factories import make_user

LINK = re.compile(r"http\S+/reset/\S+")
NEW = "some other sentence of mine"


@pytest.fixture
def root(transactional_db, settings):
    """The first superuser of an installation that requires second factors."""
    settings.REQUIRE_SECOND_FACTOR = True
    settings.REAUTHENTICATE_MINUTES = 15
    settings.SITE_URL = "http://localhost"  # where passkeys belong
    settings.SIGN_IN_FAILURES_OF_ADDRESS = 1000
    return make_user("root", password=PASSWORD, email="root@example.org", is_superuser=True)


@pytest.fixture
def look(page, take_picture):
    """Return a function that looks at the page in both themes and on both screens."""
    errors = note_errors(page.context)

    def look(name):
        for width, height in SCREENS:
            page.set_viewport_size({"width": width, "height": height})
            for theme in THEMES:
                turn_to(page, theme)
                assert_fits(page)
                take_picture(page, f"{name}-{width}-{theme}", full_page=True)
        page.set_viewport_size({"width": 1440, "height": 900})
        turn_to(page, "light")

    yield look
    assert [error for error in errors if "status of 429" not in error] == []


def enter_password(page, live_server, password=PASSWORD):
    page.goto(f"{live_server.url}/admin/")
    page.get_by_label("Username").fill("root")
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()


def enter_code(page, code, button="Sign in"):
    page.get_by_label(re.compile("Code from your app|The code that the app")).fill(code)
    page.get_by_role("button", name=button).click()


def sign_out(page):
    page.context.clear_cookies()


def add_app(page):
    """Add an app, and return its key."""
    page.get_by_role("link", name="Add an app").click()
    key = page.locator(".bo-code").first.inner_text()
    enter_code(page, code_now(secret=key), "Add the app")
    expect(page.get_by_text("They are shown this once")).to_be_visible()
    return key


def test_first_superuser_adds_an_app_and_signs_in_with_it(page, live_server, root, look):
    page.goto(f"{live_server.url}/admin/")
    look("sign-in")
    enter_password(page, live_server)
    expect(page.get_by_text("Your role needs a second factor")).to_be_visible()
    look("factors-to-add")
    page.get_by_role("link", name="Add an app").click()
    look("add-app")
    enter_code(page, "12345", "Add the app")
    expect(page.get_by_text("This code is not right")).to_be_visible()
    key = page.locator(".bo-code").first.inner_text()
    enter_code(page, code_now(secret=key), "Add the app")
    shown = page.locator(".bo-codes .bo-code")
    expect(shown).to_have_count(10)
    codes = shown.all_inner_texts()
    look("recovery-codes")
    page.get_by_role("link", name="I have kept them").click()
    expect(page.get_by_text("10 of them are left")).to_be_visible()
    look("factors")

    sign_out(page)
    enter_password(page, live_server)
    look("code")
    enter_code(page, wrong_code())
    expect(page.get_by_text("This code is not right")).to_be_visible()
    enter_code(page, code_now(secret=key, steps=1))
    expect(page.get_by_role("heading", name="What waits for you")).to_be_visible()

    sign_out(page)
    enter_password(page, live_server)
    enter_code(page, codes[3])
    expect(page.get_by_role("heading", name="What waits for you")).to_be_visible()
    page.goto(live_server.url + reverse("mfa_index"))
    expect(page.get_by_text("9 of them are left")).to_be_visible()


@pytest.fixture
def passkeys(page):
    """A device of the browser that makes passkeys, and presents them without a touch."""
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    device = session.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    return session, device["authenticatorId"]


@pytest.mark.thorough
def test_passkey_is_added_signs_in_and_confirms(page, live_server, root, passkeys, look):
    session, device = passkeys
    enter_password(page, live_server)
    page.get_by_role("link", name="Add a passkey").click()
    page.get_by_label("Name").fill("Laptop")
    look("add-passkey")
    page.get_by_role("button", name="Make the passkey").click()
    expect(page.get_by_text("They are shown this once")).to_be_visible()
    assert len(session.send("WebAuthn.getCredentials", {"authenticatorId": device})["credentials"])

    sign_out(page)
    enter_password(page, live_server)
    look("code-or-passkey")
    page.get_by_role("button", name="Use a passkey instead").click()
    expect(page.get_by_role("heading", name="What waits for you")).to_be_visible()
    assert root.authenticator_set.get(type="webauthn").last_used_at

    with a_while_later():
        page.goto(live_server.url + reverse("mfa_add_webauthn"))
        look("confirm-passkey")
        page.get_by_role("button", name="Use your passkey").click()
        expect(page.get_by_role("button", name="Make the passkey")).to_be_visible()


def a_while_later():
    return time_machine.travel(dt.datetime.now(dt.UTC) + dt.timedelta(minutes=16))


@pytest.mark.thorough
@pytest.mark.skipif(not apps.is_installed("billing"), reason="There is nothing to sign.")
def test_passkey_confirms_a_signature_in_its_dialog(page, live_server, root, passkeys, look):
    from billing.models import PayoutBatch
    from tests.billing.batches import make_batch

    batch = make_batch(PayoutBatch.Status.SUBMITTED)
    enter_password(page, live_server)
    page.get_by_role("link", name="Add a passkey").click()
    page.get_by_role("button", name="Make the passkey").click()
    expect(page.get_by_text("They are shown this once")).to_be_visible()
    with a_while_later():
        page.goto(live_server.url + reverse("admin:billing_payoutbatch_change", args=[batch.pk]))
        page.get_by_role("link", name=re.compile("Approve$")).click()
        expect(page.get_by_label("Code from your app")).to_be_visible()
        look("signature")
        for question in page.locator("#dialog textarea").all():
            question.fill("I know her.")
        page.get_by_label("Your password, to sign").fill("wrong")
        page.get_by_role("button", name="Use a passkey instead").click()
        expect(page.get_by_text("This is not your password.")).to_be_visible()
        expect(page.locator("#dialog textarea").first).to_have_value("I know her.")
        page.get_by_label("Your password, to sign").fill(PASSWORD)
        page.get_by_role("button", name="Use a passkey instead").click()
        expect(page.get_by_text("is approved. Finance can export it now.")).to_be_visible()
    batch.refresh_from_db()
    assert batch.approved_by == root


@pytest.mark.thorough
def test_passkey_of_another_device_does_not_sign_in(page, live_server, root, passkeys, look):
    session, device = passkeys
    enter_password(page, live_server)
    page.get_by_role("link", name="Add a passkey").click()
    page.get_by_role("button", name="Make the passkey").click()
    expect(page.get_by_text("They are shown this once")).to_be_visible()
    sign_out(page)
    session.send("WebAuthn.clearCredentials", {"authenticatorId": device})
    enter_password(page, live_server)
    page.get_by_role("button", name="Use a passkey instead").click()
    expect(page.get_by_text("There was no answer")).to_be_visible()
    look("no-passkey")


@pytest.mark.thorough
def test_forgotten_password_is_replaced_by_mail(page, live_server, root, settings, look):
    settings.SITE_URL = live_server.url
    page.goto(f"{live_server.url}/admin/")
    page.get_by_role("link", name=re.compile("Forgotten your password")).click()
    look("reset")
    page.get_by_label("Your e-mail address").fill("root@example.org")
    page.get_by_role("button", name="Send me a link").click()
    expect(page.get_by_text("a mail with a link is on its way")).to_be_visible()
    look("reset-sent")
    wait_for_mails()
    page.goto(next(filter(None, (LINK.search(message.body) for message in mail.outbox)))[0])
    page.locator("[name=new_password1]").fill(NEW)
    page.locator("[name=new_password2]").fill(NEW)
    look("new-password")
    page.get_by_role("button", name="Save the new password").click()
    page.get_by_role("link", name="Back to sign-in").click()
    enter_password(page, live_server, NEW)
    expect(page.get_by_text("Your role needs a second factor")).to_be_visible()


@pytest.mark.thorough
def test_lock_says_how_to_go_on_and_an_administrator_ends_it(page, live_server, root, look):
    for _ in range(5):
        enter_password(page, live_server, "wrong")
    expect(page.get_by_text("Try again in 15 minutes, or ask an administrator")).to_be_visible()
    look("locked")
    administrator = give_app(make_user("admin", is_superuser=True))
    client = Client()
    client.force_login(administrator)
    session = {"name": "sessionid", "value": client.cookies["sessionid"].value}
    page.context.add_cookies([session | {"url": live_server.url}])
    page.goto(live_server.url + reverse("admin:axes_accessattempt_changelist"))
    expect(page.get_by_text("Locked at this address")).to_be_visible()
    look("failed-sign-ins")
    page.get_by_role("link", name="root").first.click()
    page.get_by_role("link", name=re.compile("Release$")).click()
    page.get_by_label("Reason").fill("They called.")
    look("release")
    page.locator("#dialog button[type=submit]").click()
    expect(page.get_by_text("root can try again.")).to_be_visible()
    page.context.clear_cookies()
    enter_password(page, live_server)
    expect(page.get_by_text("Your role needs a second factor")).to_be_visible()
