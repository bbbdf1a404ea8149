"""The public site in a real browser: on every screen, without scripts, and from our server only."""

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from tests.factories import make_blog, make_category, make_user

SCREENS = [(1440, 900), (390, 844)]
THEMES = ["light", "dark"]
BODY = """
<p>The last train leaves at ten past one, and <a href="https://example.org/">nobody</a> hurries.</p>
<h2>What they read</h2><blockquote><p>A long read is a promise kept slowly.</p></blockquote>
<ul><li>Essays</li><li>Reports <code>from far away</code></li></ul>
<pre>a line of code that is far longer than any column of text that people like to read</pre>
<table><tr><th>Line</th><th>Readers</th></tr><tr><td>N1</td><td>412</td></tr></table>
"""
BAD = '"><img src=x onerror=alert(1)><script>alert(1)</script><svg onload=alert(1)>'


@pytest.fixture
def site(transactional_db):
    """Some blogs; returns {page: path}."""
    author = make_user(first_name="Ada", last_name="Lindqvist")
    tech = make_category("Tech")
    for number in range(12):
        title = f"Small screens, long reads {number}"
        make_blog(title=title, author=author, category=tech, summary="In short.", body=BODY)
    blog = make_blog(title="Night ferries", slug="night", author=author, category=tech, body=BODY)
    blog.co_authors.add(make_user(first_name="Bo", last_name="Marsh"))
    return {
        "home": "/",
        "category": reverse("weblog:category_blogs", args=[tech.slug]),
        "author": reverse("weblog:author_blogs", args=[author.pk]),
        "blog": blog.get_absolute_url(),
        "search": "/search/?q=night",
        "nothing found": "/search/?q=zebra",
        "not found": "/nowhere/",
    }


@pytest.mark.cases(1)
@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize(("width", "height"), SCREENS)
def test_pages_are_for_everyone(page, live_server, site, width, height, theme):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    page.set_viewport_size({"width": width, "height": height})
    page.emulate_media(color_scheme=theme)
    for name, path in site.items():
        page.goto(live_server.url + path)
        faults = [
            (fault["id"], fault["impact"], [node["html"] for node in fault["nodes"]])
            for fault in axe.run(page).response["violations"]
        ]
        assert (name, faults) == (name, [])
        assert page.evaluate("document.documentElement.scrollWidth") == width


@pytest.mark.thorough
def test_nothing_comes_from_elsewhere_and_nothing_is_refused(page, live_server, site):
    requests, complaints = [], []
    page.on("request", lambda request: requests.append(request.url))
    page.on("console", lambda message: complaints.append(message.text))
    for name in ("home", "category", "author", "blog", "search"):
        page.goto(live_server.url + site[name])
    assert [url for url in requests if not url.startswith(live_server.url)] == []
    assert complaints == []


@pytest.mark.cases(1)
@pytest.mark.parametrize("java_script_enabled", [True, False])
def test_reader_finds_a_blog(browser, browser_context_args, live_server, site, java_script_enabled):
    context = browser.new_context(**browser_context_args, java_script_enabled=java_script_enabled)
    page = context.new_page()
    page.goto(live_server.url)
    page.get_by_role("link", name="Search").click()
    page.get_by_label("Search").fill("ferries")
    page.get_by_role("button", name="Search").click()
    page.get_by_role("link", name="Night ferries").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Night ferries")
    page.get_by_role("link", name="Bo Marsh").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Bo Marsh")
    context.close()


@pytest.mark.thorough
def test_bad_input_does_not_run(page, live_server, transactional_db):
    author = make_user(first_name=BAD, last_name=BAD)
    make_blog(
        title=BAD, slug="bad", summary=BAD, body=BAD, author=author, category=make_category("Tech")
    )
    dialogs = []
    page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    for path in (
        "/",
        "/blogs/bad/",
        f"/authors/{author.pk}/",
        "/category/tech/",
        "/search/?q=<svg",
    ):
        page.goto(live_server.url + path)
        expect(page.get_by_role("link", name="Imprint Press")).to_be_visible()
    assert dialogs == []
