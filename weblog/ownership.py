"""Who wrote a blog: somebody else answers for what its readers see."""

from django.apps import apps
from django.conf import settings
from django.contrib.auth.models import User

from weblog.errors import OwnBlog, OwnLiveBlog
from weblog.models import Blog


def check_not_own(blog: Blog, *writer_ids: int, by: User) -> None:
    """Raise OwnBlog where `by` publishes what they wrote, unless the house allows it."""
    if is_own(blog, *writer_ids, by=by):
        raise OwnBlog(blog)


def check_may_change(blog: Blog, *, by: User) -> None:
    """Raise OwnLiveBlog where `by` changes what they wrote and readers see."""
    if is_own_and_live(blog, by=by):
        raise OwnLiveBlog(blog)


def is_own_and_live(blog: Blog, *, by: User) -> bool:
    """Whether it is published, from now or a set time on, and `by` wrote it."""
    return blog.status == Blog.Status.PUBLISHED and is_own(blog, by=by)


def is_own(blog: Blog, *writer_ids: int, by: User) -> bool:
    """Whether `by` wrote it, where the house wants another person to answer for it.

    Writers are its author, its co-authors, and whoever was either before: a blog that is given
    away to be published is still one's own. `writer_ids` have written a text of it.
    """
    if settings.PUBLISH_OWN_BLOGS or by.pk is None:
        return False
    if by.pk in (blog.author_id, *writer_ids):
        return True
    co_authorships = apps.get_model("weblog.HistoricalBlog_co_authors")
    return (
        blog.co_authors.filter(pk=by.pk).exists()
        or blog.history.filter(author_id=by.pk).exists()
        or co_authorships.objects.filter(blog_id=blog.pk, user_id=by.pk).exists()
    )
