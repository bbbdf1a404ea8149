"""The form of a price, which shows its effect before it saves, and the dialog to withdraw one."""

from django import forms
from django.core.exceptions import NON_FIELD_ERRORS
from django.utils import timezone
from django.utils.functional import cached_property
from unfold.widgets import UnfoldAdminTextareaWidget

from backoffice.dialogs import DialogForm, ReasonField
from backoffice.reasons import in_words
from billing.errors import BillingError, OwnMoney
from billing.models import CategoryPrice
from billing.prices.forecasts import forecast_withdrawal
from billing.prices.rules import (
    check_not_own,
    check_price,
    check_withdrawal,
    explain_refusal,
    find_last_change,
)

ASK_WHY = "Say why: the reason is kept in the history of the price."


class PriceForm(forms.ModelForm):
    """A price's form. The admin sets `user` on the class that it makes for each request."""

    user = None

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
            "note": {"required": ASK_WHY},
        }

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if price := self.fields.get("price_per_1000"):
            price.label = f"{price.label} in {self.instance.currency}"
        if note := self.fields.get("note"):
            note.required = True
            note.validators.append(in_words(ASK_WHY))
        if self.instance.pk and "category" in self.fields:
            self.fields["category"].disabled = True
            self.initial["note"] = ""  # each change needs its own reason

    def is_valid(self):
        """Return whether the form is valid and the user has seen its effect."""
        return super().is_valid() and self.data.get("seen") == self.seen

    @cached_property
    def last_change(self):
        """Return the latest row of the history of the category's prices."""
        return find_last_change(self.instance.category_id) if self.instance.category_id else None

    @property
    def seen(self):
        """Return what the page shows: the price among the category's current prices."""
        price = self.instance
        change = self.last_change.pk if self.last_change else ""
        return f"{price.category_id}/{change}/{price.effective_from}/{price.price_per_1000}"

    @property
    def was_overtaken(self):
        """Return whether the category's prices changed after this form was opened."""
        then, now = (text.split("/")[:2] for text in (self.data.get("seen", ""), self.seen))
        return then[0] == now[0] and then != now

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
                check_not_own(price, by=self.user)
            except BillingError as error:
                self.add_error("effective_from", str(error))
        return cleaned_data

    def _post_clean(self):
        """Put the error of a second price from the same day beside the field of the day."""
        super()._post_clean()
        if errors := self.errors.pop(NON_FIELD_ERRORS, None):
            self.add_error("effective_from", errors.as_data())


class WithdrawDialog(DialogForm):
    """Shows the effect of withdrawing a price, and asks for the reason."""

    form_before_template = "billing/price_withdrawal.html"
    form_after_template = "billing/price_withdrawal_effect.html"

    reason = ReasonField(
        help_text="Kept in the history of the price, for the auditors.",
        missing=ASK_WHY,
    )

    def find_objections(self):
        if refusal := explain_refusal(check_withdrawal, self.obj):
            return [refusal]
        try:
            check_not_own(self.obj, by=self.request.user)
        except OwnMoney as error:
            return [str(error)]
        return []

    @cached_property
    def forecast(self):
        return forecast_withdrawal(price=self.obj, at=timezone.now())

    def get_before_template_context(self, request, object_id=None):
        return {"price": self.obj, "forecast": self.forecast}

    def get_after_template_context(self, request, object_id=None):
        return {} if self.objections else {"forecast": self.forecast}


WITHDRAW = {
    "title": "Withdraw this price?",
    "description": "The price no longer holds on any day. The timeline of its category still "
    "shows it, with your reason.",
    "form_class": WithdrawDialog,
    "form_submit_text": "Yes, withdraw the price",
}
