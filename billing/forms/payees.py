"""What is asked about a payee: details, and the dialogs before they are confirmed or taken back."""

from django import forms
from django.contrib.auth.models import User
from unfold.widgets import (
    UnfoldAdminEmailInputWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
)

from backoffice.accounts.confirming import ConfirmMixin
from backoffice.dialogs import DialogForm, ReasonField
from billing.errors import BillingError, InvalidDetails
from billing.forms.entries import AuthorField
from billing.models import Payee, PayeeDetails
from billing.payees.accounts import TYPES
from billing.payees.entry import ADDRESS, LENGTHS, check_entry, list_countries, list_languages
from billing.payees.reading import find_current, name_waiting
from billing.payees.secrets import read_field
from billing.payouts.adjustments import find_authors

KEPT_OFF = {"autocomplete": "off", "spellcheck": "false", "autocapitalize": "characters"}
GROUPS = [
    ("Who is paid", ["kind", "author", "legal_name", "tax_id", "language", "email"]),
    ("Address", [*ADDRESS, "country"]),
    ("Account", ["account_kind", "iban", "bic", "routing", "number", "account_type", "paypal"]),
]


def text_field(label, *, name="", help_text="", hidden=False, length=60):
    widget = UnfoldAdminTextInputWidget(KEPT_OFF if hidden else {})
    return forms.CharField(
        label=label,
        max_length=LENGTHS.get(name, length) * 2,  # the check says how long it may be
        required=False,
        widget=widget,
        help_text=help_text,
    )


def choice_field(label, choices, help_text=""):
    return forms.ChoiceField(
        label=label,
        choices=[("", "Choose"), *choices],
        required=False,
        widget=UnfoldAdminSelectWidget,
        help_text=help_text,
    )


class PayeeForm(ConfirmMixin, forms.Form):
    """Details of a payee. billing.payees.entry checks them; each message stands at its field."""

    kind = choice_field("Who gets the money", [])
    author = AuthorField("admin:billing_adjustment_authors", queryset=User.objects.none())
    legal_name = text_field("Legal name", name="legal_name", help_text="As the bank knows it.")
    tax_id = text_field(
        "Tax number",
        help_text="If there is one: of the country of the address. Enter it again each time.",
        hidden=True,
    )
    language = choice_field("Language of statements", list_languages())
    email = forms.CharField(
        label="E-mail address",
        max_length=300,
        required=False,
        widget=UnfoldAdminEmailInputWidget,
        help_text="Changes of these details are told here, and to the address of before.",
    )
    street = text_field("Street", name="street")
    building_number = text_field("Building number", name="building_number")
    postcode = text_field("Postcode", name="postcode")
    town = text_field("Town", name="town")
    region = text_field("State or region", name="region", help_text="Where addresses have one.")
    country = choice_field("Country", list_countries())
    account_kind = choice_field(
        "Kind of account",
        PayeeDetails.AccountKind.choices,
        "IBAN: fill in IBAN and BIC. US account: the three fields below them. PayPal: the last.",
    )
    iban = text_field("IBAN", help_text="With or without spaces.", hidden=True)
    bic = text_field(
        "BIC", help_text="Leave it empty if you do not know it: mostly it is found.", hidden=True
    )
    routing = text_field("US routing number", hidden=True)
    number = text_field("US account number", hidden=True)
    account_type = choice_field("US account type", TYPES.items())
    paypal = text_field(
        "PayPal account", help_text="Its e-mail address, or its payer ID.", hidden=True, length=127
    )

    def __init__(self, *args, request, payee=None, kinds=(), asks_author=False, at, **kwargs):
        super().__init__(*args, **kwargs)
        self.request = request
        self.fields["kind"].choices = [("", "Choose"), *kinds]
        if not kinds:
            del self.fields["kind"]
        if asks_author:
            self.fields["author"].queryset = find_authors()
            self.fields["author"].offer(self["author"].value())
            self.fields["author"].required = False  # add_payee says what is missing
        else:
            del self.fields["author"]
        if payee and (current := find_current(payee, at=at)):
            self._fill_in(current)
        self.ask_to_confirm()

    def _fill_in(self, current):
        """Fill in all but accounts and tax numbers, which are typed again and so never shown."""
        for name in ("legal_name", "country", "language", "email"):
            self.initial[name] = getattr(current, name)
        try:
            self.initial |= read_field(current, "address")
        except BillingError:
            return  # the page says so, and new details can be entered

    def clean(self):
        cleaned_data = {name: value or "" for name, value in super().clean().items()}
        try:
            check_entry(cleaned_data)
        except InvalidDetails as refusal:
            self.add_faults(refusal)
        return cleaned_data

    def add_faults(self, refusal):
        """Show each sentence at its field."""
        for name, sentence in refusal.fields.items():
            field = {"authors": "author"}.get(name, name)
            self.add_error(field if field in self.fields else None, sentence)

    @property
    def groups(self):
        """The fields under their headings, and what asks for a confirmation at the end."""
        named = [name for _, names in GROUPS for name in names]
        rest = [field for field in self.visible_fields() if field.name not in named]
        groups = [
            (title, [self[name] for name in names if name in self.fields])
            for title, names in GROUPS
        ]
        return [*groups, ("Confirm that it is you", rest)] if rest else groups


class PayeeDialog(ConfirmMixin, DialogForm):
    """Shows what waits for the payee, and asks who one is."""

    form_before_template = "billing/payee_dialog.html"

    def __init__(self, request, obj=None, **kwargs):
        super().__init__(request, obj, **kwargs)
        self.ask_to_confirm()

    def get_before_template_context(self, request, object_id=None):
        return super().get_before_template_context(request, object_id) | {
            "versions": self.obj.versions.unconfirmed(),
            "links": self.obj.authors.unconfirmed().select_related("author"),
        }


class ConfirmDialog(PayeeDialog):
    reason = ReasonField(
        label="How you made sure of it",
        max_length=900,
        help_text="Call a number that you know from before, and have the account read to you.",
        missing="Write how you made sure that these details are right.",
    )
    seen = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, request, obj=None, **kwargs):
        super().__init__(request, obj, **kwargs)
        self.initial["seen"] = name_waiting(obj)


class WithdrawDialog(DialogForm):
    reason = ReasonField(max_length=900, missing="Say why: the reason is kept with the payee.")


class LinkDialog(PayeeDialog):
    author = AuthorField("admin:billing_adjustment_authors", queryset=User.objects.none())

    def __init__(self, request, obj=None, **kwargs):
        super().__init__(request, obj, **kwargs)
        self.fields["author"].queryset = find_authors()
        self.fields["author"].offer(self["author"].value())


class ShowForm(ConfirmMixin, forms.Form):
    """Asks why the details are needed in full."""

    reason = ReasonField(
        label="Why you need to see them",
        max_length=900,
        help_text="Kept with your name and the time: auditors and the audit trail show it.",
        missing="Say why you need to see them: it is kept for the auditors.",
    )

    def __init__(self, *args, request, **kwargs):
        super().__init__(*args, **kwargs)
        self.request = request
        self.ask_to_confirm()


CONFIRM = {
    "title": "Confirm these details?",
    "description": "As the second person. Until they are in force they can be taken back.",
    "form_class": ConfirmDialog,
    "form_submit_text": "Confirm",
}
WITHDRAW = {
    "title": "Take this change back?",
    "description": "All that is not in force yet is taken back. Money goes where it went before.",
    "form_class": WithdrawDialog,
    "form_submit_text": "Take it back",
}
LINK = {
    "title": "Pay this agent for one more author?",
    "description": "The author’s money goes to this agent once a second person has confirmed it "
    "and the wait is over. Both are told by mail.",
    "form_class": LinkDialog,
    "form_submit_text": "Add author",
}
OWN_KINDS = [choice for choice in Payee.Kind.choices if choice[0] != Payee.Kind.AGENT]
