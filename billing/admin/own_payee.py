"""The page on which authors enter their own payment details. It leads to nobody else's."""

from django.contrib import messages
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.generic import TemplateView
from unfold.views import UnfoldSiteViewMixin

from billing.errors import BillingError, InvalidDetails
from billing.forms.payees import OWN_KINDS, PayeeForm
from billing.models import Payee
from billing.payees.changes import enter_own_details, withdraw_changes
from billing.payees.keys import have_keys
from billing.payees.reading import find_own_payee, list_versions

STATES = {
    "unconfirmed": "To be confirmed",
    "waiting": "Confirmed, not in force yet",
    "begun": "In force",
    "withdrawn": "Taken back",
    "": "Nothing entered",
}
COLOURS = {"unconfirmed": "warning", "waiting": "info", "begun": "success"}


def list_rows(payee, at):
    """Return the payee's versions as the table payee_versions.html shows them."""
    rows = []
    for one in list_versions(payee, at=at):
        state, colour = STATES[one.state], COLOURS.get(one.state, "")
        if one.state == "begun" and any(row["version"].state == "begun" for row in rows):
            state, colour = "Replaced", ""
        rows.append({"version": one, "state": state, "colour": colour})
    return rows


@method_decorator([never_cache, sensitive_post_parameters()], name="dispatch")
class OwnPayeeView(UnfoldSiteViewMixin, TemplateView):
    """GET shows one's own payee; POST enters new details, or takes back a change."""

    http_method_names = ["get", "head", "post"]
    permission_required = "billing.enter_own_payee"
    template_name = "billing/own_payee.html"
    title = "Your payment details"

    def setup(self, request, *args, **kwargs):
        super().setup(request, *args, **kwargs)
        self.at = timezone.now()

    def post(self, request):
        if request.POST.get("step") == "withdraw":
            return self.withdraw()
        form = self.make_form(request.POST)
        if form and form.is_valid() and self.enter(form):
            messages.success(request, "Your details are entered. Finance has to confirm them.")
            return redirect(request.path)
        return self.render_to_response(self.get_context_data(form=form))

    def enter(self, form):
        data = form.cleaned_data
        try:
            enter_own_details(
                author=self.request.user, kind=data.get("kind", ""), data=data, at=self.at
            )
        except InvalidDetails as refusal:
            form.add_faults(refusal)
        except BillingError as refusal:
            form.add_error(None, str(refusal))
        return not form.errors

    def withdraw(self):
        payee = find_own_payee(self.request.user, at=self.at)
        try:
            if payee and payee.kind != Payee.Kind.AGENT:
                reason = "Taken back by the author"
                withdraw_changes(payee=payee, by=self.request.user, reason=reason, at=self.at)
                messages.success(self.request, "The change is taken back.")
        except BillingError as refusal:
            messages.error(self.request, str(refusal))
        return redirect(self.request.path)

    def make_form(self, *data):
        payee = find_own_payee(self.request.user, at=self.at)
        if payee and payee.kind == Payee.Kind.AGENT:
            return None
        kinds = () if payee else OWN_KINDS
        initial = {} if payee else self.suggest()
        return PayeeForm(
            *data, request=self.request, payee=payee, kinds=kinds, initial=initial, at=self.at
        )

    def suggest(self):
        user = self.request.user
        return {"legal_name": user.get_full_name(), "email": user.email, "kind": "person"}

    def get_context_data(self, **kwargs):
        payee = find_own_payee(self.request.user, at=self.at)
        is_agent = payee is not None and payee.kind == Payee.Kind.AGENT
        rows = list_rows(payee, self.at) if payee and not is_agent else []
        if "form" not in kwargs:
            kwargs["form"] = self.make_form()
        return super().get_context_data(
            payee=payee,
            is_agent=is_agent,
            rows=rows,
            may_take_back=any(row["version"].state in ("unconfirmed", "waiting") for row in rows),
            have_keys=have_keys(),
            **kwargs,
        )
