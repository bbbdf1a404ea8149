"""What is asked before a payment is held, released or paid out, or an adjustment withdrawn."""

from django import forms
from django.http import Http404
from unfold.forms import BaseDialogForm
from unfold.widgets import UnfoldAdminTextareaWidget

from billing.models import Adjustment, Payment, PaymentInstruction


class _ReasonDialog(BaseDialogForm):
    """Shows what it is about, as `subject`, and asks why. Set `queryset`."""

    form_before_template = "billing/payment_dialog.html"
    queryset = None

    reason = forms.CharField(
        max_length=900,
        widget=UnfoldAdminTextareaWidget({"rows": 3}),
        help_text="Kept for everyone who may see it: the approver and the auditors read it.",
        error_messages={"required": "Say why: the reason is kept for the auditors."},
    )

    def __init__(self, request, object_id=None, **kwargs):
        super().__init__(request, object_id, **kwargs)
        try:
            self.subject = self.queryset.get(pk=object_id)
        except (self.queryset.model.DoesNotExist, ValueError):
            raise Http404 from None

    def get_before_template_context(self, request, object_id=None):
        return {self.queryset.model._meta.model_name: self.subject}


class PaymentDialog(_ReasonDialog):
    queryset = Payment.objects.select_related("batch", "author")


class InstructionDialog(_ReasonDialog):
    queryset = PaymentInstruction.objects.select_related("author")


class AdjustmentDialog(_ReasonDialog):
    queryset = Adjustment.objects.select_related("author")


HOLD = {
    "title": "Hold this payment?",
    "description": "It is kept back, and so are later payments of the author, until somebody "
    "releases them. Nothing is lost: the sum comes in with a later batch.",
    "form_class": PaymentDialog,
    "form_submit_text": "Hold",
}
RELEASE = {
    "title": "Release this payment?",
    "description": "The hold ends, for later payments of the author too.",
    "form_class": PaymentDialog,
    "form_submit_text": "Release",
}
PAY_OUT = {
    "title": "Pay this author out in full?",
    "description": "For an author who leaves: whatever is above zero is paid, below the minimum "
    "and to a deactivated account too, now and with later batches. A hold on the author ends.",
    "form_class": PaymentDialog,
    "form_submit_text": "Pay out in full",
}
END_PAY_OUT = {
    "title": "Stop paying this author out in full?",
    "description": "The minimum holds again, and a deactivated account is kept on hold.",
    "form_class": PaymentDialog,
    "form_submit_text": "Stop",
}
END_INSTRUCTION = {
    "title": "End this instruction?",
    "description": "The author’s payments in drafts follow at once, those of later batches when "
    "they are built. What was held comes in with the next batch.",
    "form_class": InstructionDialog,
    "form_submit_text": "End it",
}
WITHDRAW_ADJUSTMENT = {
    "title": "Withdraw this adjustment?",
    "description": "No batch takes it in any more. It stays to be read, and can’t come back.",
    "form_class": AdjustmentDialog,
    "form_submit_text": "Withdraw",
}
