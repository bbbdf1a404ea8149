"""What the page of an export asks: in which format, CSV unless somebody chooses another."""

from typing import Any

from unfold.contrib.import_export import forms

WORDS = {
    "csv": "CSV, for any program",
    "xlsx": "XLSX, for Excel and LibreOffice",
    "json": "JSON, for other programs",
}


class ExportForm(forms.ExportForm):
    """As shipped (Unfold 0.110) nothing is chosen, and a format is called “csv”."""

    def __init__(self, formats: list[type], resources: list[type], **kwargs: Any):
        super().__init__(formats, resources, **kwargs)
        choices = [
            (value, WORDS.get(name, name)) for value, name in self.fields["format"].choices if value
        ]
        self.fields["format"].choices = choices
        self.fields["format"].initial = choices[0][0]
