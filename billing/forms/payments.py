"""What is asked before a payment is held, released or paid out, or an adjustment withdrawn."""

from backoffice.dialogs import DialogForm, ReasonField


class ReasonDialog(DialogForm):
    """Shows what it is about, and asks why."""

    form_before_template = "billing/payment_dialog.html"

    reason = ReasonField(
        max_length=900,
        help_text="Kept for everyone who may see it: the approver and the auditors read it.",
        missing="Say why: the reason is kept for the auditors.",
    )


HOLD = {
    "title": "Hold this payment?",
    "description": "It is kept back, and so are later payments of the author, until somebody "
    "releases them. Nothing is lost: the sum comes in with a later batch.",
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
    "description": "For an author who leaves: whatever is above zero is paid, below the minimum "
    "and to a deactivated account too, now and with later batches. A hold on the author ends.",
    "form_class": ReasonDialog,
    "form_submit_text": "Pay out in full",
}
END_PAY_OUT = {
    "title": "Stop paying this author out in full?",
    "description": "The minimum holds again, and a deactivated account is kept on hold.",
    "form_class": ReasonDialog,
    "form_submit_text": "Stop",
}
END_INSTRUCTION = {
    "title": "End it?",
    "description": "The author’s payments in drafts follow at once, those of later batches when "
    "they are built. What was held comes in with the next batch.",
    "form_class": ReasonDialog,
    "form_submit_text": "End it",
}
WITHDRAW_ADJUSTMENT = {
    "title": "Withdraw this adjustment?",
    "description": "No batch takes it in any more. It stays to be read, and can’t come back.",
    "form_class": ReasonDialog,
    "form_submit_text": "Withdraw",
}
