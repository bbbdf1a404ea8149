"""The way of a published blog's new text to its readers.

Only this module writes its status. The old text stays live until a new one is published. Each
function locks the blog first, then the revision, and returns the stored revision.
"""

import datetime as dt

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from backoffice.people import full_name
from backoffice.signing import save_signed
from weblog import mails
from weblog.errors import BlogNotPublished, RevisionOpen, TextOutdated, TransitionNotAllowed
from weblog.models import Blog, BlogRevision
from weblog.moments import format_moment
from weblog.ownership import check_not_own, is_own
from weblog.texts import get_text, set_text
from weblog.workflow import check_comment

Status = BlogRevision.Status


@transaction.atomic
def start_revision(*, blog: Blog, by: User) -> BlogRevision:
    """Begin a new text of a published blog as a copy of the live one."""
    blog = Blog.objects.select_for_update().get(pk=blog.pk)
    if blog.status != Blog.Status.PUBLISHED:
        raise BlogNotPublished(blog)
    if blog.revisions.open().exists():
        raise RevisionOpen(blog)
    revision = BlogRevision(blog=blog, created_by=by, **get_text(blog))
    return save_signed(revision, by=by, reason="Begun from the live text")


@transaction.atomic
def submit_revision(*, revision: BlogRevision, by: User) -> BlogRevision:
    revision = _lock_revision(revision, Status.IN_REVIEW, start=Status.DRAFT)
    if get_text(revision) == get_text(revision.blog):
        raise TextOutdated(f"“{revision.blog}” has this text already. Change it first.")
    revision.submitted_at = timezone.now()
    _move_revision(revision, Status.IN_REVIEW, by=by, reason="Submitted for review")
    mails.mail_submitted(revision, by=by)
    return revision


@transaction.atomic
def publish_revision(
    *, revision: BlogRevision, by: User, at: dt.datetime | None = None, seen: str = ""
) -> BlogRevision:
    """Make the new text the blog's, or schedule it if `at` is in the future.

    `seen` is the `version_of` the texts that the person saw, if known. Raises TextOutdated if the
    live text or the new one has changed since.
    """
    now = timezone.now()
    goes_live_at = at if at is not None and at > now else None
    target = Status.SCHEDULED if goes_live_at else Status.PUBLISHED
    revision = _lock_revision(revision, target)
    blog = revision.blog
    check_not_own(blog, revision.created_by_id, by=by)
    if blog.status != Blog.Status.PUBLISHED:
        raise BlogNotPublished(blog)
    if seen and seen != version_of(revision):
        raise TextOutdated(
            "Somebody changed the live text or the new one while you looked at them. "
            "Nothing was published: look at both again."
        )
    revision.approved_by, revision.publish_at = by, goes_live_at or now
    if goes_live_at:
        reason = f"To go live on {format_moment(goes_live_at)}"
        _move_revision(revision, Status.SCHEDULED, by=by, reason=reason)
        mails.mail_published(revision, by=by)
        return revision
    return _put_live(revision, by=by, reason="Published")


@transaction.atomic
def go_live(*, revision: BlogRevision, at: dt.datetime) -> BlogRevision:
    """Publish a scheduled text that is due at `at`, in the approver's name.

    If anything changed after the approval, the text goes back to the review queue and overwrites
    nothing. Raises TransitionNotAllowed if somebody was faster.
    """
    revision = _lock_revision(revision, Status.PUBLISHED, start=Status.SCHEDULED)
    due_at = revision.publish_at
    if due_at is None or due_at > at:
        raise TransitionNotAllowed(revision, Status.PUBLISHED.label)
    if obstacle := _find_obstacle(revision):
        return _send_back(revision, obstacle)
    reason = f"Went live at the time that was set, {format_moment(due_at)}"
    return _put_live(revision, by=revision.approved_by, reason=reason)


@transaction.atomic
def return_revision(*, revision: BlogRevision, by: User, comment: str) -> BlogRevision:
    check_comment(revision.blog, comment)
    revision = _lock_revision(revision, Status.DRAFT)
    revision.submitted_at, revision.review_comment = None, comment.strip()
    _take_off_schedule(revision)
    _move_revision(revision, Status.DRAFT, by=by, reason=f"Returned to the author: {comment}")
    mails.mail_returned(revision, by=by)
    return revision


@transaction.atomic
def withdraw_revision(*, revision: BlogRevision, by: User) -> BlogRevision:
    """Withdraw the new text. It stays readable, and the live text does not change."""
    revision = _lock_revision(revision, Status.WITHDRAWN)
    _take_off_schedule(revision)
    return _move_revision(revision, Status.WITHDRAWN, by=by, reason="Withdrawn")


def version_of(revision: BlogRevision) -> str:
    """Return a value that changes with every save of the revision or its blog."""
    return f"{revision.blog.updated_at.isoformat()}/{revision.updated_at.isoformat()}"


def find_base(revision: BlogRevision):
    """Return the blog's version from which the revision began, or None if it is lost."""
    return revision.blog.history.filter(history_date__lte=revision.created_at).first()


def find_live_changes(revision: BlogRevision, *, since: dt.datetime | None = None) -> list:
    """Return the versions that changed the blog's text, oldest first. Two queries.

    These are the versions after `since` (default: the start of the revision).
    """
    since = since or revision.created_at
    history = revision.blog.history.select_related("history_user")
    base = history.filter(history_date__lte=since).first()
    changes, text = [], get_text(base) if base else None
    for version in history.filter(history_date__gt=since).order_by("history_id"):
        if get_text(version) != text:
            changes.append(version)
        text = get_text(version)
    return changes


def _find_obstacle(revision):
    """Return why a scheduled text may no longer go live, or "" if it may."""
    blog, approver = revision.blog, revision.approved_by
    if blog.status != Blog.Status.PUBLISHED:
        return "the blog is not published any more"
    if not approver.has_perm("weblog.publish_blog"):
        return f"{full_name(approver)}, who approved it, may not publish any more"
    if is_own(blog, revision.created_by_id, by=approver):
        return f"{full_name(approver)}, who approved it, is now one of the blog’s authors"
    # Nobody edits a scheduled text, so its last save is the approval.
    if find_live_changes(revision, since=revision.updated_at):
        return "the live text was changed after the approval"
    return ""


def _send_back(revision, obstacle):
    approver, moment = revision.approved_by, format_moment(revision.publish_at)
    _take_off_schedule(revision)
    reason = f"Back in review: it did not go live on {moment}, because {obstacle}"
    _move_revision(revision, Status.IN_REVIEW, by=None, reason=reason)
    mails.mail_stopped(revision, approver=approver, moment=moment, obstacle=obstacle)
    return revision


def _put_live(revision, *, by, reason):
    set_text(revision.blog, get_text(revision))
    blog_reason = f"New text {reason[0].lower()}{reason[1:]}, by {revision.created_by_name}"
    save_signed(revision.blog, by=by, reason=blog_reason)
    _move_revision(revision, Status.PUBLISHED, by=by, reason=reason)
    mails.mail_published(revision, by=by)
    return revision


def _take_off_schedule(revision):
    revision.publish_at = revision.approved_by = None


def _lock_revision(revision, status, *, start=None):
    """Return the stored revision, with its blog, both locked; or raise TransitionNotAllowed.

    Pass `start` if two steps end in the same status and only one of them is meant.
    """
    blog = Blog.objects.select_for_update().get(pk=revision.blog_id)
    stored = BlogRevision.objects.select_for_update().get(pk=revision.pk)
    stored.blog = blog
    if status not in BlogRevision.TRANSITIONS[stored.status] or start not in (None, stored.status):
        raise TransitionNotAllowed(stored, status.label)
    return stored


def _move_revision(revision, status, *, by, reason):
    revision.status = status
    return save_signed(revision, by=by, reason=reason)
