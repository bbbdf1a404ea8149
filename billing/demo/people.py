"""Who works and writes in the demo's house. All of them are invented."""

import datetime as dt
import os
import secrets
from collections.abc import Iterable
from copy import copy
from pathlib import Path
from typing import Any

from django.contrib.auth.hashers import get_hasher
from django.contrib.auth.models import Group, User
from simple_history.utils import get_history_manager_for_model

from backoffice.accounts.models import AccessRequest
from backoffice.accounts.rights import is_guarded_right
from backoffice.accounts.two_people import confirm_access, propose_access
from billing.proof.traces import trace_rows

# username, first name, last name, group
PEOPLE = [
    ("admin", "Alma", "Admin", None),
    ("admin.two", "Arne", "Admin", None),
    ("editor", "Edda", "Editor", "Editors"),
    ("finance", "Finn", "Finance", "Finance"),
    ("approver", "April", "Approver", "Approvers"),
    ("auditor", "Audrey", "Auditor", "Auditors"),
    ("demo.ada", "Ada", "Example", "Authors"),
    ("demo.bruno", "Bruno", "Sample", "Authors"),
    ("demo.chiara", "Chiara", "Specimen", "Authors"),
]

# A slow hash guards a password that somebody thought of. These are drawn among 2**72; who signs in
# with one gets a slow hash then, as with each hash of fewer iterations than the settings ask for.
ITERATIONS = 1_000

# They write and are paid; nobody signs in as them, so they have no password.
MORE_AUTHORS = [
    ("demo.dora", "Dora", "Placeholder"),
    ("demo.emil", "Emil", "Mockup"),
    ("demo.fatima", "Fatima", "Template"),
    ("demo.goran", "Goran", "Instance"),
    ("demo.hana", "Hana", "Prototype"),
    ("demo.ivo", "Ivo", "Stencil"),
    ("demo.jana", "Jana", "Pattern"),
    ("demo.kofi", "Kofi", "Dummy"),
    ("demo.lena", "Lena", "Model"),
]


def make_people(*, at: dt.datetime) -> dict[str, User]:
    """Add the accounts, as {username: user}."""
    _date_roles(at)
    authors = [(*names, "Authors") for names in MORE_AUTHORS]
    return {
        username: _make_person(username, first_name, last_name, group, at=at)
        for username, first_name, last_name, group in [*PEOPLE, *authors]
    }


def _date_roles(at: dt.datetime) -> None:
    """Make the roles older than the proposals: nobody can confirm a proposal older than a role."""
    for record in get_history_manager_for_model(Group).all():
        record.history_date = at
        record.save()
        trace_rows([record])


def _make_person(
    username: str, first_name: str, last_name: str, group: str | None, *, at: dt.datetime
) -> User:
    """Add an account. One administrator proposes money roles and another confirms them."""
    user = User.objects.create_user(
        username,
        f"{username}@example.com",
        first_name=first_name,
        last_name=last_name,
        is_staff=True,
        is_superuser=group is None,
        date_joined=at,
    )
    if group:
        role = Group.objects.get_by_natural_key(group)
        if is_guarded_right(role):
            first, second = User.objects.filter(is_superuser=True).order_by("pk")
            access = propose_access(
                kind=AccessRequest.Kind.GROUP, about=user, group=role, by=first, at=at,
                reason="Joins the house",
            )  # fmt: skip
            if access.outcome == AccessRequest.Outcome.WAITING:  # takes two administrators
                confirm_access(request=access, by=second, at=at)
        else:
            user.groups.add(role)
    return user


def find_people() -> Iterable[User]:
    """Return those who sign in."""
    return User.objects.filter(username__in=[username for username, *_ in PEOPLE])


def set_passwords(people: Iterable[User], accounts_file: Path) -> None:
    """Give new passwords, and write them into a file for its owner alone."""
    roles = {username: group or "Superuser" for username, _, _, group in PEOPLE}
    lines = ["Sign in at /admin/ as", ""]
    hasher: Any = copy(get_hasher())
    hasher.iterations = ITERATIONS
    for user in people:
        password = secrets.token_urlsafe(9)
        user.password = hasher.encode(password, hasher.salt())
        # As set_password() leaves it, for what follows a change.
        user._password = password  # type: ignore[attr-defined]  # not in the stubs
        user.save(update_fields=["password"])
        lines.append(f"  {user.username:<12} {password:<14} {roles[user.username]}")
    accounts_file.unlink(missing_ok=True)
    with os.fdopen(os.open(accounts_file, os.O_WRONLY | os.O_CREAT, 0o600), "w") as file:
        file.write("\n".join([*lines, "", f"These are kept in {accounts_file}.", ""]))
