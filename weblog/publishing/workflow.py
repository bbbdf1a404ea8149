"""Moves a blog from draft to archive.

Only this module writes a blog's status. Each function changes the stored blog under a row lock and
returns it; the passed instance stays unchanged. SQLite has no row locks, so there the IMMEDIATE
transaction is the lock.
"""

import datetime as dt

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from backoffice.reasons import has_word
from backoffice.signing import save_signed
from weblog import mails
from weblog.errors import (
    CommentMissing,
    NotScheduled,
    NotSubmitted,
    NotYoursToTakeBack,
    TransitionNotAllowed,
    require_reason,
)
from weblog.models import Blog, NewText
from weblog.moments import format_moment
from weblog.publishing.ownership import check_not_own
from weblog.publishing.readiness import check_ready

Status = Blog.Status

# The first words in the history of steps that are looked for there.
SUBMITTED = "Submitted for review"
TAKEN_BACK = "Taken back by its author"
RETURNED = "Returned to the author"
UNPUBLISHED = "Unpublished"


@transaction.atomic
def submit_for_review(*, blog: Blog, by: User, note: str = "") -> Blog:
    """Ask for a review, with a note to the editor. The editor's last request stays visible."""
    blog = _lock_blog(blog, Status.IN_REVIEW)
    check_ready(blog)
    blog.submitted_at = timezone.now()
    _move_blog(blog, Status.IN_REVIEW, by=by, reason=with_note(SUBMITTED, note))
    mails.mail_submitted(blog, by=by, note=note)
    return blog


@transaction.atomic
def take_back(*, blog: Blog, by: User, note: str = "") -> Blog:
    """Make a submitted blog a draft again, for its author. Raises NotYoursToTakeBack."""
    blog = _lock_blog(blog, Status.DRAFT, start=Status.IN_REVIEW)
    if by.pk != blog.author_id:
        raise NotYoursToTakeBack(blog)
    blog.submitted_at = None
    _move_blog(blog, Status.DRAFT, by=by, reason=with_note(TAKEN_BACK, note))
    mails.mail_taken_back(blog, by=by, note=note)
    return blog


@transaction.atomic
def publish_blog(*, blog: Blog, by: User, at: dt.datetime | None = None) -> Blog:
    """Publish from `at` on, or from now. An archived blog keeps its date unless `at` is given."""
    blog = _lock_blog(blog, Status.PUBLISHED)
    check_not_own(blog, by=by)
    check_ready(blog)
    if at or blog.status != Status.ARCHIVED:
        blog.publish_at = at or timezone.now()
    blog.submitted_at, blog.review_comment = None, ""
    _move_blog(blog, Status.PUBLISHED, by=by, reason="Published")
    mails.mail_published(blog, by=by)
    return blog


@transaction.atomic
def publish_submitted(*, blog: Blog, by: User) -> Blog:
    """Publish one of several blogs at once. Raises NotSubmitted for a draft."""
    stored = Blog.objects.select_for_update().get(pk=blog.pk)
    if stored.status == Status.DRAFT:
        raise NotSubmitted(stored)
    return publish_blog(blog=stored, by=by)


@transaction.atomic
def move_schedule(*, blog: Blog, by: User, at: dt.datetime | None = None) -> Blog:
    """Let a scheduled blog go live at another time, or now. Raises NotScheduled.

    It stays published throughout, so it needs no second approval.
    """
    blog = Blog.objects.select_for_update().get(pk=blog.pk)
    if not blog.is_scheduled:
        raise NotScheduled(blog)
    check_not_own(blog, by=by)
    blog.publish_at = max(at or timezone.now(), timezone.now())
    when = format_moment(blog.publish_at)
    save_signed(blog, by=by, reason=f"To go live on {when}" if at else "Published at once")
    mails.mail_published(blog, by=by)
    return blog


@transaction.atomic
def return_to_author(*, blog: Blog, by: User, comment: str) -> Blog:
    check_comment(blog, comment)
    blog = _lock_blog(blog, Status.DRAFT, start=Status.IN_REVIEW)
    blog.submitted_at, blog.review_comment = None, comment.strip()
    _move_blog(blog, Status.DRAFT, by=by, reason=f"{RETURNED}: {comment}")
    mails.mail_returned(blog, by=by)
    return blog


@transaction.atomic
def unpublish_blog(*, blog: Blog, by: User, reason: str) -> Blog:
    """Make a published blog a draft of its author again."""
    check_comment(blog, reason)
    blog = _lock_blog(blog, Status.DRAFT, start=Status.PUBLISHED)
    blog.review_comment = reason.strip()
    _move_blog(blog, Status.DRAFT, by=by, reason=f"{UNPUBLISHED}: {reason}")
    mails.mail_returned(blog, by=by)
    return blog


@transaction.atomic
def archive_blog(*, blog: Blog, by: User, reason: str = "") -> Blog:
    if reason.strip():  # it may be left out
        require_reason(reason, "Say why it goes into the archive, or leave it empty.")
    blog = _lock_blog(blog, Status.ARCHIVED)
    reason = f"Archived: {reason}" if reason.strip() else "Archived"
    return _move_blog(blog, Status.ARCHIVED, by=by, reason=reason)


def with_note(step: str, note: str) -> str:
    """Return a reason for the history: what was done, and the note that came with it."""
    return f"{step}: {note.strip()}" if note.strip() else step


def find_note(text: Blog | NewText) -> str:
    """Return the note to the editor with which a text in review was submitted, or ""."""
    if text.status != Status.IN_REVIEW:
        return ""
    submitted = text.history.filter(history_change_reason__startswith=SUBMITTED)
    last = submitted.order_by("-history_id").values_list("history_change_reason", flat=True).first()
    return (last or "").removeprefix(SUBMITTED).removeprefix(": ")


def check_comment(blog: Blog, comment: str) -> None:
    if not has_word(comment):
        raise CommentMissing(blog)


def _lock_blog(blog, status, *, start=None):
    """Return the stored blog, locked.

    Raises TransitionNotAllowed if it can't get `status`. Pass `start` if two steps end in the same
    status and only one of them is meant.
    """
    stored = Blog.objects.select_for_update().get(pk=blog.pk)
    if status not in Blog.TRANSITIONS[stored.status] or start not in (None, stored.status):
        raise TransitionNotAllowed(stored, status.label)
    return stored


def _move_blog(blog, status, *, by, reason):
    blog.status = status
    return save_signed(blog, by=by, reason=reason)
