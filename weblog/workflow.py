"""How a blog moves from draft to archive. Nothing else writes a blog's status.

Each function works on the blog as it is stored, under a row lock, and returns that: the instance
that was passed in is left as it was. Where a database has no row locks (SQLite), the transaction
is the lock: it begins IMMEDIATE.
"""

import datetime as dt

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from weblog.errors import CommentMissing, OwnBlog, TransitionNotAllowed
from weblog.models import Blog

Status = Blog.Status


@transaction.atomic
def submit_for_review(*, blog: Blog, by: User) -> Blog:
    blog = _lock_blog(blog, Status.IN_REVIEW)
    return _move_blog(blog, Status.IN_REVIEW, by=by, reason="Submitted for review")


@transaction.atomic
def publish_blog(*, blog: Blog, by: User, at: dt.datetime | None = None) -> Blog:
    """Publish from `at` on, or from now. An archived blog keeps its date unless `at` is given."""
    blog = _lock_blog(blog, Status.PUBLISHED)
    if blog.author_id == by.pk:
        raise OwnBlog(blog)
    if at or blog.status != Status.ARCHIVED:
        blog.publish_at = at or timezone.now()
    return _move_blog(blog, Status.PUBLISHED, by=by, reason="Published")


@transaction.atomic
def return_to_author(*, blog: Blog, by: User, comment: str) -> Blog:
    if not comment.strip():
        raise CommentMissing(blog)
    blog = _lock_blog(blog, Status.DRAFT)
    return _move_blog(blog, Status.DRAFT, by=by, reason=f"Returned to the author: {comment}")


@transaction.atomic
def archive_blog(*, blog: Blog, by: User, reason: str = "") -> Blog:
    blog = _lock_blog(blog, Status.ARCHIVED)
    reason = f"Archived: {reason}" if reason else "Archived"
    return _move_blog(blog, Status.ARCHIVED, by=by, reason=reason)


def _lock_blog(blog, status):
    """Return the stored blog, locked. Raises TransitionNotAllowed where it cannot get `status`."""
    stored = Blog.objects.select_for_update().get(pk=blog.pk)
    if status not in Blog.TRANSITIONS[stored.status]:
        raise TransitionNotAllowed(stored, status.label)
    return stored


def _move_blog(blog, status, *, by, reason):
    blog.status = status
    blog._history_user = by
    blog._change_reason = reason
    blog.save()
    # Both stick to the instance, and would sign whatever is saved next (simple-history 3.13.0).
    del blog._history_user, blog._change_reason
    return blog
