"""What the page for a bank's file asks: the file, its columns, and who confirms."""

from itertools import chain

from django import forms
from unfold.widgets import (
    UnfoldAdminFileFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
)

from backoffice.accounts.confirming import ConfirmMixin
from backoffice.import_pages import UploadForm
from billing.bank.results import list_result_formats
from billing.bank.results.layouts import DayOrder, DecimalMark, Layout, Role

MOST_BYTES = 100_000_000  # 100,000 payments take 4 MB as CSV, 45 to 90 MB as XML


class BankFileForm(UploadForm):
    file = forms.FileField(
        widget=UnfoldAdminFileFieldWidget,
        error_messages={"required": "Choose a file.", "empty": "The file is empty."},
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        formats = list_result_formats()
        file = self.fields["file"]
        file.label = f"The bank’s file ({', '.join(format.name for format in formats)})"
        file.help_text = " ".join(format.hint for format in formats)
        endings = chain.from_iterable(format.accept for format in formats)
        file.widget.attrs["accept"] = ",".join(endings)

    @staticmethod
    def most_bytes():
        return MOST_BYTES


class WordsField(forms.CharField):
    """Takes words with commas between them, as a list in small letters."""

    def __init__(self, **kwargs):
        super().__init__(max_length=500, widget=UnfoldAdminTextInputWidget, **kwargs)

    def prepare_value(self, value):
        return ", ".join(value) if isinstance(value, list) else value

    def to_python(self, value):
        words = [word.strip().lower() for word in super().to_python(value).split(",")]
        return sorted({word for word in words if word})


class LayoutForm(forms.Form):
    """Asks which column of a bank's table is what. `layout` holds the answer."""

    def __init__(self, *args, header, layout=None, **kwargs):
        super().__init__(*args, **kwargs)
        layout = layout or Layout(columns={})
        names = enumerate(header, start=1)
        columns = [("", "Not in this table")]
        columns += [(str(number), name or f"Column {number}") for number, name in names]
        for role in Role:
            self.fields[role.value] = forms.ChoiceField(
                label=role.label,
                choices=columns,
                initial=str(layout.columns.get(role.value, "")),
                required=role in (Role.REFERENCE, Role.OUTCOME),
                widget=UnfoldAdminSelectWidget,
                error_messages={"required": "Choose the column: nothing can be read without it."},
            )
        for name, label in WORDS.items():
            self.fields[name] = WordsField(
                label=label,
                required=name == "paid",
                initial=getattr(layout, name),
                help_text="As the table writes it; several with commas between them.",
                error_messages={"required": "Say how the table writes it."},
            )
        self.fields["day_order"] = _choose("A day is written as", DayOrder, layout.day_order)
        self.fields["decimal_mark"] = _choose(
            "An amount is written as", DecimalMark, layout.decimal_mark
        )

    def clean(self):
        cleaned = super().clean()
        words = [word for name in WORDS for word in cleaned.get(name, ())]
        for word in sorted({word for word in words if words.count(word) > 1}):
            self.add_error(None, f"“{word}” can mean only one of paid, failed and on its way.")
        columns = [cleaned[role] for role in Role if cleaned.get(role)]
        if len(columns) != len(set(columns)):
            self.add_error(None, "A column is chosen twice. Each can be only one thing.")
        return cleaned

    @property
    def layout(self):
        cleaned = self.cleaned_data
        return Layout(
            columns={role.value: int(cleaned[role]) for role in Role if cleaned[role]},
            day_order=cleaned["day_order"],
            decimal_mark=cleaned["decimal_mark"],
            **{name: cleaned[name] for name in WORDS},
        )


WORDS = {
    "paid": "Words for paid",
    "failed": "Words for failed or returned",
    "pending": "Words for “on its way”",
}


def _choose(label, choices, initial):
    return forms.ChoiceField(
        label=label, choices=choices.choices, initial=initial, widget=UnfoldAdminSelectWidget
    )


class ConfirmResultsForm(ConfirmMixin, forms.Form):
    """Asks only who it is, if the last confirmation is too old."""

    def __init__(self, *args, request, **kwargs):
        super().__init__(*args, **kwargs)
        self.request = request
        self.ask_to_confirm()
