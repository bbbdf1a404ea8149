"""Saves the form of a blog or of a new text: one save is one version."""

from django.contrib.auth.models import User

from backoffice.signing import save_signed
from weblog.addresses import leave_address
from weblog.models import Blog
from weblog.models.histories import unrecorded


def save_form(form, *, by: User | None, is_recorded: bool = True) -> None:
    """Save a valid form that changes something, with one record of history.

    Not `is_recorded`, the step that follows in the same transaction records it.
    """
    row = form.instance
    if row.pk is None and isinstance(row, Blog):
        _save_new(form, by=by)
        return
    if not form.changed_data:
        return
    reason = "; ".join(_list_reasons(form))
    with unrecorded(row):
        form.save_m2m()
        if not is_recorded:
            row.save()
    if is_recorded:
        save_signed(row, by=by, reason=reason or None)


def _save_new(form, *, by):
    """Save the blog, and record it once its co-authors are there."""
    blog = form.instance
    with unrecorded(blog):
        blog.save()
        form.save_m2m()
    blog._history_user = by
    Blog.whole_history.record(blog, is_new=True)
    del blog._history_user


def _list_reasons(form):
    """Return why, as far as the form tells, after what moves the address has been done."""
    if isinstance(form.instance, Blog):
        if "slug" in form.changed_data:
            yield leave_address(blog=form.instance, slug=form.instance.slug)
        if form.move_effects:
            yield form.cleaned_data["move_reason"].strip()


def describe_number(slug: str, blog: Blog) -> str:
    return f"The address {slug} leads to another blog, so this one is at {blog.slug}."
