"""Steps of the browser tests that work on any page of the admin."""

import re

from playwright.sync_api import expect

SCREENS = [(1440, 900), (390, 844)]
THEMES = ["light", "dark"]
MENU = "More to do here"
SET_DARK = "isDark => document.documentElement.classList.toggle('dark', isDark)"

# Each page is opened once on each screen, in another theme on each, and turned to the other one.
SCREENS_AND_THEMES = [
    ({"width": width, "height": height}, themes)
    for (width, height), themes in zip(SCREENS, [THEMES, THEMES[::-1]], strict=True)
]


def open_in(page, url, themes):
    """Open a page in the first of the themes, and turn it to the others; yield each, as it is."""
    page.emulate_media(color_scheme=themes[0])
    page.goto(url)
    for theme in themes:
        page.emulate_media(color_scheme=theme)
        yield theme


def turn_to(page, theme):
    """Turn the page in view to a theme, once it has come; what is typed on it stays."""
    page.wait_for_load_state("load")
    page.evaluate(SET_DARK, theme == "dark")


def press(page, button, *, answer="", at="", password=None):
    """Press a button of a form and confirm its dialog, with `answer` in each of its text fields."""
    link = page.get_by_role("link", name=re.compile(f"{button}$"))
    open_menu(page, link)
    link.click()
    confirm = page.locator("#dialog button[type=submit]")
    expect(confirm).to_be_visible()
    for question in page.locator("#dialog textarea").all():
        question.fill(answer)
    if at:
        page.get_by_label("Publish at").fill(at)
    if password:
        page.get_by_label("Your password").fill(password)
    confirm.click()


def open_menu(page, link):
    """Open the menu that holds the buttons on a phone, unless this one is in view."""
    menu = page.get_by_role("button", name=MENU)
    expect(link.or_(menu).first).to_be_visible()
    if not link.is_visible():
        menu.click()


def note_errors(context):
    """Return a list that collects the failures of a browser's scripts, and refused scripts."""
    errors = []
    context.on("weberror", lambda error: errors.append(str(error.error)))
    context.on(
        "console", lambda entry: errors.append(entry.text) if entry.type == "error" else None
    )
    return errors


def assert_fits(page, tries=50):
    """Fail if a page stays wider than the screen after its fonts and scripts have loaded."""
    page.wait_for_load_state("load")
    screen = page.viewport_size["width"]
    while (width := page.evaluate("document.documentElement.scrollWidth")) != screen and tries:
        page.wait_for_timeout(100)
        tries -= 1
    assert width == screen, page.url
