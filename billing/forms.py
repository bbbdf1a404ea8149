from django import forms
from django.conf import settings
from django.core.exceptions import NON_FIELD_ERRORS
from unfold.widgets import (
    UnfoldAdminFileFieldWidget,
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from billing.errors import InvalidPathPattern, PriceInUse
from billing.log_lines import OWN_PAGES, compile_path_pattern
from billing.models import CategoryPrice
from billing.pricing import check_price


class PriceForm(forms.ModelForm):
    class Meta:
        model = CategoryPrice
        fields = ["category", "effective_from", "price_per_1000", "note"]
        labels = {"note": "Why"}
        help_texts = {"note": "Kept in the history of the price, for the auditors."}
        widgets = {"note": UnfoldAdminTextareaWidget({"rows": 3})}
        error_messages = {
            "price_per_1000": {
                "invalid": "Enter the price as a number, such as 12.50.",
                "max_decimal_places": "A price has at most three decimals.",
                "max_digits": "This price is too large.",
                "max_whole_digits": "This price is too large.",
                "min_value": "A price is zero or more.",
            },
        }

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if price := self.fields.get("price_per_1000"):
            price.label = f"{price.label} in {settings.CURRENCY}"

    def clean(self):
        cleaned_data = super().clean()
        if {"category", "effective_from"} <= cleaned_data.keys():
            price = CategoryPrice(
                pk=self.instance.pk,
                category=cleaned_data["category"],
                effective_from=cleaned_data["effective_from"],
            )
            try:
                check_price(price)
            except PriceInUse as error:
                self.add_error("effective_from", str(error))
        return cleaned_data

    def _post_clean(self):
        """Say where the day is entered that the category has a price from that day already."""
        super()._post_clean()
        if errors := self.errors.pop(NON_FIELD_ERRORS, None):
            self.add_error("effective_from", errors.as_data())


class AccessLogForm(forms.Form):
    file = forms.FileField(
        label="Access log",
        widget=UnfoldAdminFileFieldWidget,
        error_messages={"required": "Choose the file of the log.", "empty": "The file is empty."},
    )
    path_pattern = forms.CharField(
        label="Path pattern",
        max_length=500,
        strip=False,
        initial=OWN_PAGES,
        widget=UnfoldAdminTextInputWidget,
        help_text="A regular expression for the paths of pages. Its group named slug gives the "
        "blog's slug, with - for / and dots and in lower case. One that nests repetitions, as "
        "(a+)+ does, can take for ever.",
    )
    trusted_proxies = forms.IntegerField(
        label="Proxies of our own",
        min_value=0,
        max_value=10,
        widget=UnfoldAdminIntegerFieldWidget,
        help_text="How many stood before that web server. Where the log has a list of forwarded "
        "addresses, the reader's is this many from the right; with 0 it is the address that the "
        "server saw.",
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["trusted_proxies"].initial = settings.TRUSTED_PROXIES
        self.fields["file"].help_text = (
            "Combined format or nginx's JSON lines; plain, gzip or bzip2; unpacked at most "
            f"{settings.ACCESS_LOG_UPLOAD_MB} MB."
        )

    @staticmethod
    def most_bytes():
        return settings.ACCESS_LOG_UPLOAD_MB * 10**6

    def clean_file(self):
        file = self.cleaned_data["file"]
        if file.size > self.most_bytes():
            raise forms.ValidationError(
                f"The file is larger than {settings.ACCESS_LOG_UPLOAD_MB} MB. Import it with "
                "“manage.py import_access_log”, or in parts."
            )
        return file

    def clean_path_pattern(self):
        path_pattern = self.cleaned_data["path_pattern"]
        try:
            compile_path_pattern(path_pattern)
        except InvalidPathPattern as error:
            raise forms.ValidationError(str(error)) from error
        return path_pattern
