import pytest

from tests.factories import make_blog, make_user
from weblog.errors import TextOutdated, VersionNotFound
from weblog.models import Blog
from weblog.publishing.versions import find_earlier_texts, find_returned_version, restore_version
from weblog.publishing.workflow import (
    publish_blog,
    return_to_author,
    submit_for_review,
    unpublish_blog,
)

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql]


def rewrite(blog, **values):
    for name, value in values.items():
        setattr(blog, name, value)
    blog.save()


@pytest.fixture
def blog():
    blog = make_blog(title="One", body="<p>One</p>")
    rewrite(blog, title="Two", summary="Second")
    rewrite(blog, title="Three", body="<p>Three</p>")
    return blog


def test_earlier_texts_are_offered_newest_first(blog):
    assert [text.record.title for text in find_earlier_texts(blog)] == ["Two", "One"]


def test_text_is_offered_once_and_the_present_one_never(blog):
    rewrite(blog, title="Two", body="<p>One</p>")
    rewrite(blog, slug="elsewhere")
    assert [text.record.title for text in find_earlier_texts(blog)] == ["Three", "One"]


def test_old_text_comes_back_as_a_new_version(blog):
    by = make_user()
    first = blog.history.earliest()
    restored = restore_version(
        blog=blog, history_id=first.history_id, by=by, reason=" The new one was wrong. "
    )
    assert (restored.title, restored.summary, restored.body) == ("One", "", "<p>One</p>")
    latest = blog.history.latest()
    assert (blog.history.count(), latest.history_user) == (4, by)
    assert latest.history_change_reason.startswith("Text of ")
    assert latest.history_change_reason.endswith(" brought back: The new one was wrong.")


def test_only_the_text_comes_back():
    blog = make_blog(status=Blog.Status.DRAFT, slug="old")
    first = blog.history.earliest()
    rewrite(blog, title="New", slug="new", status=Blog.Status.PUBLISHED, author=make_user())
    restored = restore_version(
        blog=blog, history_id=first.history_id, by=make_user(), reason="Better"
    )
    assert (restored.slug, restored.status, restored.author) == ("new", "published", blog.author)


def test_version_of_another_blog_is_not_found(blog):
    foreign = make_blog().history.latest().history_id
    with pytest.raises(VersionNotFound):
        restore_version(blog=blog, history_id=foreign, by=make_user(), reason="Wrong")


def test_present_text_is_not_brought_back(blog):
    latest = blog.history.latest().history_id
    with pytest.raises(TextOutdated):
        restore_version(blog=blog, history_id=latest, by=make_user(), reason="Wrong")
    assert blog.history.count() == 3


def test_version_says_when_by_whom_and_what(blog):
    blog._history_user = make_user(first_name="Ada", last_name="Lindqvist")
    rewrite(blog, title="Four")
    rewrite(blog, title="Five")
    texts = [str(text) for text in find_earlier_texts(blog)]
    assert texts[0].endswith(", Ada Lindqvist: “Four”")
    assert texts[-1].endswith(", nobody signed in: “One”")


def test_version_that_came_back_last_is_found_while_the_blog_is_in_review_again():
    blog, author = make_blog(title="One", status="in_review"), make_user()
    assert find_returned_version(blog) is None
    for number, title in enumerate(("Two", "Three")):
        blog = return_to_author(blog=blog, by=make_user(), comment=f"Again {number}")
        rewrite(blog, title=title)
        assert find_returned_version(blog) is None
        blog = submit_for_review(blog=blog, by=author)
    assert find_returned_version(blog).title == "Two"


def test_published_blog_is_not_compared_with_what_once_came_back():
    blog = make_blog(status="in_review")
    blog = return_to_author(blog=blog, by=make_user(), comment="No.")
    blog = submit_for_review(blog=blog, by=blog.author)
    blog = publish_blog(blog=blog, by=make_user())
    assert find_returned_version(blog) is None


def test_unpublished_blog_came_back_too():
    blog = unpublish_blog(blog=make_blog(title="Live"), by=make_user(), reason="Wrong name.")
    rewrite(blog, title="Put right")
    blog = submit_for_review(blog=blog, by=blog.author)
    assert find_returned_version(blog).title == "Live"


def test_no_version_is_found_where_no_history_was_kept():
    blog = make_blog(status="in_review", review_comment="Shorten it.")
    blog.history.all().delete()
    assert find_returned_version(blog) is None
