"""Posts of another system become blogs: all of a file, or nothing."""

import itertools
from collections.abc import Callable, Iterator
from typing import Any

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.utils.text import slugify

from backoffice.signing import save_signed
from weblog.errors import ImportRefused
from weblog.importing.checks import build_blog, find_imported, read_settled
from weblog.importing.choices import build_account
from weblog.importing.fetching import forget_pictures, note_pictures, put_pictures
from weblog.importing.free_slugs import LONGEST_SLUG
from weblog.importing.plans import (
    BATCH,
    MOST_PROBLEMS,
    Choices,
    Plan,
    make_plan,
)
from weblog.importing.posts import LEAD_LEFT_OUT, Post, Source
from weblog.models import Category, ImportedAuthor, Picture
from weblog.models.histories import unrecorded


def import_posts(
    *,
    source: Source,
    by: User | None = None,
    choices: Choices | None = None,
    check_size: Callable[[Plan, int], None] = lambda plan, names: None,
    fetch: Callable[[Plan], tuple[dict[str, Picture], dict[str, int]]] | None = None,
) -> Plan:
    """Make a blog of each new post, and return the plan that was carried out.

    `fetch` gets a plan without problems and may return its pictures, with what came of them.

    A post keeps its status and its date. A post that was imported before stays unchanged, whatever
    the file says now. Authors without an account get an inactive one. Each blog is saved
    separately, with its history. Raises ImportRefused, and then changes nothing.
    """
    pictures: dict[str, Picture] = {}
    counts: dict[str, int] = {}
    if fetch is not None:
        plan = make_plan(source, by=by, choices=choices, check_size=check_size)
        check_plan(plan)
        pictures, counts = fetch(plan)
    try:
        with transaction.atomic():
            plan = make_plan(source, by=by, choices=choices, check_size=check_size)
            check_plan(plan)
            _Import(plan, source, pictures).run()
    except BaseException as error:
        forget_pictures(pictures)
        if not isinstance(error, IntegrityError):
            raise
        raise ImportRefused(
            f"{source.name}: somebody else changed blogs, accounts or categories at the same time, "
            "so nothing was imported. Try again."
        ) from error
    if counts:
        note_pictures(plan, counts)
    return plan


def check_plan(plan: Plan) -> None:
    """Raise ImportRefused with all problems, unless every post can be imported."""
    count = plan.problem_count + len(plan.open_choices)
    if not count:
        return
    problems = plan.problems + plan.open_choices[:MOST_PROBLEMS]
    some = f"; the first {len(problems):,} are" if count > len(problems) else ""
    raise ImportRefused(
        f"Nothing was imported. {count:,} problem{'' if count == 1 else 's'} in the file{some}:",
        problems,
    )


class _Import:
    def __init__(self, plan: Plan, source: Source, pictures: dict[str, Picture]):
        self._plan = plan
        self._source = source
        self._pictures = pictures
        self._reason = f"Imported from {plan.file_name}"

    def run(self):
        self._authors = self._make_authors()
        self._categories = self._make_categories()
        for batch in itertools.batched(read_settled(self._source, at=self._plan.at), BATCH):
            here = find_imported(post for _, post in batch)
            for number, post in batch:
                if post.source not in here and number not in self._plan.left_out:
                    self._save_post(post, self._plan.slugs[number])

    def _make_authors(self):
        authors = {}
        for key, choice in self._plan.authors.items():
            if not choice.joined:
                authors[key] = choice.user or self._make_account(key, choice)
        joined = {key: choice.joined for key, choice in self._plan.authors.items() if choice.joined}
        return authors | {key: authors[other] for key, other in joined.items()}

    def _make_account(self, key, choice):
        """Make an account that is nobody's until a person confirms whose it is."""
        account = self._sign(build_account(choice))
        imported = ImportedAuthor(
            account=account,
            name=key[:300],
            file_name=self._plan.file_name[:200],
            imported_by=self._plan.by,
            imported_at=self._plan.at,
        )
        self._sign(imported)
        return account

    def _make_categories(self):
        made, categories = {}, {}
        for name, choice in self._plan.categories.items():
            category = choice.category or made.get(choice.target.casefold())
            if category is None:
                category = Category(name=choice.target, slug=_free_category_slug(choice.target))
                made[choice.target.casefold()] = self._sign(category)
            categories[name] = category
        return categories

    def _save_post(self, post: Post, slug: str):
        self._plan.links.rewrite(post)
        put_pictures(post, self._pictures)
        blog = build_blog(post)
        blog.slug = slug
        if lead := self._pictures.get(post.lead):
            blog.lead_picture = lead
            self._plan.notes[LEAD_LEFT_OUT] -= 1
        keys = [key for name in post.authors for key in self._plan.people_of[name]]
        blog.author, *others = [self._authors[key] for key in keys]
        blog.category = self._categories[post.categories[0] if post.categories else ""]
        with unrecorded(blog):
            blog.save()
            blog.co_authors.set(user for user in dict.fromkeys(others) if user != blog.author)
        signed: Any = blog
        signed._history_user, signed._change_reason = self._plan.by, self._reason
        signed.whole_history.record(signed, is_new=True)

    def _sign(self, instance):
        return save_signed(instance, by=self._plan.by, reason=self._reason)


def _free_category_slug(name) -> str:
    base = slugify(name)[: LONGEST_SLUG // 2] or "category"
    return next(slug for slug in _numbered(base) if not Category.objects.filter(slug=slug).exists())


def _numbered(base) -> Iterator[str]:
    yield base
    yield from (f"{base}-{number}" for number in itertools.count(2))
