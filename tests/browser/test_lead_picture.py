"""The picture that leads a blog, chosen as an editor chooses it."""

import pytest
from playwright.sync_api import expect

from tests.browser.pages import assert_fits, note_errors
from tests.weblog.library import FLAG, MAP, make_picture
from weblog.models import Blog


@pytest.fixture
def form_of_blog(sign_in, live_server):
    """Return a function that opens the form of a blog, in a library of two pictures."""
    blog = Blog.objects.filter(author__username="demo.ada").first()
    make_picture(blog.author, url=FLAG)
    make_picture(blog.author, url=MAP, alt_text="A map of the coast")

    def open_form(**options):
        page = sign_in("editor", **options)
        page.route("**/media/pictures/**", lambda route: route.fulfill(body=""))
        page.goto(f"{live_server.url}/admin/weblog/blog/{blog.pk}/change/")
        return page, blog

    return open_form


@pytest.mark.thorough
def test_it_is_chosen_by_its_thumbnail_with_keys_alone(form_of_blog, take_picture):
    page, blog = form_of_blog(viewport={"width": 390, "height": 844})
    errors = note_errors(page.context)
    lead = page.get_by_role("group", name="Lead picture")
    choose = lead.get_by_role("button", name="Choose a picture")
    expect(lead).to_contain_text("No picture")
    expect(page.locator("#id_lead_picture")).to_be_hidden()
    choose.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_label("Search the library")).to_be_focused()
    expect(page.get_by_role("dialog").locator(".wl-library button")).to_have_count(2)
    page.keyboard.type("flag")
    expect(page.get_by_role("dialog").locator(".wl-library button")).to_have_count(1)
    assert_fits(page)
    take_picture(page, "lead-picture-library-390")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(choose).to_be_focused()
    expect(lead).to_contain_text("A red flag")
    expect(lead.locator("img")).to_have_attribute("src", FLAG)
    assert_fits(page)
    take_picture(page, "lead-picture-390")
    page.get_by_role("button", name="Save and continue editing").click()
    expect(page.get_by_text("was changed successfully")).to_be_visible()
    blog.refresh_from_db()
    assert blog.lead_picture.file.url == FLAG
    lead.get_by_role("button", name="Show no picture").click()
    expect(lead).to_contain_text("No picture")
    page.get_by_role("button", name="Save and continue editing").click()
    expect(page.get_by_text("was changed successfully")).to_be_visible()
    blog.refresh_from_db()
    assert blog.lead_picture is None
    assert not errors


@pytest.mark.thorough
def test_without_its_script_it_is_chosen_from_a_list(form_of_blog):
    page, blog = form_of_blog()
    page.route("**/editor/lead*.js", lambda route: route.abort())
    page.reload()
    page.get_by_label("Lead picture").select_option("A red flag")
    page.get_by_role("button", name="Save and continue editing").click()
    expect(page.get_by_text("was changed successfully")).to_be_visible()
    blog.refresh_from_db()
    assert blog.lead_picture.file.url == FLAG
