"""Works out the result of an import without writing anything."""

import datetime as dt
import itertools
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace

from django.contrib.auth.models import User
from django.utils import timezone

from weblog.errors import ImportRefused
from weblog.importing.checks import find_imported, find_problems, read_settled
from weblog.importing.choices import (
    AuthorChoice,
    CategoryChoice,
    choose_authors,
    choose_categories,
    refuse_own_blogs,
    split_authors,
)
from weblog.importing.free_slugs import SlugGiver
from weblog.importing.own_links import OwnLinks, list_relative
from weblog.importing.posts import Post, Source
from weblog.models import Blog

BATCH = 200
MOST_PROBLEMS = 50
NO_CATEGORY = ""  # the key of posts without a category


@dataclass
class ProblemPost:
    """A post that can't be imported as it is. `number` is its place in the order of the file."""

    number: int
    place: str
    problems: list[str]
    is_left_out: bool = False


@dataclass
class Choices:
    """What a person decided about a file.

    `authors` is {author in the file: username}, or the name of another new author, to join both;
    `categories` is {category in the file: name or slug}. Others are looked up by name, or made.
    Of names that seem to be several people, those in `whole_names` are one. Posts whose numbers
    are in `left_out` stay out; with `leaves_out_problems`, every post with a problem does.
    """

    authors: Mapping[str, str] = field(default_factory=dict)
    categories: Mapping[str, str] = field(default_factory=dict)
    whole_names: Collection[str] = ()
    left_out: Collection[int] = ()
    leaves_out_problems: bool = False


@dataclass
class Plan:
    file_name: str
    kind: str
    by: User | None
    at: dt.datetime
    posts: int = 0
    already_here: int = 0
    left_out: set[int] = field(default_factory=set)
    statuses: Counter[Blog.Status] = field(default_factory=Counter)
    notes: Counter[str] = field(default_factory=Counter)
    skipped: Counter[str] = field(default_factory=Counter)
    authors: dict[str, AuthorChoice] = field(default_factory=dict)
    joint_names: dict[str, list[str]] = field(default_factory=dict)
    people_of: dict[str, list[str]] = field(default_factory=dict)
    categories: dict[str, CategoryChoice] = field(default_factory=dict)
    slugs: dict[int, str] = field(default_factory=dict)  # by the number of the post
    links: OwnLinks = field(default_factory=OwnLinks)
    pictures: dict[str, str] = field(default_factory=dict)  # {address: words}
    problem_posts: list[ProblemPost] = field(default_factory=list)  # the first of them
    problem_post_count: int = 0
    problems: list[str] = field(default_factory=list)  # of posts that are not left out
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
        return [
            choice for choice in self.authors.values() if choice.user is None and not choice.joined
        ]

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
            *([f"left out as chosen: {len(self.left_out):,}"] if self.left_out else []),
            *(
                f"“{name}” was taken for {len(names)} people"
                for name, names in self.joint_names.items()
                if self.people_of[name] == names
            ),
            *(f"{note}: {count:,}" for note, count in self.notes.most_common()),
        ]
        return "; ".join(parts) + "."

    def add_problems(self, number: int, place: str, problems: list[str]) -> None:
        is_left_out = number in self.left_out
        self.problem_post_count += 1
        if len(self.problem_posts) < MOST_PROBLEMS:
            self.problem_posts.append(ProblemPost(number, place, problems, is_left_out))
        if is_left_out:
            return
        self.problem_count += len(problems)
        room = max(0, MOST_PROBLEMS - len(self.problems))
        self.problems += [f"{self.file_name}, {place}: {each}" for each in problems[:room]]


def make_plan(
    source: Source,
    *,
    by: User | None,
    choices: Choices | None = None,
    at: dt.datetime | None = None,
    check_size: Callable[[Plan, int], None] = lambda plan, names: None,
) -> Plan:
    """Read all posts and return the plan of their import. Raises ImportRefused.

    `check_size` gets the plan during the reading, with the number of authors and categories so
    far, and may refuse.
    """
    choices = choices or Choices()
    plan = Plan(source.name, source.kind, by, at or timezone.now(), left_out=set(choices.left_out))
    reading = _Reading(plan, choices)
    for batch in itertools.batched(read_settled(source, at=plan.at), BATCH):
        reading.take(batch)
        check_size(plan, len(reading.authors) + len(reading.categories))
    plan.skipped = source.skipped
    if not plan.posts:
        raise ImportRefused(
            f"{source.name} holds no post, so there is nothing to import. {len(source.people):,} "
            "authors are named in it; authors come in with posts of theirs."
        )
    reading.end(source.people)
    return plan


class _Reading:
    """What is gathered from the posts until the last is read."""

    def __init__(self, plan: Plan, choices: Choices):
        self.plan, self._choices = plan, choices
        self.authors: Counter[str] = Counter()
        self.categories: Counter[str] = Counter()
        self._published: Counter[str] = Counter()
        self._seen: set[str] = set()
        self._giver = SlugGiver()
        self._relative: list[tuple[Post, list[str]]] = []

    def take(self, batch):
        plan = self.plan
        here = find_imported(post for _, post in batch)
        new = [post for _, post in batch if post.source not in here]
        self._giver.look_up(new)
        for number, post in batch:
            plan.posts += 1
            if post.source in here:
                plan.already_here += 1
                plan.links.add(post, here[post.source])
                continue
            if not self._has_problems(number, post) and number not in plan.left_out:
                self._note(number, post)

    def _has_problems(self, number, post):
        plan = self.plan
        problems = find_problems(post)
        if post.source and post.source in self._seen:
            problems.append(f"has the same number as an earlier post: {post.source}.")
        if problems and self._choices.leaves_out_problems:
            plan.left_out.add(number)
        if number not in plan.left_out:
            self._seen.add(post.source)
        if problems:
            plan.add_problems(number, post.place, problems)
        return bool(problems)

    def _note(self, number, post):
        plan = self.plan
        plan.slugs[number] = slug = self._giver.give(post)
        plan.links.add(post, slug)
        if relative := list_relative(post):
            self._relative.append((_forget_texts(post), relative))
        plan.statuses[post.status] += 1
        plan.notes.update(post.notes)
        plan.notes["of several categories the first is kept"] += len(post.categories) > 1
        for address, words in post.pictures:
            plan.pictures.setdefault(address, words)
        if post.lead:
            plan.pictures.setdefault(post.lead, post.title)
        self.authors.update(dict.fromkeys(post.authors, 1))
        self.categories[post.categories[0] if post.categories else NO_CATEGORY] += 1
        if post.status == Blog.Status.PUBLISHED:
            self._published.update(post.authors)

    def end(self, people):
        plan, choices = self.plan, self._choices
        unknown = [
            address
            for post, addresses in self._relative
            for address in addresses
            if plan.links.find(post, address) is None
        ]
        plan.notes["links that lead nowhere here, as they stand for a page of the old site"] = len(
            unknown
        )
        plan.notes.update(self._giver.notes)
        plan.notes = +plan.notes
        persons = split_authors(
            plan, people, self.authors, choices.authors, set(choices.whole_names)
        )
        choose_authors(plan, people, persons, choices.authors)
        choose_categories(plan, self.categories, choices.categories)
        published: Counter[str] = Counter()
        for key, posts in self._published.items():
            published.update(dict.fromkeys(plan.people_of[key], posts))
        refuse_own_blogs(plan, published)


def _forget_texts(post):
    return replace(post, body="", summary="", pictures=[], notes=Counter())
