"""Mails about a blog or a new text to the people who take its next step.

They go out after the step is committed. A failed mail is logged and does not undo the step. Nobody
gets mails about their own steps or mails that they switched off.
"""

from collections.abc import Iterator
from functools import partial

from django.conf import settings
from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.template.loader import render_to_string

from backoffice.mails import (
    Letter,
    MailKind,
    find_url,
    mail_after_commit,
    register_kind,
    write_mails,
)
from backoffice.people import full_name
from weblog.models import Blog, NewText

REVIEW = MailKind(
    key="weblog.review", label="blogs that wait for review", permission="weblog.publish_blog"
)
RETURNED = MailKind(
    key="weblog.returned", label="my blogs that come back", permission="weblog.add_blog"
)
PUBLISHED = MailKind(
    key="weblog.published", label="my blogs that are published", permission="weblog.add_blog"
)
KINDS = {
    "submitted": REVIEW,
    "taken_back": REVIEW,
    "stopped": REVIEW,
    "returned": RETURNED,
    "published": PUBLISHED,
}


def register_kinds() -> None:
    for kind in (REVIEW, RETURNED, PUBLISHED):
        register_kind(kind)


def mail_submitted(subject: Blog | NewText, *, by: User, note: str = "") -> None:
    """Ask the people who may publish it to look at it."""
    editors = _find_editors(subject)
    _mail_after_commit("submitted", "Waits for review: {}", subject, by=by, to=editors, note=note)


def mail_taken_back(subject: Blog | NewText, *, by: User, note: str = "") -> None:
    """Tell the people whom it waited for that it no longer does."""
    editors = _find_editors(subject)
    _mail_after_commit("taken_back", "Taken back: {}", subject, by=by, to=editors, note=note)


def mail_returned(subject: Blog | NewText, *, by: User) -> None:
    """Tell its writers the editor's request."""
    writers = User.objects.filter(pk__in=_list_writers(subject))
    _mail_after_commit("returned", "Came back to you: {}", subject, by=by, to=writers)


def mail_published(subject: Blog | NewText, *, by: User) -> None:
    writers = User.objects.filter(pk__in=_list_writers(subject))
    is_later = subject.is_scheduled or _blog_of(subject).is_scheduled
    line = "Will be published: {}" if is_later else "Published: {}"
    _mail_after_commit("published", line, subject, by=by, to=writers)


def mail_stopped(new_text: NewText, *, approver: User, moment: str, obstacle: str) -> None:
    """Tell the approver that a scheduled text did not go live at `moment`, and why."""
    to = User.objects.filter(pk=approver.pk)
    _mail_after_commit(
        "stopped", "Did not go live: {}", new_text, to=to, moment=moment, obstacle=obstacle
    )


def _find_editors(subject):
    """Return the people who may publish it."""
    editors = User.objects.with_perm("weblog.publish_blog")
    if settings.PUBLISH_OWN_BLOGS:
        return editors
    return editors.exclude(pk__in=_list_writers(subject))


def _list_writers(subject):
    """Return the ids of the blog's author and of the person who began the new text."""
    ids = {_blog_of(subject).author_id}
    return ids | {subject.created_by_id} if isinstance(subject, NewText) else ids


def _blog_of(subject):
    return subject.blog if isinstance(subject, NewText) else subject


def _mail_after_commit(
    template: str,
    line: str,
    subject: Blog | NewText,
    *,
    to: QuerySet[User],
    by: User | None = None,
    **details: str,
) -> None:
    to = to.filter(is_active=True)
    if by:
        to = to.exclude(pk=by.pk)
        details["by"] = full_name(by)
    write = partial(_write, template, line.format(subject), subject, to=to, details=details)
    mail_after_commit(write, about=f"{subject._meta.verbose_name} {subject.pk}")


def _write(
    template: str,
    line: str,
    subject: Blog | NewText,
    *,
    to: QuerySet[User],
    details: dict[str, str],
) -> Iterator[Letter]:
    context = details | {
        "blog": _blog_of(subject),
        "subject": subject,
        "is_new_text": isinstance(subject, NewText),
        "url": find_url(f"weblog_{subject._meta.model_name}_change", subject.pk),
        "preferences_url": find_url("backoffice_own_mails"),
    }
    text = render_to_string(f"weblog/mail/{template}.txt", context)
    return write_mails(line, text, to=to.values_list("email", flat=True), kind=KINDS[template])
