"""Works out the result of an import without writing anything."""

import itertools
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError

from weblog.errors import ImportRefused
from weblog.importing.choices import (
    AuthorChoice,
    CategoryChoice,
    choose_authors,
    choose_categories,
    refuse_own_blogs,
)
from weblog.importing.posts import Post, Source, find_unstorable
from weblog.models import Blog

BATCH = 200
MOST_PROBLEMS = 50
NO_CATEGORY = ""  # the key of posts without an author


@dataclass
class Plan:
    file_name: str
    kind: str
    by: User | None
    posts: int = 0
    already_here: int = 0
    statuses: Counter[Blog.Status] = field(default_factory=Counter)
    notes: Counter[str] = field(default_factory=Counter)
    skipped: Counter[str] = field(default_factory=Counter)
    authors: dict[str, AuthorChoice] = field(default_factory=dict)
    categories: dict[str, CategoryChoice] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)  # problems of posts, which need another file
    problem_count: int = 0

    @property
    def new(self) -> int:
        return self.statuses.total()

    @property
    def status_counts(self) -> list[tuple[str, int]]:
        return [(status.label, n) for status, n in self.statuses.most_common()]

    @property
    def open_choices(self) -> list[str]:
        """Return the problems with chosen accounts and categories, which other choices fix."""
        named: dict[str, Mapping[str, AuthorChoice | CategoryChoice]]
        named = {"author": self.authors, "category": self.categories}
        return [
            f"{self.file_name}, {kind} “{key}”: {choice.problem}"
            for kind, choices in named.items()
            for key, choice in choices.items()
            if choice.problem
        ]

    @property
    def new_authors(self) -> list[AuthorChoice]:
        return [choice for choice in self.authors.values() if choice.user is None]

    @property
    def new_categories(self) -> list[str]:
        targets = (c.target for c in self.categories.values() if c.category is None)
        return list({target.casefold(): target for target in targets}.values())

    def describe(self) -> str:
        """Return the result in one line, as the commands print it."""
        statuses = ", ".join(f"{count:,} {label.lower()}" for label, count in self.status_counts)
        left_out = ", ".join(f"{count:,} × {kind}" for kind, count in self.skipped.items())
        parts = [
            f"{self.new:,} of {self.posts:,} posts" + (f" ({statuses})" if statuses else ""),
            f"{self.already_here:,} were here already",
            f"{len(self.new_authors):,} of {len(self.authors):,} authors are new",
            f"{len(self.new_categories):,} of {len(self.categories):,} categories are new",
            *([f"left out: {left_out}"] if left_out else []),
            *(f"{note}: {count:,}" for note, count in self.notes.most_common()),
        ]
        return "; ".join(parts) + "."

    def add_problem(self, place: str, problem: str) -> None:
        self.problem_count += 1
        if len(self.problems) < MOST_PROBLEMS:
            self.problems.append(f"{self.file_name}, {place}: {problem}")


def make_plan(
    source: Source,
    *,
    by: User | None,
    author_map: Mapping[str, str] | None = None,
    category_map: Mapping[str, str] | None = None,
    check_size: Callable[[int, int], None] = lambda posts, names: None,
) -> Plan:
    """Read all posts and return the plan of their import. Raises ImportRefused.

    `author_map` is {author in the file: username}, `category_map` {category in the file: name or
    slug}; other authors and categories are looked up by name, or else made. `check_size` gets the
    numbers of new posts, authors and categories during the reading, and may refuse.
    """
    plan = Plan(source.name, source.kind, by)
    seen: set[str] = set()
    authors: Counter[str] = Counter()
    categories: Counter[str] = Counter()
    published: Counter[str] = Counter()
    for batch in itertools.batched(source.read_posts(), BATCH):
        here = find_imported(batch)
        for post in batch:
            plan.posts += 1
            if post.source in here:
                plan.already_here += 1
                continue
            _check_post(plan, post, seen)
            plan.statuses[post.status] += 1
            plan.notes.update(post.notes)
            plan.notes["of several categories the first is kept"] += len(post.categories) > 1
            authors.update(post.authors)
            categories[post.categories[0] if post.categories else NO_CATEGORY] += 1
            if post.status == Blog.Status.PUBLISHED:
                published.update(post.authors)
        check_size(plan.new, len(authors) + len(categories))
    plan.skipped = source.skipped
    if not plan.posts:
        raise ImportRefused(
            f"{source.name} holds no post, so there is nothing to import. {len(source.people):,} "
            "authors are named in it; authors come in with posts of theirs."
        )
    plan.notes = +plan.notes
    choose_authors(plan, source.people, authors, author_map or {})
    choose_categories(plan, categories, category_map or {})
    refuse_own_blogs(plan, published)
    return plan


def find_imported(posts: Iterable[Post]) -> set[str]:
    """Return the sources of those `posts` that were imported before. One query."""
    sources = [post.source for post in posts if not find_unstorable(post.source)]
    found = Blog.objects.filter(imported_from__in=sources)
    return {source for source in found.values_list("imported_from", flat=True) if source}


def build_blog(post: Post) -> Blog:
    """Return the blog that `post` becomes, without its author, category and free slug."""
    blog = Blog(
        title=post.title,
        slug=post.slug or "blog",
        summary=post.summary,
        body=post.body,
        status=post.status,
        imported_from=post.source,
    )
    if post.publish_at:
        blog.publish_at = post.publish_at
    if post.status == Blog.Status.IN_REVIEW:
        blog.submitted_at = blog.publish_at
    return blog


def _check_post(plan, post, seen):
    for problem in post.problems:
        plan.add_problem(post.place, problem)
    if post.source and post.source in seen:
        plan.add_problem(post.place, f"has the same number as an earlier post: {post.source}.")
    seen.add(post.source)
    if post.problems:
        return
    if not post.authors:
        plan.add_problem(post.place, "author: none is named. Name one in the file.")
    if post.publish_at is None and post.status == Blog.Status.PUBLISHED:
        plan.add_problem(post.place, "date: a published post needs one. Add it in the file.")
    texts = {"title": post.title, "summary": post.summary, "text": post.body, "link": post.source}
    for name, text in texts.items():
        if unstorable := find_unstorable(text):
            plan.add_problem(post.place, f"{name}: holds {unstorable}. Remove it from the file.")
    try:
        build_blog(post).clean_fields(exclude=["author", "category"])
    except ValidationError as error:
        for name, messages in error.message_dict.items():
            plan.add_problem(post.place, f"{name}: {' '.join(messages)}")
