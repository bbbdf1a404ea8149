"""The form of a blog, filled in."""

from django.urls import reverse


def change_url(blog):
    return reverse("admin:weblog_blog_change", args=[blog.pk])


def values_of(blog, **values):
    """What a browser posts that opened the form of `blog` as it is now."""
    names = ("title", "slug", "summary", "body")
    return {
        **{name: getattr(blog, name) for name in names},
        "category": blog.category_id,
        "author": blog.author_id,
        "version": blog.updated_at.isoformat(),
        **values,
    }
