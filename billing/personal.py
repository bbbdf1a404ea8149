"""Billing's data about a person: their extract, the duties that keep their name, and erasure.

The extract leaves open findings out, because a person who knows about an inquiry can evade it.
"""

from collections.abc import Iterator
from functools import reduce
from itertools import groupby
from operator import itemgetter, or_
from typing import Any

from django.contrib.auth.models import Group, User
from django.db.models import Case, Max, Prefetch, Q, Sum, Value, When
from django.db.models.functions import Coalesce, TruncMonth
from django.utils.timezone import localdate
from simple_history.utils import get_history_manager_for_model

from backoffice.accounts.anonymising import rename_in_log
from backoffice.accounts.duties import Duty
from backoffice.accounts.extracts import ROWS_AT_A_TIME, read_rows
from billing.models import (
    AccessLogImport,
    Acknowledgement,
    Adjustment,
    BankTable,
    BatchComment,
    BlogView,
    BooksExport,
    CategoryPrice,
    DailyViewCount,
    Dispute,
    DisputeAnswer,
    ExportDownload,
    Finding,
    HandPayment,
    Hold,
    MonthlyViewCount,
    Payee,
    PayeeAuthor,
    PayeeDetails,
    PayeeLook,
    Payment,
    PaymentExport,
    PaymentLine,
    PaymentResult,
    PayoutBatch,
    RobotException,
    Verification,
)
from billing.proof.traces import trace_rows

# (model, person, time, act) of every act over money.
ACTS = [
    (PayoutBatch.history.model, "history_user", "history_date", "changed a payout batch"),
    (PayoutBatch, "submitted_by", "submitted_at", "submitted a payout batch"),
    (PayoutBatch, "approved_by", "approved_at", "approved a payout batch"),
    (PayoutBatch, "second_approved_by", "second_approved_at", "approved a batch as the second"),
    (Acknowledgement, "by", "at", "wrote about a flag of a payout batch"),
    (CategoryPrice.history.model, "history_user", "history_date", "changed a price"),
    (Adjustment, "created_by", "created_at", "made an adjustment"),
    (Adjustment, "withdrawn_by", "withdrawn_at", "withdrew an adjustment"),
    (Adjustment.history.model, "history_user", "history_date", "changed an adjustment"),
    (Hold, "created_by", "created_at", "held or paid out a payment"),
    (Hold, "ended_by", "ended_at", "ended a hold or pay-out"),
    (Finding, "decided_by", "decided_at", "decided on a finding"),
    (RobotException.history.model, "history_user", "history_date", "changed a robot exception"),
    (PaymentExport, "by", "at", "exported payments"),
    (HandPayment, "proposed_by", "proposed_at", "said that a payment was made by hand"),
    (HandPayment, "confirmed_by", "confirmed_at", "confirmed a payment by hand"),
    (HandPayment, "withdrawn_by", "withdrawn_at", "took a payment by hand back"),
    (BatchComment, "by", "at", "commented on a payout batch"),
    (ExportDownload, "by", "at", "took a file with account numbers"),
    (PaymentResult, "by", "at", "recorded what the bank did with a payment"),
    (DisputeAnswer, "by", "at", "answered a dispute"),
    (BankTable, "by", "at", "said how the columns of a bank's table are read"),
    (AccessLogImport, "by", "started_at", "imported an access log"),
    (Payee, "created_by", "created_at", "added a payee"),
    (PayeeDetails, "entered_by", "entered_at", "entered payment details"),
    (PayeeDetails, "confirmed_by", "confirmed_at", "confirmed payment details"),
    (PayeeDetails, "withdrawn_by", "withdrawn_at", "took payment details back"),
    (PayeeAuthor, "entered_by", "entered_at", "said whom an author's money goes to"),
    (PayeeAuthor, "confirmed_by", "confirmed_at", "confirmed whom an author's money goes to"),
    (PayeeAuthor, "withdrawn_by", "withdrawn_at", "took back whom an author's money goes to"),
    (PayeeLook, "by", "at", "saw bank details in full"),
    (BooksExport, "by", "at", "exported the books"),
    (Verification, "by", "started_at", "verified payouts"),
]


def list_payments(user: User) -> Iterator[dict]:
    return read_rows(
        user.payments.with_reason()
        .prefetch_related(Prefetch("batch", PayoutBatch.objects.with_state()))
        .order_by("pk"),
        reference="reference",
        month="batch__month",
        batch_status="batch__state",
        name_as_of_then="author_name",
        user_name_as_of_then="username",
        status="get_status_display",
        reason="reason",
        currency="batch__currency",
        amount="amount",
        rounding="rounding",
        kept_back="carried_amount",
    )


def list_lines(user: User) -> Iterator[dict]:
    lines = PaymentLine.objects.filter(payment__author=user).order_by("payment", "number")
    return read_rows(
        lines.select_related("payment"),
        payment="payment__reference",
        line="number",
        kind="get_kind_display",
        month="month",
        blog="blog_title",
        category="category_name",
        views="views",
        price_per_1000="price_per_1000",
        amount="amount",
        note="note",
    )


def list_results(user: User) -> Iterator[dict]:
    results = PaymentResult.objects.filter(payment__author=user).order_by("pk")
    return read_rows(
        results.select_related("payment", "by_hand").annotate(
            how=Case(When(by_hand=None, then=Value("by the bank")), default=Value("by hand"))
        ),
        payment="payment__reference",
        at="at",
        outcome="get_outcome_display",
        how="how",
        reason="reason",
        value_date="value_date",
        bank_reference="bank_reference",
    )


def list_adjustments(user: User) -> Iterator[dict]:
    return read_rows(
        user.adjustments.order_by("pk"),
        amount="amount",
        currency="currency",
        reason="reason",
        made_at="created_at",
        withdrawn_at="withdrawn_at",
    )


def list_holds(user: User) -> Iterator[dict]:
    facts = {"from": "created_at", "until": "ended_at", "ended_because": "end_reason"}
    holds = user.holds.order_by("pk")
    return read_rows(holds, kind="get_kind_display", reason="reason", **facts)


def list_exclusions(user: User) -> Iterator[dict]:
    findings = Finding.objects.filter(author=user, status=Finding.Status.EXCLUDED)
    return read_rows(
        findings.select_related("blog").order_by("pk"),
        month="month",
        blog="blog__title",
        found="sentence",
        decided_at="decided_at",
        reason="reason",
    )


def list_views(user: User) -> Iterator[dict]:
    counts = MonthlyViewCount.objects.filter(author=user).select_related("blog", "category")
    return read_rows(
        counts.order_by("month", "pk"),
        month="month",
        blog="blog__title",
        category="category__name",
        views="views",
    )


def list_acts(user: User) -> Iterator[dict]:
    """Yield the person's acts over money by kind of row, without the names of payees.

    One query for each kind, whatever can be done to its rows.
    """
    for model, acts in groupby(ACTS, key=itemgetter(0)):
        yield from _list_acts_on(model, [act[1:] for act in acts], user)


def _list_acts_on(model: Any, acts: list[tuple[str, str, str]], user: User) -> Iterator[dict]:
    theirs = reduce(or_, (Q(**{who: user}) for who, _, _ in acts))
    columns = [name for who, when, _ in acts for name in (who, when)]
    rows = model.objects.filter(theirs).order_by("pk").values_list(*columns)
    for row in rows.iterator(ROWS_AT_A_TIME):
        for (_, _, what), person, moment in zip(acts, row[::2], row[1::2], strict=True):
            if person == user.pk:
                yield {"at": moment, "what": what}


def list_disputes(user: User) -> Iterator[dict]:
    disputes = Dispute.objects.filter(author=user).select_related("answer", "batch")
    for dispute in disputes.order_by("pk"):
        answer = getattr(dispute, "answer", None)
        yield {
            "payment": dispute.reference,
            "line": dispute.name,
            "month": dispute.month,
            "amount": dispute.amount,
            "asked_at": dispute.asked_at,
            "question": dispute.question,
            "outcome": answer.get_outcome_display() if answer else "open",
            "answer": answer.text if answer else "",
        }


def list_comments(user: User) -> Iterator[dict]:
    comments = BatchComment.objects.filter(by=user).select_related("batch").order_by("pk")
    return read_rows(comments, month="batch__month", at="at", text="text")


EXTRACTS = {
    "payments": list_payments,
    "payment_lines": list_lines,
    "payment_results": list_results,
    "adjustments": list_adjustments,
    "holds_and_pay_outs": list_holds,
    "excluded_views": list_exclusions,
    "disputes": list_disputes,
    "counted_views": list_views,
    "comments_on_batches": list_comments,
    "acts_over_money": list_acts,
}


def find_duties(user: User) -> Iterator[Duty]:
    """Yield the person's open money, and when they last received or signed for money."""
    yield from _find_open_money(user)
    standing = Payment.objects.filter(author=user, batch__in=PayoutBatch.objects.standing())
    paid = standing.aggregate(last=Max(Coalesce("batch__approved_at", "batch__built_at")))["last"]
    decided = PaymentResult.objects.filter(payment__author=user).aggregate(last=Max("at"))["last"]
    if moments := [moment for moment in (paid, decided) if moment]:
        yield Duty("Their last payment", localdate(max(moments)))
    acts = [
        model.objects.filter(**{who: user}).aggregate(last=Max(when))["last"]
        for model, who, when, _ in ACTS
    ]
    if moments := [moment for moment in acts if moment]:
        yield Duty("Their last act over money", localdate(max(moments)))


def _find_open_money(user: User) -> Iterator[Duty]:
    payments = Payment.objects.filter(author=user)
    if payments.filter(batch__status__in=["draft", "submitted"]).exists():
        yield Duty("A payout batch that is not approved pays them: finish it, or cancel it.")
    if payments.payable().filter(batch__status="approved").exists():
        yield Duty("A payment of theirs has no result from the bank yet: record it.")
    if payments.outstanding().exists():
        yield Duty("Money of theirs is held, carried or failed: pay it out, or take it off.")
    if Adjustment.objects.filter(author=user).waiting().exists():
        yield Duty("An adjustment of theirs waits for a batch: withdraw it, or pay it.")
    if Hold.objects.filter(author=user, ended_at=None).exists():
        yield Duty("A hold, or payment in full, stands for them: end it.")
    if Finding.objects.filter(author=user, status=Finding.Status.OPEN).exists():
        yield Duty("A finding about their views is open: decide it.")
    if Dispute.objects.open().filter(author=user).exists():
        yield Duty("A dispute of theirs has no answer: answer it.")
    if _has_unpaid_views(user):
        yield Duty("Views of their blogs are counted and not paid yet: wait for the batch.")


def _has_unpaid_views(user: User) -> bool:
    """Return whether their counted views differ from the views on their payment lines."""
    if BlogView.objects.filter(author=user, outcome=BlogView.Outcome.PENDING).exists():
        return True
    counted = (
        DailyViewCount.objects.filter(author=user)
        .annotate(month=TruncMonth("day"))
        .order_by()
        .values_list("blog", "month")
        .annotate(sum=Sum("views"))
    )
    lines = PaymentLine.objects.filter(
        payment__author=user,
        kind=PaymentLine.Kind.VIEWS,
        payment__batch__in=PayoutBatch.objects.standing(),
    )
    paid = lines.order_by().values_list("blog", "month").annotate(sum=Sum("views"))
    return {row for row in counted if row[2]} != {row for row in paid if row[2]}


def receive_anonymised(sender, *, user, **kwargs):
    """Take the name out of the admin’s log; trace anew the histories that lost it."""
    proposed = f"Proposed by {user.get_username()}: "
    for model, own in ((User, Q(id=user.pk)), (Group, Q(pk=None))):
        history: Any = get_history_manager_for_model(model)
        trace_rows(history.filter(own | Q(history_change_reason__startswith=proposed)))
    for rows in (user.adjustments, user.holds):
        rename_in_log(rows.select_related("author"))
