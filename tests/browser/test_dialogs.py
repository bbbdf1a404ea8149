"""Refusals of a dialog, in a real browser."""

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse
from playwright.sync_api import expect

from tests.browser.pages import SCREENS, THEMES, assert_fits, note_errors, open_menu
from tests.factories import make_blog, make_user
from weblog.models import Blog
from weblog.publishing.workflow import publish_blog

pytestmark = pytest.mark.thorough

ASKED = "Name the source."


@pytest.fixture
def editor(transactional_db, page, live_server):
    """A superuser, signed in on the page."""
    user = make_user(is_superuser=True)
    client = Client()
    client.force_login(user)
    session = client.cookies[settings.SESSION_COOKIE_NAME].value
    page.context.add_cookies(
        [{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": live_server.url}]
    )
    return user


def test_refusal_keeps_what_was_typed_and_leads_to_the_page_as_it_is(
    page, live_server, editor, take_picture
):
    errors = note_errors(page.context)
    for (width, height), theme in zip(SCREENS, THEMES, strict=True):
        blog = make_blog(title=f"Small screens {width}", status=Blog.Status.IN_REVIEW)
        page.set_viewport_size({"width": width, "height": height})
        page.emulate_media(color_scheme=theme)
        url = live_server.url + reverse("admin:weblog_blog_change", args=[blog.pk])
        page.goto(url)
        link = page.get_by_role("link", name="Return to author")
        open_menu(page, link)
        link.click()
        question = page.get_by_label("What should the author change?")
        question.fill(ASKED)
        publish_blog(blog=blog, by=make_user())
        page.locator("#dialog button[type=submit]").click()
        alert = page.locator("#dialog").get_by_role("alert")
        expect(alert).to_contain_text("is published and cannot become draft")
        expect(question).to_have_value(ASKED)
        take_picture(page, f"refusal-{width}-{theme}")
        assert_fits(page)
        alert.get_by_role("link", name="Open the page as it is now").click()
        expect(page.locator("#dialog")).to_be_hidden()
        expect(page.locator("body")).to_contain_text("Unpublish")
    assert errors == []
