"""The dialogs in which finance answers a dispute, and the author's form to ask."""

from django import forms
from unfold.widgets import UnfoldAdminDecimalFieldWidget, UnfoldAdminTextareaWidget

from backoffice.dialogs import DialogForm, ReasonField
from billing.money import ENTRIES_BELOW

MISSING = "Write the answer in words: the author and the auditors read it."


class AnswerDialog(DialogForm):
    """Shows the question and asks for the answer."""

    form_before_template = "billing/dispute_dialog.html"

    reason = ReasonField(
        label="Answer", help_text="The author reads it, and so do the auditors.", missing=MISSING
    )


class AcceptDialog(AnswerDialog):
    amount = forms.DecimalField(
        required=False,
        max_value=ENTRIES_BELOW - 1,
        min_value=1 - ENTRIES_BELOW,
        label="Adjustment",
        error_messages={"invalid": "Enter the amount as a number, such as 12.50 or -12.50."},
        help_text="What the next batch adds to the author's payment, or with a minus takes off, "
        "besides the line itself. Leave it empty for none.",
        widget=UnfoldAdminDecimalFieldWidget(attrs={"step": "any"}),
    )

    def __init__(self, request, obj=None, **kwargs):
        super().__init__(request, obj, **kwargs)
        self.fields["amount"].label = f"Adjustment in {obj.batch.currency}"


ACCEPT = {
    "title": "Accept this dispute?",
    "description": "The line goes on to the next batch, as it is counted by then, with what you "
    "add here. To take views away for good, exclude them by their finding.",
    "form_class": AcceptDialog,
    "form_submit_text": "Accept",
}
REJECT = {
    "title": "Reject this dispute?",
    "description": "The line goes on to the next batch, as it is counted by then.",
    "form_class": AnswerDialog,
    "form_submit_text": "Reject",
}


class QuestionForm(forms.Form):
    """What an author asks about a line, or says when taking a question back."""

    text = forms.CharField(
        max_length=1000,
        label="What is wrong, or what do you want to know?",
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
        error_messages={"required": "Write what is wrong, or what you want to know."},
    )
