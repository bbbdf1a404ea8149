"""What billing's mails are about."""

from backoffice.mails import MailKind, register_kind

BATCHES = MailKind(
    key="billing.batch", label="steps of payout batches", permission="billing.view_payoutbatch"
)
WAITING = MailKind(
    key="billing.waiting",
    label="money that waits too long",
    permission="billing.submit_payoutbatch",
)
TO_CONFIRM = MailKind(
    key="billing.to_confirm",
    label="payment details that I may confirm",
    permission="billing.confirm_payee",
    is_security=True,
)
DETAILS = MailKind(
    key="billing.details",
    label="changes of where my money goes",
    permission="billing.enter_own_payee",
    is_security=True,
)
REMINDERS = MailKind(
    key="billing.reminder",
    label="steps of payout batches that wait, and money that waits too long",
    permission="billing.view_payoutbatch",
    comes_at_once=False,
)
CONFIRMATIONS = MailKind(
    key="billing.confirmation_waits",
    label="payment details that wait for days to be confirmed",
    permission="billing.confirm_payee",
    comes_at_once=False,
)
STATEMENTS = MailKind(
    key="billing.statement",
    label="my statements and payments",
    permission="billing.view_own_statement",
)
DISPUTES = MailKind(
    key="billing.dispute",
    label="failed payments, and lines in dispute",
    permission="billing.answer_dispute",
)


def register_kinds() -> None:
    for kind in (
        BATCHES, WAITING, REMINDERS, CONFIRMATIONS, TO_CONFIRM, DETAILS, STATEMENTS, DISPUTES
    ):  # fmt: skip
        register_kind(kind)
