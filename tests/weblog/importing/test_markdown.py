import datetime as dt
import io

import pytest

from tests.weblog.posts import make_zip
from weblog.errors import ImportRefused
from weblog.importing.formats import open_source
from weblog.importing.markdown import MarkdownFolder

pytestmark = pytest.mark.any_database

FRONT = "---\ntitle: {title}\nauthors:\n- rosa\n---\n{body}"


def write(folder, text, name="2020-02-03-hello-world.md"):
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return MarkdownFolder(folder)


def read(folder, text, **options):
    return next(write(folder, text, **options).read_posts())


def test_post_is_read_with_all_that_a_blog_has(tmp_path):
    text = (
        "---\ntitle: ' A *fine*  day'\ndate: 2021-05-06\nauthors: [rosa, Amy Santiago]\n"
        "category: Tech\nexcerpt: Short\n---\n# Head\n\nText, **bold**\n"
    )
    source = write(tmp_path, text)
    (post,) = source.read_posts()
    assert (post.title, post.slug) == ("A *fine* day", "hello-world")
    assert (post.authors, post.categories) == (["rosa", "Amy Santiago"], ["Tech"])
    assert post.body == "<h2>Head</h2>\n<p>Text, <strong>bold</strong></p>\n"
    assert (post.summary, post.status, post.problems) == ("Short", "published", [])
    assert post.source == "markdown:2020-02-03-hello-world.md"
    assert source.people["Amy Santiago"].last_name == "Santiago"


@pytest.mark.parametrize(
    ("date", "moment"),
    [
        ("2020-05-06", "2020-05-05 22:00"),
        ("'2014-03-12T10:11:00-04:00'", "2014-03-12 14:11"),
        ("2015-03-17 14:00:00 -4", "2015-03-17 18:00"),
        ("2015-03-17 14:00:00 +0200", "2015-03-17 12:00"),
        ("", "2020-02-02 23:00"),
    ],
)
def test_date_is_read_or_else_that_of_the_file_name(tmp_path, settings, date, moment):
    settings.TIME_ZONE = "Europe/Berlin"
    post = read(tmp_path, f"---\ntitle: T\ndate: {date}\n---\n")
    assert post.publish_at == dt.datetime.fromisoformat(moment).replace(tzinfo=dt.UTC)


@pytest.mark.parametrize("title", ["2016", "No", "2016-13-45", "null", "1e400"])
def test_title_that_yaml_takes_for_something_else_stays_text(tmp_path, title):
    assert read(tmp_path, FRONT.format(title=title, body="")).title == title


@pytest.mark.parametrize("flag", ["draft: true", "published: false"])
def test_draft_comes_in_as_one(tmp_path, flag):
    assert read(tmp_path, f"---\ntitle: T\n{flag}\n---\n").status == "draft"


def test_tabs_after_a_value_mean_nothing(tmp_path):
    assert read(tmp_path, "---\ntitle: T\nauthors:\n- rosa\t\t\n---\n").authors == ["rosa"]


def test_template_tags_are_left_out_but_not_from_code(tmp_path):
    body = '{% include x %}[a]({{ "/b/" | url }})\n\n`{{ kept }}`\n'
    post = read(tmp_path, FRONT.format(title="T", body=body))
    assert post.body == '<p><a href="/b/">a</a></p>\n<p><code>{{ kept }}</code></p>\n'
    assert post.notes == {"template tag “include” left out": 1}


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("No front matter", "line 1: there is no front matter"),
        ("---\ntitle: [\n---\n", "line 3: "),
        ("---\n- a\n---\n", "is no list of “name: value”"),
        ("---\na: &x [1]\nb: *x\n---\n", "line 3: an alias (*) is not read"),
        (f"---\na: {'[' * 5000}\n---\n", "nested too deeply"),
        ("---\ntitle: T\ndate: soon\n---\n", "date: “soon” is no date"),
    ],
)
def test_problem_is_told_with_its_line(tmp_path, text, problem):
    (found,) = read(tmp_path, text).problems
    assert problem in found


def test_file_that_is_not_utf_8_is_told(tmp_path):
    (tmp_path / "a.md").write_bytes(b"---\n\xff")
    (post,) = MarkdownFolder(tmp_path).read_posts()
    assert post.problems == ["byte 5 is not UTF-8. Save the file as UTF-8."]


def test_zip_of_a_folder_is_the_folder():
    files = {"posts/a.md": FRONT.format(title="A", body=""), "posts/b.png": "x"}
    for data in (make_zip(files), make_zip({name[6:]: text for name, text in files.items()})):
        source = open_source(io.BytesIO(data), "posts.zip")
        assert [post.source for post in source.read_posts()] == ["markdown:a.md"]
        assert source.skipped == {"other files": 1}


def test_zip_bomb_and_damaged_zip_are_refused():
    source = open_source(io.BytesIO(make_zip({"a.md": "x" * 5_000_001})), "posts.zip")
    with pytest.raises(ImportRefused, match=r"a\.md: larger than 5 MB"):
        list(source.read_posts())
    data = make_zip({"a.md": FRONT.format(title="A", body="text " * 50)})
    damaged = open_source(io.BytesIO(data.replace(b"text text", b"text tex_", 1)), "posts.zip")
    with pytest.raises(ImportRefused, match="cannot be unpacked"):
        list(damaged.read_posts())


@pytest.mark.parametrize(
    "line",
    [
        *("is-draft: true", "render: false", "routable: false", "visible: no", "_draft: true"),
        *("permalink: False", "dg-publish: false", "is_live: off", "draft_mode: yes"),
    ],
)
def test_post_is_a_draft_however_the_words_of_its_flag_are_joined(tmp_path, line):
    post = read(tmp_path, f"---\ntitle: T\n{line}\n---\nText\n")
    assert (post.status, post.problems) == ("draft", [])


def test_address_may_be_several(tmp_path):
    post = read(tmp_path, "---\ntitle: T\npermalink: {build: /a/}\n---\nText\n")
    assert (post.status, post.problems) == ("published", [])


@pytest.mark.parametrize(
    "name",
    [
        *("pubDatetime", "publishOn", "publish-on", "publication_date", "embargo_until", "goLive"),
        *("published-at", "Publish Date", "scheduled_for"),
    ],
)
def test_later_date_counts_however_the_words_of_its_name_are_joined(tmp_path, name):
    post = read(
        tmp_path, f"---\ntitle: T\ndate: 2020-01-01\n{name}: 2099-01-02T00:00:00Z\n---\nText\n"
    )
    assert post.publish_at == dt.datetime(2099, 1, 2, tzinfo=dt.UTC)
    assert read(tmp_path, f"---\ntitle: T\n{name}: soon, I hope\n---\nText\n").problems


@pytest.mark.parametrize("name", ["unpublish_date", "expires-on", "visibleUntil", "expiry"])
def test_end_is_read_however_the_words_of_its_name_are_joined(tmp_path, name):
    post = read(tmp_path, f"---\ntitle: T\n{name}: 2020-01-02T00:00:00Z\n---\nText\n")
    assert post.expires_at == dt.datetime(2020, 1, 2, tzinfo=dt.UTC)


def test_name_of_a_file_may_say_that_it_is_a_draft(tmp_path):
    assert read(tmp_path, "---\ntitle: T\n---\nText\n", name="news.draft.md").status == "draft"


@pytest.mark.parametrize(
    ("remark", "is_left_out"),
    [
        ("{{% comment %}} hidden {{< x >}} {{% /comment %}}", True),
        ("{{< comment >}}\nhidden\n\nhidden\n{{< /comment >}}", True),
        ("%%hidden%%", True),
        ("%%\nhidden\n\nhidden, by 5 %\n%%", True),
        ("`%%hidden%%`", False),
        ("\n\n    %%hidden%%\n\n", False),
        ("50%% hidden 60%% more", False),
        ("a %% hidden", False),
    ],
)
def test_remark_that_readers_never_saw_stays_out(tmp_path, remark, is_left_out):
    post = read(tmp_path, f"---\ntitle: T\n---\nBefore {remark} after\n")
    assert ("hidden" in post.body) is not is_left_out
    assert post.notes["remark that readers never saw left out"] == is_left_out
    assert "Before" in post.body
    assert "after" in post.body


@pytest.mark.parametrize(
    ("date", "moment"),
    [
        ("{created: 2021-05-06}", "2021-05-05 22:00"),
        ("\n  created: 2021-05-06\n  updated: 2023-01-01", "2021-05-05 22:00"),
        ("\n  created: 2021-05-06\n  published: 2022-02-03T10:00:00Z", "2022-02-03 10:00"),
        ("\n  createdAt: 2021-05-06 10:00:00 +0200", "2021-05-06 08:00"),
    ],
)
def test_several_dates_under_one_name_are_read(tmp_path, settings, date, moment):
    settings.TIME_ZONE = "Europe/Berlin"
    post = read(tmp_path, f"---\ntitle: T\ndate: {date}\n---\nText")
    assert post.publish_at == dt.datetime.fromisoformat(moment).replace(tzinfo=dt.UTC)
    assert post.problems == []


def test_dates_under_one_name_of_which_none_is_known_are_a_problem(tmp_path):
    post = read(tmp_path, "---\ntitle: T\ndate: {first: 2021-05-06}\n---\nText")
    assert [problem[:5] for problem in post.problems] == ["date:"]
