"""The way of a published blog's new text to its readers.

Only this module writes its status. The old text stays live until a new one is published. Each
function locks the blog first, then the new text, and returns the stored new_text.
"""

import datetime as dt

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from backoffice.people import full_name
from backoffice.signing import save_signed
from weblog import mails
from weblog.errors import (
    BlogNotPublished,
    NewTextOpen,
    NotScheduled,
    NotYoursToTakeBack,
    TextOutdated,
    TransitionNotAllowed,
)
from weblog.models import Blog, NewText
from weblog.moments import format_moment
from weblog.publishing.ownership import check_not_own, is_own
from weblog.publishing.readiness import check_ready
from weblog.publishing.workflow import SUBMITTED, TAKEN_BACK, check_comment, with_note
from weblog.texts import get_text, set_text

Status = NewText.Status


@transaction.atomic
def start_new_text(*, blog: Blog, by: User) -> NewText:
    """Begin a new text of a published blog as a copy of the live one."""
    blog = Blog.objects.select_for_update().get(pk=blog.pk)
    if blog.status != Blog.Status.PUBLISHED:
        raise BlogNotPublished(blog)
    if blog.new_texts.open().exists():
        raise NewTextOpen(blog)
    new_text = NewText(blog=blog, created_by=by, **get_text(blog))
    return save_signed(new_text, by=by, reason="Begun from the live text")


@transaction.atomic
def submit_new_text(*, new_text: NewText, by: User, note: str = "") -> NewText:
    new_text = _lock_new_text(new_text, Status.IN_REVIEW, start=Status.DRAFT)
    if get_text(new_text) == get_text(new_text.blog):
        raise TextOutdated(f"“{new_text.blog}” has this text already. Change it first.")
    check_ready(new_text)
    new_text.submitted_at = timezone.now()
    _move_new_text(new_text, Status.IN_REVIEW, by=by, reason=with_note(SUBMITTED, note))
    mails.mail_submitted(new_text, by=by, note=note)
    return new_text


@transaction.atomic
def take_back_new_text(*, new_text: NewText, by: User, note: str = "") -> NewText:
    """Make a submitted new text a draft again, for its writers. Raises NotYoursToTakeBack."""
    new_text = _lock_new_text(new_text, Status.DRAFT, start=Status.IN_REVIEW)
    if by.pk not in (new_text.blog.author_id, new_text.created_by_id):
        raise NotYoursToTakeBack(new_text)
    new_text.submitted_at = None
    _move_new_text(new_text, Status.DRAFT, by=by, reason=with_note(TAKEN_BACK, note))
    mails.mail_taken_back(new_text, by=by, note=note)
    return new_text


@transaction.atomic
def publish_new_text(
    *, new_text: NewText, by: User, at: dt.datetime | None = None, seen: str = ""
) -> NewText:
    """Make the new text the blog's, or schedule it if `at` is in the future.

    `seen` is the `version_of` the texts that the person saw, if known. Raises TextOutdated if the
    live text or the new one has changed since.
    """
    now = timezone.now()
    goes_live_at = at if at is not None and at > now else None
    target = Status.SCHEDULED if goes_live_at else Status.PUBLISHED
    new_text = _lock_new_text(new_text, target)
    blog = new_text.blog
    check_not_own(blog, new_text.created_by_id, by=by)
    if blog.status != Blog.Status.PUBLISHED:
        raise BlogNotPublished(blog)
    _check_seen(new_text, seen)
    check_ready(new_text)
    new_text.approved_by, new_text.publish_at = by, goes_live_at or now
    if goes_live_at:
        reason = f"To go live on {format_moment(goes_live_at)}"
        _move_new_text(new_text, Status.SCHEDULED, by=by, reason=reason)
        mails.mail_published(new_text, by=by)
        return new_text
    return _put_live(new_text, by=by, reason="Published")


def check_seen(*, new_text: NewText, seen: str) -> None:
    """Lock both texts, and raise TextOutdated if they are not the ones that a person saw."""
    blog = Blog.objects.select_for_update().get(pk=new_text.blog_id)
    stored = NewText.objects.select_for_update().get(pk=new_text.pk)
    stored.blog = blog
    _check_seen(stored, seen)


@transaction.atomic
def move_new_text_schedule(*, new_text: NewText, by: User, at: dt.datetime) -> NewText:
    """Let a scheduled new text go live at another time. Raises NotScheduled, TextOutdated.

    Whoever moves it approves it again, so the live text must be the one that was approved for.
    """
    blog = Blog.objects.select_for_update().get(pk=new_text.blog_id)
    new_text = NewText.objects.select_for_update().get(pk=new_text.pk)
    new_text.blog = blog
    if not new_text.is_scheduled:
        raise NotScheduled(new_text)
    check_not_own(blog, new_text.created_by_id, by=by)
    if obstacle := _find_obstacle(new_text):
        raise TextOutdated(f"The time was not moved: {obstacle}. Return the text, or publish it.")
    new_text.approved_by, new_text.publish_at = by, max(at, timezone.now())
    moment = format_moment(new_text.publish_at)
    save_signed(new_text, by=by, reason=f"To go live on {moment}")
    mails.mail_published(new_text, by=by)
    return new_text


@transaction.atomic
def go_live(*, new_text: NewText, at: dt.datetime) -> NewText:
    """Publish a scheduled text that is due at `at`, in the approver's name.

    If anything changed after the approval, the text goes back to the review queue and overwrites
    nothing. Raises TransitionNotAllowed if somebody was faster.
    """
    new_text = _lock_new_text(new_text, Status.PUBLISHED, start=Status.SCHEDULED)
    due_at = new_text.publish_at
    if due_at is None or due_at > at:
        raise TransitionNotAllowed(new_text, Status.PUBLISHED.label)
    if obstacle := _find_obstacle(new_text):
        return _send_back(new_text, obstacle)
    reason = f"Went live at the time that was set, {format_moment(due_at)}"
    return _put_live(new_text, by=new_text.approved_by, reason=reason)


@transaction.atomic
def return_new_text(*, new_text: NewText, by: User, comment: str) -> NewText:
    check_comment(new_text.blog, comment)
    new_text = _lock_new_text(new_text, Status.DRAFT)
    new_text.submitted_at, new_text.review_comment = None, comment.strip()
    _take_off_schedule(new_text)
    _move_new_text(new_text, Status.DRAFT, by=by, reason=f"Returned to the author: {comment}")
    mails.mail_returned(new_text, by=by)
    return new_text


@transaction.atomic
def withdraw_new_text(*, new_text: NewText, by: User) -> NewText:
    """Withdraw the new text. It stays readable, and the live text does not change."""
    new_text = _lock_new_text(new_text, Status.WITHDRAWN)
    _take_off_schedule(new_text)
    return _move_new_text(new_text, Status.WITHDRAWN, by=by, reason="Withdrawn")


def version_of(new_text: NewText) -> str:
    """Return a value that changes with every save of the new text or its blog."""
    return f"{new_text.blog.updated_at.isoformat()}/{new_text.updated_at.isoformat()}"


def find_base(new_text: NewText):
    """Return the blog's version from which the new text began, or None if it is lost."""
    return new_text.blog.history.filter(history_date__lte=new_text.created_at).first()


def find_live_changes(new_text: NewText, *, since: dt.datetime | None = None) -> list:
    """Return the versions that changed the blog's text, oldest first. Two queries.

    These are the versions after `since` (default: the start of the new text).
    """
    since = since or new_text.created_at
    history = new_text.blog.history.select_related("history_user")
    base = history.filter(history_date__lte=since).first()
    changes, text = [], get_text(base) if base else None
    for version in history.filter(history_date__gt=since).order_by("history_id"):
        if get_text(version) != text:
            changes.append(version)
        text = get_text(version)
    return changes


def _check_seen(new_text, seen):
    if seen and seen != version_of(new_text):
        raise TextOutdated(
            "Somebody changed the live text or the new one while you looked at them. "
            "Nothing was published: look at both again."
        )


def _find_obstacle(new_text):
    """Return why a scheduled text may no longer go live, or "" if it may."""
    blog, approver = new_text.blog, new_text.approved_by
    if blog.status != Blog.Status.PUBLISHED:
        return "the blog is not published any more"
    if not approver.has_perm("weblog.publish_blog"):
        return f"{full_name(approver)}, who approved it, may not publish any more"
    if is_own(blog, new_text.created_by_id, by=approver):
        return f"{full_name(approver)}, who approved it, is now one of the blog’s authors"
    # Nobody edits a scheduled text, so its last save is the approval.
    if find_live_changes(new_text, since=new_text.updated_at):
        return "the live text was changed after the approval"
    return ""


def _send_back(new_text, obstacle):
    approver, moment = new_text.approved_by, format_moment(new_text.publish_at)
    _take_off_schedule(new_text)
    reason = f"Back in review: it did not go live on {moment}, because {obstacle}"
    _move_new_text(new_text, Status.IN_REVIEW, by=None, reason=reason)
    mails.mail_stopped(new_text, approver=approver, moment=moment, obstacle=obstacle)
    return new_text


def _put_live(new_text, *, by, reason):
    set_text(new_text.blog, get_text(new_text))
    blog_reason = f"New text {reason[0].lower()}{reason[1:]}, by {new_text.created_by_name}"
    save_signed(new_text.blog, by=by, reason=blog_reason)
    _move_new_text(new_text, Status.PUBLISHED, by=by, reason=reason)
    mails.mail_published(new_text, by=by)
    return new_text


def _take_off_schedule(new_text):
    new_text.publish_at = new_text.approved_by = None


def _lock_new_text(new_text, status, *, start=None):
    """Return the stored new text, with its blog, both locked; or raise TransitionNotAllowed.

    Pass `start` if two steps end in the same status and only one of them is meant.
    """
    blog = Blog.objects.select_for_update().get(pk=new_text.blog_id)
    stored = NewText.objects.select_for_update().get(pk=new_text.pk)
    stored.blog = blog
    if status not in NewText.TRANSITIONS[stored.status] or start not in (None, stored.status):
        raise TransitionNotAllowed(stored, status.label)
    return stored


def _move_new_text(new_text, status, *, by, reason):
    new_text.status = status
    return save_signed(new_text, by=by, reason=reason)
