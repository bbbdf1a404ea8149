"""Copies of payees with the payments of a batch: made when it is submitted, read by bank files.

A copy's digest stands on its payment, so the batch's digest covers it. As long as the batch is
submitted or signed, the database refuses every change but another encryption of the same.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator
from itertools import batched
from typing import NamedTuple

from django.db import connection, transaction

from billing.errors import DetailsUnreadable, KeyGone, KeysMissing
from billing.models import (
    PaidPayee,
    Payee,
    PayeeAuthor,
    PayeeDetails,
    Payment,
    PaymentLine,
    PayoutBatch,
)
from billing.payees.accounts import identify
from billing.payees.encryption import (
    decrypt,
    encrypt,
    encrypt_anew,
    find_key_id,
    fingerprint,
    has_fingerprint,
)
from billing.payees.keys import load_keys
from billing.payees.secrets import read_field
from billing.proof.digests import digest_payment, encode_canonical, hash_text, record_payment

TABLE = "billing_paidpayee"
FIELDS = ("address", "account")
FACTS = (
    "payment__reference", "payee_id", "legal_name", "country", "language", "account_kind",
    "account_end", "account_digest", "address_digest",
)  # fmt: skip
# What it has of the version that it was made of, which no digest names.
OF_VERSION = ("payee_id", "account_digest")
PAYMENTS_AT_A_TIME = 500


class PaidTo(NamedTuple):
    """Whom a payment goes to, in clear: for a file to the bank, and for nothing else."""

    reference: str
    name: str
    country: str
    language: str
    address: dict[str, str]  # street, building_number, postcode, town, region: those there are
    account_kind: str  # iban or us
    account: dict[str, str]  # kind, iban, bic; or kind, routing, number, type
    is_company: bool = False


def read_paid_to(batch: PayoutBatch, *, references: list[str] | None = None) -> Iterator[PaidTo]:
    """Yield whom each standing payment of the batch goes to, by reference, as it was submitted.

    Without a payment whose payee was not known; of the `references` alone, if they are given.
    Whoever calls this checks the permission first. Streamed. Raises DetailsUnreadable, which says
    why: the payment itself loses nothing.
    """
    copies = PaidPayee.objects.filter(payment__batch=batch).select_related("payment", "payee")
    copies = copies.exclude(payment__status__in=[Payment.Status.HELD, Payment.Status.CARRIED])
    if references is not None:
        copies = copies.filter(payment__reference__in=references)
    for copy in copies.order_by("payment__reference").iterator(PAYMENTS_AT_A_TIME):
        yield PaidTo(
            copy.payment.reference,
            copy.legal_name,
            copy.country,
            copy.language,
            read_copy(copy, "address"),
            copy.account_kind,
            read_copy(copy, "account"),
            copy.payee.kind != Payee.Kind.PERSON,
        )


def read_copy(copy: PaidPayee, field: str):
    """Return the address or the account in clear, if it is the one that was submitted."""
    encrypted = getattr(copy, field)
    value = decrypt(encrypted, table=TABLE, row=copy.payment.reference, field=field)
    expected, facts = (
        (copy.account_digest, identify(value))
        if field == "account"
        else (copy.address_digest, value)
    )
    if not has_fingerprint(facts, expected, what=field):
        raise DetailsUnreadable(f"cannot be used: it is not the {field} that was submitted")
    return value


def copy_payees(batch: PayoutBatch, *, at: dt.datetime) -> int:
    """Copy the details in force to the payments of a draft, and return the number of copies.

    Only payments that pay have one. Their digests cover it from now on. Five queries for each
    portion of payments.
    """
    count = 0
    payable = batch.payments.payable().order_by("reference")
    for portion in batched(payable.iterator(PAYMENTS_AT_A_TIME), PAYMENTS_AT_A_TIME):
        details = find_details([payment.author_id for payment in portion], at=at)
        # An agent's details go with many payments.
        known = {each.pk: _read_known(each) for each in {*details.values()}}
        copies = [
            _make_copy(payment, of_author, known[of_author.pk])
            for payment in portion
            if (of_author := details.get(payment.author_id))
        ]
        PaidPayee.objects.bulk_create(copies)
        _write_digests([(copy.payment, copy.digest) for copy in copies])
        count += len(copies)
    return count


def find_details(authors: list[int], *, at: dt.datetime) -> dict[int, PayeeDetails]:
    """Return {author: the details in force of whoever gets their money}. Two queries."""
    links = PayeeAuthor.objects.in_force(at).filter(author__in=authors)
    payees = dict(links.values_list("author", "payee"))
    versions = PayeeDetails.objects.in_force(at).filter(payee__in={*payees.values()})
    found = {details.payee_id: details for details in versions.select_related("secret")}
    return {author: found[payee] for author, payee in payees.items() if payee in found}


def drop_copies(batch: PayoutBatch) -> None:
    """Take the copies off a batch that is a draft again: it is submitted with those of then."""
    while portion := list(
        PaidPayee.objects.filter(payment__batch=batch).select_related("payment")[
            :PAYMENTS_AT_A_TIME
        ]
    ):
        PaidPayee.objects.filter(pk__in=[copy.pk for copy in portion]).delete()
        _write_digests([(copy.payment, "") for copy in portion])


def digest_copy(copy: PaidPayee) -> str:
    """Return the SHA-256 of what the copy says, by its fingerprints where it is encrypted."""
    facts = [copy.payment.reference, *(getattr(copy, name) for name in FACTS[1:])]
    return hash_text(encode_canonical(facts))


def find_changed_copy(batch: PayoutBatch) -> PaidPayee | Payment | None:
    """Return a copy that is not as its payment says, or a payment without its copy."""
    copies = PaidPayee.objects.filter(payment__batch=batch).select_related("payment", "version")
    for copy in copies.iterator(PAYMENTS_AT_A_TIME):
        if not digest_copy(copy) == copy.digest == copy.payment.payee_digest or _is_other(copy):
            return copy
        if any(getattr(copy, name) != getattr(copy.version, name) for name in OF_VERSION):
            return copy
    named = batch.payments.exclude(payee_digest="")
    return named.filter(paid_payee=None).first()


def _is_other(copy: PaidPayee) -> bool:
    """Whether what is encrypted is not what the fingerprints say. Unknown without its key."""
    if {find_key_id(getattr(copy, field)) for field in FIELDS} != {copy.key_id}:
        return True
    try:
        for field in FIELDS:
            read_copy(copy, field)
    except (KeyGone, KeysMissing):
        return False
    except DetailsUnreadable:
        return True
    return False


class _Known(NamedTuple):
    """What is encrypted of a payee's details, in clear."""

    address: dict[str, str]
    account: dict[str, str]
    address_digest: str


def _read_known(details: PayeeDetails) -> _Known:
    address, account = read_field(details, "address"), read_field(details, "account")
    return _Known(address, account, fingerprint(address, what="address"))


def _make_copy(payment: Payment, details: PayeeDetails, known: _Known) -> PaidPayee:
    row = payment.reference
    copy = PaidPayee(
        payment=payment,
        payee_id=details.payee_id,
        version=details,
        legal_name=details.legal_name,
        country=details.country,
        language=details.language,
        account_kind=details.account_kind,
        account_end=details.account_end,
        account_digest=details.account_digest,
        address_digest=known.address_digest,
        key_id=load_keys().id,
        address=encrypt(known.address, table=TABLE, row=row, field="address"),
        account=encrypt(known.account, table=TABLE, row=row, field="account"),
    )
    copy.digest = digest_copy(copy)
    return copy


def _write_digests(payments: list[tuple[Payment, str]]) -> None:
    """Put the digests of copies on their payments, and the payments' own with them."""
    lines = defaultdict(list)
    rows = PaymentLine.objects.filter(payment__in=[payment.pk for payment, _ in payments])
    for payment_id, digest in rows.order_by("payment", "number").values_list("payment", "digest"):
        lines[payment_id].append(digest)
    changes = []
    for payment, digest in payments:
        payment.payee_digest = digest
        payment.digest = digest_payment(record_payment(payment), lines[payment.pk])
        changes.append((digest, payment.digest, payment.pk))
    with connection.cursor() as cursor:
        cursor.executemany(
            "UPDATE billing_payment SET payee_digest = %s, digest = %s WHERE id = %s", changes
        )


def encrypt_copies_anew() -> int:
    """Encrypt with the newest key all copies that an older one did; return their number."""
    count, newest = 0, load_keys().id
    while True:
        with transaction.atomic():
            old = PaidPayee.objects.exclude(key_id=newest).order_by("pk")
            portion = list(
                old.select_for_update(of=("self",)).select_related("payment")[:PAYMENTS_AT_A_TIME]
            )
            for copy in portion:
                for field in FIELDS:
                    row, encrypted = copy.payment.reference, getattr(copy, field)
                    renewed = encrypt_anew(encrypted, table=TABLE, row=row, field=field)
                    setattr(copy, field, renewed)
                copy.key_id = newest
                copy.save(update_fields=[*FIELDS, "key_id"])
        count += len(portion)
        if not portion:
            return count
