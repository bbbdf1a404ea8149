"""Free addresses for the posts of a file. A number is added to those that are taken."""

import itertools
from collections import Counter
from collections.abc import Iterable

from weblog.importing.posts import Post
from weblog.models import Blog, OldAddress

LONGEST_SLUG = 190  # leaves room for a number
NUMBERS_AT_A_TIME = 100


class SlugGiver:
    def __init__(self):
        self.notes: Counter[str] = Counter()
        self._taken: set[str] = set()
        self._numbers: Counter[str] = Counter()

    def look_up(self, posts: Iterable[Post]) -> None:
        """Find out which addresses of the posts are taken. Two queries."""
        self._taken |= _find_taken({_base_of(post) for post in posts})

    def give(self, post: Post) -> str:
        """Return an address that no blog has or had, for a post that was looked up."""
        base = slug = _base_of(post)
        while slug in self._taken:
            self._numbers[base] += 1
            slug = self._number(base, self._numbers[base])
        if slug != base:
            self.notes["address taken already, so it has a number"] += 1
        self._taken.add(slug)
        return slug

    def _number(self, base, number):
        """Return the address with a number. Two queries for many numbers of one address."""
        if number % NUMBERS_AT_A_TIME == 1:
            ahead = range(number, number + NUMBERS_AT_A_TIME)
            self._taken |= _find_taken({f"{base}-{each + 1}" for each in ahead})
        return f"{base}-{number + 1}"


def _base_of(post):
    return (post.slug or "blog")[:LONGEST_SLUG]


def _find_taken(slugs) -> set[str]:
    """Return those of `slugs` that lead, or once led, to a blog."""
    models = (Blog, OldAddress)
    rows = (model.objects.filter(slug__in=slugs).values_list("slug", flat=True) for model in models)
    return set(itertools.chain.from_iterable(rows))
