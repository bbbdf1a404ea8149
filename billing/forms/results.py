"""What the bank did: the page for single results, and the dialog for all payments at once."""

from django import forms
from django.db.models import Count, Sum
from unfold.widgets import (
    UnfoldAdminTextareaWidget,
    UnfoldBooleanSwitchWidget,
)

from backoffice.accounts.confirming import ConfirmMixin
from billing.bank.results.csv import read_text
from billing.bank.results.matching import match_results
from billing.bank.results.recording import explain_missing_file
from billing.errors import InvalidResults
from billing.forms.batches import BatchDialog
from billing.models import PayoutBatch


class ResultsForm(ConfirmMixin, forms.Form):
    """Takes rows of results in a field. `results` holds them by payment."""

    rows = forms.CharField(
        label="Payments with a result",
        required=False,
        widget=UnfoldAdminTextareaWidget({"rows": 6, "spellcheck": "false"}),
        help_text="One in each row: reference, outcome, reason. The outcome is paid or failed; a "
        "failure needs the reason that the bank gives. For example: "
        "202610-1-000007, failed, Account closed",
    )
    others_paid = forms.BooleanField(
        label="All other payments were made",
        required=False,
        widget=UnfoldBooleanSwitchWidget,
        help_text="Every payment that has no result yet, and no row here, is recorded as paid.",
    )

    def __init__(self, *args, batch, request, **kwargs):
        super().__init__(*args, **kwargs)
        self.request = request
        self.batch = batch
        self.results = {}
        self.ask_to_confirm()

    def clean_rows(self):
        return _read(read_text, self.cleaned_data["rows"])

    def clean(self):
        cleaned_data = super().clean()
        if self.errors:
            return cleaned_data
        try:
            self.results = match_results(
                batch=self.batch,
                rows=cleaned_data["rows"],
                others_paid=cleaned_data["others_paid"],
            )
        except InvalidResults as error:
            raise forms.ValidationError({"rows": error.problems}) from error
        if not self.results:
            raise forms.ValidationError(
                "There is nothing to record yet: name payments, or say that all others were made."
            )
        return cleaned_data


def _read(reader, given):
    try:
        return reader(given)
    except InvalidResults as error:
        raise forms.ValidationError(error.problems) from error


class AllPaidDialog(ConfirmMixin, BatchDialog):
    """Shows the payments without a result."""

    def __init__(self, request, obj=None, **kwargs):
        super().__init__(request, obj, **kwargs)
        self.ask_to_confirm()

    def find_objections(self):
        is_approved = self.obj.status == PayoutBatch.Status.APPROVED
        return list(filter(None, [is_approved and explain_missing_file(self.obj)]))

    def get_before_template_context(self, request, object_id=None):
        waiting = self.obj.payments.payable().aggregate(
            payments=Count("pk"), amount=Sum("amount", default=0)
        )
        return super().get_before_template_context(request) | {"waiting": waiting}


ALL_PAID = {
    "title": "Were all payments made?",
    "description": "Each payment that has no result yet is recorded as paid. If the bank refused "
    "some of them, use “Record bank results” instead.",
    "form_class": AllPaidDialog,
    "form_submit_text": "All payments were made",
}
