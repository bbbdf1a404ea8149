"""Addresses of blogs. Every address that readers may have leads to its blog for good."""

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q

from backoffice.signing import save_signed
from weblog.errors import AddressTaken
from weblog.models import Blog, OldAddress

SLUG_LENGTH = 200
MOST_OF_A_NAME = 10_000


@transaction.atomic
def change_slug(*, blog: Blog, slug: str, by: User) -> Blog:
    """Move a blog to another address; the old one redirects readers.

    Returns the stored blog. Raises AddressTaken. A blog that was never published keeps no old
    address.
    """
    blog = Blog.objects.select_for_update().get(pk=blog.pk)
    if slug == blog.slug:
        return blog
    reason = leave_address(blog=blog, slug=slug)
    blog.slug = slug
    return save_signed(blog, by=by, reason=reason)


def leave_address(*, blog: Blog, slug: str) -> str:
    """Keep the stored address of a blog that is about to be saved with `slug`.

    Returns the reason for the history. Raises AddressTaken.
    """
    check_address(slug, blog=blog)
    stored = Blog.objects.only("slug", "status").get(pk=blog.pk)
    stored.old_addresses.filter(slug=slug).delete()
    if _was_ever_published(stored):
        OldAddress.objects.create(slug=stored.slug, blog=stored)
    return f"Address changed from {stored.slug}"


def find_free_address(slug: str, *, blog: Blog | None = None) -> str:
    """Return `slug`, or where that leads to another blog, with the first number that is free."""
    longest = SLUG_LENGTH - len(f"-{MOST_OF_A_NAME}")
    stem = slug[:longest].rstrip("-_") or slug[:longest]
    like_it = Q(slug=slug) | Q(slug__startswith=f"{stem}-")
    blogs, old = Blog.objects.filter(like_it), OldAddress.objects.filter(like_it)
    if blog and blog.pk:
        blogs, old = blogs.exclude(pk=blog.pk), old.exclude(blog=blog)
    taken = {*blogs.values_list("slug", flat=True), *old.values_list("slug", flat=True)}
    if slug not in taken:
        return slug
    for number in range(2, MOST_OF_A_NAME):
        if (numbered := f"{stem}-{number}") not in taken:
            return numbered
    raise AddressTaken(slug)


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
