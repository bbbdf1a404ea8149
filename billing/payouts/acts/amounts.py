"""Adjustments, holds, accounts switched off or on, and payments recorded as failed."""

from collections.abc import Collection, Iterator
from decimal import Decimal

from django.contrib.auth.models import User
from django.db.models import Count, Max, Q, Sum
from simple_history.utils import get_history_model_for_model

from backoffice.people import full_name
from billing.bulk import any_of
from billing.models import (
    Adjustment,
    BatchAct,
    Hold,
    PaymentLine,
    PaymentResult,
    PayoutBatch,
)
from billing.money import format_amount, from_millionths, in_millionths
from billing.payouts.acts.window import Act, Period, with_values_before

Kind = BatchAct.Kind
VERBS = {"+": "Made", "~": "Changed", "-": "Deleted"}


def find_adjustment_acts(period: Period) -> Iterator[Act]:
    """Yield who made or changed an adjustment of the batch, or withdrew one. Two queries.

    What the batch holds counts whenever it was done, a withdrawal since the period began.
    """
    batch = period.batch
    used = PaymentLine.objects.filter(payment__batch=batch, adjustment__isnull=False)
    is_used = Q(id__in=used.values("adjustment"))
    withdrawn = Q(withdrawn_at__isnull=False, currency=batch.currency)
    edits = period.recorded(Adjustment.history.filter(is_used | withdrawn), or_if=is_used)
    for edit in edits.select_related("author").order_by("history_id"):
        is_withdrawn = edit.withdrawn_at is not None
        verb = "Withdrew" if is_withdrawn else VERBS[edit.history_type]
        amount = format_amount(edit.amount, exact=True, currency=batch.currency)
        yield Act(
            Kind.ADJUSTMENT,
            f"adjustment {edit.id}, change {edit.history_id}",
            f"{verb} an adjustment of {amount} for {full_name(edit.author)}",
            -edit.amount if is_withdrawn else edit.amount,
            edit.history_user_id,
            edit.history_date,
        )


def find_hold_acts(period: Period) -> Iterator[Act]:
    """Yield who held, released or paid out in full payments of the batch's authors. Two queries.

    What stood at the end of the period counts whenever it was ordered.
    """
    ended = Hold.history.filter(ended_at__isnull=False)
    if period.end:
        ended = ended.filter(history_date__lte=period.end)
    standing = ~Q(id__in=ended.values("id"))
    of_batch = Hold.history.filter(author__in=period.batch.payments.values("author"))
    recorded = period.recorded(of_batch, or_if=standing).select_related("author")
    records = list(recorded.order_by("history_id"))
    if not records:
        return
    sums = _sum_payments(period.batch, {record.author_id for record in records})
    for record in records:
        name, total = full_name(record.author), sums[record.author_id]
        is_hold, is_end = record.kind == Hold.Kind.HOLD, record.ended_at is not None
        if is_hold:
            text = f"{'Released' if is_end else 'Held'} the payments of {name}"
        else:
            text = f"{'Ended paying out' if is_end else 'Paid out'} {name} in full"
        yield Act(
            Kind.HOLD,
            f"hold {record.id}, change {record.history_id}",
            text,
            total if is_hold == is_end else -total,
            record.history_user_id,
            record.history_date,
        )


def find_account_acts(period: Period) -> Iterator[Act]:
    """Yield who switched accounts of the batch's authors off or on. Three queries.

    The payments of an account that is off wait.
    """
    authors = period.batch.payments.values("author")
    accounts = get_history_model_for_model(User).objects.filter(id__in=authors)
    recent = dict(period.recorded(accounts).order_by().values_list("history_id", "id"))
    if not recent:
        return
    changed = {*recent.values()}
    history = with_values_before(accounts.filter(id__in=any_of(changed)), "is_active")
    sums = _sum_payments(period.batch, changed)
    for record in history.order_by("history_id"):
        was_active = record.before_is_active
        if record.history_id not in recent or was_active in (None, record.is_active):
            continue
        total = sums[record.id]
        verb = "Activated" if record.is_active else "Deactivated"
        yield Act(
            Kind.ACCOUNT,
            f"account {record.id}, change {record.history_id}",
            f"{verb} the account of {record.username}",
            total if record.is_active else -total,
            record.history_user_id,
            record.history_date,
        )


def _sum_payments(batch: PayoutBatch, authors: Collection[int]) -> dict[int, Decimal]:
    """Return {author_id: the exact sum of the payment's lines} of a few authors."""
    exact = in_millionths("amount") - in_millionths("rounding") + in_millionths("carried_amount")
    payments = batch.payments.filter(author__in=any_of(authors))
    rows = payments.order_by().values_list("author_id", exact)
    return {author: from_millionths(millionths) for author, millionths in rows}


def find_result_acts(period: Period) -> Iterator[Act]:
    """Yield who recorded payments as failed that the batch pays again. One query.

    One act for all that one person recorded at once. They count whenever they were recorded: the
    batch pays them again because of it.
    """
    lines = PaymentLine.objects.filter(payment__batch=period.batch, carried_from__isnull=False)
    failed = PaymentResult.objects.filter(
        payment__in=lines.values("carried_from"), outcome=PaymentResult.Outcome.FAILED
    )
    if period.batch.submitted_at:
        failed = failed.filter(at__lte=period.batch.submitted_at)
    rows = (
        failed.order_by()
        .values("seal__number", "by")
        .annotate(
            payments=Count("pk"),
            at=Max("at"),
            sum=Sum(in_millionths("payment__amount") - in_millionths("payment__rounding")),
            reference=Max("payment__reference"),
        )
        .order_by("seal__number")
    )
    for row in rows:
        number = row["payments"]
        what = row["reference"] if number == 1 else f"{number:,} payments"
        yield Act(
            Kind.RESULT,
            f"bank results, seal {row['seal__number']}",
            f"Recorded {what} as failed, which this batch pays again",
            from_millionths(row["sum"]),
            row["by"],
            row["at"],
        )
