"""Accounts that imports made before each had an ImportedAuthor, as far as histories prove it."""

import datetime as dt
from collections.abc import Collection

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from simple_history.utils import get_history_model_for_model

from backoffice.people import full_name
from backoffice.signing import save_signed
from weblog.models import Blog, ImportedAuthor

IMPORTED = "Imported from "
MARKED = "Made by an import before such accounts were held"


def find_earlier_accounts() -> QuerySet:
    """Return the accounts of earlier imports, each with `made_at`, `made_by_id`, `reason`.

    Proved is this: the account's first record and that of an imported blog of its author give the
    same import as their reason. And nobody has completed the account since: it never was active,
    never signed in, and nobody confirmed it or has to. Whatever else an account is like, it stays.
    """
    records = get_history_model_for_model(User).objects
    made = records.filter(
        history_type="+", is_active=False, history_change_reason__startswith=IMPORTED
    )
    blogs = Blog.history.model.objects.filter(
        history_type="+",
        author_id=OuterRef("id"),
        imported_from__isnull=False,
        history_change_reason=OuterRef("history_change_reason"),
    )
    activated = records.filter(id=OuterRef("id"), is_active=True)
    proved = made.filter(Exists(blogs)).exclude(Exists(activated))
    accounts = User.objects.filter(is_active=False, last_login=None, imported_author=None)
    first = proved.filter(id=OuterRef("pk")).order_by("history_id")
    return (
        accounts.filter(pk__in=proved.values("id"))
        .annotate(
            made_at=first.values("history_date")[:1],
            made_by_id=first.values("history_user")[:1],
            reason=first.values("history_change_reason")[:1],
        )
        .order_by("username")
    )


@transaction.atomic
def hold_earlier_accounts(*, apart_from: Collection[int] = (), by: User) -> list[ImportedAuthor]:
    """Have each of them wait for a person who says whose it is, as those of imports today do."""
    return [
        _hold(account, by=by)
        for account in find_earlier_accounts().exclude(pk__in=apart_from).iterator()
    ]


def _hold(account: User, *, by: User) -> ImportedAuthor:
    found: dict = vars(account)
    made_at: dt.datetime = found["made_at"]
    author = ImportedAuthor(
        account=account,
        name=full_name(account)[:300],
        file_name=found["reason"].removeprefix(IMPORTED)[:200],
        imported_by_id=found["made_by_id"],
        imported_at=made_at,
    )
    return save_signed(author, by=by, reason=MARKED)
