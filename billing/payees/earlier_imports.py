"""Authors of imports from before weblog 0007: held from payment like those of later ones."""

from dataclasses import dataclass

from django.contrib.auth.models import User
from django.db import transaction

from billing.locks import Lock, hold_lock
from billing.models import Payment, PayoutBatch
from weblog.importing.earlier import find_earlier_accounts, hold_earlier_accounts

SIGNED = [PayoutBatch.Status.SUBMITTED, PayoutBatch.Status.APPROVED]


@dataclass(frozen=True)
class Outcome:
    names: list[str]
    on_their_way: list[str]


@transaction.atomic
def hold_earlier_imports(*, by: User | None = None) -> Outcome:
    """Hold the accounts of earlier imports; without `by`, only say which.

    An account with a signed payment stays until the bank's result is there: the database takes no
    result for an author whom nobody has confirmed.
    """
    if by:
        hold_lock(Lock.PAYOUTS)  # so that nobody submits a payment to one of them meanwhile
    signed = Payment.objects.payable().filter(batch__status__in=SIGNED)
    accounts = list(find_earlier_accounts())
    paid = set(signed.filter(author__in=accounts).values_list("author", flat=True))
    if by:
        hold_earlier_accounts(apart_from=paid, by=by)
    return Outcome(
        [account.username for account in accounts if account.pk not in paid],
        [account.username for account in accounts if account.pk in paid],
    )
