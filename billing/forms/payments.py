"""The dialogs before somebody holds, releases or pays out a payment, or withdraws an adjustment."""

from backoffice.dialogs import DialogForm, ReasonField


class ReasonDialog(DialogForm):
    """Shows the payment or adjustment, and asks for a reason."""

    form_before_template = "billing/payment_dialog.html"

    reason = ReasonField(
        max_length=900,
        help_text="Kept for everyone who may see it: the approver and the auditors read it.",
        missing="Say why: the reason is kept for the auditors.",
    )


HOLD = {
    "title": "Hold this payment?",
    "description": "This keeps the payment and later payments of the author back until somebody "
    "releases them. Nothing is lost: a later batch pays the sum.",
    "form_class": ReasonDialog,
    "form_submit_text": "Hold",
}
RELEASE = {
    "title": "Release this payment?",
    "description": "The hold ends, for later payments of the author too.",
    "form_class": ReasonDialog,
    "form_submit_text": "Release",
}
PAY_OUT = {
    "title": "Pay this author out in full?",
    "description": "For an author who leaves: every sum above zero is paid, also below the "
    "minimum and to a deactivated account, now and with later batches. A hold on the author ends.",
    "form_class": ReasonDialog,
    "form_submit_text": "Pay out in full",
}
END_PAY_OUT = {
    "title": "Stop paying this author out in full?",
    "description": "The minimum holds again, and a deactivated account is kept on hold.",
    "form_class": ReasonDialog,
    "form_submit_text": "Stop",
}
END_HOLD = {
    "title": "End this hold or pay-out?",
    "description": "The author’s payments in drafts follow at once, those of later batches when "
    "they are built. What was held comes in with the next batch.",
    "form_class": ReasonDialog,
    "form_submit_text": "End it",
}
WITHDRAW_ADJUSTMENT = {
    "title": "Withdraw this adjustment?",
    "description": "No batch includes it any more. It stays readable, and nobody can restore it.",
    "form_class": ReasonDialog,
    "form_submit_text": "Withdraw",
}
