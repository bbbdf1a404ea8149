import datetime as dt

import pytest

from tests.factories import make_blog, make_user
from weblog.errors import CommentMissing, OwnBlog, ReasonMissing, TransitionNotAllowed
from weblog.models import Blog
from weblog.publishing.workflow import (
    archive_blog,
    publish_blog,
    return_to_author,
    submit_for_review,
    unpublish_blog,
)

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql]

DRAFT, IN_REVIEW, PUBLISHED, ARCHIVED = Blog.Status
MOVES = {
    "submit": (lambda blog, by: submit_for_review(blog=blog, by=by), IN_REVIEW),
    "publish": (lambda blog, by: publish_blog(blog=blog, by=by), PUBLISHED),
    "return": (lambda blog, by: return_to_author(blog=blog, by=by, comment="Shorten it."), DRAFT),
    "unpublish": (lambda blog, by: unpublish_blog(blog=blog, by=by, reason="Check it."), DRAFT),
    "archive": (lambda blog, by: archive_blog(blog=blog, by=by), ARCHIVED),
}
ALLOWED = [
    (DRAFT, "submit"),
    (DRAFT, "publish"),
    (IN_REVIEW, "return"),
    (IN_REVIEW, "publish"),
    (PUBLISHED, "archive"),
    (PUBLISHED, "unpublish"),
    (ARCHIVED, "publish"),
]
REFUSED = [(old, move) for old in Blog.Status for move in MOVES if (old, move) not in ALLOWED]
LONG_AGO = dt.datetime(2026, 1, 5, 9, tzinfo=dt.UTC)


@pytest.mark.parametrize(("old", "move"), ALLOWED)
def test_allowed_move_is_stored_with_its_history(old, move):
    blog, by = make_blog(status=old), make_user()
    act, new = MOVES[move]
    moved = act(blog, by)
    blog.refresh_from_db()
    latest = blog.history.latest()
    assert (moved, moved.status, blog.status) == (blog, new, new)
    assert (blog.history.count(), latest.status, latest.history_user) == (2, new, by)


@pytest.mark.parametrize(("old", "move"), REFUSED)
def test_refused_move_changes_nothing(old, move):
    blog = make_blog(status=old)
    with pytest.raises(TransitionNotAllowed):
        MOVES[move][0](blog, make_user())
    blog.refresh_from_db()
    assert (blog.status, blog.history.count()) == (old, 1)


def test_table_names_the_moves_and_no_other():
    moves = {(old, new) for old, allowed in Blog.TRANSITIONS.items() for new in allowed}
    assert moves == {(old, MOVES[move][1]) for old, move in ALLOWED}


def test_stored_status_counts_and_not_the_one_in_memory():
    blog, by = make_blog(status=IN_REVIEW), make_user()
    stale = Blog.objects.get(pk=blog.pk)
    publish_blog(blog=blog, by=by)
    with pytest.raises(TransitionNotAllowed):
        publish_blog(blog=stale, by=by)


def test_unsaved_changes_of_the_instance_are_not_stored():
    blog = make_blog(title="As it was", status=DRAFT)
    blog.title = "Never saved"
    assert submit_for_review(blog=blog, by=blog.author).title == "As it was"


@pytest.mark.parametrize("is_superuser", [False, True])
def test_nobody_publishes_a_blog_of_their_own(is_superuser):
    blog = make_blog(status=IN_REVIEW, author=make_user(is_superuser=is_superuser))
    with pytest.raises(OwnBlog, match="Somebody else has to publish it"):
        publish_blog(blog=blog, by=blog.author)
    blog.refresh_from_db()
    assert blog.status == IN_REVIEW


def test_house_may_allow_to_publish_ones_own(settings):
    settings.PUBLISH_OWN_BLOGS = True
    blog = make_blog(status=IN_REVIEW)
    assert publish_blog(blog=blog, by=blog.author).is_live


def test_review_keeps_what_was_asked_until_the_blog_is_published():
    blog = submit_for_review(blog=make_blog(status=DRAFT), by=make_user())
    assert blog.submitted_at == blog.history.latest().submitted_at is not None
    blog = return_to_author(blog=blog, by=make_user(), comment=" Check the dates.\n")
    assert (blog.submitted_at, blog.review_comment) == (None, "Check the dates.")
    blog = submit_for_review(blog=blog, by=blog.author)
    assert blog.review_comment == "Check the dates."
    blog = publish_blog(blog=blog, by=make_user())
    assert (blog.submitted_at, blog.review_comment) == (None, "")


def test_unpublishing_tells_the_author_why():
    blog = unpublish_blog(blog=make_blog(), by=make_user(), reason="A name is wrong.")
    assert (blog.status, blog.review_comment) == (DRAFT, "A name is wrong.")
    with pytest.raises(CommentMissing):
        unpublish_blog(blog=make_blog(), by=make_user(), reason=" ")


def test_blog_goes_into_the_archive_with_a_reason_in_words_or_none():
    with pytest.raises(ReasonMissing, match="leave it empty"):
        archive_blog(blog=make_blog(status=PUBLISHED), by=make_user(), reason=".")


def test_publishing_sets_the_moment():
    later = dt.datetime(2030, 3, 1, 9, tzinfo=dt.UTC)
    blog = publish_blog(blog=make_blog(status=DRAFT), by=make_user(), at=later)
    assert blog.publish_at == later
    assert blog.is_scheduled


def test_publishing_without_a_moment_is_now(time_machine):
    time_machine.move_to(dt.datetime(2026, 6, 1, 12, tzinfo=dt.UTC), tick=False)
    blog = publish_blog(blog=make_blog(status=DRAFT), by=make_user())
    assert blog.publish_at == dt.datetime(2026, 6, 1, 12, tzinfo=dt.UTC)
    assert blog.is_live


def test_blog_from_the_archive_keeps_its_date():
    blog = make_blog(status=ARCHIVED, publish_at=LONG_AGO)
    assert publish_blog(blog=blog, by=make_user()).publish_at == LONG_AGO


def test_blog_from_the_archive_takes_a_new_date_where_given():
    later = dt.datetime(2030, 3, 1, 9, tzinfo=dt.UTC)
    blog = make_blog(status=ARCHIVED, publish_at=LONG_AGO)
    assert publish_blog(blog=blog, by=make_user(), at=later).publish_at == later


@pytest.mark.parametrize("comment", ["", "  \n"])
def test_author_is_told_what_to_change(comment):
    blog = make_blog(status=IN_REVIEW)
    with pytest.raises(CommentMissing):
        return_to_author(blog=blog, by=make_user(), comment=comment)


@pytest.mark.parametrize(
    ("old", "move", "reason"),
    [
        (DRAFT, lambda **who: submit_for_review(**who), "Submitted for review"),
        (DRAFT, lambda **who: publish_blog(**who), "Published"),
        (
            IN_REVIEW,
            lambda **who: return_to_author(comment="Check the dates.", **who),
            "Returned to the author: Check the dates.",
        ),
        (PUBLISHED, lambda **who: archive_blog(**who), "Archived"),
        (PUBLISHED, lambda **who: archive_blog(reason="Outdated", **who), "Archived: Outdated"),
    ],
)
def test_history_says_why(old, move, reason):
    blog = move(blog=make_blog(status=old), by=make_user())
    assert blog.history.latest().history_change_reason == reason


def test_a_later_save_is_not_signed_with_the_move():
    blog = archive_blog(blog=make_blog(), by=make_user(), reason="Outdated")
    blog.save()
    latest = blog.history.latest()
    assert (latest.history_user, latest.history_change_reason) == (None, None)


def test_error_says_what_the_blog_is():
    blog = make_blog(title="Small screens", status=ARCHIVED)
    with pytest.raises(TransitionNotAllowed) as error:
        submit_for_review(blog=blog, by=blog.author)
    assert str(error.value) == (
        "“Small screens” is archived and cannot become in review. "
        "Reload the page to see what can be done with it."
    )
