"""The editor of a blog's text, as people type and paste in it."""

import pytest
from playwright.sync_api import expect

from tests.browser.pages import note_errors
from weblog.models import Blog


@pytest.fixture
def write(sign_in):
    """Return a function that opens the editor with a body, and gives the page."""
    errors = []

    def write(body="", **options):
        page = sign_in("editor", **options)
        errors.append(note_errors(page.context))
        blog = Blog.objects.filter(author__username="demo.ada").first()
        blog.body = body
        blog.save()
        page.goto(f"{page.url.split('/admin/')[0]}/admin/weblog/blog/{blog.pk}/change/")
        expect(page.locator("textarea[data-started]")).to_be_attached()
        return page

    yield write
    assert not any(errors), errors


def held(page):
    """Return the HTML that the form would send."""
    return page.locator("#id_body").input_value()


def text(page):
    return page.get_by_role("textbox", name="Body")


def test_enter_makes_a_paragraph_and_buttons_make_the_rest(write):
    page = write()
    text(page).press_sequentially("One")
    page.keyboard.press("Enter")
    page.keyboard.type("Two")
    page.get_by_role("button", name="Heading", exact=True).click()
    page.keyboard.press("Enter")
    page.keyboard.type("Three")
    page.get_by_role("button", name="Bullets").click()
    assert held(page) == "<p>One</p><h2>Two</h2><ul><li>Three</li></ul>"
