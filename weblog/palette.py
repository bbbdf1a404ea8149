"""Blogs, categories and people that Ctrl+K finds, by words of their names as searches fold them."""

from collections.abc import Iterator

from django.contrib.auth.models import User
from django.db.models import Count

from backoffice.palette import MOST_OF_A_KIND, Found, link_to, link_to_list, may_open
from backoffice.people import full_name
from weblog.models import Blog, Category
from weblog.search import find_terms, split_terms

NAMES = ["first_name", "last_name", "username"]


def find_blogs(user: User, text: str) -> Iterator[Found]:
    """Yield the blogs that the user sees, the last changed first."""
    if not may_open(user, Blog):
        return
    blogs = Blog.objects.visible_to(user).select_related("author", "category")
    found = find_terms(blogs, split_terms(text), fields=["title"]).defer("body")
    for blog in found.order_by("-updated_at", "-pk")[:MOST_OF_A_KIND]:
        facts = [blog.get_status_display().capitalize(), blog.author_name, blog.category.name]
        yield Found(blog.title, " · ".join(["Blog", *facts]), link_to(blog), "article")


def find_categories(user: User, text: str) -> Iterator[Found]:
    if may_open(user, Category):
        found = find_terms(Category.objects.all(), split_terms(text), fields=["name"])
        for category in found[:MOST_OF_A_KIND]:
            yield Found(category.name, "Category", link_to(category), "category")


def find_people(user: User, text: str) -> Iterator[Found]:
    """Yield accounts for those who may open them, and authors with the list of their blogs."""
    sees_accounts = may_open(user, User)
    sees_blogs = may_open(user, Blog) and user.has_perm("weblog.view_all_blogs")
    if not (sees_accounts or sees_blogs):
        return
    people = find_terms(User.objects.all(), split_terms(text), fields=NAMES)
    people = people.annotate(blog_count=Count("blogs"))
    if not sees_accounts:
        people = people.filter(blog_count__gt=0)
    for person in people.order_by("last_name", "first_name", "pk")[:MOST_OF_A_KIND]:
        name, blogs = full_name(person), person.blog_count
        if sees_accounts:
            yield Found(name, f"Account · {person.get_username()}", link_to(person), "person")
        if sees_blogs and blogs:
            link = link_to_list("weblog_blog", author__id__exact=person.pk)
            note = f"Author · {blogs} {'blog' if blogs == 1 else 'blogs'}"
            yield Found(f"Blogs by {name}", note, link, "article")
