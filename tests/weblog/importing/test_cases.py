"""What exports of other systems were seen to hold, and what it must come to."""

import datetime as dt
import gzip
import io
import json
from collections import Counter
from functools import partial

import pytest
from django.core.files.base import ContentFile
from django.core.management import CommandError, call_command

from tests.factories import make_user
from tests.weblog.picture_files import make_file
from tests.weblog.posts import make_ghost, make_item, make_wxr, make_zip
from weblog.errors import ImportRefused, PictureRefused
from weblog.html.bounded import clean_html
from weblog.importing.fetching import fetch_pictures
from weblog.importing.formats import open_source
from weblog.importing.imports import _Import, import_posts
from weblog.importing.lexical import make_html
from weblog.importing.plans import Choices, make_plan
from weblog.models import Blog, Picture
from weblog.pictures import fetched as fetched_pictures

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]


def open_file(data, name="site.xml"):
    return open_source(io.BytesIO(data), name)


def open_markdown(*fronts, body="Words.", path="a{}.md"):
    named = [front if "authors:" in front else f"{front}\nauthor: rosa" for front in fronts]
    files = {
        path.format(number): f"---\ntitle: T\n{front}\n---\n{body}\n"
        for number, front in enumerate(named)
    }
    return open_file(make_zip(files), "posts.zip")


def read(source):
    (post,) = source.read_posts()
    return post


def read_wxr(body="Text", **values):
    return read(open_file(make_wxr(make_item(body=body, **values))))


def bring_in(source, **choices):
    plan = import_posts(source=source, choices=Choices(**choices))
    return plan, {blog.slug: blog for blog in Blog.objects.all()}


DATED = "date: 2020-01-01\n"


@pytest.mark.parametrize(
    "flag",
    [
        *("draft: True", "draft: TRUE", "draft: yes", "draft: Yes", "draft: on", "draft: y"),
        *("published: False", "published: no", "published: off", "published: N", "publish: false"),
        *("Draft: true", "private: yes", "hidden: true", "status: draft", "status: private"),
        *("visibility: private", "password: secret", "permalink: false", "status: hidden"),
        *("_build:\n  render: never", "build: {render: false}", 'draft: "true"'),
    ],
)
def test_whatever_holds_a_post_back_makes_a_draft(flag):
    _, blogs = bring_in(open_markdown(DATED + flag))
    assert blogs["a0"].status == "draft"


@pytest.mark.parametrize("flag", ["draft: false", "draft: No", "published: yes", "status: publish"])
def test_post_that_says_so_is_published(flag):
    _, blogs = bring_in(open_markdown(DATED + flag))
    assert blogs["a0"].is_live


@pytest.mark.parametrize(
    "flag",
    [
        *("draft: maybe", "draft: 1", "draft:", "draft: [true]", "published: tRue", "status: odd"),
        *("published: soon", "draft: {a: b}", "visibility: members", "draft: true\nDraft: false"),
        *("date: Last Modified", "publishDate: tomorrow", "expiryDate: never"),
    ],
)
def test_what_is_not_understood_about_state_or_date_is_a_problem(flag):
    plan = make_plan(open_markdown(flag if flag.startswith("date") else DATED + flag), by=None)
    assert (plan.new, plan.problem_post_count) == (0, 1)


@pytest.mark.parametrize("path", ["_drafts/a{}.md", "x/drafts/a{}.md", "blog/_a{}.md"])
def test_drafts_by_their_place_are_drafts(path):
    bring_in(open_markdown(DATED, DATED, path=path))
    assert {blog.status for blog in Blog.objects.all()} == {"draft"}


@pytest.mark.parametrize(
    ("dates", "status", "year"),
    [
        ("date: 2022-01-01\npublishDate: 2099-01-01", "scheduled", 2099),
        ("date: 2022-01-01\npublishdate: 2023-01-01", "live", 2023),
        ("date: 2099-01-01", "scheduled", 2099),
        ("pubDate: 'Jul 08 2022'", "live", 2022),
        ("pubDate: 2022/7/8", "live", 2022),
        ("published: 2021-03-04", "live", 2021),
        ("date: 2022-01-01\nexpiryDate: 2023-01-01", "archived", 2022),
        ("date: 2022-01-01\nexpiryDate: 2099-01-01", "live", 2022),
        ("date: 2022-01-01\nstatus: scheduled", "draft", 2022),
    ],
)
def test_later_of_date_and_publish_date_counts_and_past_expiry_archives(dates, status, year):
    blog = bring_in(open_markdown(dates))[1]["a0"]
    shown = "live" if blog.is_live else "scheduled" if blog.is_scheduled else blog.status
    assert (shown, (blog.publish_at + dt.timedelta(days=1)).year) == (status, year)


def test_front_matter_in_toml_and_in_json_is_read():
    toml = (
        '+++\ntitle = "T"\nauthor = "rosa"\ndate = 2020-01-02T03:04:05Z\ndraft = true\n'
        'categories = ["Tech"]\n+++\nWords.\n'
    )
    loaded = {"title": "T", "author": "rosa", "date": "2020-01-02", "draft": False}
    files = {"a.md": toml, "b.md": json.dumps(loaded, indent=1) + "\n\nWords.\n"}
    one, two = open_file(make_zip(files), "posts.zip").read_posts()
    assert (one.status, one.categories, one.body) == ("draft", ["Tech"], "<p>Words.</p>\n")
    assert one.publish_at == dt.datetime(2020, 1, 2, 3, 4, 5, tzinfo=dt.UTC)
    assert (two.status, two.title, two.problems) == ("published", "T", [])


def test_footnote_main_heading_and_task_are_kept():
    body = "# Head\n\nA[^1] word\n\n[^1]: The note.\n\n- [x] done\n"
    post = read(open_markdown(DATED, body=body))
    assert "<h2>Head</h2>" in post.body
    assert "☑ done" in post.body
    cleaned = clean_html(post.body)
    assert '<sup><a href="#fn1" id="fnref1" rel="noopener noreferrer">[1]</a></sup>' in cleaned
    assert '<li id="fn1"><p>The note.' in cleaned


def test_link_to_a_post_of_the_file_leads_to_it_and_others_are_counted():
    body = "[x](./a1.md#part) [y](../pages/other.md) [z](https://example.org/)"
    source = open_markdown(DATED, DATED + "slug: second", body=body, path="posts/2020/a{}.md")
    plan, blogs = bring_in(source)
    assert 'href="/blogs/second/#part"' in blogs["a0"].body
    assert 'href="../pages/other.md"' in blogs["a0"].body
    assert plan.notes["links that lead nowhere here, as they stand for a page of the old site"] == 2


def test_component_import_and_shortcode_go_and_their_text_stays():
    body = (
        "import Chart from '../chart.js'\n\n<Note kind={{a: 1}}>Kept words</Note>\n\n"
        "{{< youtube abc123XYZ >}}\n\n{{% notice tip %}}Also kept{{% /notice %}}\n"
    )
    post = read(open_markdown(DATED, body=body, path="a{}.mdx"))
    assert "Kept words" in post.body
    assert "Also kept" in post.body
    assert 'href="https://www.youtube.com/watch?v=abc123XYZ"' in post.body
    assert "import" not in post.body
    assert "{" not in post.body
    assert post.notes == {
        "component “Note” left out": 1,
        "import or export of a program left out": 1,
        "picture or link made of a template tag": 1,
        "template tag “notice” left out": 1,
        "video or post of another site made a link": 1,
    }


LEXICAL = {
    "root": {
        "type": "root",
        "children": [
            {"type": "heading", "tag": "h2", "children": [{"type": "text", "text": "Head"}]},
            {
                "type": "paragraph",
                "children": [
                    {"type": "extended-text", "text": "A & b", "format": 1},
                    {"type": "link", "url": "https://x.example/",
                     "children": [{"type": "text", "text": "link"}]},
                ],
            },
            {"type": "image", "src": "https://x.example/a.png", "alt": "A cat", "caption": "Cap"},
            {"type": "codeblock", "code": "if a:\n\n    b"},
        ],
    }
}  # fmt: skip
MOBILEDOC = {
    "version": "0.3.1", "atoms": [["soft-return", "", {}]], "markups": [["strong"]],
    "cards": [["hr", {}]],
    "sections": [[1, "p", [[0, [0], 1, "Bold"], [1, [], 0, 0], [0, [], 0, " text"]]], [10, 0]],
}  # fmt: skip


def test_text_of_ghost_comes_from_its_editor_where_there_is_no_html():
    posts = [
        {"html": None, "lexical": json.dumps(LEXICAL)},
        {"html": None, "mobiledoc": json.dumps(MOBILEDOC)},
    ]
    one, two = open_file(make_ghost(*posts), "ghost.json").read_posts()
    assert one.body == (
        '<h2>Head</h2>\n<p><strong>A &amp; b</strong><a href="https://x.example/">link</a></p>\n'
        '<figure><a href="https://x.example/a.png">[A cat]</a><figcaption>Cap</figcaption>'
        "</figure>\n"
        "<figure><pre><code>if a:\n\n    b</code></pre></figure>"
    )
    assert two.body == "<p><strong>Bold</strong><br> text</p>\n<hr>"


@pytest.mark.parametrize("html", [None, "", "  ", "<p></p>", "<p>&nbsp;</p>", "<!-- x -->"])
def test_empty_text_of_a_published_post_is_a_problem(html):
    plan = make_plan(open_file(make_ghost({"html": html}), "g.json"), by=None)
    assert "text: it is published and has none" in plan.problems[0]
    draft = make_ghost({"html": html, "status": "draft", "published_at": None})
    assert make_plan(open_file(draft, "g.json"), by=None).new == 1


@pytest.mark.parametrize(
    ("row", "status"),
    [
        ({"status": "scheduled", "published_at": "2099-01-01T00:00:00.000Z"}, "published"),
        ({"status": "scheduled"}, "draft"),
        ({"status": "sent"}, "draft"),
        ({"email_only": True}, "draft"),
        ({"email_only": 1, "status": "scheduled", "published_at": "2099-01-01T00:00:00Z"}, "draft"),
        ({"email_only": 0}, "published"),
        ({"visibility": "paid"}, "draft"),
        ({"visibility": "members"}, "draft"),
        ({"visibility": "tiers"}, "draft"),
    ],
)
def test_post_that_ghost_held_back_is_not_published(row, status):
    bring_in(open_file(make_ghost(row), "ghost.json"))
    assert Blog.objects.get().status == status


def test_post_that_ghost_only_mails_is_no_blog_by_its_table_of_metas_either():
    row = {"status": "scheduled", "published_at": "2099-01-01T00:00:00.000Z"}
    metas = [{"post_id": "1", "email_only": True}, {"post_id": "2", "email_only": False}]
    bring_in(open_file(make_ghost(row, row, posts_meta=metas), "ghost.json"))
    assert [*Blog.objects.order_by("pk").values_list("status", flat=True)] == ["draft", "published"]


@pytest.mark.parametrize(
    ("body", "becomes"),
    [
        (
            '[audio mp3="/files/a.mp3"][/audio]',
            '<p><a href="https://example.com/files/a.mp3">https://example.com/files/a.mp3</a></p>',
        ),
        ("<pre><code>if a:\n\n    b</code></pre>", "<pre><code>if a:\n\n    b</code></pre>"),
        ("Intro\n<ul>\n<li>x", "<p>Intro</p><ul><li>x"),
        ("Intro\n<ul>\n<li>x</li>\n</ul>\nEnd", "<p>Intro</p><ul><li>x</li></ul><p>End</p>"),
        (
            '[caption id="a"]<img src="https://x.example/a.png"> text[/caption]',
            '<figure><a href="https://x.example/a.png">[picture]</a>'
            "<figcaption>text</figcaption></figure>",
        ),
        (
            "[embed]https://x.example/y[/embed]",
            '<p><a href="https://x.example/y">https://x.example/y</a></p>',
        ),
        ('[box color="red"]In [b]it[/b][/box] [sic]', "<p>In it [sic]</p>"),
        ("[[gallery]] [[x]] [1]", "<p>[gallery] [x] [1]</p>"),
        ("One<br />\nTwo\nThree", "<p>One<br />\nTwo<br>Three</p>"),
        ("[code]a < b[/code]", "<pre><code>a &lt; b</code></pre>"),
        ("<pre>[gallery]</pre>", "<pre>[gallery]</pre>"),
        (
            '<iframe src="https://www.youtube.com/embed/abcdefgh"></iframe>',
            '<p><a href="https://www.youtube.com/watch?v=abcdefgh">'
            "https://www.youtube.com/watch?v=abcdefgh</a></p>",
        ),
        (
            "<!-- wp:paragraph -->\n<p>a\nb</p>\n<!-- /wp:paragraph -->",
            "\n<p>a\nb</p>\n",
        ),
    ],
)
def test_text_of_wordpress_comes_out_as_it_was_meant(body, becomes):
    assert read_wxr(body).body == becomes


def test_gallery_is_a_list_of_its_pictures():
    attachment = "<wp:attachment_url>https://x.example/cat.jpg</wp:attachment_url>"
    items = [
        make_item(5, body='[gallery ids="7,8"]'),
        make_item(7, "Cat", post_type="attachment", status="inherit", more=attachment),
    ]
    post = read(open_file(make_wxr(*items)))
    assert post.body == (
        '<ul><li><a href="https://x.example/cat.jpg">[Cat]</a></li>'
        '<li><a href="https://example.com/?attachment_id=8">picture 8</a></li></ul>'
    )
    assert post.notes["galleries made lists of pictures"] == 1


def test_address_in_letters_that_none_has_here_is_made_anew_and_said():
    slug = "%E0%B9%80%E0%B8%A3%E0%B8%B7%E0%B9%88%E0%B8%AD%E0%B8%87"
    post = read(open_file(make_wxr(make_item(7, "เรื่อง", post_name=slug))))
    assert post.slug == "post-7"
    assert post.notes == {"address lost: none of its letters can be in one here": 1}


@pytest.mark.parametrize(
    "change",
    [
        lambda data: data.replace(b"http://wordpress.org", b"https://wordpress.org"),
        lambda data: b"\n\n " + data,
        lambda data: b"\xef\xbb\xbf\n" + data,
        lambda data: make_zip({"export/site.xml": data}),
        lambda data: make_zip({"a.xml": data, "__MACOSX/._a.xml": b"x"}),
        gzip.compress,
        lambda data: data.replace(b"Text", b"Te\x08x\x0bt"),
        lambda data: data.decode().replace('"UTF-8"', '"UTF-16"').encode("utf-16"),
    ],
)
def test_export_is_read_however_it_is_packed(change):
    post = read(open_file(change(make_wxr(make_item()))))
    assert (post.title, post.body, post.authors) == ("Hello", "<p>Text</p>", ["rosa"])


def test_several_files_of_one_export_in_a_zip_are_read():
    files = {f"part{n}.xml": make_wxr(make_item(n)) for n in (1, 2, 3)}
    assert bring_in(open_file(make_zip(files)))[0].new == 3


def test_items_without_a_number_are_told_apart_by_their_guid():
    guids = [f"<guid>https://example.com/{n}</guid>" for n in (1, 2, 3)]
    items = [make_item(0, more=guids[0]), make_item(0, more=guids[1])]
    items += [make_item(5, more=guids[2]), make_item(5, more=guids[0].replace("/1", "/9"))]
    data = make_wxr(*items)
    assert bring_in(open_file(data))[0].new == 4
    assert bring_in(open_file(data))[0].already_here == 4


def test_long_title_is_shortened_and_said():
    plan, _ = bring_in(open_file(make_wxr(make_item(1, "x" * 226), make_item(2))))
    assert plan.notes == {"title shortened to 200 characters": 1}
    assert {len(blog.title) for blog in Blog.objects.all()} == {200, 5}


def test_post_with_a_problem_is_left_out_and_the_rest_comes_in():
    data = make_wxr(make_item(1), make_item(2, status="odd"), make_item(3))
    with pytest.raises(ImportRefused, match="item 2"):
        bring_in(open_file(data))
    assert bring_in(open_file(data), left_out={2})[0].left_out == {2}
    assert set(Blog.objects.values_list("slug", flat=True)) == {"hello-1", "hello-3"}
    plan, _ = bring_in(open_file(data), leaves_out_problems=True)
    assert (plan.new, plan.already_here, plan.left_out) == (0, 2, {2})


@pytest.mark.parametrize(
    ("author", "names"),
    [
        ("Ann Other, Bo Second", ["ann-other", "bo-second"]),
        ("A and B", ["a", "b"]),
        ("A & B", ["a", "b"]),
        ("Ann Other; Bo Second, and Cy Third", ["ann-other", "bo-second", "cy-third"]),
        ("Ann Other, Jr.", ["ann-other-jr"]),
        ("by Ann Other (with Bo Second)", ["ann-other", "bo-second"]),
        ("By Ann Other", ["ann-other"]),
        ("Ann · Bo", ["ann", "bo"]),
        ("José Ortega y Gasset", ["josé-ortega-y-gasset"]),
    ],
)
def test_several_people_in_one_string_are_several(author, names):
    bring_in(open_markdown(DATED + f"authors: ['{author}']"))
    blog = Blog.objects.get()
    assert [blog.author.username, *(user.username for user in blog.co_authors.all())] == names
    assert not blog.author.is_active


def test_name_that_looks_like_several_stays_one_where_somebody_says_so():
    bring_in(open_markdown(DATED + "authors: [Smith and Sons]"), whole_names=["Smith and Sons"])
    assert Blog.objects.get().author.username == "smith-and-sons"


def test_two_spellings_of_one_new_author_are_joined():
    source = open_markdown(DATED + "authors: [Ann Other]", DATED + "authors: [ann other]")
    with pytest.raises(ImportRefused, match="If both are one person, write ann-other here as well"):
        bring_in(source)
    bring_in(source, authors={"ann other": "ann-other"})
    assert {blog.author.username for blog in Blog.objects.all()} == {"ann-other"}


def test_two_categories_with_one_name_are_asked_about():
    news = '<category domain="category" nicename="{}">News</category>'
    data = make_wxr(*(make_item(n, more=news.format(f"news-{n}")) for n in (1, 2)))
    with pytest.raises(ImportRefused, match="two categories “News”"):
        bring_in(open_file(data))
    bring_in(open_file(data), categories={"News (news-2)": "News of sports"})
    assert {blog.category.name for blog in Blog.objects.all()} == {"News", "News of sports"}


def test_what_is_left_out_is_counted_by_kind():
    more = (
        '<category domain="post_tag" nicename="t">T</category>'
        '<category domain="series" nicename="s">S</category>'
        "<wp:comment><wp:comment_id>1</wp:comment_id></wp:comment>"
        "<wp:postmeta><wp:meta_key>_thumbnail_id</wp:meta_key><wp:meta_value>9</wp:meta_value>"
        "</wp:postmeta>"
    )
    body = '<video src="https://x.example/v.mp4"></video><form>Ask</form><audio></audio>'
    post = read(open_file(make_wxr(make_item(body=body, more=more))))
    assert post.notes == {
        "tags left out": 1,
        "terms of “series” left out": 1,
        "comments left out": 1,
        "lead pictures left out": 1,
        "videos made links": 1,
        "sounds without an address left out": 1,
        "<form> left out": 1,
    }


@pytest.fixture
def other_site(monkeypatch):
    """Gives a picture for the address of a cat, and refuses the others."""

    def fetch_file(address):
        if "cat" not in address:
            raise PictureRefused("Its address leads into a private network.")
        return ContentFile(make_file("PNG").read(), name="fetched.png")

    monkeypatch.setattr(fetched_pictures, "fetch_file", fetch_file)


def test_pictures_are_fetched_when_asked_for_and_else_links(other_site):
    by = make_user()
    body = (
        '<p><img src="https://x.example/cat.png?a=1&amp;b=2" alt="It\'s a cat"></p>'
        '<img src="http://127.0.0.1/x.png">'
    )
    data = make_wxr(make_item(body=body))
    plan = import_posts(source=open_file(data), by=by, fetch=partial(fetch_pictures, by=by))
    picture = Picture.objects.get()
    assert (picture.alt_text, picture.uploaded_by) == ("It's a cat", by)
    assert Blog.objects.get().body == (
        f'<p><img src="{picture.file.url}" alt="It\'s a cat" width="60" height="40"></p>'
        '<p><a href="http://127.0.0.1/x.png" rel="noopener noreferrer">[picture]</a></p>'
    )
    assert plan.notes == {
        "pictures fetched": 1,
        "pictures that their site did not give, left as links": 1,
    }
    again = import_posts(source=open_file(data), by=by, fetch=partial(fetch_pictures, by=by))
    assert (again.already_here, Picture.objects.count()) == (1, 1)


def test_pictures_of_an_import_that_came_to_nothing_are_not_kept(other_site, monkeypatch):
    by = make_user()
    data = make_wxr(make_item(body='<img src="https://x.example/cat.png">'))
    monkeypatch.setattr(_Import, "run", lambda self: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        import_posts(source=open_file(data), by=by, fetch=partial(fetch_pictures, by=by))
    assert not Picture.objects.exists()


def test_command_fetches_pictures_for_an_account_that_is_here(other_site, tmp_path):
    path = tmp_path / "site.xml"
    path.write_bytes(make_wxr(make_item(body='<img src="https://x.example/cat.png">')))
    with pytest.raises(CommandError, match="There is no account “nobody”"):
        call_command("import_wordpress", path, "--fetch-pictures", "nobody")
    make_user("emma")
    call_command("import_wordpress", path, "--fetch-pictures", "emma")
    assert Picture.objects.get().uploaded_by.username == "emma"


@pytest.mark.parametrize(
    ("body", "becomes"),
    [
        ("    {{ code }} [[x]]", "<pre><code>{{ code }} [[x]]\n</code></pre>\n"),
        ("`{% x %}` {% x %}", "<p><code>{% x %}</code></p>\n"),
        ("```\n<Note> {{ x }}\n```", "<pre><code>&lt;Note&gt; {{ x }}\n</code></pre>\n"),
        ("{% raw %}{{ x }}{% endraw %}", "<p>{{ x }}</p>\n"),
        ("{{</* note */>}}", "<p>{{&lt; note &gt;}}</p>\n"),
    ],
)
def test_tags_in_code_of_markdown_stay(body, becomes):
    assert read(open_markdown(DATED, body=body)).body == becomes


@pytest.mark.parametrize("text", ["[x=1]", "[sic]", "[1]", "[a, b]", "f[i]"])
def test_words_in_brackets_are_no_shortcodes(text):
    assert read_wxr(text).body == f"<p>{text}</p>"


def test_code_of_php_is_shown_and_not_taken_for_a_comment():
    assert read_wxr("<pre><?php x(); ?></pre>").body == "<pre>&lt;?php x(); ?></pre>"


@pytest.mark.parametrize("status", ["draft", "published"])
def test_text_of_ghost_that_cannot_be_read_is_a_problem(status):
    data = make_ghost({"html": None, "lexical": "{", "status": status})
    plan = make_plan(open_file(data, "ghost.json"), by=None)
    assert "text: what Ghost's editor wrote can't be read" in plan.problems[0]


@pytest.mark.parametrize("visibility", [["paid"], {"a": 1}, False, 5, "filter"])
def test_visibility_that_is_not_known_is_not_public(visibility):
    post = read(open_file(make_ghost({"visibility": visibility}), "ghost.json"))
    assert post.status == "draft"


def test_pictures_of_the_old_site_are_found_where_its_address_is_given(tmp_path):
    body = '<p><img src="__GHOST_URL__/content/a.png" alt="A"><img src="b.png"></p>'
    path = tmp_path / "ghost.json"
    path.write_bytes(make_ghost({"html": body}))
    call_command("import_ghost", path, "--site", "https://old.example/blog/")
    assert Blog.objects.get().body == (
        '<p><a href="https://old.example/content/a.png" rel="noopener noreferrer">[A]</a>'
        "[picture (b.png)]</p>"
    )


def test_lead_picture_comes_in_where_pictures_are_fetched(other_site):
    by = make_user()
    rows = [{"feature_image": f"https://x.example/{name}.png"} for name in ("cat", "dog")]
    data = make_ghost(*rows)
    plan = import_posts(
        source=open_file(data, "ghost.json"), by=by, fetch=partial(fetch_pictures, by=by)
    )
    assert Blog.objects.get(slug="post-1").lead_picture == Picture.objects.get()
    assert Blog.objects.get(slug="post-2").lead_picture is None
    assert plan.notes["lead pictures left out"] == 1


def make_list(*items):
    return {"type": "list", "listType": "bullet", "children": list(items)}


def make_list_item(*children):
    return {"type": "listitem", "children": list(children)}


def test_list_within_a_list_of_lexical_belongs_to_the_item_before_it():
    one, two, three = ({"type": "text", "text": text} for text in ("One", "Two", "Three"))
    inner = make_list_item(
        make_list(make_list_item(two), make_list_item(make_list(make_list_item(three))))
    )
    root = {"children": [make_list(make_list_item(one), inner, make_list_item(three))]}
    made = make_html(json.dumps({"root": root}), "", Counter())
    assert made == (
        "<ul><li>One<ul><li>Two<ul><li>Three</li></ul></li></ul></li><li>Three</li></ul>"
    )
    root = {"children": [make_list(inner, make_list_item(one))]}
    made = make_html(json.dumps({"root": root}), "", Counter())
    assert made == "<ul><li>Two<ul><li>Three</li></ul></li><li>One</li></ul>"
