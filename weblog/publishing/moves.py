"""What a new author or category of a published blog means, before anybody decides on it."""

from django.contrib.auth.models import User

from backoffice.people import full_name
from weblog.hooks import list_move_effects
from weblog.models import Blog, Category


def describe_move(
    *, blog: Blog, author: User | None = None, category: Category | None = None
) -> list[str]:
    """Return sentences on what follows from it. `blog` is taken as it is stored."""
    stored = Blog.objects.select_related("author", "category").defer("body").get(pk=blog.pk)
    effects = []
    if author and author != stored.author:
        effects.append(_say(full_name(stored.author), full_name(author)))
    if category and category != stored.category:
        effects.append(_say(stored.category, category))
    if effects:
        effects += list_move_effects(
            blog=stored, author=author or stored.author, category=category or stored.category
        )
    return effects


def _say(former, new):
    return f"Views so far stay with {former}. Views from now on go to {new}."
