"""Nothing that a person pastes or drops into a blog runs, from whatever page it comes."""

import html
import json

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


def attach(content, content_type="text/html"):
    """Return the figure of an attachment with HTML of its own."""
    attachment = json.dumps({"contentType": content_type, "content": content})
    return f'<figure data-trix-attachment="{html.escape(attachment)}">what one sees</figure>'


def drop(content):
    """Return the type and the data of a document, as the editor drags it."""
    attachment = {"contentType": "text/html", "content": content}
    text = [{"type": "attachment", "attachment": attachment, "attributes": {}}]
    return "application/x-trix-document", json.dumps([{"text": text, "attributes": []}])


@pytest.fixture
def editor(sign_in):
    page = sign_in("editor")
    page.goto(page.url.split("/admin/")[0] + "/admin/weblog/blog/add/")
    page.asked = []
    page.on("request", lambda request: page.asked.append(request.url))
    expect(page.locator("trix-editor")).to_be_visible()
    return page


def give(page, event, kind, data):
    """Give the editor `data`, as the browser gives it pasted or dropped content."""
    page.locator("trix-editor").evaluate(
        """(editor, [event, kind, data]) => {
            const transfer = new DataTransfer()
            transfer.setData(kind, data)
            transfer.setData("text/plain", "plain words")
            const {left, top} = editor.getBoundingClientRect()
            const options = {bubbles: true, cancelable: true, clientX: left + 9, clientY: top + 9}
            editor.focus()
            editor.dispatchEvent(event === "paste"
                ? new InputEvent("beforeinput",
                    {...options, inputType: "insertFromPaste", dataTransfer: transfer})
                : new DragEvent("drop", {...options, dataTransfer: transfer}))
        }""",
        [event, kind, data],
    )


def assert_harmless(page):
    page.wait_for_timeout(100)  # Alpine and htmx start what they find in a later turn
    assert page.evaluate("typeof window.hit") == "undefined"
    assert not [url for url in page.asked if "/stolen" in url]


def test_what_is_pasted_or_dropped_runs_nothing(editor):
    text = editor.locator("trix-editor")
    for attack in ATTACKS:
        for given in (
            ("paste", "text/html", f"<p>words</p>{attack}"),
            ("paste", "text/html", f"<p>words</p>{attach(attack)}"),
            (
                "paste",
                "text/html",
                attach(attack, "application/vnd.trix.horizontal-rule.text-html"),
            ),
            ("drop", *drop(attack)),
        ):
            give(editor, *given)
        assert_harmless(editor)
        names = text.evaluate(
            "text => [...text.querySelectorAll('*')].flatMap(one => one.getAttributeNames())"
        )
        assert not [name for name in names if name.startswith(("x-", "@", ":", "hx-", "on"))]
        assert not text.locator("figure, iframe, form, svg, script").count()


@pytest.mark.thorough
def test_pasted_words_keep_their_form_and_pictures_of_the_house_stay(editor):
    """Cut and pasted elsewhere in a text, with its description; one from elsewhere is not shown."""
    give(
        editor,
        "paste",
        "text/html",
        "<h2>Head</h2><p>Some <b>bold</b> words</p><ul><li>one</li></ul>",
    )
    text = editor.locator("trix-editor")
    expect(text.locator("h2")).to_have_text("Head")
    expect(text.locator("strong")).to_have_text("bold")
    expect(text.locator("li")).to_have_text("one")

    own = {"contentType": "image", "url": "/media/pictures/2026/11/a.png", "alt": "A map"}
    figure = f'<figure data-trix-attachment="{html.escape(json.dumps(own))}"></figure>'
    give(editor, "paste", "text/html", figure)
    expect(editor.locator("trix-editor img")).to_have_attribute("alt", "A map")
    assert editor.locator("trix-editor img").count() == 1
    away = figure.replace("/media/pictures", "https://stolen.example/media/pictures")
    give(editor, "paste", "text/html", away)
    assert editor.locator("trix-editor img").count() == 1


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
