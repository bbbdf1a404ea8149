"""The page on which finance records the bank's result for each payment of a batch by hand.

It shows a page of the payments, by status or found by author or reference, and records what was
chosen on it: so a batch of any size is done page by page, and the rest by “All paid”.
"""

from django.contrib import messages
from django.contrib.admin.views.main import PAGE_VAR
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Q
from django.http import Http404
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path
from django.views.decorators.http import require_http_methods

from billing.admin.bank_files import ResultFileView
from billing.bank.results.matching import describe_results
from billing.bank.results.recording import record_results
from billing.errors import BillingError
from billing.forms.results import ResultsForm
from billing.models import Payment
from billing.statements.batches import Statement

PAYMENTS_PER_PAGE = 50
WITH_RESULTS = (Payment.Status.PAYABLE, Payment.Status.FAILED, Payment.Status.PAID)


class ResultsPage:
    """A page of the batch's admin. billing.bank.results decides what it accepts."""

    def get_urls(self):
        view = require_http_methods(["GET", "HEAD", "POST"])(self.results_view)
        name = "billing_payoutbatch_results"
        url = path("<path:object_id>/results/", self.admin_site.admin_view(view), name=name)
        file_view = ResultFileView.as_page(self)
        file_url = path("<path:object_id>/results/file/", file_view, name=f"{name}_file")
        return [file_url, url, *super().get_urls()]

    def results_view(self, request, object_id):
        if not self.has_settle_permission(request):
            raise PermissionDenied
        batch = self.get_object(request, object_id)
        if batch is None:
            raise Http404
        data = request.POST if request.method == "POST" else None
        page, status = _turn_to(request, batch)
        shown = _find_sent(data, batch) if data else page.object_list
        form = ResultsForm(data, batch=batch, payments=shown, request=request)
        if form.is_valid() and self._record(request, form):
            return self._go_on(request, batch)
        context = self.admin_site.each_context(request) | {
            "title": f"What the bank did with the payments of {batch}",
            "opts": self.opts,
            "statement": Statement(batch),
            "form": form,
            "page": page,
            "page_range": page.paginator.get_elided_page_range(page.number),
            "chosen_status": status,
            "statuses": [(choice.value, choice.label) for choice in WITH_RESULTS],
            "search": request.GET.get("q", ""),
        }
        return TemplateResponse(request, "billing/results.html", context)

    def _record(self, request, form):
        """Record the results and return True, or put the reason on the form and return False."""
        try:
            record_results(batch=form.batch, results=form.results, by=request.user)
        except BillingError as error:
            form.add_error(None, str(error))
            return False
        success = f"Results of {form.batch} are recorded: {describe_results(form.results)}."
        self.message_user(request, success, messages.SUCCESS)
        return True

    def _go_on(self, request, batch):
        """Open the next payments without a result, or the batch if there are none."""
        if batch.payments.payable().exists():
            return redirect("admin:billing_payoutbatch_results", batch.pk)
        return redirect("admin:billing_payoutbatch_change", batch.pk)


def _turn_to(request, batch):
    """Return the requested page of payments, and the status that it is limited to."""
    status = request.GET.get("status", Payment.Status.PAYABLE)
    if status not in WITH_RESULTS:
        status = Payment.Status.PAYABLE
    payments = batch.payments.filter(status=status).with_reason().order_by("author_name", "pk")
    if words := request.GET.get("q", "").replace("\0", "").strip():
        payments = payments.filter(Q(author_name__icontains=words) | Q(reference__startswith=words))
    page = Paginator(payments, PAYMENTS_PER_PAGE).get_page(request.GET.get(PAGE_VAR))
    page.object_list = list(page.object_list)
    return page, status


def _find_sent(data, batch):
    """Return the payments of the rows that were sent, whatever the page would show by now."""
    sent = [pk for pk in data.getlist("row")[: 2 * PAYMENTS_PER_PAGE] if pk.isascii()]
    pks = [int(pk) for pk in sent if pk.isdigit() and len(pk) < 19]
    payments = batch.payments.filter(pk__in=pks, status__in=WITH_RESULTS)
    return list(payments.with_reason().order_by("author_name", "pk"))
