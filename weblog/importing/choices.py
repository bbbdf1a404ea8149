"""Whose account and which category the posts of a file get, and what is wrong with the choice."""

from dataclasses import dataclass

from django.conf import settings
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db.models.functions import Lower
from django.utils.text import slugify

from weblog.importing.posts import Person, find_unstorable
from weblog.models import Category

UNCATEGORISED = "Uncategorised"


@dataclass
class AuthorChoice:
    """An author of the file, whose posts `user` gets, or a new account called `target`."""

    person: Person
    posts: int
    target: str
    chosen: str = ""
    user: User | None = None
    problem: str = ""


@dataclass
class CategoryChoice:
    """A category of the file, whose posts get `category`, or a new one called `target`."""

    posts: int
    target: str
    chosen: str = ""
    category: Category | None = None
    problem: str = ""


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
        if user is not None:
            continue
        if mapped:
            choice.problem = f"There is no account “{mapped}”."
        elif not target:
            choice.problem = "No username can be made of this name. Choose an account."
        elif (other := new.setdefault(target.casefold(), key)) != key:
            choice.problem = f"“{other}” would get the same username. Choose an account for one."
        else:
            choice.problem = _check_account(choice)


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
        if category is None:
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
