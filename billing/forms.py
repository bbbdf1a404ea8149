from django import forms
from django.conf import settings
from django.core.exceptions import NON_FIELD_ERRORS
from unfold.widgets import UnfoldAdminTextareaWidget

from billing.errors import PriceInUse
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
