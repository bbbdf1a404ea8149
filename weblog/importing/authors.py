"""Says who the authors of an import are. What pays authors asks is_unconfirmed first."""

import datetime as dt

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from backoffice.signing import save_signed
from weblog.errors import AuthorConfirmed, OwnName, require_reason
from weblog.models import ImportedAuthor


def is_unconfirmed(account: User) -> bool:
    """Whether an import made this account, and nobody has said yet whose it is.

    One query, or none with select_related("imported_author").
    """
    imported = getattr(account, "imported_author", None)
    return imported is not None and imported.confirmed_at is None


@transaction.atomic
def confirm_author(
    *, author: ImportedAuthor, by: User, confirmation: str, at: dt.datetime | None = None
) -> ImportedAuthor:
    """Note that `by` knows who the author is. Raises AuthorConfirmed, OwnName, ReasonMissing."""
    require_reason(confirmation, "Say how you know who this is: the sentence is kept.")
    author = ImportedAuthor.objects.select_for_update().get(pk=author.pk)
    if author.confirmed_at:
        raise AuthorConfirmed(author)
    if author.account_id == by.pk:
        raise OwnName(author)
    author.confirmed_by, author.confirmed_at = by, at or timezone.now()
    author.confirmation = confirmation.strip()
    return save_signed(author, by=by, reason=f"Confirmed: {confirmation.strip()}"[:900])
