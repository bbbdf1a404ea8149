"""Nothing typed is lost: not by a button, and not with the tab, the server or the sign-in."""

import re

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from django.urls import reverse
from playwright.sync_api import expect

from backoffice.models import AccountSession
from tests.browser.pages import assert_fits, note_errors
from tests.browser.writing import WORDS, body_of, confirm, press, write
from tests.factories import make_blog, make_groups, make_user
from weblog.models import Blog
from weblog.publishing.new_texts import start_new_text

pytestmark = pytest.mark.thorough


@pytest.fixture
def groups(transactional_db):
    make_groups("10_groups.json")
    return Group.objects


@pytest.fixture
def editor(groups):
    return make_user("edda", first_name="Edda", groups=["Editors"])


@pytest.fixture
def sign_in(page, live_server):
    """Return a function that signs somebody in, in the one browser of the test."""

    def sign_in(user):
        client = Client()
        client.get(reverse("admin:login"))  # each sign-in has a token of its own
        client.force_login(user)
        cookies = [
            {"name": name, "value": cookie.value, "url": live_server.url}
            for name, cookie in client.cookies.items()
        ]
        page.context.add_cookies(cookies)

    return sign_in


@pytest.fixture
def open_blog(page, live_server):
    """Return a function that opens the form of a blog, or of a new one."""

    def open_blog(blog=None, window=page):
        path = reverse("admin:weblog_blog_add")
        if blog:
            path = reverse("admin:weblog_blog_change", args=[blog.pk])
        window.goto(live_server.url + path)
        expect(window.get_by_label("Title")).to_be_visible()
        expect(body_of(window)).to_be_visible()
        return window

    return open_blog


DONE = re.compile("” (is now in review|is published|went back|is archived)")
BUTTONS = [
    ("Submit for review", "draft", "in_review"),
    ("Publish", "in_review", "published"),
    ("Return to author", "in_review", "draft"),
    ("Unpublish", "published", "draft"),
    ("Archive", "published", "archived"),
]


@pytest.mark.parametrize(("button", "old", "new"), BUTTONS)
def test_button_saves_what_is_typed(page, sign_in, open_blog, editor, button, old, new):
    errors = note_errors(page.context)
    blog = make_blog(title="Night train", status=old)
    sign_in(editor)
    open_blog(blog)
    write(page)
    press(page, button)
    confirm(page)
    expect(page.get_by_text(DONE)).to_be_visible()
    blog.refresh_from_db()
    assert WORDS in blog.body
    assert (blog.status, blog.history.count()) == (new, 2)
    expect(page.get_by_role("button", name="Put it back")).to_have_count(0)
    assert errors == []


@pytest.mark.parametrize(("button", "old", "new"), BUTTONS)
def test_words_survive_the_end_of_the_sign_in(page, sign_in, open_blog, editor, button, old, new):
    blog = make_blog(title="Night train", status=old)
    sign_in(editor)
    open_blog(blog)
    write(page)
    press(page, button)
    AccountSession.objects.all().delete()
    confirm(page)
    expect(page.locator("#dialog").get_by_role("alert")).to_contain_text("You are signed out")
    expect(body_of(page)).to_contain_text(WORDS)
    sign_in(editor)
    confirm(page)
    expect(page.locator("#dialog").get_by_role("alert")).to_contain_text(
        "press the button once more"
    )
    confirm(page)
    expect(page.get_by_text(DONE)).to_be_visible()
    blog.refresh_from_db()
    assert WORDS in blog.body
    assert (blog.status, blog.history.count()) == (new, 2)


def test_button_pressed_after_the_sign_in_ended_says_so(page, sign_in, open_blog, editor):
    blog = make_blog(title="Night train", status="draft")
    sign_in(editor)
    open_blog(blog)
    write(page)
    AccountSession.objects.all().delete()
    page.get_by_role("link", name=re.compile("Publish$")).click()
    expect(page.get_by_role("alert").filter(has_text="You are signed out")).to_be_visible()
    sign_in(editor)
    press(page, "Publish")
    confirm(page)
    expect(page.get_by_text(DONE)).to_be_visible()
    blog.refresh_from_db()
    assert WORDS in blog.body


@pytest.mark.parametrize(("button", "old", "new"), BUTTONS)
def test_words_survive_a_server_without_an_answer(
    page, sign_in, open_blog, editor, button, old, new
):
    blog = make_blog(title="Night train", status=old)
    sign_in(editor)
    open_blog(blog)
    write(page)
    press(page, button)
    page.context.set_offline(True)
    confirm(page)
    alert = page.locator("#dialog").get_by_role("alert").filter(has_text="did not answer")
    expect(alert).to_be_visible()
    page.context.set_offline(False)
    confirm(page)
    expect(page.get_by_text(DONE)).to_be_visible()
    blog.refresh_from_db()
    assert WORDS in blog.body
    assert (blog.status, blog.history.count()) == (new, 2)


@pytest.mark.parametrize(("button", "old", "new"), BUTTONS)
def test_words_survive_a_tab_that_is_killed_over_the_dialog(
    page, sign_in, open_blog, editor, button, old, new
):
    blog = make_blog(title="Night train", status=old)
    sign_in(editor)
    open_blog(blog)
    write(page)
    press(page, button)
    page.close()
    window = open_blog(blog, page.context.new_page())
    window.get_by_role("button", name="Put it back").click()
    expect(body_of(window)).to_contain_text(WORDS)


def test_button_pressed_without_a_connection_says_so(page, sign_in, open_blog, editor):
    blog = make_blog(title="Night train", status="draft")
    sign_in(editor)
    open_blog(blog)
    write(page)
    page.context.set_offline(True)
    page.get_by_role("link", name=re.compile("Publish$")).click()
    expect(page.get_by_role("alert").filter(has_text="did not answer")).to_be_visible()
    page.get_by_role("button", name="Save and continue editing").click()
    page.wait_for_timeout(500)
    page.context.set_offline(False)
    open_blog(blog)
    expect(page.get_by_role("status")).to_contain_text("your text did not arrive")
    expect(body_of(page)).to_contain_text(WORDS)


def test_new_text_of_a_live_blog_is_kept_too(page, sign_in, live_server, editor):
    new_text = start_new_text(blog=make_blog(author=editor), by=editor)
    address = live_server.url + reverse("admin:weblog_newtext_change", args=[new_text.pk])
    sign_in(editor)
    page.goto(address)
    write(page)
    page.close()
    window = page.context.new_page()
    window.goto(address)
    window.get_by_role("button", name="Put it back").click()
    expect(body_of(window)).to_contain_text(WORDS)
    press(window, "Submit for review")
    confirm(window)
    expect(window.get_by_text(DONE)).to_be_visible()
    new_text.refresh_from_db()
    assert WORDS in new_text.body
    expect(window.get_by_role("button", name="Put it back")).to_have_count(0)


def test_save_after_the_sign_in_ended_leads_back_to_the_text(page, sign_in, open_blog, editor):
    blog = make_blog(title="Night train", status="draft")
    sign_in(editor)
    open_blog(blog)
    write(page)
    AccountSession.objects.all().delete()
    page.get_by_role("button", name="Save and continue editing").click()
    expect(page).to_have_url(re.compile("/login/"))
    sign_in(editor)
    open_blog(blog)
    expect(body_of(page)).to_contain_text(WORDS)
    expect(page.get_by_role("status")).to_contain_text("your text did not arrive")
    page.get_by_role("button", name="Save and continue editing").click()
    expect(page.get_by_text("was changed successfully")).to_be_visible()
    expect(page.get_by_role("status")).to_have_count(0)
    blog.refresh_from_db()
    assert WORDS in blog.body


@pytest.mark.parametrize("delay", [0, 30, 70])
def test_new_blog_survives_a_killed_tab(page, sign_in, open_blog, editor, delay):
    sign_in(editor)
    open_blog()
    page.get_by_label("Title").press_sequentially("Never saved", delay=delay)
    write(page, delay=delay)
    page.close()
    window = open_blog(window=page.context.new_page())
    note = window.get_by_role("status")
    expect(note).to_contain_text("“Never saved”, 11 words")
    assert_fits(window)
    window.get_by_role("button", name="Put it back").click()
    expect(window.get_by_label("Title")).to_have_value("Never saved")
    expect(window.get_by_label("Slug")).to_have_value("never-saved")
    expect(body_of(window)).to_contain_text(WORDS)


def test_text_is_not_offered_to_another_user_of_the_browser(page, sign_in, open_blog, editor):
    other = make_user("otto", groups=["Editors"])
    blog = make_blog(title="Night train", status="draft")
    sign_in(editor)
    open_blog(blog)
    write(page)
    page.close()
    sign_in(other)
    window = open_blog(blog, page.context.new_page())
    window.wait_for_timeout(500)
    expect(window.get_by_role("status")).to_have_count(0)
    kept = window.evaluate(
        """() => new Promise((resolve) => {
            indexedDB.open("typed").onsuccess = ({ target }) => {
                const all = target.result.transaction("texts").objectStore("texts").getAll()
                const read = ({ data }) => new TextDecoder().decode(data)
                all.onsuccess = () => resolve(all.result.map(read))
            }
        })"""
    )
    assert len(kept) == 1
    assert "Six hours" not in kept[0]
    sign_in(editor)
    window.reload()
    expect(window.get_by_role("button", name="Put it back")).to_be_visible()
    window.get_by_role("button", name="Throw it away").click()
    window.reload()
    window.wait_for_timeout(500)
    expect(window.get_by_role("status")).to_have_count(0)


def test_refused_step_keeps_what_is_typed(page, sign_in, open_blog, editor):
    blog = make_blog(title="Night train", status="draft")
    sign_in(editor)
    open_blog(blog)
    write(page)
    page.get_by_label("Title").fill("")
    press(page, "Submit for review")
    expect(page.locator("#dialog")).to_contain_text("Title: This field is required.")
    confirm(page)
    expect(page.locator("#dialog")).to_contain_text("What you typed can’t be saved yet")
    page.locator("#dialog").get_by_role("link", name="Cancel").click()
    expect(body_of(page)).to_contain_text(WORDS)
    assert Blog.objects.get().status == "draft"


def test_button_waits_for_pictures_that_are_on_their_way(page, sign_in, open_blog, editor):
    blog = make_blog(title="Night train", status="draft")
    sign_in(editor)
    open_blog(blog)
    page.evaluate(
        """document.getElementById("blog_form")
            .addEventListener("weblog:step", (event) => event.preventDefault())"""
    )
    page.get_by_role("link", name=re.compile("Publish$")).click()
    page.wait_for_timeout(500)
    expect(page.locator("#dialog")).to_have_count(0)


def test_untouched_form_keeps_nothing(page, sign_in, open_blog, editor):
    blog = make_blog(title="Night train", status="draft", body="<p>One.</p><p>Two.</p>")
    sign_in(editor)
    open_blog(blog)
    page.wait_for_timeout(1500)
    open_blog(blog)
    expect(page.get_by_role("status")).to_have_count(0)
    page.get_by_role("button", name="Save and continue editing").click()
    expect(page.get_by_text("Nothing was changed")).to_be_visible()
    assert blog.history.count() == 1
