"""Who may not approve a batch: everybody who took part in it, superusers too."""

import datetime as dt
from typing import Any

from django.contrib.auth.models import User
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from backoffice.accounts.pauses import explain_pauses, find_pauses
from billing.errors import FourEyesViolation
from billing.models import Adjustment, DisputeAnswer, Hold, PaymentLine, PayoutBatch
from billing.own_money import find_own_blogs
from billing.payouts.acts.gathering import explain_acts
from billing.prices.rules import find_price_editors
from billing.proof.entered import find_forged


def find_objections(*, batch: PayoutBatch, by: User, at: dt.datetime | None = None) -> list[str]:
    """Return the reasons why `by` may not approve the batch, as sentences.

    What they did to the batch, and since the batch before: see payouts.acts.
    """
    objections = _explain_account(by, at=at or timezone.now())
    objections += _explain(batch, by, _find_facts(batch, by))
    return objections + explain_acts(batch, by)


def find_known_objections(*, batch: PayoutBatch, by: User, at: dt.datetime) -> list[str]:
    """Return those of the reasons that one query knows, for a page that opens often.

    Who has none here may have some all the same: find_objections reads the histories, too.
    """
    acts = batch.acts.filter(by=by, digest=batch.digest)
    facts = _find_facts(batch, by, is_paused=Exists(find_pauses(by, at=at)), has_acted=Exists(acts))
    objections = _explain(batch, by, facts)
    if facts["is_paused"]:
        objections.append("Somebody else changed your account: for a time you sign nothing.")
    if facts["has_acted"]:
        objections.append("What you did changed what this batch pays.")
    return objections


def _find_facts(batch: PayoutBatch, by: User, **more: Exists) -> dict[str, bool]:
    """Return what `by` has to do with the batch, and whether there is any of `more`. One query."""
    lines = PaymentLine.objects.filter(payment__batch=batch)
    rows = {
        "pays_them": batch.payments.filter(author=by),
        "pays_a_blog": lines.filter(blog__in=find_own_blogs(by)),
        "set_a_price": find_price_editors(batch).filter(pk=by.pk),
        "adjusted": _edited_adjustments(batch, by),
        "held": _held_or_ended(batch, by),
        "released": _released(batch, by),
    }
    facts = {name: Exists(found.order_by()) for name, found in rows.items()} | more
    row: Any = PayoutBatch.objects.filter(pk=batch.pk).values(**facts).get()
    return row


def _explain(batch: PayoutBatch, by: User, facts: dict[str, bool]) -> list[str]:
    reasons = {
        "You submitted this batch.": batch.submitted_by_id == by.pk,
        "You have approved this batch already.": by.pk
        in (batch.approved_by_id, batch.second_approved_by_id),
        "This batch pays you.": facts["pays_them"],
        "This batch pays for a blog of which you are or were an author.": facts["pays_a_blog"]
        and not facts["pays_them"],
        "You were the last to change a price that this batch uses.": facts["set_a_price"],
        "You decided which views without a price this batch leaves out.": batch.left_out_by_id
        == by.pk,
        "You made or changed an adjustment that this batch includes.": facts["adjusted"],
        "You held, released or paid out in full a payment of this batch.": facts["held"],
        "You answered a question about a line that this batch pays: your answer lets its "
        "payment go to the bank.": facts["released"],
    }
    return [reason for reason, holds in reasons.items() if holds]


def check_account(by: User, *, at: dt.datetime) -> None:
    """Raise FourEyesViolation while a pause stops `by`: somebody else changed the account."""
    if reasons := _explain_account(by, at=at):
        raise FourEyesViolation(" ".join(reasons) + " Somebody else has to do this.")


def _explain_account(by: User, *, at: dt.datetime) -> list[str]:
    reasons = explain_pauses(by, at=at)
    if find_forged(User, [by.pk]):
        reasons.append(
            "Your account or its rights were changed outside the application: you sign nothing "
            "before the administrators have put it right."
        )
    return reasons


def _released(batch: PayoutBatch, by: User) -> QuerySet[DisputeAnswer]:
    """Return the answers of `by`, since the submission, to disputes about lines of the batch.

    Until the answer no file takes the payment. What was answered before is an act.
    """
    lines = PaymentLine.objects.filter(payment__batch=batch)
    views = lines.standing().filter(
        kind=PaymentLine.Kind.VIEWS,
        payment__author=OuterRef("dispute__author"),
        **{name: OuterRef(f"dispute__{name}") for name in ("blog", "category", "month", "price")},
    )
    adjustments = lines.filter(adjustment=OuterRef("dispute__adjustment"))
    answers = DisputeAnswer.objects.filter(by=by, dispute__batch=batch, at__gte=batch.submitted_at)
    return answers.filter(Exists(views) | Exists(adjustments)).exclude(
        outcome=DisputeAnswer.Outcome.WITHDRAWN
    )


def _edited_adjustments(batch: PayoutBatch, by: User):
    lines = PaymentLine.objects.filter(payment__batch=batch, adjustment__isnull=False)
    history = Adjustment.history.model.objects
    edited = Q(history_user=by) | Q(created_by=by)
    return history.filter(edited, id__in=lines.values("adjustment"))


def _held_or_ended(batch: PayoutBatch, by: User):
    """Return the holds of the batch's authors that `by` started or ended since its month began.

    That is its beginning in UTC, since a guard on SQLite knows no other zone. What was ended
    shortly before, in the zone of the batch, is an act.
    """
    began_at = dt.datetime.combine(batch.month, dt.time(), tzinfo=dt.UTC)
    acted = Q(created_by=by) | Q(ended_by=by)
    return Hold.objects.filter(acted, author__in=batch.payments.values("author")).exclude(
        ended_at__lt=began_at
    )
