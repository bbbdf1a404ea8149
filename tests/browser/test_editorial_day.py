"""A day of an author and an editor in a real browser: from the first word to the archive."""

import datetime as dt
import os
import re
from io import BytesIO

import pytest
from django.contrib.auth.models import User
from django.urls import reverse
from django.utils import timezone
from PIL import Image, ImageDraw, ImageOps
from playwright.sync_api import expect

from tests.browser.pages import SCREENS_AND_THEMES, assert_fits, note_errors, open_in, press
from weblog.models import Blog, NewText
from weblog.publishing import workflow
from weblog.publishing.new_texts import start_new_text, submit_new_text
from weblog.publishing.schedule import publish_due_texts

pytestmark = pytest.mark.thorough

TITLE = "What a night train knows"
FIRST = "The last train leaves at ten past one, and nobody on the platform hurries. "
SECOND = "Between two stations the window is a mirror, and then, for a second, it is not."
ASKED = "Which line is it? Name it in the first sentence."
ALT_TEXT = "A row of lit windows under an evening sky."
PICTURES = {
    ("review", 1440, "light"): "review",
    ("author's home", 390, "light"): "author-home-phone",
    ("blog", 1440, "dark"): "blog-dark",
}
SCREENS = {
    "desk": {"viewport": {"width": 1440, "height": 900}, "color_scheme": "light"},
    "phone": {"viewport": {"width": 390, "height": 844}, "color_scheme": "dark"},
}
# The author's screen, and that of all others; `make test-long` goes through all three days.
DAYS = [("phone", "desk"), ("desk", "desk"), ("phone", "phone")]


def make_picture():
    """Draw a night train in the last light, as a file for the dialog."""
    sky = ImageOps.colorize(Image.linear_gradient("L").resize((1200, 320)), "#16213e", "#f4a261")
    draw = ImageDraw.Draw(sky)
    draw.rectangle((0, 190, 1200, 290), fill="#0f1a2e")
    for left in range(40, 1200, 120):
        draw.rounded_rectangle((left, 215, left + 80, 260), radius=8, fill="#ffd58a")
    content = BytesIO()
    sky.save(content, "PNG")
    return {"name": "IMG_2041.png", "mimeType": "image/png", "buffer": content.getvalue()}


@pytest.fixture(params=DAYS if os.environ.get("TEST_ALL") == "1" else DAYS[:1], ids="-".join)
def screens(request, page):
    """The author's options of a browser, and those of all others: the reader has `page`."""
    own, others = map(SCREENS.get, request.param)
    page.set_viewport_size(others["viewport"])
    page.emulate_media(color_scheme=others["color_scheme"])
    return own, others


@pytest.fixture
def take_desk_picture(take_picture, screens):
    """Return what takes the pictures of the day, where all sit at a desk."""
    all_at_desks = all(options is SCREENS["desk"] for options in screens)
    return take_picture if all_at_desks else lambda page, name: None


@pytest.fixture
def staff(sign_in):
    """Return a function that signs a person in; at the end, no page of theirs had an error."""
    errors = []

    def staff(username, **options):
        page = sign_in(username, **options)
        page.set_default_timeout(60_000)
        errors.append(note_errors(page.context))
        return page

    yield staff
    assert not any(errors), errors


def write_blog(page):
    page.get_by_label("Title").press_sequentially(TITLE)
    page.locator(".field-category .select2-selection").click()
    page.get_by_role("option", name="Tech").click()
    page.get_by_label("Summary").fill("Six hours, four borders, and a window.")
    body = page.get_by_role("textbox", name="Body")
    body.press_sequentially(FIRST)
    page.get_by_role("button", name="Picture", exact=True).click()
    page.get_by_label("File").set_input_files(make_picture())
    page.get_by_label("Description").fill(ALT_TEXT)
    page.get_by_role("button", name="Add picture").click()
    expect(body.get_by_role("img", name=ALT_TEXT)).to_be_visible()
    body.press_sequentially(SECOND)
    expect(body).to_contain_text(FIRST)
    expect(body).to_contain_text(SECOND)


def assert_preview_shows(page, note):
    with page.expect_popup() as popup:
        page.get_by_role("link", name="As it will look").click()
    expect(popup.value.get_by_text(note)).to_be_visible()
    expect(popup.value.get_by_role("img", name=ALT_TEXT)).to_be_visible()
    assert_fits(popup.value)
    popup.value.close()


def go_home(page):
    page.goto(f"{page.url.partition('/admin/')[0]}/admin/")
    assert_fits(page)


def open_from_queue(page):
    page.get_by_role("link", name="for your review").click()
    page.wait_for_url("**/review/**")
    assert_fits(page)
    page.get_by_role("link", name=TITLE).click()
    expect(page.locator(".ProseMirror img")).to_be_visible()
    assert_fits(page)


def add_co_author(page, name):
    page.locator(".field-co_authors .select2-selection").click()
    page.get_by_role("option", name=name).click()
    save(page)


def read_as_co_author(page):
    page.goto(f"{page.url.partition('/admin/')[0]}{reverse('admin:weblog_blog_changelist')}")
    assert_fits(page)
    expect(page.get_by_role("row").filter(has_text=TITLE)).to_contain_text("you co-write it")
    page.get_by_role("link", name=TITLE).click()
    expect(page.get_by_text("You co-write this blog.")).to_be_visible()
    expect(page.get_by_text(FIRST)).to_be_visible()
    expect(page.get_by_role("link", name="Write a new text")).to_have_count(0)
    assert_fits(page)


def assert_readers_see(page, url, words):
    page.goto(url)
    expect(page.get_by_text(words)).to_be_visible()
    expect(page.get_by_role("img", name=ALT_TEXT)).to_be_visible()
    assert_fits(page)


def archive_in_bulk(page, live_server):
    page.goto(f"{live_server.url}{reverse('admin:weblog_blog_changelist')}")
    page.get_by_role("row").filter(has_text=TITLE).get_by_role("checkbox").check()
    page.locator("select[name=action]").select_option("archive_chosen")
    page.get_by_role("button", name="Run").click()
    expect(page.get_by_role("heading", name="Archive these blogs?", level=2)).to_be_visible()
    assert_fits(page)
    page.get_by_label("Reason").fill("The line is closed.")
    page.get_by_role("button", name="Archive").click()
    expect(page.get_by_text("1 blog was archived.")).to_be_visible()
    assert_fits(page)


def save(page):
    page.get_by_role("button", name="Save and continue editing").click()
    expect(page.get_by_text(re.compile("was (added|changed) successfully"))).to_be_visible()
    assert_fits(page)


def write_first(page, words):
    """Type `words` before the rest of the body."""
    page.get_by_role("textbox", name="Body").press("Control+Home")
    page.keyboard.type(words)


@pytest.mark.long
def test_text_goes_from_the_first_word_to_the_archive(
    page, live_server, staff, screens, take_desk_picture, settings, tmp_path
):
    settings.MEDIA_ROOT = tmp_path / "media"
    own, others = screens
    author = staff("demo.ada", **own)
    author.get_by_role("link", name="Write a blog").click()
    write_blog(author)
    author.evaluate("scrollTo(0, 0)")
    take_desk_picture(author, "writing")
    save(author)
    assert_preview_shows(author, "A draft. Readers don't see it.")
    press(author, "Submit for review")
    expect(author.get_by_text("is now in review")).to_be_visible()
    blog = Blog.objects.get(title=TITLE)
    public_url = live_server.url + blog.get_absolute_url()
    assert page.goto(public_url).status == 404

    editor = staff("editor", **others)
    open_from_queue(editor)
    press(editor, "Return to author", answer=ASKED)
    expect(editor.get_by_text("went back to its author")).to_be_visible()

    go_home(author)
    take_desk_picture(author, "author-home")
    author.get_by_role("link", name="came back to you").click()
    expect(author.get_by_text(ASKED, exact=True)).to_be_visible()
    write_first(author, "On line N1: ")
    save(author)
    press(author, "Submit for review")
    expect(author.get_by_text("is now in review")).to_be_visible()

    go_home(editor)
    open_from_queue(editor)
    expect(editor.get_by_text("It was returned before.")).to_be_visible()
    body = editor.get_by_role("region", name="Body")
    expect(body.locator("ins")).to_contain_text("On line N1")
    add_co_author(editor, "Bruno Sample")
    press(editor, "Publish")
    expect(editor.get_by_text("is published")).to_be_visible()
    assert_readers_see(page, public_url, "On line N1: The last train")
    read_as_co_author(staff("demo.bruno", **own))

    go_home(author)
    author.get_by_role("link", name=TITLE).click()
    press(author, "Write a new text")
    expect(author.get_by_text("Here is the text")).to_be_visible()
    write_first(author, "In the winter timetable, ")
    save(author)
    assert_preview_shows(author, "A new text, not yet submitted. Readers see the old one.")
    press(author, "Submit for review")
    expect(author.get_by_text("Readers still see the old one")).to_be_visible()

    go_home(editor)
    open_from_queue(editor)
    expect(body.locator("ins")).to_contain_text("In the winter timetable")
    take_desk_picture(editor, "comparison")
    tomorrow = timezone.localtime() + dt.timedelta(days=1)
    press(editor, "Publish", at=tomorrow.strftime("%Y-%m-%dT%H:%M"))
    expect(editor.get_by_text("Until then readers see the old one")).to_be_visible()
    assert_fits(editor)
    go_home(author)
    expect(author.get_by_text("new text goes live on")).to_be_visible()
    assert_readers_see(page, public_url, "On line N1: The last train")
    publish_due_texts(at=tomorrow)
    assert_readers_see(page, public_url, "In the winter timetable, On line N1")

    archive_in_bulk(editor, live_server)
    assert page.goto(public_url).status == 404
    blog.refresh_from_db()
    assert blog.status == Blog.Status.ARCHIVED


@pytest.fixture
def desk(demo):
    """A blog that came back, and two new texts in review; returns the blog and one of the texts."""
    ada, chiara, editor = map(
        User.objects.get_by_natural_key, ("demo.ada", "demo.chiara", "editor")
    )
    blog = workflow.submit_for_review(blog=ada.blogs.get(status=Blog.Status.DRAFT), by=ada)
    blog = workflow.return_to_author(blog=blog, by=editor, comment=ASKED)
    for author in (chiara, ada):
        new_text = start_new_text(blog=author.blogs.live().first(), by=author)
        new_text.body = new_text.body.replace("</p>", " It began in the winter.</p>", 1)
        new_text.save()
        submit_new_text(new_text=new_text, by=author)
    NewText.objects.update(submitted_at=timezone.now() - dt.timedelta(hours=3))
    return blog, new_text


def test_every_page_of_the_day_fits_its_screen(page, live_server, staff, desk, take_picture):
    returned, new_text = desk
    scheduled = NewText.objects.get(status=NewText.Status.SCHEDULED)
    author, editor = staff("demo.ada"), staff("editor")
    errors = note_errors(page.context)
    pages = {
        "author's home": (author, reverse("admin:index")),
        "new blog": (author, reverse("admin:weblog_blog_add")),
        "returned blog": (author, reverse("admin:weblog_blog_change", args=[returned.pk])),
        "own blogs": (author, reverse("admin:weblog_blog_changelist")),
        "preview": (author, reverse("admin:weblog_newtext_preview", args=[new_text.pk])),
        "editor's home": (editor, reverse("admin:index")),
        "review": (editor, reverse("admin:weblog_review_changelist")),
        "comparison": (editor, reverse("admin:weblog_newtext_change", args=[new_text.pk])),
        "scheduled": (editor, reverse("admin:weblog_newtext_change", args=[scheduled.pk])),
        "blogs": (editor, reverse("admin:weblog_blog_changelist")),
        "blog": (page, new_text.blog.get_absolute_url()),
    }
    for screen, themes in SCREENS_AND_THEMES:
        for name, (person, path) in pages.items():
            person.set_viewport_size(screen)
            for theme in open_in(person, live_server.url + path, themes):
                assert_fits(person)
                if picture := PICTURES.get((name, screen["width"], theme)):
                    person.reload()
                    take_picture(person, picture)
    assert errors == []
