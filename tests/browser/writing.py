"""Types into the form of a blog and presses its buttons, as a person does."""

import re

from playwright.sync_api import expect

from tests.browser.pages import open_menu

WORDS = "Six hours, four borders, and a window that would not close."


def body_of(page):
    return page.locator(".ProseMirror")


def write(page, words=WORDS, delay=0):
    """Type after the last word of the body."""
    body_of(page).click()
    page.keyboard.press("Control+End")
    page.keyboard.type(words, delay=delay)
    expect(body_of(page)).to_contain_text(words)
    page.wait_for_timeout(300)


def press(page, button):
    link = page.get_by_role("link", name=re.compile(f"{button}$"))
    open_menu(page, link)
    link.click()
    expect(page.locator("#dialog button[type=submit]")).to_be_visible()
    for question in page.locator("#dialog textarea").all():
        question.fill("It needs another look.")


def confirm(page):
    page.locator("#dialog button[type=submit]").click()
