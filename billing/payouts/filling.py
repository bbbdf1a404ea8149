"""A batch's rows: written as they are derived, and compared with what would be derived now."""

import datetime as dt
from collections.abc import Iterator, Mapping
from decimal import Decimal
from itertools import zip_longest
from operator import attrgetter
from types import MappingProxyType

from django.conf import settings
from django.contrib.auth.models import User

from backoffice.signing import save_signed
from billing.bulk import insert_rows
from billing.counting.folding import describe_rules
from billing.errors import MissingPrice, ReasonRequired, SettingChanged, require_reason
from billing.models import Payment, PaymentLine, PayoutBatch
from billing.money import currency_decimals, house_currency
from billing.payouts.bounds import check_total
from billing.payouts.derivation import Line, derive_payments
from billing.payouts.due import find_unpriced
from billing.proof.digests import LineRecord

# The fields of a line that are not as in its record, and those that are, in the record's order.
LINE_KEYS = ("payment", "carried_from", "digest")
LINE_FIELDS = tuple(name for name in LineRecord._fields if name not in LINE_KEYS)


def fill_batch(
    batch: PayoutBatch,
    *,
    at: dt.datetime,
    reason: str,
    by: User | None = None,
    keys: Mapping[int, int] = MappingProxyType({}),
) -> None:
    """Save the batch under today's rules, with the rows that are due now.

    `keys` is {author_id: the key of their payment}: a payment that is built again keeps its
    address. Raises MissingPrice as check_prices does.
    """
    check_prices(batch)
    take_todays_rules(batch)
    batch.built_at = at
    save_signed(batch, by=by, reason=reason)
    for portion in derive_in_bounds(batch):
        for payment, _ in portion:
            payment.pk = keys.get(payment.author_id)
        payments = Payment.objects.bulk_create([payment for payment, _ in portion])
        _insert_lines(
            [
                (payment.pk, *line)
                for payment, (_, lines) in zip(payments, portion, strict=True)
                for line in lines
            ]
        )


def check_prices(batch: PayoutBatch) -> None:
    """Raise MissingPrice for views of the batch's own month, but for those that it leaves out."""
    unpriced = find_unpriced(batch.month)
    if missing := [row.name for row in unpriced if row.category not in batch.left_out_categories]:
        raise MissingPrice(
            f"No price for {', '.join(missing)} on some days with views in "
            f"{batch.month:%B %Y}. Add the missing price, from a day early enough, and build "
            "again; or build without these views, which then wait for their price."
        )


def take_todays_rules(batch: PayoutBatch) -> None:
    """Set what rules the batch from now on. Nothing is saved.

    Once all views have a price, nothing is left out any more.
    """
    if batch.left_out_categories and not find_unpriced(batch.month):
        batch.left_out_categories, batch.left_out_reason, batch.left_out_by = [], "", None
    batch.currency = house_currency()
    batch.decimals = currency_decimals(batch.currency)
    batch.time_zone = settings.TIME_ZONE
    batch.minimum_payout = settings.MINIMUM_PAYOUT
    limit = Decimal(settings.SECOND_APPROVAL_ABOVE)
    batch.second_approval_above = limit if limit.is_finite() else None
    batch.rules_version = describe_rules()


def derive_in_bounds(batch: PayoutBatch) -> Iterator[list[tuple[Payment, list[Line]]]]:
    """Yield what derive_payments does. Raises AmountTooLarge once it is too much for a batch."""
    total = 0
    for portion in derive_payments(batch):
        total += sum(abs(line.amount) for _, lines in portion for line, _ in lines)
        check_total(batch, total)
        yield portion


def check_settings(batch: PayoutBatch) -> None:
    """Raise SettingChanged if a rebuild would make another batch of this one."""
    today = {
        "CURRENCY": (batch.currency, house_currency()),
        "TIME_ZONE": (batch.time_zone, settings.TIME_ZONE),
    }
    for name, (stored, now) in today.items():
        if stored != now:
            raise SettingChanged(
                f"The draft of {batch} was built while {name} was {stored}, and now it is {now}. "
                f"Have the administrators set {name} to {stored} again, or cancel the draft: then "
                f"a batch by today’s settings is built for the month."
            )


def leave_out_unpriced(batch: PayoutBatch, *, by: User | None, reason: str) -> str:
    """Let the batch leave out the month's views without a price, and return that for its history.

    It is a person's decision. fill_batch saves it.
    """
    require_reason(reason, "Say why: the reason is kept with the batch, and the approver reads it.")
    if by is None:
        raise ReasonRequired("Leaving views out is a person's decision: say whose.")
    batch.left_out_categories = [row.category for row in find_unpriced(batch.month)]
    batch.left_out_reason, batch.left_out_by = reason.strip(), by
    return f"Built without views that have no price: {reason.strip()}"[:1000]


def _insert_lines(lines: list[tuple[int, LineRecord, str]]) -> None:
    """Insert lines, each with its payment's key and its digest. Two queries."""
    carried = Payment.objects.in_bulk(
        {line.carried_from for _, line, _ in lines if line.carried_from}, field_name="reference"
    )
    get_facts = attrgetter(*LINE_FIELDS)
    insert_rows(
        PaymentLine,
        (*LINE_KEYS, *LINE_FIELDS),
        (
            (
                payment,
                carried[line.carried_from].pk if line.carried_from else None,
                digest,
                *get_facts(line),
            )
            for payment, line, digest in lines
        ),
    )


def is_up_to_date(batch: PayoutBatch) -> bool:
    """Whether the batch's payments are what would be built now, by their digests."""
    derived = (
        (payment.reference, payment.digest)
        for portion in derive_payments(batch)
        for payment, _ in portion
    )
    stored = batch.payments.in_order().values_list("reference", "digest").iterator()
    return all(now == then for now, then in zip_longest(derived, stored))
