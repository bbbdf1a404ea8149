"""Rules that keep writers from publishing and changing their own live blogs alone."""

from django.apps import apps
from django.conf import settings
from django.contrib.auth.models import User

from weblog.errors import OwnBlog, OwnLiveBlog
from weblog.models import Blog


def check_not_own(blog: Blog, *writer_ids: int, by: User) -> None:
    """Raise OwnBlog if `by` publishes their own blog, unless settings allow it."""
    if is_own(blog, *writer_ids, by=by):
        raise OwnBlog(blog)


def check_may_change(blog: Blog, *, by: User) -> None:
    """Raise OwnLiveBlog if `by` changes their own published blog."""
    if is_own_and_live(blog, by=by):
        raise OwnLiveBlog(blog)


def is_own_and_live(blog: Blog, *, by: User) -> bool:
    """Return whether `by` wrote the blog and it is published, now or from a set time on."""
    return blog.status == Blog.Status.PUBLISHED and is_own(blog, by=by)


def is_own(blog: Blog, *writer_ids: int, by: User) -> bool:
    """Return whether `by` wrote it, if settings require another person to publish.

    Writers are its present and former authors and co-authors, so a blog given away for publication
    stays one's own. `writer_ids` have written a text of it.
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
