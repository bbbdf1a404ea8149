"""Whose account and which category the posts of a file get, and what is wrong with the choice."""

from collections import Counter
from dataclasses import dataclass

from django.conf import settings
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db.models.functions import Lower
from django.utils.text import slugify

from weblog.importing.people import split_names
from weblog.importing.posts import Person, find_unstorable
from weblog.models import Category

UNCATEGORISED = "Uncategorised"


@dataclass
class AuthorChoice:
    """An author of the file, whose posts `user` gets, or a new account called `target`.

    `joined` is the other new author of the file whose account this one shares.
    """

    person: Person
    posts: int
    target: str
    chosen: str = ""
    user: User | None = None
    joined: str = ""
    problem: str = ""


@dataclass
class CategoryChoice:
    """A category of the file, whose posts get `category`, or a new one called `target`."""

    posts: int
    target: str
    chosen: str = ""
    category: Category | None = None
    problem: str = ""


def split_authors(plan, people, authors, author_map, whole_names) -> Counter[str]:
    """Note in the plan which names are taken for several people, and count each person's posts.

    A name is left whole where somebody said so, or named an account for it, or it is a username.
    """
    persons: Counter[str] = Counter()
    known = {name.casefold() for name in User.objects.values_list("username", flat=True)}
    for key, posts in authors.items():
        person = people.get(key)
        named = " ".join(filter(None, [person.first_name, person.last_name])) if person else ""
        names = split_names(named or key)
        if not all(slugify(name, allow_unicode=True) for name in names):
            names = [key]
        is_whole = key.casefold() in known or author_map.get(key, "").strip()
        if len(names) > 1 and not is_whole:
            plan.joint_names[key] = names
        is_login = len(names) == 1 and named and named != key
        names = [key] if is_whole or key in whole_names or is_login else names
        for name in names:
            persons[name] += posts
            if name != key:
                first, _, last = name.rpartition(" ")
                people.setdefault(name, Person(name, first or last, last if first else ""))
        plan.people_of[key] = names
    return persons


def choose_authors(plan, people, authors, author_map):
    users = {user.username.casefold(): user for user in User.objects.iterator()}
    new = {}
    for key, posts in authors.most_common():
        mapped = author_map.get(key, "").strip()
        target = slugify(key, allow_unicode=True)
        names = [mapped] if mapped else [key, target]
        user = next((users[name] for name in map(str.casefold, names) if name in users), None)
        chosen = mapped or (user.username if user else "")
        choice = AuthorChoice(people.get(key) or Person(key), posts, target, chosen, user)
        plan.authors[key] = choice
        if user is not None or mapped:
            continue
        if not target:
            choice.problem = "No username can be made of this name. Choose an account."
        elif (other := new.setdefault(target.casefold(), key)) != key:
            choice.problem = (
                f"“{other}” would get the same username. If both are one person, write "
                f"{target} here as well; if not, choose an account for one."
            )
        else:
            choice.problem = _check_account(choice)
    _join_authors(plan, new)


def _join_authors(plan, new):
    """Let an author share the new account of another, whose name or username was written there."""
    for choice in plan.authors.values():
        if choice.user is not None or not choice.chosen:
            continue
        written = choice.chosen.casefold()
        other = new.get(written) or next(
            (name for name in new.values() if name.casefold() == written), ""
        )
        if other:
            choice.joined, choice.target = other, plan.authors[other].target
        else:
            choice.problem = f"There is no account “{choice.chosen}”."


def _check_account(choice):
    account = build_account(choice)
    texts = (account.username, account.first_name, account.last_name, account.email)
    try:
        account.clean_fields(exclude=["password"])
    except ValidationError as error:
        return " ".join(error.messages)
    return next((f"The name holds {bad}." for text in texts if (bad := find_unstorable(text))), "")


def build_account(choice: AuthorChoice) -> User:
    """Return an account that nobody can sign in to: inactive, without password, rights or role."""
    person = choice.person
    account = User(
        username=choice.target,
        first_name=person.first_name,
        last_name=person.last_name,
        email=person.email if _is_address(person.email) else "",
        is_active=False,
    )
    account.set_unusable_password()
    return account


def _is_address(text):
    try:
        validate_email(text)
    except ValidationError:
        return False
    return True


def choose_categories(plan, categories, category_map):
    known = {}
    for category in Category.objects.annotate(lower=Lower("name")):
        known[category.slug] = known[category.name.casefold()] = category
    for key, posts in categories.most_common():
        mapped = category_map.get(key, "").strip()
        target = mapped or key or UNCATEGORISED
        category = known.get(target.casefold())
        choice = CategoryChoice(posts, target, category.name if category else mapped, category)
        plan.categories[key] = choice
        name, _, short_name = key.rpartition(" (")
        if short_name.endswith(")") and name in categories and not mapped:
            choice.problem = (
                f"The file has two categories “{name}”. Write {name} here to make one of them, or "
                "another name."
            )
        elif category is None:
            choice.problem = _check_name(target)


def _check_name(name):
    try:
        Category(name=name).clean_fields(exclude=["slug"])
    except ValidationError as error:
        return " ".join(error.messages)
    unstorable = find_unstorable(name)
    return f"The name holds {unstorable}." if unstorable else ""


def refuse_own_blogs(plan, published):
    """Refuse choices that make the importer the author: nobody publishes their own blogs."""
    if plan.by is None or settings.PUBLISH_OWN_BLOGS:
        return
    for key, choice in plan.authors.items():
        if published[key] and choice.user == plan.by:
            choice.problem = (
                "That is you, and nobody publishes a blog of their own. Let somebody else import "
                "the file, or choose another account."
            )
