"""Nothing that a person pastes or drops into a blog runs, from whatever page it comes."""

import pytest
from playwright.sync_api import expect

from weblog.models import Blog

# Each would leave a mark on the window if anything evaluated it, or ask the server for /stolen.
ATTACKS = [
    '<div x-data x-init="$el.ownerDocument.defaultView.hit = 1">alpine</div>',
    '<div x-data="{a: $el.ownerDocument.defaultView.hit = 1}">data</div>',
    '<div x-data="{mark() {window.hit = 1}, init() {this.mark()}}">init</div>',
    '<img src="x" x-data @error="window.hit = 1" alt="">',
    '<b x-data :class="window.hit = 1" x-bind:style="window.hit = 1">bound</b>',
    "<b x-data x-html=\"'<img src=x onerror=hit=1>'\">html</b>",
    '<template x-data x-teleport="body"><i x-init="window.hit = 1">far away</i></template>',
    '<b hx-get="/stolen" hx-trigger="load">asked</b>',
    '<b data-hx-get="/stolen" data-hx-trigger="load">asked</b>',
    '<b hx-on:htmx:load="window.hit = 1" hx-on::load="window.hit = 1">on</b>',
    '<img src="x" onerror="window.hit = 1" alt="">',
    "<script>window.hit = 1</script>",
    '<iframe srcdoc="<script>parent.hit = 1</script>"></iframe>',
    '<svg><script>window.hit = 1</script><animate onbegin="window.hit = 1" /></svg>',
    '<math><mtext><table><mglyph><style><img src=x onerror="window.hit = 1"></style></mglyph>'
    "</table></mtext></math>",
    '<form action="/stolen" id="hit"><input name="hit" value="1"></form>',
    '<a href="javascript:window.hit = 1">link</a>',
    '<a href="/stolen" x-data x-init="$el.click()">clicked</a>',
]


@pytest.fixture
def editor(sign_in):
    page = sign_in("editor")
    page.goto(page.url.split("/admin/")[0] + "/admin/weblog/blog/add/")
    page.asked = []
    page.on("request", lambda request: page.asked.append(request.url))
    expect(page.get_by_role("textbox", name="Body")).to_be_visible()
    return page


def give(page, event, html):
    """Give the editor `html`, as the browser gives it pasted or dropped content."""
    page.get_by_role("textbox", name="Body").evaluate(
        """(editor, [event, html]) => {
            const transfer = new DataTransfer()
            transfer.setData("text/html", html)
            transfer.setData("text/plain", "plain words")
            const {left, top} = editor.getBoundingClientRect()
            const options = {bubbles: true, cancelable: true, clientX: left + 40, clientY: top + 30}
            editor.focus()
            editor.dispatchEvent(event === "paste"
                ? new ClipboardEvent("paste", {...options, clipboardData: transfer})
                : new DragEvent("drop", {...options, dataTransfer: transfer}))
        }""",
        [event, html],
    )


def assert_harmless(page):
    page.wait_for_timeout(100)  # Alpine and htmx start what they find in a later turn
    assert page.evaluate("typeof window.hit") == "undefined"
    assert not [url for url in page.asked if "/stolen" in url]


@pytest.mark.thorough
def test_what_is_pasted_or_dropped_runs_nothing(editor):
    text = editor.get_by_role("textbox", name="Body")
    for attack in ATTACKS:
        for event in ("paste", "drop"):
            give(editor, event, f"<p>words</p>{attack}")
            give(editor, event, f'<div data-pm-slice="1 1 []"><p>words</p>{attack}</div>')
        assert_harmless(editor)
        names = text.evaluate(
            "text => [...text.querySelectorAll('*')].flatMap(one => one.getAttributeNames())"
        )
        assert not [name for name in names if name.startswith(("x-", "@", ":", "hx-", "on"))]
        assert not text.locator("iframe, form, svg, script, style, template").count()
    expect(text).to_contain_text("words")


@pytest.mark.thorough
def test_pasted_words_keep_their_form_and_pictures_of_the_house_stay(editor):
    """Cut and pasted elsewhere in a text, with its description."""
    give(
        editor,
        "paste",
        "<h2>Head</h2><p>Some <b>bold</b> words</p><ul><li>one</li></ul>",
    )
    text = editor.get_by_role("textbox", name="Body")
    expect(text.locator("h2")).to_have_text("Head")
    expect(text.locator("strong")).to_have_text("bold")
    expect(text.locator("li")).to_have_text("one")
    give(editor, "paste", '<figure><img src="/media/pictures/2026/11/a.png" alt="A map"></figure>')
    expect(text.get_by_role("img")).to_have_attribute("alt", "A map")


@pytest.mark.thorough
def test_stored_text_runs_nothing(sign_in):
    """Past the form, as an import or a shell would store it: on each page that shows it."""
    blog = Blog.objects.filter(status=Blog.Status.PUBLISHED).first()
    blog.title, blog.summary, blog.body = "".join(ATTACKS)[:150], "".join(ATTACKS), "".join(ATTACKS)
    blog.save()
    page = sign_in("editor")
    base = page.url.split("/admin/")[0]
    page.asked = []
    page.on("request", lambda request: page.asked.append(request.url))
    for path in (
        "/admin/",
        "/admin/weblog/blog/",
        f"/admin/weblog/blog/{blog.pk}/change/",
        f"/admin/weblog/blog/{blog.pk}/history/",
        blog.get_absolute_url(),
        "/",
    ):
        page.goto(base + path)
        assert_harmless(page)
