"""After the end of a sign-in, nothing of the person stays on the screen (ASVS 14.3.1)."""

import re

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from backoffice.models import AccountSession
from tests.factories import make_user

pytestmark = pytest.mark.thorough

SIGN_IN = re.compile("/admin/login/")


@pytest.fixture
def open_page(live_server, page, client, transactional_db, settings):
    """Return a function that opens an address as somebody, in a window of one browser."""
    settings.SESSION_IDLE_MINUTES = 30
    page.context.clock.install()

    def open_page(user, name, window=None):
        window = window or page.context.new_page()
        client.force_login(user)
        cookie = {"name": settings.SESSION_COOKIE_NAME, "url": live_server.url}
        page.context.add_cookies([cookie | {"value": client.cookies[cookie["name"]].value}])
        window.goto(live_server.url + reverse(name))
        return window

    return open_page


def rest(window, minutes):
    """Let the time pass in the window, and, if that is enough, in the database."""
    if minutes >= 30:
        AccountSession.objects.all().delete()
    window.clock.fast_forward(minutes * 60_000)


def test_page_is_left_at_the_idle_limit(open_page):
    window = open_page(make_user("edda", first_name="Edda"), "admin:backoffice_account")
    rest(window, 29)
    expect(window.get_by_role("heading", name="Your account").first).to_be_visible()
    rest(window, 31)
    expect(window).to_have_url(SIGN_IN)
    expect(window.get_by_text("Edda")).to_have_count(0)


def test_what_was_typed_is_covered_and_comes_back_for_the_same_person(open_page):
    edda = make_user("edda", is_superuser=True)
    window = open_page(edda, "admin:auth_group_add")
    name = window.get_by_role("textbox", name="Name")
    name.fill("A secret role")
    rest(window, 31)
    cover = window.get_by_role("alertdialog")
    expect(cover).to_contain_text("What you typed here is kept")
    assert window.evaluate("document.body.inert")
    other = open_page(edda, "admin:index")
    expect(cover).to_have_count(0)
    expect(name).to_have_value("A secret role")
    other.evaluate("document.getElementById('logout-form').submit()")
    expect(cover).to_be_visible()
    open_page(make_user("otto", is_superuser=True), "admin:index", other)
    expect(name).to_have_value("")  # the page of the other one, who may open it too
    expect(cover).to_have_count(0)


def test_signing_out_ends_the_pages_of_all_windows(open_page):
    edda = make_user("edda", first_name="Edda")
    window, other = open_page(edda, "admin:backoffice_account"), open_page(edda, "admin:index")
    other.evaluate("document.getElementById('logout-form').submit()")
    expect(other.get_by_text("You are signed out")).to_be_visible()
    expect(window).to_have_url(SIGN_IN)
