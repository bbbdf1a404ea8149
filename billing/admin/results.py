"""The page on which finance records the bank's result for each payment of a batch."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
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
from billing.statements.batches import Statement


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
        form = ResultsForm(data, batch=batch, request=request)
        if form.is_valid() and self._record(request, form):
            return redirect("admin:billing_payoutbatch_change", batch.pk)
        context = self.admin_site.each_context(request) | {
            "title": f"What the bank did with the payments of {batch}",
            "opts": self.opts,
            "statement": Statement(batch),
            "form": form,
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
