"""What the bank did, by hand: a table of the payments, and the dialog for all at once."""

from django import forms
from django.db.models import Count, Sum
from unfold.widgets import (
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
)

from backoffice.accounts.confirming import ConfirmMixin
from billing.bank.results import ResultRow
from billing.bank.results.matching import match_results
from billing.bank.results.recording import explain_missing_file, says_why
from billing.errors import InvalidResults
from billing.forms.batches import BatchDialog
from billing.models import PaymentResult, PayoutBatch
from billing.models.seals import BANK_REFERENCE_LENGTH, REASON_LENGTH

NOTHING_YET = (
    "There is nothing to record yet: choose what became of a payment, or say that all others were "
    "made."
)
RECORDED = "What you chose is recorded already, and nothing was changed."


class DayInput(UnfoldAdminTextInputWidget):
    input_type = "date"

    def format_value(self, value):
        return value.isoformat() if hasattr(value, "isoformat") else value


class RowForm(forms.Form):
    """What became of one payment. Empty, it says nothing about it."""

    outcome = forms.ChoiceField(
        label="Result",
        required=False,
        choices=[("", "No news"), *PaymentResult.Outcome.choices],
        widget=UnfoldAdminSelectWidget,
    )
    value_date = forms.DateField(
        label="Day", required=False, input_formats=["%Y-%m-%d"], widget=DayInput
    )
    bank_reference = forms.CharField(
        label="Bank’s reference",
        required=False,
        max_length=BANK_REFERENCE_LENGTH,
        widget=UnfoldAdminTextInputWidget,
    )
    reason = forms.CharField(
        label="Why it failed",
        required=False,
        max_length=REASON_LENGTH,
        widget=UnfoldAdminTextInputWidget,
    )

    def __init__(self, *args, payment, **kwargs):
        super().__init__(*args, prefix=f"row-{payment.pk}", **kwargs)
        self.payment = payment
        for field in self.fields.values():  # its column has the label
            field.widget.attrs["aria-label"] = f"{field.label}: {payment.reference}"

    def clean(self):
        cleaned = super().clean()
        outcome = cleaned.get("outcome")
        said = any(cleaned.get(name) for name in ("value_date", "bank_reference", "reason"))
        if said and not outcome:
            self.add_error("outcome", "Choose paid or failed, or leave the row empty.")
        if outcome == PaymentResult.Outcome.FAILED and not says_why(cleaned.get("reason", "")):
            self.add_error("reason", "Say why it failed, as the bank says it.")
        return cleaned

    def make_row(self, number):
        cleaned = self.cleaned_data
        return ResultRow(
            number,
            self.payment.reference,
            cleaned["outcome"],
            cleaned["reason"].strip(),
            value_date=cleaned["value_date"],
            bank_reference=cleaned["bank_reference"].strip(),
        )


class ResultsForm(ConfirmMixin, forms.Form):
    """Takes results of the payments of one page of the table. `results` holds them by payment."""

    others_paid = forms.BooleanField(
        label="All other payments were made",
        required=False,
        widget=UnfoldBooleanSwitchWidget,
        help_text="Every payment in a file to the bank that has no result yet, on this page or "
        "not, and none chosen above, is recorded as paid.",
    )

    def __init__(self, data=None, *, batch, payments, request):
        super().__init__(data)
        self.request = request
        self.batch = batch
        self.rows = [RowForm(data, payment=payment) for payment in payments]
        self.results = {}
        self.ask_to_confirm()

    def clean(self):
        cleaned_data = super().clean()
        valid = [row.is_valid() for row in self.rows]
        if not all(valid):
            raise forms.ValidationError("Nothing was recorded: look at the rows that are marked.")
        if self.errors:
            return cleaned_data
        numbered = enumerate(self.rows, start=1)
        rows = [row.make_row(number) for number, row in numbered if row.cleaned_data["outcome"]]
        try:
            self.results = match_results(
                batch=self.batch, rows=rows, others_paid=cleaned_data["others_paid"]
            )
        except InvalidResults as error:
            raise forms.ValidationError(error.problems) from error
        if not self.results:
            missing = cleaned_data["others_paid"] and explain_missing_file(self.batch)
            raise forms.ValidationError(missing or (RECORDED if rows else NOTHING_YET))
        return cleaned_data


class AllPaidDialog(ConfirmMixin, BatchDialog):
    """Shows the payments without a result."""

    def __init__(self, request, obj=None, **kwargs):
        super().__init__(request, obj, **kwargs)
        self.ask_to_confirm()

    def find_objections(self):
        is_approved = self.obj.status == PayoutBatch.Status.APPROVED
        return list(filter(None, [is_approved and explain_missing_file(self.obj)]))

    def get_before_template_context(self, request, object_id=None):
        waiting = self.obj.payments.waiting_for_result().aggregate(
            payments=Count("pk"), amount=Sum("amount", default=0)
        )
        return super().get_before_template_context(request) | {"waiting": waiting}


ALL_PAID = {
    "title": "Were all payments made?",
    "description": "Each payment in a file that has no result yet is recorded as paid. If the bank "
    "refused some of them, use “Record bank results” instead.",
    "form_class": AllPaidDialog,
    "form_submit_text": "All payments were made",
}
