"""Mails to authors about their statements, and to finance about what authors ask.

A mail leads to a page behind the sign-in: it names no amount, and nothing is attached. Its words
are in the payee's language. It goes to the author's own account, who alone can open the page.
"""

import datetime as dt
from array import array
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import batched

from django.conf import settings
from django.contrib.auth.models import User
from django.db.models import Model, QuerySet
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.translation import gettext as _

from backoffice.mails import Letter, find_url, mail_after_commit, write_mails
from backoffice.people import full_name
from billing.bulk import any_of
from billing.mail_kinds import DISPUTES, STATEMENTS
from billing.models import (
    Dispute,
    DisputeAnswer,
    PaidPayee,
    Payment,
    PaymentResult,
    PayoutBatch,
    Seal,
)
from billing.payees.copies import find_details
from billing.statements.authors import find_style
from billing.statements.styles import Style, keep_style

PAYMENTS_AT_A_TIME = 500


def receive_batch_approved(sender, *, batch: PayoutBatch, **kwargs) -> None:
    """Tell each author of the batch that the statement is there."""
    mail_after_commit(lambda: _write_approved(batch), about=f"the statements of batch {batch.pk}")


def receive_results_recorded(sender, *, batch: PayoutBatch, seal: Seal, **kwargs) -> None:
    """Tell the authors what the bank did, and finance what it could not do.

    `seal` is that of the results.
    """
    mail_after_commit(lambda: _write_results(seal), about=f"the results of batch {batch.pk}")
    if seal.results.filter(outcome=PaymentResult.Outcome.FAILED).exists():
        mail_after_commit(
            lambda: _write_failed(batch, seal), about=f"the failed payments of batch {batch.pk}"
        )


def receive_dispute_opened(sender, *, dispute: Dispute, **kwargs) -> None:
    mail_after_commit(lambda: _write_opened(dispute), about=f"the dispute {dispute.pk}")


def receive_dispute_answered(sender, *, answer: DisputeAnswer, **kwargs) -> None:
    mail_after_commit(lambda: _write_answered(answer), about=f"the answer {answer.pk}")


def _write_approved(batch: PayoutBatch) -> Iterator[Letter]:
    payments = batch.payments.select_related("author").only("author__email", "author__is_active")
    for portion in _read_by_portions(payments):
        styles = _find_styles(portion, at=timezone.now())
        for payment in portion:
            yield from _write_to(
                payment.author,
                styles[payment.pk],
                partial(_tell_approved, month=batch.month),
                url=find_url("billing_statement_page", payment.pk),
            )


def _tell_approved(style: Style, month: dt.date) -> tuple[str, str]:
    facts = {"month": style.month(month)}
    return (
        _("Your statement for %(month)s") % facts,
        _("Your statement for %(month)s is approved. It says what is paid, and why.") % facts,
    )


def _read_by_portions[Row: Model](rows: QuerySet[Row]) -> Iterator[list[Row]]:
    """Yield portions of the rows by key, each by a query of its own.

    Mails are recorded between them, and SQLite writes nothing beside a cursor that is open. The
    keys are read first: asked for the rows after the last one, PostgreSQL may sort them all.
    """
    keys = array("q", rows.order_by("pk").values_list("pk", flat=True))
    for portion in batched(keys, PAYMENTS_AT_A_TIME):
        yield list(rows.filter(pk__in=any_of(portion)).order_by("pk"))


def _write_results(seal: Seal) -> Iterator[Letter]:
    """Yield a payment advice, or the news that a payment failed, to each author."""
    results = seal.results.select_related("payment__author").only(
        "outcome",
        "reason",
        "by_hand",
        "payment__reference",
        "payment__author__email",
        "payment__author__is_active",
    )
    for portion in _read_by_portions(results):
        payments = [result.payment for result in portion]
        styles = _find_styles(payments, at=timezone.now())
        paid = PaidPayee.objects.filter(payment__in=any_of(payment.pk for payment in payments))
        ends = dict(paid.values_list("payment", "account_end"))
        for result in portion:
            end = ends.get(result.payment_id, "")
            yield from _write_to(
                result.payment.author,
                styles[result.payment_id],
                partial(_tell_result, result=result, month=seal.batch.month, end=end),
                url=find_url("billing_statement_page", result.payment_id),
            )


def _tell_result(style: Style, result: PaymentResult, month: dt.date, end: str) -> tuple[str, str]:
    account = _(", to the account ending in %(end)s") % {"end": end} if end else ""
    facts = {
        "month": style.month(month),
        "reference": result.payment.reference,
        "reason": result.reason,
        "account": account,
    }
    if result.outcome == "paid":
        subject = _("Your payment for %(month)s was made")
        text = _("The bank made your payment %(reference)s for %(month)s%(account)s.")
        if result.by_hand_id:
            text = _(
                "Your payment %(reference)s for %(month)s was made by hand, not through the bank."
            )
    else:
        subject = _("Your payment for %(month)s could not be made")
        text = _(
            "The bank could not make your payment %(reference)s for %(month)s%(account)s: "
            "%(reason)s. It is paid again with a later batch. Look whether your payment details "
            "are right."
        )
        if result.by_hand_id:
            text = _(
                "Your payment %(reference)s for %(month)s was recorded as made by hand, and was "
                "not: %(reason)s. It is paid again with a later batch."
            )
    return subject % facts, text % facts


def _write_failed(batch: PayoutBatch, seal: Seal) -> Iterator[Letter]:
    failed = seal.results.filter(outcome=PaymentResult.Outcome.FAILED)
    number, by_hand = failed.count(), failed.exclude(by_hand=None).count()
    finance = User.objects.with_perm("billing.settle_payoutbatch", include_superusers=False)
    addresses = finance.exclude(pk__in=failed.values("by"))
    subject = f"{_count_payments(number)} of {batch} failed"
    text = ""
    if by_hand < number:
        text = f"The bank could not make {_count_payments(number - by_hand)} of {batch}. "
    if by_hand:
        text += f"{_count_payments(by_hand)} of {batch} turned out not to be made by hand. "
    text += "The next batch pays what failed again."
    body = _render(text, find_url("billing_payoutbatch_change", batch.pk))
    return write_mails(
        _name(subject), body, to=addresses.values_list("email", flat=True), kind=DISPUTES
    )


def _count_payments(number: int) -> str:
    return "1 payment" if number == 1 else f"{number:,} payments"


def _write_opened(dispute: Dispute) -> Iterator[Letter]:
    finance = User.objects.with_perm("billing.answer_dispute", include_superusers=False)
    addresses = finance.exclude(pk=dispute.author_id)
    text = (
        f"{full_name(dispute.author)} disputes a line of {dispute.reference}. Read what they "
        "write, and answer:"
    )
    body = _render(text, find_url("billing_dispute_change", dispute.pk))
    return write_mails(
        _name("A line of a statement is in dispute"),
        body,
        to=addresses.values_list("email", flat=True),
        kind=DISPUTES,
    )


def _write_answered(answer: DisputeAnswer) -> Iterator[Letter]:
    dispute = answer.dispute
    if answer.outcome == DisputeAnswer.Outcome.WITHDRAWN:
        return
    payment = dispute.batch.payments.filter(author=dispute.author_id).first()
    name, keys = (
        ("billing_statement_page", [payment.pk])
        if payment
        else ("billing_statement_changelist", [])
    )
    yield from _write_to(
        dispute.author,
        find_style(dispute.author, at=answer.at),
        lambda style: (
            _("Your question about a line was answered"),
            _("Finance answered your question about payment %(reference)s.")
            % {"reference": dispute.reference},
        ),
        url=find_url(name, *keys),
    )


def _write_to(
    author: User, style: Style, tell: Callable[[Style], tuple[str, str]], *, url: str
) -> Iterator[Letter]:
    if not (author.is_active and author.email):
        return
    with style.speaking():
        subject, text = tell(style)
        letters = list(
            write_mails(_name(subject), _render(text, url), to=[author.email], kind=STATEMENTS)
        )
    yield from letters


def _find_styles(payments: Iterable[Payment], *, at: dt.datetime) -> dict[int, Style]:
    """Return {payment: how its payee reads}. A query, and two where no payee is sealed."""
    authors = {payment.pk: payment.author_id for payment in payments}
    sealed = PaidPayee.objects.filter(payment__in=any_of(authors)).exclude(language="")
    languages = dict(sealed.values_list("payment", "language"))
    if others := authors.keys() - languages.keys():
        now = find_details([authors[pk] for pk in others], at=at)
        for pk in others:
            details = now.get(authors[pk])
            languages[pk] = details.language if details else ""
    return {pk: keep_style(language) for pk, language in languages.items()}


def _render(text: str, url: str) -> str:
    facts = {"text": text, "url": url, "sign_in": _("Sign in to read it:")}
    return render_to_string("billing/mail/statement.txt", facts)


def _name(subject: str) -> str:
    return f"{settings.PRODUCT_NAME}: {subject}"
