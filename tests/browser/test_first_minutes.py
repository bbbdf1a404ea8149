"""The first ten minutes of each role, with what the pages say for a guide.

Everybody opens every room of the sidebar and does what their home asks for. No link that they
follow is closed to them, and no page has an error.
"""

import pytest
from playwright.sync_api import expect

from tests.browser.pages import note_errors, press
from tests.factories import make_user

pytestmark = [pytest.mark.thorough, pytest.mark.slow, pytest.mark.timeout(900)]

COMPARED = "Compared with the contracts."


@pytest.fixture
def begin(sign_in):
    """Return a function that opens the home of a person; at the end, nothing was closed to them."""
    pages = []

    def begin(username):
        page = sign_in(username)
        errors = note_errors(page.context)
        page.context.on("response", lambda answer: note_refusal(answer, errors))
        pages.append((username, errors))
        return page

    yield begin
    for username, errors in pages:
        assert errors == [], username


def note_refusal(answer, errors):
    if answer.status >= 400:
        errors.append(f"{answer.status} {answer.url}")


def walk_rooms(page):
    """Open every room that the sidebar names, by its name. Return the names."""
    rooms = page.get_by_role("navigation", name="Rooms").get_by_role("link")
    names = [" ".join(name.split()) for name in rooms.all_inner_texts()]
    for place in range(len(names)):
        room = rooms.nth(place)
        address = room.get_attribute("href")
        room.click()
        page.wait_for_url(f"**{address}**")
        expect(page.get_by_role("main")).to_be_visible()
        expect(page.locator("#nav-sidebar a[aria-current=page]")).to_have_count(1)
    page.goto(page.url.partition("/admin/")[0] + "/admin/")
    return names


def has_room(names, room):
    return any(room in name for name in names)


def test_editor_publishes_what_waits(begin):
    page = begin("editor")
    names = walk_rooms(page)
    assert has_room(names, "To review")
    assert not has_room(names, "Payments")
    page.get_by_role("link", name="for your review").first.click()
    page.get_by_role("main").get_by_role("row").nth(1).get_by_role("link").first.click()
    press(page, "Publish")
    expect(page.get_by_text("is published").first).to_be_visible()


def test_author_writes_a_blog_and_reads_what_it_earns(begin):
    page = begin("demo.ada")
    names = walk_rooms(page)
    assert has_room(names, "Your earnings")
    assert not has_room(names, "Payout batches")
    page.get_by_role("link", name="Write a blog").click()
    page.get_by_label("Title").fill("A night train")
    page.locator(".field-category .select2-selection").click()
    page.get_by_role("option", name="Tech").click()
    page.get_by_role("textbox", name="Body").press_sequentially("It left at ten.")
    page.get_by_role("button", name="Save and continue editing").click()
    expect(page.get_by_text("was added successfully")).to_be_visible()
    press(page, "Submit for review")
    expect(page.get_by_text("is now in review")).to_be_visible()
    page.get_by_role("link", name="Statements").click()
    page.get_by_role("main").get_by_role("row").nth(1).get_by_role("link").first.click()
    expect(page.get_by_text("Download as PDF")).to_be_visible()


def test_finance_submits_the_draft(begin):
    page = begin("finance")
    names = walk_rooms(page)
    assert has_room(names, "Payout batches")
    page.get_by_role("link", name="is a draft to check and submit").first.click()
    press(page, "Submit", answer=COMPARED)
    expect(page.get_by_text("somebody else has to approve it").first).to_be_visible()


def test_approver_looks_at_a_payment(begin):
    page = begin("approver")
    names = walk_rooms(page)
    assert has_room(names, "Seals")
    page.get_by_role("link", name="Payments", exact=True).click()
    page.get_by_role("main").get_by_role("row").nth(1).get_by_role("link").first.click()
    expect(page.get_by_role("main").get_by_text("Amount to pay")).to_be_visible()


def test_auditor_finds_who_did_what_and_verifies(begin):
    page = begin("auditor")
    names = walk_rooms(page)
    assert has_room(names, "Audit trail")
    page.get_by_role("link", name="Verif").first.click()
    press(page, "Verify")
    expect(page.get_by_text("No row differs.")).to_be_visible(timeout=60_000)


def test_administrator_finds_people_and_requests(begin):
    page = begin("admin")
    names = walk_rooms(page)
    assert has_room(names, "Users")
    page.get_by_role("link", name="Users").click()
    page.get_by_role("main").get_by_role("link", name="demo.ada").first.click()
    expect(page.get_by_label("First name")).to_have_value("Ada")


def test_person_without_a_role_is_told_what_there_is(begin, demo):
    make_user("no.role", first_name="Nora", last_name="Newcomer")
    page = begin("no.role")
    names = walk_rooms(page)
    assert has_room(names, "Home")
    assert not any(has_room(names, room) for room in ("Blogs", "Payments", "Users"))
    page.get_by_role("button", name="Nora Newcomer").click()
    page.get_by_role("link", name="Your account").click()
    expect(page.get_by_role("main")).to_contain_text("Second factor")
