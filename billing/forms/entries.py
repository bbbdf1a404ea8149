from django import forms
from django.conf import settings
from django.contrib.auth.models import User
from unfold.fields import UnfoldAdminAutocompleteModelChoiceField
from unfold.widgets import (
    UnfoldAdminFileFieldWidget,
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from backoffice.import_pages import UploadForm
from backoffice.people import full_name
from backoffice.reasons import in_words
from billing.counting.access_logs.patterns import OWN_PAGES, compile_path_pattern
from billing.errors import BillingError, InvalidPathPattern
from billing.locks import Lock, hold_lock
from billing.models import Adjustment
from billing.money import currency_decimals, round_amount
from billing.payouts.adjustments import ASK_WHY, check_adjustment, find_authors


class AccessLogForm(UploadForm):
    too_large = (
        "The file is larger than {} MB. Import it with “manage.py import_access_log”, or in parts."
    )
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
        "blog's slug, with - for / and dots and in lower case.",
    )
    trusted_proxies = forms.IntegerField(
        label="Proxies of our own",
        min_value=0,
        max_value=10,
        widget=UnfoldAdminIntegerFieldWidget,
        help_text=(
            "The number of proxies before that web server. In a list of forwarded addresses, the "
            "reader's is this many from the right. With 0 it is the address that the server saw."
        ),
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["trusted_proxies"].initial = settings.TRUSTED_PROXIES
        self.fields["file"].help_text = (
            "As nginx, Apache, IIS, Caddy, Traefik, HAProxy, Envoy, AWS, Cloudflare and others "
            "write it; plain, gzip or bzip2; unpacked at most "
            f"{settings.ACCESS_LOG_UPLOAD_MB} MB."
        )

    @staticmethod
    def most_bytes():
        return settings.ACCESS_LOG_UPLOAD_MB * 10**6

    def clean_path_pattern(self):
        path_pattern = self.cleaned_data["path_pattern"]
        try:
            compile_path_pattern(path_pattern)
        except InvalidPathPattern as error:
            raise forms.ValidationError(str(error)) from error
        return path_pattern


class AuthorField(UnfoldAdminAutocompleteModelChoiceField):
    def label_from_instance(self, user):
        return full_name(user)

    def offer(self, value):
        """List only the chosen author on the page; people find the others by typing."""
        chosen = self.queryset.filter(pk=value) if str(value).isdecimal() else []
        self.choices = [(user.pk, self.label_from_instance(user)) for user in chosen]


class AdjustmentForm(forms.ModelForm):
    """An adjustment's form. The admin sets `user` on the class that it makes for each request."""

    user = None

    author = AuthorField("admin:billing_adjustment_authors", queryset=User.objects.none())
    version = forms.CharField(widget=forms.HiddenInput, required=False)

    class Meta:
        model = Adjustment
        fields = ["author", "amount", "reason"]
        widgets = {"reason": UnfoldAdminTextareaWidget({"rows": 3})}
        error_messages = {
            "amount": {
                "invalid": "Enter the amount as a number, such as 12.50 or -12.50.",
                "max_decimal_places": "This amount has too many decimals.",
                "max_digits": "This amount is too large.",
                "max_whole_digits": "This amount is too large.",
            },
        }

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if "amount" not in self.fields:  # the form is read-only
            return
        self.fields["reason"].validators.append(in_words(ASK_WHY))
        self.fields["author"].queryset = find_authors()
        self.fields["author"].offer(self["author"].value())
        self.fields["amount"].label = f"Amount in {self.instance.currency}"
        if self.instance.pk:
            self.initial["amount"] = round_amount(
                self.instance.amount, currency=self.instance.currency
            )
            self.initial["version"] = str(self._find_last_change().pk)

    def clean_amount(self):
        amount = self.cleaned_data["amount"]
        currency = self.instance.currency
        if amount != round_amount(amount, currency=currency):
            raise forms.ValidationError(
                f"An amount in {currency} has at most {currency_decimals(currency)} decimals."
            )
        return amount

    def _post_clean(self):
        """Check the adjustment under the lock, so that it is still valid when it is saved."""
        super()._post_clean()
        if self.errors:
            return
        hold_lock(Lock.PAYOUTS)
        try:
            check_adjustment(self.instance, by=self.user)
        except BillingError as error:
            self.add_error(None, str(error))
        else:
            self._refuse_to_overwrite()

    def _refuse_to_overwrite(self):
        if not self.instance.pk:
            return
        last_change = self._find_last_change()
        if str(last_change.pk) != self.cleaned_data["version"]:
            user = last_change.history_user
            self.add_error(
                None,
                f"{full_name(user) if user else 'Somebody else'} changed this adjustment while you "
                "had it open. Reload the page and look again; History shows what was changed.",
            )

    def _find_last_change(self):
        history = self.instance.history.select_related("history_user")
        return history.latest("history_id")
