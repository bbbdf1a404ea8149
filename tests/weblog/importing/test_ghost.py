import io
import json

import pytest

from tests.weblog.posts import make_ghost
from weblog.errors import ImportRefused
from weblog.importing.apart import MOST_RECORDS
from weblog.importing.formats import open_source
from weblog.importing.ghost import GhostExport

pytestmark = pytest.mark.any_database


def read(data):
    return list(GhostExport(io.BytesIO(data), "ghost.json").read_posts())


def test_post_is_read_with_all_that_a_blog_has():
    tags = {
        "tags": [{"id": "t1", "name": "Second"}, {"id": "t2", "name": "First"},
                 {"id": "t3", "name": "#internal"}],
        "posts_tags": [
            {"post_id": "1", "tag_id": "t1", "sort_order": 2},
            {"post_id": "1", "tag_id": "t2", "sort_order": 1},
            {"post_id": "1", "tag_id": "t3", "sort_order": 0},
        ],
    }  # fmt: skip
    (post,) = read(make_ghost({"custom_excerpt": "Short"}, **tags))
    assert (post.source, post.title, post.slug) == ("ghost:uuid-1", "Post 1", "post-1")
    assert (post.authors, post.categories) == (["rosa"], ["First", "Second"])
    assert (post.body, post.summary, post.status) == ("<p>Hi</p>", "Short", "published")
    assert post.publish_at.isoformat() == "2020-01-24T20:04:22+00:00"


def test_page_is_left_out_and_a_post_for_members_is_a_draft():
    posts = read(make_ghost({"type": "page"}, {"visibility": "paid"}, {"status": "draft"}))
    assert [(post.title, post.status) for post in posts] == [
        ("Post 2", "draft"),
        ("Post 3", "draft"),
    ]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b'{"db": [', "no JSON: .*, line 1"),
        (b"{}", "no export of Ghost"),
        (b'{"db": []}', "no export of Ghost"),
        (b'{"db": [{"data": {"posts": [1]}}]}', "no list of objects"),
        (b'{"a":' * 100_000, "no export of Ghost"),
    ],
)
def test_what_is_no_export_is_refused(data, message):
    with pytest.raises(ImportRefused, match=message):
        read(data)


def test_bad_status_is_told():
    (post,) = read(make_ghost({"status": "gone"}))
    assert post.problems == [
        "status: “gone” is not known; one of published, scheduled, draft, sent."
    ]
    assert json.loads(make_ghost())["db"]


def test_page_looks_at_so_many_posts_and_no_more():
    """Each, though there is no word in it, costs the one who asks a look."""
    data = {"db": [{"data": {"posts": [{}] * (MOST_RECORDS + 1)}}]}
    file = io.BytesIO(json.dumps(data).encode())
    with pytest.raises(ImportRefused, match="holds more than 20,000 posts"):
        list(open_source(file, "ghost.json", is_apart=True).read_posts())
