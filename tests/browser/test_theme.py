"""The theme's own scripts, under a policy without 'unsafe-eval'."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.browser.pages import note_errors
from weblog.models import Blog

pytestmark = pytest.mark.thorough

LOOKS = {"adminTheme", "sidebarOpen", "sidebarWidth"}
EVALUATED = """new Promise((answer) => {
    setTimeout("window.evaluated = 1")
    setTimeout(() => answer(typeof window.evaluated), 50)
})"""


def test_theme_does_all_it_did_and_nothing_is_evaluated(sign_in, live_server):
    page = sign_in("editor")
    errors = note_errors(page.context)
    page.goto(f"{live_server.url}/admin/weblog/blog/")
    page.keyboard.press("Control+k")
    page.get_by_placeholder("Type to search").press_sequentially("blog")
    expect(page.locator("#command-results-list li").first).to_be_visible()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/weblog/"))

    sidebar = page.locator("#nav-sidebar")
    width = sidebar.bounding_box()["width"]
    page.mouse.move(width, 300)
    page.mouse.down()
    page.mouse.move(width + 50, 300)
    page.mouse.up()
    assert sidebar.bounding_box()["width"] > width
    page.get_by_text("dock_to_right").click()
    expect(sidebar).to_be_hidden()
    page.get_by_text("dock_to_right").click()

    page.get_by_text("editor@example.com").click()
    expect(page.get_by_text("Log out")).to_be_visible()
    page.get_by_text("dark_mode").last.click()
    expect(page.locator("html")).to_have_class(re.compile("dark"))

    blog = Blog.objects.first()
    page.goto(f"{live_server.url}/admin/weblog/blog/{blog.pk}/history/")
    page.locator("#content td").first.click()
    page.goto(f"{live_server.url}/admin/weblog/blog/{blog.pk}/change/")
    action = page.locator("#blog_form").get_attribute("action")
    assert action == f"/admin/weblog/blog/{blog.pk}/change/"

    # Of what was read, found and chosen nothing stays behind when somebody else sits down.
    kept = page.evaluate("[...Object.keys(localStorage), ...Object.keys(sessionStorage)]")
    assert {name.removeprefix("_x_") for name in kept} <= LOOKS

    assert errors == []
    assert page.evaluate(EVALUATED) == "undefined"
    policy = page.request.get(page.url).headers["content-security-policy"]
    assert "unsafe-eval" not in policy


def test_link_within_a_sentence_is_told_by_more_than_its_colour(sign_in, live_server):
    page = sign_in("editor")
    page.goto(f"{live_server.url}/admin/weblog/blog/import-posts/")
    rule = {"runOnly": ["link-in-text-block"], "resultTypes": ["violations"]}
    assert Axe().run(page, options=rule).response["violations"] == []
