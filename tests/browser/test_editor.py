"""The editor of a blog's text, as people type and paste in it."""

import re
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.browser.pages import assert_fits, note_errors
from tests.weblog.picture_files import make_file
from weblog.errors import PictureRefused
from weblog.models import Blog, Picture
from weblog.pictures.preparing import encode_picture

CLIPBOARD = Path(__file__).parent / "clipboard"
WORDS = "The last train leaves at ten past one, and nobody on the platform hurries."
PICTURE = "/media/pictures/2026/11/a.png"


@pytest.fixture
def write(sign_in):
    """Return a function that opens the editor with a body, and gives the page."""
    errors = []

    def write(body="", **options):
        page = sign_in("editor", **options)
        page.errors = note_errors(page.context)
        errors.append(page.errors)
        page.blog = Blog.objects.filter(author__username="demo.ada").first()
        page.blog.body = body
        page.blog.save()
        page.route("**/media/pictures/**", lambda route: route.fulfill(body=""))
        page.goto(f"{page.url.split('/admin/')[0]}/admin/weblog/blog/{page.blog.pk}/change/")
        expect(page.locator("textarea[data-started]")).to_be_attached()
        return page

    yield write
    assert not any(errors), errors


def held(page):
    """Return the HTML that the form would send."""
    return page.locator("#id_body").input_value()


def text(page):
    return page.get_by_role("textbox", name="Body")


def press(page, name):
    page.get_by_role("toolbar").get_by_role("button", name=name, exact=True).click()


def put(page, html):
    """Put another text in, as a draft that was kept."""
    page.locator("#id_body").evaluate(
        "(field, html) => field.dispatchEvent(new CustomEvent('body:replace', {detail: {html}}))",
        html,
    )


def select_words(page, words):
    text(page).evaluate(
        """(text, words) => {
            const walker = document.createTreeWalker(text, NodeFilter.SHOW_TEXT)
            while (walker.nextNode()) {
                const place = walker.currentNode.data.indexOf(words)
                if (place < 0) continue
                text.focus()
                getSelection().setBaseAndExtent(
                    walker.currentNode, place, walker.currentNode, place + words.length)
            }
        }""",
        words,
    )
    page.wait_for_timeout(100)  # the editor hears of it in a later turn


def paste(page, html, plain="plain words"):
    text(page).evaluate(
        """(text, [html, plain]) => {
            const transfer = new DataTransfer()
            if (html) transfer.setData("text/html", html)
            transfer.setData("text/plain", plain)
            text.focus()
            text.dispatchEvent(new ClipboardEvent("paste",
                {bubbles: true, cancelable: true, clipboardData: transfer}))
        }""",
        [html, plain],
    )


@pytest.mark.parametrize(
    "pause", [0, *(pytest.param(pause, marks=pytest.mark.thorough) for pause in (30, 70))]
)
def test_every_letter_arrives_however_fast_one_types(write, pause):
    page = write()
    text(page).focus()
    for number, line in enumerate(WORDS.split(", ")):
        if number:
            page.keyboard.press("Enter")
        page.keyboard.type(line, delay=pause)
    page.keyboard.press("Enter")
    page.keyboard.press("Control+b")
    page.keyboard.type("Bold", delay=pause)
    page.keyboard.press("Control+b")
    page.keyboard.type(" and not", delay=pause)
    assert held(page) == (
        "<p>The last train leaves at ten past one</p>"
        "<p>and nobody on the platform hurries.</p>"
        "<p><strong>Bold</strong> and not</p>"
    )


@pytest.mark.thorough
def test_buttons_work_in_old_and_new_paragraphs_alike(write):
    page = write("<p>Old one</p><p>Old two</p>")
    for words, button, made in (
        ("Old one", "Heading", "<h2>Old one</h2>"),
        ("Old two", "Smaller heading", "<h3>Old two</h3>"),
        ("Old two", "Quote", "<blockquote><h3>Old two</h3></blockquote>"),
    ):
        select_words(page, words)
        press(page, button)
        assert made in held(page)
    for button, made in (
        ("Bullets", "<ul><li>x</li></ul>"),
        ("Numbers", "<ol><li>x</li></ol>"),
        ("Quote", "<blockquote><p>x</p></blockquote>"),
        ("Lines of code", "<pre><code>x</code></pre>"),
        ("Heading", "<h2>x</h2>"),
        ("Smallest heading", "<h4>x</h4>"),
    ):
        put(page, "<p>Old</p>")
        text(page).focus()
        page.keyboard.press("Control+End")
        page.keyboard.press("Enter")
        page.keyboard.type("x")
        press(page, button)
        assert held(page) == f"<p>Old</p>{made}"


@pytest.mark.thorough
def test_enter_after_a_link_keeps_its_words(write):
    page = write("<p>Read the timetable first.</p>")
    select_words(page, "timetable")
    page.keyboard.press("Control+k")
    page.keyboard.type("example.org/winter")
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    page.keyboard.type("Then ")
    link = '<a href="https://example.org/winter">timetable</a>'
    assert held(page) == f"<p>Read the {link}</p><p>Then  first.</p>"

    put(page, "<p></p>")
    text(page).focus()
    page.keyboard.press("Control+k")
    page.keyboard.type("javascript:alert(1)")
    page.keyboard.press("Enter")
    expect(page.get_by_text("A link leads to an address such as")).to_be_visible()
    page.get_by_label("Leads to").fill("ada@example.org")
    page.get_by_role("button", name="Set the link").click()
    page.keyboard.type(" too")
    assert held(page) == '<p><a href="mailto:ada@example.org">ada@example.org</a> too</p>'
    select_words(page, "ada@")
    page.keyboard.press("Control+k")
    page.get_by_role("button", name="Remove the link").click()
    assert held(page) == "<p>ada@example.org too</p>"


@pytest.mark.thorough
def test_code_keeps_its_lines_and_enter_under_a_picture_goes_on_below(write):
    figure = f'<figure><img src="{PICTURE}" alt="A map"><figcaption>The coast</figcaption></figure>'
    page = write("<pre>def wait():\n\n\n    return 1</pre>")
    select_words(page, "return 1")
    page.keyboard.press("End")
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    page.keyboard.type("    done")
    code = "<pre><code>def wait():\n\n\n    return 1\n\n\n    done</code></pre>"
    assert held(page) == code
    page.keyboard.press("ArrowDown")
    page.keyboard.type("After")
    assert held(page) == f"{code}<p>After</p>"

    put(page, figure)
    select_words(page, "coast")
    page.keyboard.press("End")
    page.keyboard.press("Enter")
    page.keyboard.type("Below")
    assert held(page) == f"{figure}<p>Below</p>"


@pytest.mark.thorough
def test_table_is_made_filled_and_changed(write):
    page = write()
    press(page, "Table")
    for word in ("Line", "Leaves", "From", "N1"):
        page.keyboard.type(word)
        page.keyboard.press("Tab")
    press(page, "Remove the column")
    press(page, "Row below")
    head = "<thead><tr><th>Line</th><th>From</th></tr></thead>"
    empty = "<tr><td></td><td></td></tr>"
    rows = f"<tr><td>N1</td><td></td></tr>{empty * 2}"
    assert held(page) == f"<table>{head}<tbody>{rows}</tbody></table>"
    press(page, "Remove the table")
    assert held(page) == ""


KEPT = [
    "<h1>Old</h1>\n<p>One <b>bold <i>it</i></b><br>two</p>\n\n<div>A<br><br>B</div>",
    "<ul>\n<li>One<ul><li>Two</li></ul></li>\n<li><p>loose</p></li></ul>"
    '<ol start="3"><li>a</li></ol>',
    '<table><thead><tr><th scope="col">A</th></tr></thead>'
    '<tbody><tr><td align="right">1</td></tr></tbody></table>',
    '<p><abbr title="World">W</abbr> <kbd>Ctrl</kbd> <mark>m</mark> <q>q</q></p><hr>',
    "<p>one&nbsp;two  three &amp; four</p><b>bare</b>\n<i>words</i>",
    '<p><code>a <a href="/x" rel="noopener noreferrer">b</a></code></p>',
    "",
]
LOST = [
    ("<dl><dt>A</dt><dd>B</dd></dl>", "dl"),
    ("<details><summary>s</summary><p>x</p></details>", "details"),
    ("<table><caption>c</caption><tbody><tr><td>1</td></tr></tbody></table>", "caption"),
    ('<p>Hallo <span lang="fr">bonjour</span></p>', "span"),
    ("<ruby>漢<rt>kan</rt></ruby>", "ruby"),
    ("<section><p>x</p></section>", "section"),
    ("<figure><blockquote>q</blockquote><figcaption>c</figcaption></figure>", "figure"),
]


@pytest.mark.thorough
def test_what_nobody_changed_stays_byte_for_byte(write):
    page = write()
    for body in KEPT:
        put(page, body)
        assert held(page) == body
        text(page).focus()
        page.keyboard.press("Control+End")
        page.keyboard.type("Z")
        assert held(page) != body
        page.keyboard.press("Backspace")
        assert held(page) == body


@pytest.mark.thorough
def test_what_the_editor_would_lose_is_shown_as_html(write):
    page = write()
    for body, tag in LOST:
        put(page, body)
        expect(page.get_by_text("This text is shown as HTML")).to_contain_text(f"<{tag}>")
        assert held(page) == body
        press(page, "HTML")  # back: refused, with the same words
        expect(page.get_by_text("This text is shown as HTML")).to_contain_text(f"<{tag}>")
    page.locator("#id_body").fill("<p>Plain <em>words</em></p>")
    press(page, "HTML")
    expect(text(page)).to_have_text("Plain words")
    press(page, "HTML")
    expect(page.locator("#id_body")).to_be_focused()


@pytest.mark.thorough
def test_body_saved_without_an_edit_is_the_same(write):
    page = write(KEPT[0])
    page.blog.refresh_from_db()
    stored = page.blog.body
    page.get_by_label("Title").fill("Another title")
    page.get_by_role("button", name="Save", exact=True).click()
    page.wait_for_url("**/admin/weblog/blog/")
    page.blog.refresh_from_db()
    assert (page.blog.title, page.blog.body) == ("Another title", stored)


NIGHT = (
    "<h2>Night trains</h2><p>A line with <strong>bold</strong>, <em>slanted</em> and "
    '<a href="https://example.org/timetable">a link</a>NOTE.</p><h3>What to take</h3><ul><li>A coat'
    "<ul><li>a <strong>warm</strong> one</li></ul></li><li>A book</li></ul>"
    '<p>Then, in this order:</p><ol start="3"><li>Find the platform</li><li>Sleep</li></ol>'
    "<table><tbody><tr><td><strong>Line</strong></td><td><strong>Leaves</strong></td></tr>"
    "<tr><td>N1</td><td>01:10</td></tr></tbody></table>"
)
NOTE = '<a id="fn-2" href="#fn-1"><sup>[1]</sup></a>'
LAST = (
    '<p><a id="fn-1" href="#fn-2">[1]</a> See <a href="https://example.org/winter">the winter '
    "timetable</a>.</p>"
)
PASTED = {
    "word": NIGHT.replace("NOTE", NOTE) + LAST,
    "docs": NIGHT.replace("NOTE", NOTE) + "<hr>" + LAST,
    "word_online": "<p>What to take</p>"
    "<ul><li>A coat<ul><li>a warm one</li></ul></li><li>A book</li></ul>",
    "writer": '<h2>Night trains</h2><p>A line with <strong>bold</strong><a id="fn-2" href="#fn-1">'
    "<sup>1</sup></a>.</p><ul><li>A coat<ul><li>a warm one</li></ul></li><li>A book</li></ul>"
    "<table><thead><tr><th>Line</th><th>Leaves</th></tr></thead>"
    "<tbody><tr><td>N1</td><td>01:10</td></tr></tbody></table>"
    '<p><a id="fn-1" href="#fn-2">1</a> See the <a href="https://example.org/winter">winter '
    "timetable</a>.</p>",
    "page": "<h2>Night trains</h2><p>A line with <strong>bold</strong> and <code>code</code>"
    '<a id="fn-2" href="#fn-1"><sup>1</sup></a>.</p><h3>Steps</h3><ol><li>Find the platform</li>'
    '<li>Sleep</li></ol><pre><code>if late:\n    wait()\n\n\nprint("here")</code></pre>'
    "<p>seen</p><blockquote><p>Quoted</p></blockquote><hr>"
    '<ol><li id="fn-1">See <a href="https://example.org/winter">the winter timetable</a>. '
    '<a href="#fn-2">↩</a></li></ol>',
    "word_remarks": "<p>The last train leaves late.</p>",
    "media": '<p>Before</p><p><a href="https://www.youtube.com/embed/abc123">A night train</a></p>'
    '<p><a href="https://example.org/train.mp4">https://example.org/train.mp4</a></p>'
    '<p>A sound: <a href="https://example.org/horn.mp3">https://example.org/horn.mp3</a></p>'
    "<p>After</p>",
    "program": "<pre><code>def wait():\n\n    return 1</code></pre>",
}


def test_what_is_copied_elsewhere_comes_as_the_house_writes(write):
    page = write()
    for name, expected in PASTED.items():
        put(page, "")
        paste(page, (CLIPBOARD / f"{name}.html").read_text())
        token = page.evaluate(
            "/fn-([0-9a-z]+)-/.exec(document.querySelector('#id_body').value)?.[1]"
        )
        assert held(page).replace(f"fn-{token}-", "fn-") == expected, name
    expect(page.get_by_text("A picture was not copied along")).to_be_visible()  # Word's
    put(page, "")
    paste(page, "", "First line\n\nSecond <b>line</b>")
    assert held(page) == "<p>First line</p><p>Second &lt;b&gt;line&lt;/b&gt;</p>"


@pytest.mark.thorough
@pytest.mark.parametrize(
    "address",
    ["data:image/png;base64,@@@@", "http://", "https://[bad/a.png"],
)
def test_picture_that_can_not_be_read_holds_no_text_back(write, address):
    """It is left out aloud, and the words beside it are saved."""
    page = write()
    paste(page, f'<p>One</p><img src="{address}" alt="A flag"><p>Two</p>')
    expect(page.get_by_text(re.compile("is not in your text|was not copied along"))).to_be_visible()
    page.get_by_role("button", name="Save", exact=True).click()
    page.wait_for_url("**/admin/weblog/blog/")
    page.blog.refresh_from_db()
    assert page.blog.body == "<p>One</p><p>Two</p>"


@pytest.mark.thorough
def test_link_in_another_encoding_loses_no_words(write):
    page = write()
    paste(
        page, '<p>At the <a href="https://example.org/#caf%E9">old</a> and <a href="#50%">x</a></p>'
    )
    assert held(page) == '<p>At the <a href="https://example.org/#caf%E9">old</a> and x</p>'


@pytest.mark.thorough
def test_picture_on_its_way_is_not_lost_to_a_look_at_the_source(write):
    page = write()
    late = []
    page.route("**/picture/fetch/", lambda route: late.append(route))
    paste(page, '<p>One</p><img src="https://pictures.example/a.png" alt="A flag">')
    expect(text(page).get_by_text("Fetching the picture")).to_be_visible()
    press(page, "HTML")
    expect(page.get_by_text("Pictures are still on their way.")).to_be_visible()
    late[0].fulfill(json={"url": PICTURE, "alt": "A flag", "width": 3, "height": 2})
    expect(text(page).get_by_role("img", name="A flag")).to_be_attached()
    figure = f'<figure><img src="{PICTURE}" alt="A flag" width="3" height="2"></figure>'
    assert held(page) == f"<p>One</p>{figure}"
    press(page, "HTML")
    expect(page.locator("#id_body")).to_be_visible()


@pytest.mark.thorough
def test_library_without_a_picture_says_so(write):
    page = write()
    press(page, "Picture")
    page.get_by_role("button", name="Choose from the library").click()
    expect(page.get_by_text("There is no picture yet.")).to_be_visible()
    page.get_by_label("Search the library").fill("red")
    expect(page.get_by_text("No picture is described so.")).to_be_visible()


@pytest.mark.thorough
@pytest.mark.parametrize("kind", ["paste", "drop"])
def test_file_that_is_no_picture_is_refused_aloud_and_the_page_stays(write, kind):
    page = write("<p>Words</p>")
    is_left_to_the_browser = text(page).evaluate(
        """(text, kind) => {
            const transfer = new DataTransfer()
            transfer.items.add(new File(["x"], "a.pdf", {type: "application/pdf"}))
            const {left, top} = text.getBoundingClientRect()
            const options = {bubbles: true, cancelable: true, clientX: left + 40, clientY: top + 20}
            text.focus()
            return text.dispatchEvent(kind === "paste"
                ? new ClipboardEvent(kind, {...options, clipboardData: transfer})
                : new DragEvent(kind, {...options, dataTransfer: transfer}))
        }""",
        kind,
    )
    assert not is_left_to_the_browser
    expect(page.get_by_text("Only pictures can be put into a text.")).to_be_visible()
    assert held(page) == "<p>Words</p>"


@pytest.mark.thorough
def test_pictures_come_by_file_from_the_library_and_from_a_pasted_page(
    write, settings, tmp_path, monkeypatch
):
    settings.MEDIA_ROOT = tmp_path
    monkeypatch.setattr("weblog.admin.forms.fetch_file", fetch_file)
    page = write("<p>Before</p><p>After</p>")
    page.unroute("**/media/pictures/**")
    select_words(page, "Before")
    press(page, "Picture")
    file = {"name": "a.png", "mimeType": "image/png", "buffer": make_file().read()}
    page.get_by_label("File").set_input_files(file)
    page.get_by_label("Description").fill("A red flag")
    page.get_by_role("button", name="Add picture").click()
    expect(text(page).get_by_role("img", name="A red flag")).to_be_visible()
    page.keyboard.type("Below ")
    flag = Picture.objects.get().file.url
    figure = f'<figure><img src="{flag}" alt="{{}}" width="60" height="40"></figure>'
    first = figure.format("A red flag")
    assert held(page) == f"<p>Before</p>{first}<p>Below After</p>"

    text(page).get_by_role("img").click()
    press(page, "Picture")
    page.get_by_label("Description").fill("A flag, half red")
    page.get_by_role("button", name="Save the description").click()
    changed = f"<p>Before</p>{figure.format('A flag, half red')}<p>Below After</p>"
    expect(page.locator("#id_body")).to_have_value(changed)

    put(page, "<p>Before</p>")
    press(page, "Picture")
    page.get_by_role("button", name="Choose from the library").click()
    page.get_by_label("Search the library").fill("red")
    page.get_by_role("button", name="A red flag").click()
    expect(page.locator("#id_body")).to_have_value(f"<p>Before</p>{first}")

    put(page, "")
    away = "https://pictures.example/a.png"
    paste(
        page,
        f'<p>One</p><figure><img src="{away}" alt="A flag"><figcaption>Sea</figcaption></figure>',
    )
    expect(text(page).get_by_role("img", name="A flag")).to_be_visible()
    fetched = Picture.objects.first()
    assert fetched.alt_text == "A flag"
    assert held(page) == (
        f'<p>One</p><figure><img src="{fetched.file.url}" alt="A flag" width="60" height="40">'
        "<figcaption>Sea</figcaption></figure>"
    )

    put(page, "")
    paste(
        page,
        '<p>One</p><figure><img src="https://refused.example/a.png" alt="A flag">'
        "<figcaption>Sea, <b>windy</b></figcaption></figure>",
    )
    expect(
        page.get_by_text("The picture from refused.example is not in your text.")
    ).to_be_visible()
    assert held(page) == "<p>One</p><p>Sea, <strong>windy</strong></p>"
    page.wait_for_timeout(200)
    assert len(page.errors) == 1  # the browser notes the refusal, too
    page.errors.clear()


def fetch_file(address):
    if "refused" in address:
        raise PictureRefused("Its address leads into a private network.")
    return encode_picture(make_file())


@pytest.mark.thorough
def test_day_goes_by_keyboard_alone(write):
    page = write()
    page.get_by_label("Summary").focus()
    page.keyboard.press("Tab")
    bar = page.get_by_role("toolbar", name="Body")
    expect(bar.get_by_role("button", name="Bold", exact=True)).to_be_focused()
    page.keyboard.press("ArrowRight")
    expect(bar.get_by_role("button", name="Italic")).to_be_focused()
    page.keyboard.press("End")
    expect(bar.get_by_role("button", name="HTML")).to_be_focused()
    page.keyboard.press("Tab")
    expect(text(page)).to_be_focused()
    page.keyboard.type("One")
    page.keyboard.press("Alt+F10")
    page.keyboard.press("Home")
    page.keyboard.press("Enter")  # bold, and back in the text
    expect(text(page)).to_be_focused()
    page.keyboard.type("two")
    assert held(page) == "<p>One<strong>two</strong></p>"
    expect(bar.get_by_role("button", name="Bold", exact=True)).to_have_attribute(
        "aria-pressed", "true"
    )
    page.keyboard.press("Shift+Tab")
    expect(bar.get_by_role("button", name="Bold", exact=True)).to_be_focused()
    page.keyboard.press("Escape")
    page.keyboard.press("Tab")
    expect(text(page)).not_to_be_focused()


LONG = "<h2>Head</h2>" + f"<p>{WORDS}</p>" * 40 + "<table><tr><td>A</td></tr></table>"


@pytest.mark.thorough
@pytest.mark.parametrize("width", [1440, 390])
def test_writing_page_is_sound_in_light_and_dark(write, width, take_picture):
    page = write(LONG, viewport={"width": width, "height": 844})
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)
        page.reload()
        expect(text(page)).to_be_visible()
        select_words(page, "hurries")
        page.keyboard.press("Control+k")
        expect(page.get_by_label("Leads to")).to_be_in_viewport()
        words = page.evaluate("getSelection().rangeCount")
        assert words
        assert_fits(page)
        take_picture(page, f"editor-{width}-{theme}")
        found = Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
        serious = [
            (one["id"], [(node["html"], node["failureSummary"]) for node in one["nodes"]])
            for one in found
            if one["impact"] in ("serious", "critical")
        ]
        assert serious == []
        page.keyboard.press("Escape")
        press(page, "Picture")
        box = page.get_by_role("dialog").bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= width
        take_picture(page, f"editor-dialog-{width}-{theme}")
        page.get_by_role("button", name="Cancel").click()
