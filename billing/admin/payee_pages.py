"""The pages on which finance enters details, and on which a few people see them in full."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from backoffice.changelists import could_be_pk
from billing.errors import BillingError, InvalidDetails
from billing.forms.payees import PayeeForm, ShowForm
from billing.models import Payee, PayeeDetails, PayeeLook
from billing.payees.changes import add_payee, enter_details, show_details
from billing.payees.reading import find_current, write_address

guard = [
    never_cache,
    sensitive_post_parameters(),
    require_http_methods(["GET", "HEAD", "POST"]),
]


class PayeePages:
    """Pages of the payees' admin. What was typed stays where it is if something is wrong."""

    def get_urls(self):
        pages = [
            ("enter/", self.enter_view, "billing_payee_enter"),
            ("<path:object_id>/details/", self.details_view, "billing_payee_details"),
            ("<path:object_id>/full/", self.full_view, "billing_payee_full"),
        ]
        wrap = self.admin_site.admin_view
        urls = [path(route, wrap(view), name=name) for route, view, name in pages]
        return [*urls, *super().get_urls()]

    @method_decorator(guard)
    def enter_view(self, request):
        """Enter a payee for an author who does not do it."""
        if not self.has_enter_permission(request):
            raise PermissionDenied
        form = PayeeForm(
            *_read(request),
            request=request,
            kinds=Payee.Kind.choices,
            asks_author=True,
            at=timezone.now(),
        )
        if form.is_valid() and (details := self._add(request, form)):
            return self._go_on(request, details.payee)
        return self._answer(request, "billing/payee_enter.html", "Add payee", form=form)

    def _add(self, request, form):
        data = form.cleaned_data
        authors = [data["author"]] if data.get("author") else []
        return _try(form, add_payee, kind=data["kind"], authors=authors, data=data, by=request.user)

    @method_decorator(guard)
    def details_view(self, request, object_id):
        """Enter new details of a payee."""
        if not self.has_enter_permission(request):
            raise PermissionDenied
        payee = self._find(request, object_id)
        form = PayeeForm(*_read(request), request=request, payee=payee, at=timezone.now())
        if form.is_valid() and _try(
            form, enter_details, payee=payee, data=form.cleaned_data, by=request.user
        ):
            return self._go_on(request, payee)
        title = f"New details of {payee}"
        return self._answer(request, "billing/payee_enter.html", title, form=form, payee=payee)

    @method_decorator(guard)
    def full_view(self, request, object_id):
        """Show the details in full: GET asks why, and POST alone shows them, once."""
        if not self.has_show_permission(request):
            raise PermissionDenied
        payee, at = self._find(request, object_id), timezone.now()
        details = self._choose(payee, at)
        form = ShowForm(*_read(request), request=request)
        opened = None
        if form.is_valid():
            opened = _try(
                form,
                show_details,
                details=details,
                by=request.user,
                reason=form.cleaned_data["reason"],
            )
        context = {"payee": payee, "details": details, "form": form, "opened": opened}
        if opened:
            context["address"] = write_address(opened.address, details.country)
        return self._answer(
            request, "billing/payee_full.html", f"Bank details of {payee}", **context
        )

    def _choose(self, payee, at):
        """Return what waits for confirmation, which is to be read back, or what is in force."""
        versions = payee.versions.select_related("secret", "payee")
        waiting = versions.coming(at).first()
        current = find_current(payee, at=at)
        details = waiting or (current and versions.get(pk=current.pk))
        if details is None:
            raise Http404
        return details

    def _find(self, request, object_id):
        payee = could_be_pk(Payee, object_id) and self.get_object(request, object_id)
        if not payee:
            raise Http404
        return payee

    def list_looks(self, payee):
        looks = PayeeLook.objects.filter(details__in=PayeeDetails.objects.filter(payee=payee))
        return looks.select_related("by", "details").order_by("-at")[:20]

    def _go_on(self, request, payee):
        text = "The details are entered. A second person has to confirm them."
        self.message_user(request, text, messages.SUCCESS)
        return redirect("admin:billing_payee_change", payee.pk)

    def _answer(self, request, template, title, **context):
        shared = self.admin_site.each_context(request)
        context |= shared | {"title": title, "opts": self.opts}
        return TemplateResponse(request, template, context)


def _read(request):
    return (request.POST,) if request.method == "POST" else ()


def _try(form, act, **arguments):
    """Return what the act returns, or None with the reason on the form."""
    try:
        return act(**arguments)
    except InvalidDetails as refusal:
        form.add_faults(refusal)
    except BillingError as refusal:
        form.add_error(None, str(refusal))
    return None
