"""The earlier texts of a blog, and the step that restores one."""

from typing import NamedTuple

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q

from backoffice.people import full_name
from backoffice.signing import save_signed
from weblog.errors import TextOutdated, VersionNotFound, require_reason
from weblog.models import Blog
from weblog.moments import format_moment
from weblog.publishing.ownership import check_may_change
from weblog.publishing.workflow import RETURNED, UNPUBLISHED
from weblog.texts import get_text, set_text

VERSIONS_OFFERED = 50


class Version(NamedTuple):
    """A former text of a blog. `record` is its first row of history."""

    record: object

    def __str__(self):
        user = self.record.history_user
        who = full_name(user) if user else "nobody signed in"
        return f"{format_moment(self.record.history_date)}, {who}: “{self.record.title}”"


def find_earlier_texts(blog: Blog) -> list[Version]:
    """Return the latest texts that differ from the current one, newest first."""
    records = blog.history.select_related("history_user").order_by("-history_id")
    texts = {}  # for each text, the dict keeps the record that wrote it first
    for record in records[: 4 * VERSIONS_OFFERED]:
        key = tuple(get_text(record).values())
        texts[key] = record
    texts.pop(tuple(get_text(blog).values()), None)
    newest_first = sorted(texts.values(), key=lambda record: -record.history_id)
    return [Version(record) for record in newest_first[:VERSIONS_OFFERED]]


def find_returned_version(blog: Blog):
    """Return the version that last came back to the author of a blog in review again.

    None if it never came back, or if its history is missing.
    """
    if blog.status != Blog.Status.IN_REVIEW or not blog.review_comment:
        return None
    came_back = Q(history_change_reason__startswith=f"{RETURNED}: ")
    came_back |= Q(history_change_reason__startswith=f"{UNPUBLISHED}: ")
    return blog.history.filter(came_back).order_by("-history_id").first()


@transaction.atomic
def restore_version(*, blog: Blog, history_id: int, by: User, reason: str) -> Blog:
    """Write the version's title, summary and body to the blog, as a new version."""
    require_reason(reason, "Say why: the reason is kept in the history.")
    blog = Blog.objects.select_for_update().get(pk=blog.pk)
    check_may_change(blog, by=by)
    record = blog.history.filter(history_id=history_id).first()
    if record is None:
        raise VersionNotFound(blog)
    text = get_text(record)
    if text == get_text(blog):
        raise TextOutdated(f"“{blog}” has this text already. Nothing was changed.")
    set_text(blog, text)
    moment = format_moment(record.history_date)
    return save_signed(blog, by=by, reason=f"Text of {moment} brought back: {reason.strip()}")
