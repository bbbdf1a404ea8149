from django import forms
from unfold.widgets import (
    UnfoldAdminFileFieldWidget,
    UnfoldAdminTextareaWidget,
    UnfoldBooleanSwitchWidget,
)

from backoffice.accounts.confirming import ConfirmMixin
from billing.bank.result_files import match_results, read_results
from billing.errors import InvalidResults

MOST_BYTES = 20_000_000  # 100,000 payments take 4 MB


class ResultsForm(ConfirmMixin, forms.Form):
    """Takes rows of results in a field, in a file, or both. `results` holds them by payment."""

    rows = forms.CharField(
        label="Payments with a result",
        required=False,
        widget=UnfoldAdminTextareaWidget({"rows": 6, "spellcheck": "false"}),
        help_text="One in each row: reference, outcome, reason. The outcome is paid or failed; a "
        "failure needs the reason that the bank gives. For example: "
        "202610-1-000007, failed, Account closed",
    )
    file = forms.FileField(
        label="Or a CSV file of such rows",
        required=False,
        widget=UnfoldAdminFileFieldWidget({"accept": ".csv,text/csv"}),
        help_text="Text in UTF-8, with commas or semicolons.",
        error_messages={"empty": "The file is empty."},
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
        return _read(self.cleaned_data["rows"])

    def clean_file(self):
        file = self.cleaned_data["file"]
        if not file:
            return []
        if file.size > MOST_BYTES:
            raise forms.ValidationError(f"The file is larger than {MOST_BYTES // 10**6} MB.")
        try:
            text = file.read().decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise forms.ValidationError(
                "The file is not text in UTF-8. Save it as “CSV UTF-8” and choose it again."
            ) from error
        if "\0" in text:
            raise forms.ValidationError("This is no text file.")
        return _read(text)

    def clean(self):
        cleaned_data = super().clean()
        if self.errors:
            return cleaned_data
        try:
            self.results = match_results(
                batch=self.batch,
                rows=[*cleaned_data["rows"], *cleaned_data["file"]],
                others_paid=cleaned_data["others_paid"],
            )
        except InvalidResults as error:
            field = "file" if cleaned_data["file"] else "rows"
            raise forms.ValidationError({field: error.problems}) from error
        if not self.results:
            raise forms.ValidationError(
                "There is nothing to record yet: name payments, or say that all others were made."
            )
        return cleaned_data


def _read(text):
    try:
        return read_results(text)
    except InvalidResults as error:
        raise forms.ValidationError(error.problems) from error
