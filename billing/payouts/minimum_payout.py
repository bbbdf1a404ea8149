"""Decides whether a payment is paid now, held or carried to the next batch, and rounds it."""

from decimal import Decimal

from billing.models import Hold, Payment
from billing.money import format_amount, round_amount
from weblog.importing.authors import is_unconfirmed

Status = Payment.Status
Kind = Hold.Kind

# The reasons that the rules give: people's own stand as they were written.
DEACTIVATED = "The author's account is deactivated."
UNCONFIRMED = "The author came in by an import, and nobody has confirmed yet who it is."
NOTHING_TO_PAY = "There is nothing above zero to pay."
BELOW_MINIMUM = "Below the minimum of "


def decide_payment(
    payment: Payment, *, exact: Decimal, minimum: Decimal, hold: Hold | None
) -> Payment:
    """Set the status, its reason and the amounts of a payment whose lines add up to `exact`.

    `hold` is the author's open one, if any.
    """
    batch = payment.batch
    amount = round_amount(exact, currency=batch.currency, decimals=batch.coin_decimals)
    payment.status, payment.status_reason = _decide(payment, amount, minimum, hold)
    if payment.status == Status.PAYABLE:
        payment.amount, payment.rounding, payment.carried_amount = (
            amount,
            amount - exact,
            Decimal(0),
        )
    else:
        payment.amount, payment.rounding, payment.carried_amount = Decimal(0), Decimal(0), exact
    return payment


def _decide(
    payment: Payment, amount: Decimal, minimum: Decimal, hold: Hold | None
) -> tuple[Status, str]:
    if hold and hold.kind == Kind.HOLD:
        return Status.HELD, hold.reason
    if is_unconfirmed(payment.author):
        return Status.HELD, UNCONFIRMED
    if not (payment.author.is_active or hold):
        return Status.HELD, DEACTIVATED
    if amount <= 0:
        return Status.CARRIED, NOTHING_TO_PAY
    if hold:
        return Status.PAYABLE, f"Paid out in full: {hold.reason}"
    if amount < minimum:
        least = format_amount(minimum, currency=payment.batch.currency)
        return Status.CARRIED, f"{BELOW_MINIMUM}{least}."
    return Status.PAYABLE, ""
