"""The dialogs before a payment is said to be made by hand, and before that is confirmed."""

from django import forms
from unfold.widgets import UnfoldAdminSelectWidget

from backoffice.accounts.confirming import ConfirmMixin
from backoffice.dialogs import DialogForm, ReasonField
from billing.bank.by_hand import MISSING, explain_refusal
from billing.forms.results import DayInput
from billing.models import HandPayment
from billing.periods import today


class ByHandDialog(ConfirmMixin, DialogForm):
    """Asks how and when a payment was made, and why no file to the bank pays it."""

    form_before_template = "billing/by_hand_dialog.html"

    means = forms.ChoiceField(
        label="How it was paid",
        choices=HandPayment.Means.choices,
        widget=UnfoldAdminSelectWidget,
    )
    paid_on = forms.DateField(
        label="Day on which it was paid",
        input_formats=["%Y-%m-%d"],
        initial=today,
        widget=DayInput,
    )
    reason = ReasonField(
        max_length=500,
        help_text="Why no file to the bank pays it, and where the receipt is.",
        missing=MISSING,
    )

    def __init__(self, request, obj=None, **kwargs):
        super().__init__(request, obj, **kwargs)
        self.ask_to_confirm()

    def find_objections(self):
        return list(filter(None, [explain_refusal(self.obj)]))


class ConfirmByHandDialog(ConfirmMixin, DialogForm):
    """Shows what somebody else proposed."""

    form_before_template = "billing/hand_payment_dialog.html"

    def __init__(self, request, obj=None, **kwargs):
        super().__init__(request, obj, **kwargs)
        self.ask_to_confirm()


class WithdrawByHandDialog(DialogForm):
    form_before_template = "billing/hand_payment_dialog.html"

    reason = ReasonField(
        max_length=500,
        help_text="Kept for everyone who may see it.",
        missing="Say why it was not paid by hand: the reason is kept for the auditors.",
    )


PROPOSE = {
    "title": "Was this payment made by hand?",
    "description": "In cash, by card or in another way. No file to the bank pays it from now on. "
    "Somebody else has to confirm it; then it is recorded as paid.",
    "form_class": ByHandDialog,
    "form_submit_text": "It was paid by hand",
}
CONFIRM = {
    "title": "Is it true that this was paid?",
    "description": "Look at the receipt first. The payment is recorded as paid, under a seal.",
    "form_class": ConfirmByHandDialog,
    "form_submit_text": "Yes, it was paid",
}
WITHDRAW = {
    "title": "Take it back?",
    "description": "The payment was not made by hand: the next file to the bank pays it.",
    "form_class": WithdrawByHandDialog,
    "form_submit_text": "Take it back",
}
