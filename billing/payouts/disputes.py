"""Disputes: an author asks about a line of an own statement, and somebody else answers.

Authors ask, and take back, what is their own; nobody decides on an own one. What waits because of
it says billing.payouts.disputed: a draft shows it once it is built anew, and is not signed before.
Once a batch is submitted, the payment with the line waits as a whole: no file to the bank takes it
before the answer, and all others are paid.
"""

import datetime as dt
from decimal import Decimal

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet, TextChoices
from django.utils import timezone

from backoffice.people import full_name
from billing.errors import (
    AlreadyAnswered,
    AlreadyAsked,
    InvalidAdjustment,
    NotTheirs,
    WrongStatus,
    require_reason,
)
from billing.locks import Lock, hold_lock
from billing.models import Adjustment, Dispute, DisputeAnswer, Payment, PaymentLine, PayoutBatch
from billing.money import currency_decimals, round_amount
from billing.own_money import refuse_own_author
from billing.payouts.adjustments import save_adjustment
from billing.payouts.batch_checks import list_names
from billing.payouts.disputed import find_last_payment, find_lines, is_kept_back
from billing.proof.traces import trace_rows
from billing.signals import dispute_answered, dispute_opened

Kind = PaymentLine.Kind
Outcome = DisputeAnswer.Outcome
Status = PayoutBatch.Status

OWN = (
    "This is about a payment of your own, or of an author with whom you write a blog. Somebody "
    "else has to decide."
)


class Effect(TextChoices):
    """What an open dispute does to the money."""

    REBUILD = "rebuild", "taken out when the draft is rebuilt"
    KEPT = "kept", "the payment is in no file to the bank before the answer"
    WAITS = "waits", "waits for the answer"
    NONE = "none", "a question: no money moves"


@transaction.atomic
def ask_about_line(
    *, line: PaymentLine, author: User, text: str, at: dt.datetime | None = None
) -> Dispute:
    """Open a dispute about a line of views or an adjustment. Raises NotTheirs, AlreadyAsked."""
    require_reason(text, "Write what is wrong, or what you want to know: finance reads it.")
    hold_lock(Lock.PAYOUTS)
    line = PaymentLine.objects.select_related("payment__batch").get(pk=line.pk)
    payment = line.payment
    if payment.author_id != author.pk:
        raise NotTheirs("Authors ask about lines of their own statements.")
    if payment.batch.status == Status.CANCELLED:
        raise WrongStatus("This batch was cancelled: the next one has these lines.")
    if line.kind == Kind.CARRIED_IN:
        raise WrongStatus("Ask about the lines of the earlier statement, from which this sum came.")
    dispute = _make_dispute(line, text=text, at=at or timezone.now())
    if find_same(dispute).exists():
        raise AlreadyAsked("You asked about this line already: finance has not answered yet.")
    dispute.save(force_insert=True)
    trace_rows([dispute])
    dispute_opened.send(Dispute, dispute=dispute)
    return dispute


@transaction.atomic
def answer_dispute(
    *,
    dispute: Dispute,
    outcome: str,
    text: str,
    by: User,
    amount: Decimal | None = None,
    at: dt.datetime | None = None,
) -> DisputeAnswer:
    """Accept or reject it. What waited goes on to the next batch, as it is counted by then.

    With an amount, accepting adds that to the author's next payment, as an adjustment. To take
    views away for good, exclude them by their finding. Raises AlreadyAnswered and OwnMoney.
    """
    require_reason(text, "Write the answer in words: the author and the auditors read it.")
    if outcome not in (Outcome.ACCEPTED, Outcome.REJECTED):
        raise WrongStatus("A dispute is accepted or rejected.")
    if amount and outcome != Outcome.ACCEPTED:
        raise WrongStatus("Only what is accepted is adjusted.")
    hold_lock(Lock.PAYOUTS)
    refuse_own_author(dispute.author_id, by=by, refusal=OWN)
    _refuse_answered(dispute)
    at = at or timezone.now()
    adjustment = None
    if amount:
        currency = dispute.batch.currency
        if amount != round_amount(amount, currency=currency):
            raise InvalidAdjustment(
                f"An amount in {currency} has at most {currency_decimals(currency)} decimals."
            )
        adjustment = Adjustment(
            author=dispute.author, amount=amount, currency=currency, reason=text.strip()
        )
        adjustment = save_adjustment(adjustment=adjustment, by=by, at=at)
    return _answer(dispute, outcome, text, by=by, at=at, adjustment=adjustment)


@transaction.atomic
def withdraw_dispute(
    *, dispute: Dispute, author: User, text: str, at: dt.datetime | None = None
) -> DisputeAnswer:
    """Take an own dispute back."""
    require_reason(text, "Say why: it is kept with your question.")
    hold_lock(Lock.PAYOUTS)
    if dispute.author_id != author.pk:
        raise NotTheirs("Authors take back their own questions.")
    _refuse_answered(dispute)
    return _answer(dispute, Outcome.WITHDRAWN, text, by=author, at=at or timezone.now())


def _make_dispute(line: PaymentLine, *, text: str, at: dt.datetime) -> Dispute:
    payment = line.payment
    return Dispute(
        author_id=payment.author_id,
        batch=payment.batch,
        reference=payment.reference,
        blog_id=line.blog_id,
        category_id=line.category_id,
        price_id=line.price_id,
        adjustment_id=line.adjustment_id,
        month=line.month,
        name=line.blog_title or line.note or "—",
        days=line.days,
        views=line.views,
        amount=line.amount,
        question=text.strip(),
        asked_at=at,
    )


def find_same(dispute: Dispute):
    """Return the open disputes about the same line."""
    same = Dispute.objects.open().filter(author=dispute.author_id)
    if dispute.adjustment_id:
        return same.filter(adjustment=dispute.adjustment_id)
    return same.filter(
        blog=dispute.blog_id,
        category=dispute.category_id,
        price=dispute.price_id,
        month=dispute.month,
    )


def find_effect(dispute: Dispute) -> Effect:
    """Return what the dispute does to the money as long as it is open. A few queries."""
    if (line := find_line(dispute)) is None:
        return Effect.WAITS
    status = line.payment.batch.status
    if status == Status.DRAFT:
        return Effect.REBUILD
    unpaid = Payment.objects.paying().filter(pk=line.payment_id, exported=None)
    if line.payment.batch_id == dispute.batch_id and unpaid.exists():
        return Effect.KEPT
    last = find_last_payment(dispute, apart_from=None)
    return Effect.WAITS if dispute.blog_id and last and is_kept_back(last) else Effect.NONE


def foresee_effect(line: PaymentLine) -> Effect:
    """Return what a question about the line would do to the money now."""
    return find_effect(_make_dispute(line, text="?", at=timezone.now()))


def find_line(dispute: Dispute) -> PaymentLine | None:
    """Return the latest line of a standing batch that is the same line, if one is left."""
    lines = find_lines(dispute)
    return lines.select_related("payment__batch").order_by("-payment__batch__month", "-pk").first()


def name_disputed(draft: PayoutBatch) -> str:
    """Return the lines that a draft still has though they are in dispute, or an empty text.

    One query, for any number of disputes.
    """
    disputes = find_disputed_lines(draft).select_related("author")
    names = [f"“{one.name}” of {full_name(one.author)}" for one in disputes]
    return list_names(names) if names else ""


def find_disputed_lines(draft: PayoutBatch) -> QuerySet[Dispute]:
    """Return the open disputes about lines that a draft still has."""
    views = {name: OuterRef(name) for name in ("blog", "category", "price", "month")}
    same = Q(adjustment=OuterRef("adjustment")) | Q(kind=Kind.VIEWS, **views)
    lines = PaymentLine.objects.filter(
        same, payment__batch=draft, payment__author=OuterRef("author")
    )
    return Dispute.objects.open().filter(Exists(lines), batch=draft)


def _refuse_answered(dispute: Dispute) -> None:
    if DisputeAnswer.objects.filter(dispute=dispute).exists():
        raise AlreadyAnswered("This question has its answer. Another one is a new question.")


def _answer(
    dispute: Dispute,
    outcome: str,
    text: str,
    *,
    by: User,
    at: dt.datetime,
    adjustment: Adjustment | None = None,
) -> DisputeAnswer:
    answer = DisputeAnswer(
        dispute=dispute, outcome=outcome, text=text.strip(), by=by, at=at, adjustment=adjustment
    )
    answer.save(force_insert=True)
    trace_rows([answer])
    dispute_answered.send(DisputeAnswer, answer=answer)
    return answer
