"""A post that another file of its folder holds back is a draft."""

import io

import pytest

from tests.weblog.posts import make_zip
from weblog.importing.formats import open_source
from weblog.importing.inherited import Inherited
from weblog.importing.markdown import MarkdownFolder

pytestmark = pytest.mark.any_database

POST = "---\ntitle: T\nauthor: rosa\ndate: 2020-01-01\n{}\n---\nWords.\n"
JEKYLL = "title: A site\ndefaults:\n  - scope: {{path: '{}', type: {}}}\n    values: {}\n"


def read(files):
    source = open_source(io.BytesIO(make_zip(files)), "site.zip")
    return list(source.read_posts())


def state_of(path, other, text, *, own=""):
    (post,) = read({path: POST.format(own), other: text})
    assert not post.problems
    return post.status


@pytest.mark.parametrize(
    ("path", "other", "text"),
    [
        ("s/a.md", "s/_index.md", "---\ncascade:\n  draft: true\n---\n"),
        ("s/x/a.md", "s/_index.md", "---\ncascade: {build: {render: never}}\n---\n"),
        ("s/a.md", "s/_index.md", "---\ncascade:\n  - build: {render: never}\n---\n"),
        ("s/a.md", "s/_index.md", "+++\n[[cascade]]\ndraft = true\n+++\n"),
        (
            "content/s/a.md",
            "content/s/_index.md",
            "---\ncascade:\n  _target: {path: '/s/**', kind: page}\n  draft: yes\n---\n",
        ),
        (
            "s/a.md",
            "s/_index.md",
            "---\ncascade:\n  target: {path: '{/s/**,/t/**}', kind: '{page,section}'}\n"
            "  draft: true\n---\n",
        ),
        (
            "content/s/a/index.md",
            "content/_index.md",
            "---\ncascade: {target: {path: /s/a}, draft: true}\n---\n",
        ),
        ("posts/a.md", "posts/posts.json", '{"draft": true}'),
        ("posts/x/a.md", "posts/posts.11tydata.json", '{"permalink": false}'),
        ("posts/a.md", "posts/a.11tydata.json", '{"eleventyExcludeFromCollections": true}'),
        ("posts/a.md", "posts/a.json", '{"draft": true}'),
        ("_posts/2020-01-01-a.md", "_config.yml", JEKYLL.format("", "posts", "{published: no}")),
        ("secret/a.md", "_config.yml", JEKYLL.format("secret", "pages", "{published: false}")),
        ("secret/x/a.md", "_config.yml", JEKYLL.format("secret/*", "", "{published: false}")),
        ("site/_posts/a.md", "site/_config.yml", JEKYLL.format("", "", "{published: false}")),
    ],
)
def test_what_another_file_holds_back_is_a_draft_unless_the_post_says_otherwise(path, other, text):
    assert state_of(path, other, text) == "draft"
    if "render" not in text and "permalink" not in text and "eleventy" not in text:
        own = "draft: false" if "draft" in text else "published: true"
        assert state_of(path, other, text, own=own) == "published"


@pytest.mark.parametrize(
    ("path", "other", "text"),
    [
        ("t/a.md", "s/_index.md", "---\ncascade:\n  draft: true\n---\n"),
        ("s/a.md", "s/_index.md", "---\ndraft: true\n---\n"),  # of the list, not of its posts
        ("s/a.md", "s/_index.md", "---\ncascade: {draft: true, target: {kind: section}}\n---\n"),
        ("x/a.md", "posts/posts.json", '{"draft": true}'),
        ("posts/b.md", "posts/a.json", '{"draft": true}'),
        ("posts/a.md", "posts/posts.json", "{"),
        ("posts/a.md", "posts/posts.json", "[true]"),
        ("posts/a.md", "posts/posts.json", '{"layout": "post", "permalink": "/:title/"}'),
        ("posts/a.md", "posts/posts.json", '{"permalink": {"build": "/:title/"}}'),
        ("posts/a.md", "_config.yml", JEKYLL.format("", "", "{permalink: [a, b]}")),
        ("a.md", "_config.yml", JEKYLL.format("", "posts", "{published: false}")),
        ("_posts/a.md", "_config.yml", JEKYLL.format("", "pages", "{published: false}")),
        ("secrets/a.md", "_config.yml", JEKYLL.format("secret", "", "{published: false}")),
        ("a.md", "_config.yml", "defaults: 5\n"),
    ],
)
def test_what_is_not_for_the_post_holds_nothing_back(path, other, text):
    assert state_of(path, other, text) == "published"


def test_dates_are_taken_over_and_the_nearest_file_counts():
    files = {
        "s/_index.md": "---\ncascade: {publishDate: 2030-01-01, draft: true}\n---\n",
        "s/x/_index.md": "---\ncascade: {draft: false}\n---\n",
        "s/x/a.md": POST.format(""),
    }
    (post,) = read(files)
    assert (post.status, post.publish_at.year) == ("published", 2029)  # midnight in Berlin
    assert dict(+post.notes) == {
        "“publishdate” taken over from _index.md": 1,
        "“draft” taken over from _index.md": 1,
    }


def test_folder_on_the_disk_says_the_same(tmp_path):
    (tmp_path / "posts").mkdir()
    (tmp_path / "posts" / "a.md").write_text(POST.format(""))
    (tmp_path / "posts" / "posts.json").write_text('{"draft": true}')
    (post,) = MarkdownFolder(tmp_path).read_posts()
    assert post.status == "draft"


def test_json_that_is_for_no_post_is_not_even_read():
    def refuse():
        raise AssertionError

    names = ["a.md", "package-lock.json", "modules/x/package.json", ".json", "..json", "x/.json"]
    Inherited([(name, refuse) for name in names])


@pytest.mark.parametrize(
    ("path", "other", "text"),
    [
        ("_posts/a.md", "_config.yml", "defaults: [\n"),
        ("a.md", "_config.yml", "a: &x 1\nb: *x\n"),
        ("s/a.md", "s/_index.md", "---\ncascade: [x, {draft: [, ]}]\n---\n"),
        ("_posts/a.md", "_config.yml", "x: " + "y" * 1_000_000),
        ("s/x/a.md", "s/_index.md", "---\ncascade: {draft: [}\n---\n"),
        ("posts/a.md", "posts/posts.11tydata.json", '{"draft": true'),
    ],
)
def test_post_has_a_problem_where_the_other_file_can_not_be_read(path, other, text):
    (post,) = read({path: POST.format(""), other: text})
    assert [problem for problem in post.problems if "can’t be read" in problem]


@pytest.mark.parametrize(
    ("other", "text"), [("s/_index.png", "\x89"), ("s/s.json", "[1, 2]"), ("s/s.json", "{")]
)
def test_file_of_another_kind_is_nothing_of_ours(other, text):
    assert state_of("s/a.md", other, text) == "published"
