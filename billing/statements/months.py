"""Puts an author's statement of a month into words: facts first, then the lines and their sum."""

from collections.abc import Iterable, Iterator
from decimal import Decimal

from django.conf import settings
from django.utils.translation import gettext as _

from billing.models import Finding, Payment, PaymentLine
from billing.payouts.minimum_payout import BELOW_MINIMUM, DEACTIVATED, NOTHING_TO_PAY, UNCONFIRMED
from billing.statements.authors import MonthlyStatement
from billing.statements.sheets import Row, Sheet, Table
from billing.statements.styles import Style

Kind = PaymentLine.Kind
Status = Payment.Status


def write_month(
    statement: MonthlyStatement, *, lines: Iterable[PaymentLine] | None = None
) -> Sheet:
    """Return the statement in the payee's language; with `lines`, only these of its lines."""
    with statement.style.speaking():
        rows = list(statement.lines if lines is None else lines)
        tables = [
            _write_views(statement, rows),
            _write_others(statement, rows),
            _write_sums(statement),
            write_exclusions(statement.exclusions, statement.style),
            _write_disputes(statement),
        ]
        return Sheet(
            language=statement.style.words,
            title=_("Statement for %(month)s")
            % {"month": statement.style.month(statement.payment.batch.month)},
            day=statement.day,
            warning="" if statement.is_final else _warn(statement),
            facts=list(_write_facts(statement)),
            tables=[table for table in tables if table],
            foot=_("The lines are exact. Only the sum of a payment is rounded, once."),
        )


def _warn(statement: MonthlyStatement) -> str:
    if statement.payment.batch.status == "draft":
        return _("Preliminary: finance is still checking this month, and amounts may change.")
    return _("Preliminary: this month waits for its approval.")


def _write_facts(statement: MonthlyStatement) -> Iterator[tuple[str, str]]:
    payment, style = statement.payment, statement.style
    currency = payment.batch.currency
    yield _("From"), settings.PRODUCT_NAME
    yield _("Author"), payment.author_name
    if statement.paid_payee and statement.paid_payee.legal_name != payment.author_name:
        yield _("Payee"), statement.paid_payee.legal_name
    yield _("Reference"), payment.reference
    amounts = statement.amounts
    yield _("Amount"), style.amount(amounts.total, currency)
    yield _("State"), _describe_state(statement)
    if amounts.waiting.exact:
        yield _("Still waits"), style.amount(amounts.waiting.exact, currency, exact=True)
    if taken := statement.taken_in_by:
        yield (
            _("To be paid with") if amounts.waiting.payments else _("Paid with"),
            _("the statement for %(month)s, reference %(reference)s")
            % {"month": style.month(taken.batch.month), "reference": taken.reference},
        )
    yield (
        _("Paid in %(year)s so far") % {"year": statement.year},
        style.amount(statement.paid_in_year, currency),
    )


def _describe_state(statement: MonthlyStatement) -> str:
    payment, style = statement.payment, statement.style
    day = style.day(statement.paid_on) if statement.paid_on else ""
    facts = {"day": day, "account": _name_account(statement), "reason": _explain(statement)}
    if payment.status == Status.PAID:
        return _("Paid on %(day)s%(account)s") % facts
    if payment.status == Status.FAILED:
        facts["reason"] = statement.result.reason if statement.result else ""
        if statement.is_by_hand:
            return _("Not paid by hand, as was found on %(day)s: %(reason)s") % facts
        return _("The bank could not pay it on %(day)s%(account)s: %(reason)s") % facts
    if payment.status == Status.HELD:
        return _("On hold: %(reason)s") % facts
    if payment.status == Status.CARRIED:
        return _("Carried forward: %(reason)s") % facts
    if statement.is_by_hand:
        return _("Approved, and paid by hand once a second person has confirmed it")
    if statement.is_final and statement.waits_for_answer:
        return _("Approved; it is paid once your question about a line is answered")
    if statement.is_final:
        return _("Approved, and on its way%(account)s") % facts
    return _("To be paid%(account)s") % facts


def _explain(statement: MonthlyStatement) -> str:
    """Return why a payment is kept back; what the rules say is translated, what people say not."""
    payment = statement.payment
    batch, reason = payment.batch, payment.status_reason
    if reason.startswith(BELOW_MINIMUM):
        least = statement.style.amount(batch.minimum_payout, batch.currency)
        return _("Below the minimum of %(least)s.") % {"least": least}
    if reason == NOTHING_TO_PAY:
        return _("There is nothing above zero to pay.")
    if reason == DEACTIVATED:
        return _("The author's account is deactivated.")
    if reason == UNCONFIRMED:
        return _("It waits until somebody has confirmed who the author is.")
    return reason


def _name_account(statement: MonthlyStatement) -> str:
    """Return “, to the account ending in 3000”, as submitted with the payment; or nothing.

    What somebody paid by hand went to no account.
    """
    if statement.payment.status == Status.PAID and statement.is_by_hand:
        return _(", by hand")
    if not statement.paid_payee:
        return ""
    end = statement.paid_payee.account_end
    return _(", to the account ending in %(end)s") % {"end": end}


def _write_views(statement: MonthlyStatement, lines: list[PaymentLine]) -> Table | None:
    style, currency = statement.style, statement.payment.batch.currency
    rows = [
        Row(
            (
                line.blog_title,
                line.category_name,
                _name_month(statement, line),
                style.number(line.views),
                style.amount(line.price_per_1000 or Decimal(0), currency, exact=True),
                style.amount(line.amount, currency, exact=True),
            ),
            line=line.pk,
        )
        for line in lines
        if line.kind == Kind.VIEWS
    ]
    columns = (
        _("Blog"), _("Category"), _("Month"), _("Views"), _("Per 1,000 views"), _("Amount")
    )  # fmt: skip
    return Table(_("Views"), columns, rows, numbers=3) if rows else None


def _name_month(statement: MonthlyStatement, line: PaymentLine) -> str:
    month = statement.style.month(line.month)
    if line.month >= statement.payment.batch.month:
        return month
    text = _("%(month)s, taken away") if line.views < 0 else _("%(month)s, late")
    return text % {"month": month}


def _write_others(statement: MonthlyStatement, lines: list[PaymentLine]) -> Table | None:
    """Return adjustments, and what earlier payments did not pay, each with its reason."""
    style, currency = statement.style, statement.payment.batch.currency
    names = {
        Kind.ADJUSTMENT: _("Adjustment"),
        Kind.CARRIED_IN: _("Carried forward from %(month)s"),
    }
    rows = [
        Row(
            (
                names[Kind(line.kind)] % {"month": style.month(line.month)},
                line.note,
                style.signed(line.amount, currency),
            ),
            line=line.pk if line.kind == Kind.ADJUSTMENT else None,
        )
        for line in lines
        if line.kind in names
    ]
    columns = (_("What"), _("Reason"), _("Amount"))
    return Table(_("Adjustments and sums carried forward"), columns, rows) if rows else None


def _write_sums(statement: MonthlyStatement) -> Table:
    payment, style = statement.payment, statement.style
    currency = payment.batch.currency
    rows = [Row((_("Sum of all lines"), style.amount(payment.exact_amount, currency, exact=True)))]
    if payment.carried_amount:
        kept_back = style.signed(-payment.carried_amount, currency)
        rows.append(Row((_("Not paid this time"), kept_back)))
    else:
        rows.append(Row((_("Rounding"), style.signed(payment.rounding, currency))))
    total = style.amount(payment.amount, currency)
    rows.append(Row((_("Amount of the payment"), total), is_sum=True))
    return Table(_("How the amount comes about"), ("", _("Amount")), rows)


def write_exclusions(exclusions: Iterable[Finding], style: Style) -> Table | None:
    rows = [
        Row((finding.blog.title, finding.reason, style.number(finding.views)))
        for finding in exclusions
    ]
    columns = (_("Blog"), _("Reason"), _("Views"))
    note = _("These views are paid by no statement.")
    return Table(_("Excluded views"), columns, rows, note=note) if rows else None


def _write_disputes(statement: MonthlyStatement) -> Table | None:
    """Return what the author asked about the statement's lines, and what was answered."""
    outcomes = {
        "accepted": _("Accepted: %(text)s"),
        "rejected": _("Rejected: %(text)s"),
        "withdrawn": _("Taken back: %(text)s"),
    }
    rows = []
    for dispute in statement.disputes:
        answer = getattr(dispute, "answer", None)
        text = outcomes[answer.outcome] % {"text": answer.text} if answer else _("Open")
        amount = statement.style.signed(dispute.amount, statement.payment.batch.currency)
        rows.append(Row((dispute.name, dispute.question, text, amount)))
    columns = (_("Line"), _("Question"), _("Answer"), _("Amount"))
    return Table(_("Questions about lines"), columns, rows) if rows else None
