"""How the new text of a published blog comes to its readers. Nothing else writes its status.

The old text stays live until a new one is published. Each function locks the blog first, then the
revision, and returns the revision as it is stored then.
"""

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from backoffice.signing import save_signed
from weblog import mails
from weblog.errors import BlogNotPublished, RevisionOpen, TextOutdated, TransitionNotAllowed
from weblog.models import Blog, BlogRevision
from weblog.texts import get_text, set_text
from weblog.workflow import check_comment, check_not_own

Status = BlogRevision.Status


@transaction.atomic
def start_revision(*, blog: Blog, by: User) -> BlogRevision:
    """Begin a new text of a published blog, with the one that it has now."""
    blog = Blog.objects.select_for_update().get(pk=blog.pk)
    if blog.status != Blog.Status.PUBLISHED:
        raise BlogNotPublished(blog)
    if blog.revisions.open().exists():
        raise RevisionOpen(blog)
    revision = BlogRevision(blog=blog, created_by=by, **get_text(blog))
    return save_signed(revision, by=by, reason="Begun from the live text")


@transaction.atomic
def submit_revision(*, revision: BlogRevision, by: User) -> BlogRevision:
    revision = _lock_revision(revision, Status.IN_REVIEW)
    if get_text(revision) == get_text(revision.blog):
        raise TextOutdated(f"“{revision.blog}” has this text already. Change it first.")
    revision.submitted_at = timezone.now()
    _move_revision(revision, Status.IN_REVIEW, by=by, reason="Submitted for review")
    mails.mail_submitted(revision, by=by)
    return revision


@transaction.atomic
def publish_revision(*, revision: BlogRevision, by: User, seen: str = "") -> BlogRevision:
    """Make the new text the blog's. `seen` is `version_of` what was looked at, where known.

    Raises TextOutdated where the live text or the new one is another by now.
    """
    revision = _lock_revision(revision, Status.PUBLISHED)
    blog = revision.blog
    check_not_own(blog, revision.created_by_id, by=by)
    if blog.status != Blog.Status.PUBLISHED:
        raise BlogNotPublished(blog)
    if seen and seen != version_of(revision):
        raise TextOutdated(
            "Somebody changed the live text or the new one while you looked at them. "
            "Nothing was published: look at both again."
        )
    set_text(blog, get_text(revision))
    save_signed(blog, by=by, reason=f"New text published, by {revision.created_by_name}")
    _move_revision(revision, Status.PUBLISHED, by=by, reason="Published")
    mails.mail_published(revision, by=by)
    return revision


@transaction.atomic
def return_revision(*, revision: BlogRevision, by: User, comment: str) -> BlogRevision:
    check_comment(revision.blog, comment)
    revision = _lock_revision(revision, Status.DRAFT)
    revision.submitted_at, revision.review_comment = None, comment.strip()
    _move_revision(revision, Status.DRAFT, by=by, reason=f"Returned to the author: {comment}")
    mails.mail_returned(revision, by=by)
    return revision


@transaction.atomic
def withdraw_revision(*, revision: BlogRevision, by: User) -> BlogRevision:
    """Give the new text up. It stays to be read, and the live text stays as it is."""
    revision = _lock_revision(revision, Status.WITHDRAWN)
    return _move_revision(revision, Status.WITHDRAWN, by=by, reason="Withdrawn")


def version_of(revision: BlogRevision) -> str:
    """Return what tells whether the revision or its blog was saved since."""
    return f"{revision.blog.updated_at.isoformat()}/{revision.updated_at.isoformat()}"


def find_base(revision: BlogRevision):
    """Return the version of the blog that the revision began from; None where none was kept."""
    return revision.blog.history.filter(history_date__lte=revision.created_at).first()


def find_live_changes(revision: BlogRevision) -> list:
    """Return the versions that changed the blog's text since the revision began, oldest first.

    Two queries.
    """
    history = revision.blog.history.select_related("history_user")
    base = find_base(revision)
    changes, text = [], get_text(base) if base else None
    for version in history.filter(history_date__gt=revision.created_at).order_by("history_id"):
        if get_text(version) != text:
            changes.append(version)
        text = get_text(version)
    return changes


def _lock_revision(revision, status):
    """Return the stored revision, with its blog, both locked; or raise TransitionNotAllowed."""
    blog = Blog.objects.select_for_update().get(pk=revision.blog_id)
    stored = BlogRevision.objects.select_for_update().get(pk=revision.pk)
    stored.blog = blog
    if status not in BlogRevision.TRANSITIONS[stored.status]:
        raise TransitionNotAllowed(stored, status.label)
    return stored


def _move_revision(revision, status, *, by, reason):
    revision.status = status
    return save_signed(revision, by=by, reason=reason)
