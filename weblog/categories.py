"""Moves blogs between categories."""

from django.contrib.auth.models import User
from django.db import transaction

from backoffice.signing import save_signed
from weblog.errors import SameCategory
from weblog.models import Blog, Category
from weblog.ownership import check_may_change


@transaction.atomic
def change_category(*, blog: Blog, category: Category, by: User) -> Blog:
    """Move a blog, and return it as stored. Raises SameCategory, OwnLiveBlog."""
    blog = Blog.objects.select_for_update().get(pk=blog.pk)
    if blog.category_id == category.pk:
        raise SameCategory(blog, category)
    check_may_change(blog, by=by)
    blog.category = category
    return save_signed(blog, by=by, reason=f"Moved to {category}")
