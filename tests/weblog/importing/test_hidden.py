"""Words that the source of a text hides are a problem of that post, and not silently shown."""

import io
import time

import pytest

from tests.weblog.posts import make_ghost, make_item, make_wxr, make_zip
from weblog.importing.formats import open_source
from weblog.importing.hidden import find_hidden

pytestmark = pytest.mark.any_database

REFUSED = (
    "its source hides “Secret words” from readers, who would see it here. Remove it from the file, "
    "or leave the post out."
)


@pytest.mark.parametrize(
    "opening",
    [
        '<p style="display:none">',
        '<p style="color:red; DISPLAY : none !important">',
        "<div hidden>",
        '<div hidden="until-found">',
        '<span style="visibility: hidden">',
        '<span style="opacity:0">',
        "<span style='font-size: 0px'>",
        '<span class="my-tooltip" aria-hidden="true">',
        '<div id="popover-1" aria-hidden="true">',
        '<span role="tooltip">',
        '<b class="more d-none">',
        "<template>",
        "<dialog>",
    ],
)
def test_hidden_words_are_told(opening):
    tag = opening[1:].split(" ")[0].rstrip(">")
    text = f"<p>Seen</p>{opening}Secret <i>words</i></{tag}><p>Seen</p>"
    assert find_hidden(text) == REFUSED


@pytest.mark.parametrize(
    "text",
    [
        "<p>The word hidden, and display:none in words</p>",
        '<pre><code>&lt;p style="display:none"&gt;Secret&lt;/p&gt;</code></pre>',
        '<span aria-hidden="true">#</span><i class="icon" aria-hidden="true"></i>',
        '<p style="display:none"></p><p>Seen</p>',
        '<p style="display:block; opacity:0.5; font-size:0.9em">Seen</p>',
        '<span class="tooltips" aria-hidden="false">Seen</span>',
        '<div aria-hidden="true">A chart for those who see</div>',
        "<dialog open>Seen</dialog>",
        '<div style="display:none"><script>Secret words</script><img src="a"><br></div><p>Seen</p>',
        "<details><summary>A</summary>Seen on a click</details>",
    ],
)
def test_what_readers_see_is_no_problem(text):
    assert find_hidden(text) == ""


HIDDEN = '<p>Seen</p><p style="display:none">Secret words</p>'


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("site.xml", make_wxr(make_item(body=HIDDEN))),
        ("site.json", make_ghost({"html": HIDDEN})),
        ("site.zip", make_zip({"a.md": f"---\ntitle: T\ndate: 2020-01-01\n---\n{HIDDEN}"})),
    ],
)
def test_each_kind_of_file_has_it_as_a_problem(name, content):
    file = io.BytesIO(content)
    (post,) = open_source(file, name).read_posts()
    assert post.problems == [f"text: {REFUSED}"]


@pytest.mark.thorough
def test_long_hidden_words_are_cut_and_many_marks_take_no_time():
    started = time.thread_time()
    assert "a" * 59 + "…”" in find_hidden(f"<p hidden>{'a' * 500}</p>")
    find_hidden("<p hidden><b>" * 20_000)
    find_hidden("</p><p hidden>a" * 20_000)
    assert time.thread_time() - started < 8
