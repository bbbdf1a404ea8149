"""The admin by keyboard alone, on a phone, and on paper."""

import re

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from tests.browser.pages import MENU, assert_fits, note_errors
from tests.browser.walk import give_session
from tests.factories import make_blog, make_user
from weblog.models import Blog

PHONE = {"width": 390, "height": 844}


@pytest.fixture
def editor(transactional_db, page, live_server):
    """A superuser, signed in on the page."""
    user = make_user(is_superuser=True)
    give_session(page.context, user, live_server.url)
    return user


def go_to(page, name, key="Tab", most=60):
    """Press a key until what has this name has the focus, as a person does who has no mouse."""
    for _ in range(most):
        page.keyboard.press(key)
        said = page.evaluate(
            "document.activeElement.ariaLabel || document.activeElement.textContent.trim()"
        )
        if re.search(name, said):
            return
    raise AssertionError(f"{name} can't be reached by {key}.")


def test_text_is_returned_and_published_by_keyboard_alone(page, live_server, editor):
    errors = note_errors(page.context)
    blog = make_blog(title="Small screens", status=Blog.Status.IN_REVIEW)
    page.goto(f"{live_server.url}/admin/weblog/blog/{blog.pk}/change/")
    page.keyboard.press("Tab")
    expect(page.locator(":focus")).to_have_text("Skip to the content")
    page.keyboard.press("Enter")
    expect(page.locator("main #content")).to_be_focused()

    go_to(page, "Return to author$", "Shift+Tab")
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="Return")
    expect(dialog.get_by_label("What should the author change?")).to_be_focused()
    page.keyboard.type("Name the source.")
    for _ in range(12):  # round and round, and never out of it
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.closest('[role=dialog]') !== null")
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(page.locator(":focus")).to_contain_text("Return to author")

    page.keyboard.press("Enter")  # typed words wait for the one who closed it by mistake
    expect(dialog.get_by_label("What should the author change?")).to_have_value("Name the source.")
    expect(dialog.get_by_role("status")).to_have_text("What you typed here before is back.")
    page.keyboard.press("Escape")

    go_to(page, "Publish$", "Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog", name="Publish")).to_be_visible()
    go_to(page, "Publish$")
    page.keyboard.press("Enter")
    expect(page.get_by_text("is published")).to_be_visible()
    blog.refresh_from_db()
    assert blog.status == Blog.Status.PUBLISHED
    assert errors == []


@pytest.mark.thorough
def test_blog_is_scheduled_by_keyboard_alone(page, live_server, editor):
    errors = note_errors(page.context)
    blog = make_blog(title="Small screens", status=Blog.Status.IN_REVIEW)
    page.goto(f"{live_server.url}/admin/weblog/blog/{blog.pk}/change/")
    go_to(page, "Publish$")
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="Publish")
    expect(dialog.get_by_label("Publish at")).to_be_focused()
    year = timezone.localdate().year + 1
    page.keyboard.type(f"0101{year}")  # day and month, in the order that the browser has
    page.keyboard.press("ArrowRight")
    page.keyboard.type("09")
    go_to(page, "Publish$")
    page.keyboard.press("Enter")  # the minutes are missing: this is not "at once"
    expect(dialog.get_by_label("Publish at")).to_be_focused()
    blog.refresh_from_db()
    assert blog.status == Blog.Status.IN_REVIEW
    page.keyboard.type(f"0101{year}")
    page.keyboard.press("ArrowRight")
    page.keyboard.type("0930a")  # "a" for AM, where it has that
    go_to(page, "Publish$")
    page.keyboard.press("Enter")
    expect(page.get_by_text(f"will be published on 1 Jan {year}, 09:30.")).to_be_visible()
    blog.refresh_from_db()
    assert blog.is_scheduled
    assert errors == []


@pytest.mark.thorough
def test_cards_are_sorted_by_keyboard_alone(page, live_server, editor):
    for title in ("Aardvarks", "Zebras"):
        make_blog(title=title)
    page.set_viewport_size(PHONE)
    page.goto(f"{live_server.url}/admin/weblog/blog/")
    cards = page.locator("#result_list .data-row th")
    go_to(page, "^Title$")
    expect(page.locator(":focus")).to_be_in_viewport(ratio=1)
    page.keyboard.press("Enter")
    page.wait_for_url("**o=1**")
    expect(cards.first).to_contain_text("Aardvarks")
    go_to(page, "^Title$")
    page.keyboard.press("Enter")
    page.wait_for_url("**o=-1**")
    expect(cards.first).to_contain_text("Zebras")
    assert_fits(page)


def test_list_on_a_phone_is_cards_with_their_state_and_the_first_thing_to_do(
    page, live_server, editor
):
    blog = make_blog(title="Small screens", status=Blog.Status.IN_REVIEW)
    page.set_viewport_size(PHONE)
    page.goto(f"{live_server.url}/admin/weblog/blog/")
    card = page.locator("#result_list .data-row")
    title, state = card.get_by_role("link", name=blog.title), card.get_by_text("In review")
    expect(title).to_be_in_viewport(ratio=1)
    expect(state).to_be_in_viewport(ratio=1)
    assert state.bounding_box()["y"] > title.bounding_box()["y"]
    assert card.locator("[data-label=Status]").count() == 1
    assert_fits(page)

    title.click()
    first = page.get_by_role("link", name=re.compile("Publish$"))
    expect(first).to_be_in_viewport(ratio=1)
    assert first.bounding_box()["y"] > 700  # where the thumb is
    page.get_by_role("button", name=MENU).press("Enter")
    expect(page.get_by_role("link", name="Return to author")).to_be_visible()
    assert_fits(page)


@pytest.mark.thorough
def test_page_follows_the_device_into_the_night(page, live_server, editor):
    page.goto(f"{live_server.url}/admin/")
    expect(page.locator("html")).not_to_have_class(re.compile("dark"))
    page.emulate_media(color_scheme="dark")
    expect(page.locator("html")).to_have_class(re.compile("dark"))


@pytest.mark.thorough
def test_sidebar_and_own_menu_answer_the_keyboard(page, live_server, editor):
    page.goto(f"{live_server.url}/admin/")
    page.get_by_role("button", name="Show or hide the sidebar").press("Enter")
    expect(page.locator("#nav-sidebar")).to_be_hidden()
    page.get_by_role("button", name="Show or hide the sidebar").press(" ")
    expect(page.locator("#nav-sidebar")).to_be_visible()
    page.get_by_role("button", name=editor.username).press("Enter")
    expect(page.get_by_text("Log out")).to_be_visible()


@pytest.mark.thorough
def test_paper_holds_the_batch_its_payments_and_its_digest_and_no_buttons(sign_in, live_server):
    from billing.models import PayoutBatch

    page = sign_in("finance", color_scheme="dark")
    batch = PayoutBatch.objects.filter(status="approved").get()
    payment = batch.payments.payable().first()
    for url, says in [
        (f"/admin/billing/payoutbatch/{batch.pk}/change/", [str(batch), batch.digest]),
        (f"/admin/billing/payment/{payment.pk}/change/", [payment.reference, payment.digest]),
        (f"/admin/statements/{payment.pk}/", [payment.reference, payment.digest]),
    ]:
        page.goto(live_server.url + url)
        page.emulate_media(media="print")
        head = page.locator(".bo-print-head")
        for words in [*says, "Finn Finance"]:
            expect(head).to_contain_text(words)
        expect(head).to_be_visible()
        expect(page.locator("#nav-sidebar")).to_be_hidden()
        expect(page.locator("#header-inner")).to_be_hidden()
        expect(page.locator("main button:visible, .bo-main-actions:visible")).to_have_count(0)
        assert page.pdf(format="A4").startswith(b"%PDF")
        page.emulate_media(media="screen")
