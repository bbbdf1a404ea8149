"""Addresses of blogs. Every address that readers may have leads to its blog for good."""

from django.contrib.auth.models import User
from django.db import transaction

from backoffice.signing import save_signed
from weblog.errors import AddressTaken
from weblog.models import Blog, OldAddress


@transaction.atomic
def change_slug(*, blog: Blog, slug: str, by: User) -> Blog:
    """Move a blog to another address; the old one redirects readers.

    Returns the stored blog. Raises AddressTaken. A blog that was never published keeps no old
    address.
    """
    blog = Blog.objects.select_for_update().get(pk=blog.pk)
    if slug == blog.slug:
        return blog
    check_address(slug, blog=blog)
    blog.old_addresses.filter(slug=slug).delete()
    if _was_ever_published(blog):
        OldAddress.objects.create(slug=blog.slug, blog=blog)
    old_slug, blog.slug = blog.slug, slug
    return save_signed(blog, by=by, reason=f"Address changed from {old_slug}")


def check_address(slug: str, *, blog: Blog | None = None) -> None:
    """Raise AddressTaken if `slug` leads, or once led, to another blog than `blog`."""
    others = Blog.objects.filter(slug=slug)
    old = OldAddress.objects.filter(slug=slug).select_related("blog")
    if blog and blog.pk:
        others, old = others.exclude(pk=blog.pk), old.exclude(blog=blog)
    if others.exists():
        raise AddressTaken(slug)
    if address := old.first():
        raise AddressTaken(slug, formerly=address.blog)


def _was_ever_published(blog):
    return blog.was_published or blog.history.filter(status=Blog.Status.PUBLISHED).exists()
