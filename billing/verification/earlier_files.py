"""Checks that a file from before files were made again agrees with the payments.

Its bytes stand in the database. A CSV had its total, what it left out and the head of the chain of
seals as rows after the payments.
"""

import csv
import io
from collections import Counter
from decimal import Decimal

from django.db.models import Count, Exists, OuterRef, Q, Sum

from backoffice.spreadsheets import guard_cell
from billing.models import HandPayment, PaymentExport, PaymentLine, PaymentResult, PayoutBatch, Seal
from billing.money import round_amount
from billing.querysets import PaymentQuerySet
from billing.verification.differences import Difference

UPGRADED = "approved before seals"
LEFT_OUT = "left out"


def check_earlier_file(export: PaymentExport, batch: PayoutBatch, seal: Seal | None) -> None:
    payments = _find_handed_out(batch, export, seal)
    if export.format == "csv":
        _check_csv(export, batch, payments, has_head=seal is not None)


def _find_handed_out(
    batch: PayoutBatch, export: PaymentExport, seal: Seal | None
) -> PaymentQuerySet:
    """Return the payments that the file should pay: those without a result when it was sealed.

    So nothing is handed out again that the bank made, or that a later batch pays. Files made before
    this rule hold every payment: they are compared with those, and one that a later batch pays
    again is named.
    """
    payments = batch.payments.above_zero().in_order()
    if seal is None:
        return payments
    payments = payments.with_outcome_before(seal.number)
    if export.total is None:
        _refuse_paid_again(export, payments)
        return payments
    by_hand = HandPayment.objects.filter(
        Q(withdrawn_at=None) | Q(withdrawn_at__gt=export.at),
        payment=OuterRef("pk"),
        proposed_at__lte=export.at,
    )
    is_paid = Q(outcome=None) & ~Exists(by_hand)
    handed_out, left_out = payments.filter(is_paid), payments.exclude(is_paid)
    says = (export.payment_count, export.total, export.left_out_count, export.left_out_total)
    should = (*_count(handed_out), *_count(left_out))
    if says != should:
        raise Difference(
            export,
            f"notes {says[0]} payments of {says[1]}, and {says[2]} of {says[3]} left out",
            f"it should have {should[0]} of {should[1]}, and {should[2]} of {should[3]} left out",
        )
    return handed_out


def _count(payments: PaymentQuerySet) -> tuple[int, Decimal]:
    numbers = payments.order_by().aggregate(number=Count("pk"), sum=Sum("amount", default=0))
    return numbers["number"], Decimal(numbers["sum"])


def _refuse_paid_again(export: PaymentExport, payments: PaymentQuerySet) -> None:
    again = PaymentLine.objects.standing().filter(
        carried_from__in=payments.filter(outcome=PaymentResult.Outcome.FAILED)
    )
    if line := again.select_related("carried_from", "payment").first():
        raise Difference(
            export,
            f"pays {line.carried_from}, which had failed before the file was made",
            f"{line.payment} pays it again",
        )


def _check_csv(
    export: PaymentExport, batch: PayoutBatch, payments: PaymentQuerySet, *, has_head: bool
) -> None:
    """It holds what is paid, to whom as of then, the total, and the chain's head as of then.

    Files from before seals existed have no head.
    """
    text = bytes(export.content).decode()
    rows = list(csv.DictReader(io.StringIO(text)))
    handed_out = {row["reference"]: row for row in rows}
    if len(handed_out) < len(rows):
        twice = Counter(row["reference"] for row in rows).most_common(1)[0][0]
        raise Difference(export, f"lists {twice} twice", "a payment is handed out once")
    total = Decimal(0)
    facts = payments.values_list("reference", "author_name", "username", "amount")
    for reference, name, username, amount in facts.iterator():
        total += amount
        payee = {"author": guard_cell(name)}
        if username:  # else it was not stored at that time, and nothing says what it was
            payee["username"] = guard_cell(username)
        says = handed_out.pop(reference, {})
        _check_row(export, reference, says, payee | _describe_amount(batch, amount))
    _check_row(export, "total", handed_out.pop("total", {}), _describe_amount(batch, total))
    if export.left_out_count and export.left_out_total:
        number = {"author": f"{export.left_out_count} with a result before this file"}
        left_out = number | _describe_amount(batch, export.left_out_total)
        _check_row(export, LEFT_OUT, handed_out.pop(LEFT_OUT, {}), left_out)
    handed_out.pop(UPGRADED, None)
    head = handed_out.pop("chain head", {"author": ""})
    if has_head and not batch.seals.model.objects.filter(hash=head["author"]).exists():
        raise Difference(export, f"says the chain ended with {head['author']}", "no seal has that")
    if handed_out:
        raise Difference(export, f"lists {min(handed_out)}", "no such payment is paid")


def _describe_amount(batch: PayoutBatch, amount: Decimal) -> dict[str, str]:
    paid = round_amount(amount, currency=batch.currency, decimals=batch.coin_decimals)
    return {"amount": str(paid), "currency": batch.currency}


def _check_row(export: PaymentExport, reference: str, row: dict, should: dict) -> None:
    says = {column: row.get(column) for column in should}
    if says != should:
        said, due = (", ".join(map(str, facts.values())) for facts in (says, should))
        raise Difference(export, f"says “{said}” of {reference}", f"the payments say “{due}”")
