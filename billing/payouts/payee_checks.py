"""The checks of where a batch's money goes: who has no details, and what is new about them."""

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from django.conf import settings
from django.db.models import Count, Exists, F, OuterRef, QuerySet, Subquery
from django.utils import timezone

from billing.models import PaidPayee, PayeeAuthor, PayeeDetails, Payment, PayoutBatch
from billing.payouts.batch_checks import (
    NAMES_SHOWN,
    blocks,
    count_are,
    flags,
    list_names,
    list_url,
)

SIGNED = (PayoutBatch.Status.APPROVED, PayoutBatch.Status.PAID)
ROWS_AT_A_TIME = 1_000


class Going(NamedTuple):
    """Where a payment goes: as it was submitted, or as it would be now while it is a draft."""

    author_id: int
    author_name: str
    payee_id: int | None
    version_id: object
    account_digest: str


def _find_without_details(batch: PayoutBatch) -> QuerySet[Payment]:
    """Return the payments of a draft that nobody could be paid by now.

    None unless PAYEES_REQUIRED: a house that pays by other lists goes on after an upgrade.
    """
    if not settings.PAYEES_REQUIRED:
        return Payment.objects.none()
    at = timezone.now()
    details = PayeeDetails.objects.in_force(at).values("payee")
    links = PayeeAuthor.objects.in_force(at).filter(author=OuterRef("author"), payee__in=details)
    return batch.payments.payable().exclude(Exists(links))


@blocks("payee_missing", rows=_find_without_details)
def block_missing_payees(batch):
    number, names = _count(batch, lambda going: going.payee_id is None)
    if not number:
        return None
    return (
        f"{count_are(number, 'payment')} without payment details in force: "
        f"{list_names(names, number)}. Have the authors enter them and a second person of finance "
        "confirm them; or hold these payments, and the others are paid.",
        list_url("payment", batch__id__exact=batch.pk),
    )


def _copies(find: Callable[[QuerySet[PaidPayee]], QuerySet[PaidPayee]]) -> Callable:
    """Return what tells a flag's rows: those that `find` selects of a submitted batch's copies.

    Of a draft they are its payments, as it has no copies yet.
    """

    def find_rows(batch: PayoutBatch) -> QuerySet:
        if batch.status == PayoutBatch.Status.DRAFT:
            return batch.payments.payable()
        return find(PaidPayee.objects.filter(payment__batch=batch))

    return find_rows


def _paid_otherwise(copies):
    own = OuterRef("payment__batch")
    paid = PaidPayee.objects.filter(payment__batch__status__in=SIGNED).exclude(payment__batch=own)
    last = paid.filter(payment__author=OuterRef("payment__author")).order_by("-pk")
    copies = copies.annotate(last=Subquery(last.values("version")[:1]))
    return copies.filter(last__isnull=False).exclude(version=F("last"))


@flags("payee_changed", rows=_copies(_paid_otherwise))
def flag_changed_payees(batch):
    last = {row[0]: row[1] for row in _find_paid(batch, "payment__author", "version")}
    return _flag(
        batch,
        lambda going: last.get(going.author_id, going.version_id) != going.version_id,
        "by other details than the author's last one",
        "Write how it was made sure that the author wants it so.",
    )


def _find_shared() -> QuerySet:
    """Return the fingerprints of accounts of two payees or more."""
    versions = PayeeDetails.objects.filter(withdrawn_at=None).order_by().values("account_digest")
    shared = versions.annotate(payees=Count("payee", distinct=True)).filter(payees__gt=1)
    return shared.values_list("account_digest", flat=True)


@flags(
    "payee_account_shared",
    rows=_copies(lambda copies: copies.filter(account_digest__in=_find_shared())),
)
def flag_shared_accounts(batch):
    """An account of two payees: by its fingerprint, so that nobody has to read it."""
    digests = set(_find_shared())
    return _flag(
        batch,
        lambda going: going.account_digest in digests,
        "to an account that another payee has or had, too",
        "Write why both are paid there.",
    )


def _to_new_accounts(copies):
    own = OuterRef("payment__batch")
    paid = PaidPayee.objects.filter(payment__batch__status__in=SIGNED).exclude(payment__batch=own)
    return copies.exclude(Exists(paid.filter(account_digest=OuterRef("account_digest"))))


@flags("payee_account_new", rows=_copies(_to_new_accounts))
def flag_new_accounts(batch):
    paid = {digest for (digest,) in _find_paid(batch, "account_digest")}
    return _flag(
        batch,
        lambda going: going.payee_id is not None and going.account_digest not in paid,
        "the first to its account",
        "Write how it was made sure that the account is the payee's.",
    )


def _outdated(copies):
    now = PayeeDetails.objects.in_force(timezone.now()).filter(payee=OuterRef("payee"))
    return copies.filter(Exists(now.exclude(pk=OuterRef("version"))))


@flags("payee_outdated", rows=_copies(_outdated))
def flag_outdated_payees(batch):
    """Details that came into force after the submission: the batch pays by those of before."""
    if batch.status == PayoutBatch.Status.DRAFT:
        return None
    now = dict(PayeeDetails.objects.in_force(timezone.now()).values_list("payee", "pk"))
    return _flag(
        batch,
        lambda going: now.get(going.payee_id, going.version_id) != going.version_id,
        "by details that have been replaced since the submission",
        "Return the batch, so that it is submitted with the new ones; or write why the old ones "
        "are right.",
    )


def read_goings(batch: PayoutBatch) -> Iterator[Going]:
    """Yield where each payment of the batch goes that pays. Three queries.

    Memory holds a portion of the payments, and of a draft the payees of its authors.
    """
    if batch.status != PayoutBatch.Status.DRAFT:
        copies = PaidPayee.objects.filter(payment__batch=batch).order_by("payment__reference")
        fields = ("payment__author", "payment__author_name", "payee", "version", "account_digest")
        yield from (Going(*row) for row in copies.values_list(*fields).iterator(ROWS_AT_A_TIME))
        return
    at = timezone.now()
    payable = batch.payments.payable().order_by("reference")
    links = PayeeAuthor.objects.in_force(at).filter(author__in=payable.values("author"))
    payees = dict(links.values_list("author", "payee"))
    versions = PayeeDetails.objects.in_force(at).values_list("payee", "pk", "account_digest")
    known = {payee: facts for payee, *facts in versions}
    for author, name in payable.values_list("author", "author_name").iterator(ROWS_AT_A_TIME):
        if payees.get(author) in known:
            yield Going(author, name, payees[author], *known[payees[author]])
        else:
            yield Going(author, name, None, None, "")


def _find_paid(batch: PayoutBatch, *fields: str) -> Iterable[tuple]:
    """Return facts of the copies in signed batches but this one, the oldest first. One query."""
    copies = PaidPayee.objects.filter(payment__batch__status__in=SIGNED)
    return copies.exclude(payment__batch=batch).order_by("pk").values_list(*fields)


def _flag(
    batch: PayoutBatch, is_meant: Callable[[Going], bool], sentence: str, advice: str
) -> tuple[str, str, int] | None:
    number, names = _count(batch, is_meant)
    if not number:
        return None
    message = f"{count_are(number, 'payment')} {sentence}: {list_names(names, number)}."
    return f"{message} {advice}", list_url("payment", batch__id__exact=batch.pk), number


def _count(batch: PayoutBatch, is_meant: Callable[[Going], bool]) -> tuple[int, list[str]]:
    """Return how many payments are meant, and the first names of authors, each once."""
    number = 0
    names: list[str] = []
    for going in read_goings(batch):
        if is_meant(going):
            number += 1
            if len(names) < NAMES_SHOWN and going.author_name not in names:
                names.append(going.author_name)
    return number, names
