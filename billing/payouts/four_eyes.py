"""Who may not approve a batch: everybody who took part in it, superusers too."""

import datetime as dt

from django.contrib.auth.models import User
from django.db.models import Q
from django.utils import timezone

from backoffice.accounts.pauses import explain_pauses
from billing.errors import FourEyesViolation
from billing.models import Adjustment, DisputeAnswer, Hold, PaymentLine, PayoutBatch
from billing.own_money import find_own_blogs
from billing.payouts.acts.disputes import find_lines_of
from billing.payouts.acts.gathering import explain_acts
from billing.prices.rules import find_price_editors
from billing.proof.entered import find_forged


def find_objections(*, batch: PayoutBatch, by: User, at: dt.datetime | None = None) -> list[str]:
    """Return the reasons why `by` may not approve the batch, as sentences.

    What they did to the batch, and since the batch before: see payouts.acts.
    """
    objections = _explain_account(by, at=at or timezone.now())
    if batch.submitted_by_id == by.pk:
        objections.append("You submitted this batch.")
    if by.pk in (batch.approved_by_id, batch.second_approved_by_id):
        objections.append("You have approved this batch already.")
    if batch.payments.filter(author=by).exists():
        objections.append("This batch pays you.")
    elif PaymentLine.objects.filter(payment__batch=batch, blog__in=find_own_blogs(by)).exists():
        objections.append("This batch pays for a blog of which you are or were an author.")
    if find_price_editors(batch).filter(pk=by.pk).exists():
        objections.append("You were the last to change a price that this batch uses.")
    if batch.left_out_by_id == by.pk:
        objections.append("You decided which views without a price this batch leaves out.")
    if _edited_adjustments(batch, by).exists():
        objections.append("You made or changed an adjustment that this batch includes.")
    if _held_or_ended(batch, by).exists():
        objections.append("You held, released or paid out in full a payment of this batch.")
    if _released(batch, by):
        objections.append(
            "You answered a question about a line that this batch pays: your answer lets its "
            "payment go to the bank."
        )
    return objections + explain_acts(batch, by)


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


def _released(batch: PayoutBatch, by: User) -> bool:
    """Whether `by` decided on a dispute about a line of the batch since it was submitted.

    Until the answer no file takes the payment. What was answered before is an act.
    """
    answers = DisputeAnswer.objects.filter(
        by=by, dispute__batch=batch, at__gte=batch.submitted_at
    ).exclude(outcome=DisputeAnswer.Outcome.WITHDRAWN)
    return any(
        find_lines_of(answer.dispute, batch).exists()
        for answer in answers.select_related("dispute")
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
