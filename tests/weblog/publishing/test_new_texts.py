import datetime as dt

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from tests.factories import make_blog, make_user
from weblog.errors import (
    BlogNotPublished,
    CommentMissing,
    NewTextOpen,
    OwnBlog,
    TextOutdated,
    TransitionNotAllowed,
)
from weblog.models import Blog, NewText
from weblog.publishing.new_texts import (
    find_live_changes,
    publish_new_text,
    return_new_text,
    start_new_text,
    submit_new_text,
    version_of,
    withdraw_new_text,
)
from weblog.publishing.workflow import archive_blog

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql]

DRAFT, IN_REVIEW, SCHEDULED, PUBLISHED, WITHDRAWN = NewText.Status
LATER = dt.datetime(2030, 3, 1, 8, 30, tzinfo=dt.UTC)
MOVES = {
    "submit": (lambda text, by: submit_new_text(new_text=text, by=by), IN_REVIEW),
    "publish": (lambda text, by: publish_new_text(new_text=text, by=by), PUBLISHED),
    "schedule": (lambda text, by: publish_new_text(new_text=text, by=by, at=LATER), SCHEDULED),
    "return": (lambda text, by: return_new_text(new_text=text, by=by, comment="Why?"), DRAFT),
    "withdraw": (lambda text, by: withdraw_new_text(new_text=text, by=by), WITHDRAWN),
}
ALLOWED = [
    (DRAFT, "submit"),
    (DRAFT, "withdraw"),
    (IN_REVIEW, "publish"),
    (IN_REVIEW, "schedule"),
    (IN_REVIEW, "return"),
    (IN_REVIEW, "withdraw"),
    (SCHEDULED, "publish"),
    (SCHEDULED, "return"),
    (SCHEDULED, "withdraw"),
]
REFUSED = [(old, move) for old in NewText.Status for move in MOVES if (old, move) not in ALLOWED]


def make_new_text(blog=None, **values):
    blog = blog or make_blog(title="As it was", body="<p>Old words.</p>")
    values = {"title": blog.title, "body": "<p>New words.</p>", "created_by": blog.author} | values
    if values.get("status") == SCHEDULED:
        values = {"publish_at": LATER, "approved_by": make_user()} | values
    return NewText.objects.create(blog=blog, **values)


@pytest.mark.parametrize(("old", "move"), ALLOWED)
def test_allowed_move_is_stored_with_its_history(old, move):
    text, by = make_new_text(status=old), make_user()
    act, new = MOVES[move]
    assert act(text, by).status == new
    text.refresh_from_db()
    latest = text.history.latest()
    assert (text.status, latest.status, latest.history_user) == (new, new, by)
    assert text.history.count() == 2


@pytest.mark.parametrize(("old", "move"), REFUSED)
def test_refused_move_changes_nothing(old, move):
    text = make_new_text(status=old)
    with pytest.raises(TransitionNotAllowed):
        MOVES[move][0](text, make_user())
    text.refresh_from_db()
    text.blog.refresh_from_db()
    assert (text.status, text.history.count(), text.blog.title) == (old, 1, "As it was")


def test_table_names_the_moves_and_no_other():
    moves = {(old, new) for old, allowed in NewText.TRANSITIONS.items() for new in allowed}
    sent_back = (SCHEDULED, IN_REVIEW)  # by go_live: see test_schedule.py
    assert moves == {(old, MOVES[move][1]) for old, move in ALLOWED} | {sent_back}


def test_new_text_begins_as_the_live_one():
    blog = make_blog(title="Paper", summary="Short", body="<p>Text</p>")
    text = start_new_text(blog=blog, by=blog.author)
    assert (text.title, text.summary, text.body) == ("Paper", "Short", "<p>Text</p>")
    assert (text.status, text.created_by) == (DRAFT, blog.author)


@pytest.mark.parametrize("status", ["draft", "in_review", "archived"])
def test_new_text_is_for_a_published_blog(status):
    with pytest.raises(BlogNotPublished):
        start_new_text(blog=make_blog(status=status), by=make_user())


@pytest.mark.parametrize("status", [DRAFT, IN_REVIEW, SCHEDULED])
def test_blog_has_one_open_text_at_most(status):
    text = make_new_text(status=status)
    with pytest.raises(NewTextOpen):
        start_new_text(blog=text.blog, by=make_user())
    with pytest.raises(IntegrityError), transaction.atomic():
        make_new_text(text.blog)


@pytest.mark.parametrize("status", [PUBLISHED, WITHDRAWN])
def test_closed_text_leaves_room_for_another(status):
    assert start_new_text(blog=make_new_text(status=status).blog, by=make_user()).status == DRAFT


def test_old_text_stays_live_until_the_new_one_is_published():
    author, editor = make_user(first_name="Ada", last_name="Lindqvist"), make_user()
    text = make_new_text(make_blog(author=author, title="As it was", body="<p>Old.</p>"))
    text.title = "As it is"
    text.save()
    text = submit_new_text(new_text=text, by=author)
    assert Blog.objects.live().get().title == "As it was"
    text = publish_new_text(new_text=text, by=editor)
    blog = Blog.objects.live().get()
    latest = blog.history.latest()
    assert (blog.title, blog.body) == ("As it is", "<p>New words.</p>")
    assert (latest.history_user, latest.history_change_reason) == (
        editor,
        "New text published, by Ada Lindqvist",
    )
    assert blog.history.filter(title="As it was", body="<p>Old.</p>").exists()


def test_published_text_moves_neither_date_nor_address():
    text = make_new_text(status=IN_REVIEW)
    before = text.blog.publish_at, text.blog.slug
    publish_new_text(new_text=text, by=make_user())
    text.blog.refresh_from_db()
    assert (text.blog.publish_at, text.blog.slug) == before


@pytest.mark.parametrize("who", ["author", "writer"])
def test_nobody_publishes_a_text_of_their_own(who, settings):
    writer = make_user(is_superuser=True)
    text = make_new_text(status=IN_REVIEW, created_by=writer)
    by = text.blog.author if who == "author" else writer
    with pytest.raises(OwnBlog):
        publish_new_text(new_text=text, by=by)
    settings.PUBLISH_OWN_BLOGS = True
    assert publish_new_text(new_text=text, by=by).status == PUBLISHED


def test_text_of_an_archived_blog_is_not_published():
    text = make_new_text(status=IN_REVIEW)
    archive_blog(blog=text.blog, by=make_user())
    with pytest.raises(BlogNotPublished, match="publish it first"):
        publish_new_text(new_text=text, by=make_user())


def test_what_was_looked_at_is_what_is_published():
    text = make_new_text(status=IN_REVIEW)
    seen = version_of(text)
    text.blog.title = "Changed live"
    text.blog.save()
    with pytest.raises(TextOutdated, match="Nothing was published"):
        publish_new_text(new_text=text, by=make_user(), seen=seen)
    text.blog.refresh_from_db()
    assert text.blog.title == "Changed live"
    assert (
        publish_new_text(new_text=text, by=make_user(), seen=version_of(text)).status == PUBLISHED
    )


def test_text_for_later_changes_nothing_for_readers():
    editor, text = make_user(), make_new_text(status=IN_REVIEW, title="As it will be")
    text = publish_new_text(new_text=text, by=editor, at=LATER)
    text.refresh_from_db()
    assert (text.status, text.publish_at, text.approved_by) == (SCHEDULED, LATER, editor)
    assert text.history.latest().history_change_reason == "To go live on 1 Mar 2030, 09:30"
    assert Blog.objects.live().get().title == "As it was"


def test_time_in_the_past_publishes_now_as_a_blog_does():
    text = make_new_text(status=IN_REVIEW)
    before = timezone.now()
    text = publish_new_text(new_text=text, by=make_user(), at=before - dt.timedelta(days=1))
    assert text.status == PUBLISHED
    assert text.publish_at >= before


def test_nobody_schedules_a_text_of_their_own():
    text = make_new_text(status=IN_REVIEW)
    with pytest.raises(OwnBlog):
        publish_new_text(new_text=text, by=text.blog.author, at=LATER)


@pytest.mark.parametrize("move", ["return", "withdraw"])
def test_text_that_is_taken_off_the_schedule_has_no_time(move):
    text = MOVES[move][0](make_new_text(status=SCHEDULED), make_user())
    text.refresh_from_db()
    assert (text.publish_at, text.approved_by) == (None, None)


@pytest.mark.parametrize("missing", ["publish_at", "approved_by"])
def test_database_keeps_a_schedule_complete(missing):
    with pytest.raises(IntegrityError), transaction.atomic():
        make_new_text(status=SCHEDULED, **{missing: None})


def test_text_that_is_the_live_one_is_not_submitted():
    blog = make_blog(body="<p>Same</p>")
    text = start_new_text(blog=blog, by=blog.author)
    with pytest.raises(TextOutdated, match="Change it first"):
        submit_new_text(new_text=text, by=blog.author)


def test_author_is_told_what_to_change():
    text = make_new_text(status=IN_REVIEW)
    with pytest.raises(CommentMissing):
        return_new_text(new_text=text, by=make_user(), comment="  ")
    text = return_new_text(new_text=text, by=make_user(), comment="Name the source.")
    assert (text.review_comment, text.submitted_at) == ("Name the source.", None)


def test_live_changes_since_the_text_was_begun_are_found(time_machine):
    time_machine.move_to(dt.datetime(2026, 6, 1, 12, tzinfo=dt.UTC), tick=False)
    blog = make_blog(title="One")
    time_machine.shift(60)
    text = make_new_text(blog)
    assert find_live_changes(text) == []
    time_machine.shift(60)
    blog.slug = "elsewhere"
    blog.save()
    assert find_live_changes(text) == []
    time_machine.shift(60)
    blog.title = "Two"
    blog.save()
    assert [version.title for version in find_live_changes(text)] == ["Two"]


def test_live_change_is_found_where_no_older_version_was_kept():
    text = make_new_text()
    text.blog.history.all().delete()
    text.blog.save()
    assert len(find_live_changes(text)) == 1


def test_error_names_the_text():
    text = make_new_text(status=WITHDRAWN)
    with pytest.raises(TransitionNotAllowed) as error:
        submit_new_text(new_text=text, by=make_user())
    assert str(error.value).startswith(
        "“New text of As it was” is withdrawn and cannot become in review."
    )
