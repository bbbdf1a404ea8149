"""Moves blogs between categories."""

from django.contrib.auth.models import User
from django.db import transaction

from backoffice.signing import save_signed
from weblog.errors import SameCategory, require_reason
from weblog.models import Blog, Category
from weblog.publishing.ownership import check_may_change


@transaction.atomic
def change_category(*, blog: Blog, category: Category, by: User, reason: str = "") -> Blog:
    """Move a blog, and return it as stored. A published one needs a reason.

    Raises SameCategory, OwnLiveBlog, ReasonMissing.
    """
    blog = Blog.objects.select_for_update().get(pk=blog.pk)
    if blog.category_id == category.pk:
        raise SameCategory(blog, category)
    check_may_change(blog, by=by)
    if blog.status == Blog.Status.PUBLISHED:
        require_reason(reason, "Say why it moves: the reason is kept in the history.")
    blog.category = category
    said = f": {reason.strip()}" if reason.strip() else ""
    return save_signed(blog, by=by, reason=f"Moved to {category}{said}")
