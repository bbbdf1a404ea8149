"""The page on which a bank's file is looked at before its results are recorded."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404

from backoffice.bodies import takes_files
from backoffice.dialogs import Done, page_of
from backoffice.import_pages import ImportView
from billing.bank.results import find_result_format
from billing.bank.results.apart import read_table_apart, stream_result_file
from billing.bank.results.csv import FORMAT as CSV
from billing.bank.results.csv import take_rows
from billing.bank.results.layouts import (
    find_layout,
    keep_layout,
    read_header,
    read_sample,
    read_table,
)
from billing.bank.results.matching import compare_results, describe_results
from billing.bank.results.recording import check_results, record_results
from billing.bank.results.registry import refuse
from billing.errors import BillingError, InvalidResults
from billing.forms.bank_files import MOST_BYTES, BankFileForm, ConfirmResultsForm, LayoutForm


class ResultFileView(ImportView):
    """Takes a bank's file for one batch: look at what becomes of each row, then record all."""

    form_class = BankFileForm
    template_name = "billing/bank_file.html"
    cancelled = "Nothing was recorded. The uploaded file is removed."

    @classmethod
    def as_page(cls, model_admin):
        view = takes_files(
            cls.as_view(model_admin=model_admin),
            most_bytes=lambda: MOST_BYTES,
            allows=model_admin.has_settle_permission,
        )
        return model_admin.admin_site.admin_view(view)

    def has_permission(self):
        return self.model_admin.has_settle_permission(self.request)

    def dispatch(self, request, object_id):
        if not self.has_permission():
            raise PermissionDenied
        self.batch = self.model_admin.get_object(request, object_id)
        if self.batch is None:
            raise Http404
        self.title = f"What the bank did with the payments of {self.batch}"
        return super().dispatch(request)

    def post(self, request):
        if request.POST.get("step") == "columns":
            return self.look_again()
        return super().post(request)

    def look(self, file, file_name):
        content = file.read()
        table = self.read_table(content)
        header = read_header(table)
        layout = find_layout(header) if header else None
        if header and (form := self.ask_for_layout(header, layout)):
            return {"may_import": True, "layout_form": form, "sample": read_sample(table)}
        try:
            return self.compare(self.read_rows(content, table)) | {"header": header}
        except InvalidResults as error:
            # What was chosen for the columns can be chosen anew, and the file stays for that.
            return {"may_import": bool(header), "problems": error.problems, "header": header}

    def ask_for_layout(self, header, layout):
        """Return the form to choose the columns, or keep what was chosen in it."""
        data = self.request.POST
        if "reference" in data:
            form = LayoutForm(data, header=header, layout=layout)
            if not form.is_valid():
                return form
            keep_layout(header=header, layout=form.layout, by=self.request.user)
            return None
        if layout is None or data.get("step") == "columns":
            return LayoutForm(header=header, layout=layout)
        return None

    def read_table(self, content):
        """Return the cells of a table; of a file in another format none."""
        if find_result_format(content) is not CSV:
            return []
        return read_table_apart(content, payments=self.batch.payments.count())

    def read_rows(self, content, table):
        if find_result_format(content) is not CSV:
            return stream_result_file(content, payments=self.batch.payments.count())
        header = read_header(table)
        if not header:
            return take_rows(table)
        layout = find_layout(header)
        if layout is None:
            raise BillingError("Say first which column is what.")
        return read_table(table, layout)

    def compare(self, rows):
        match = compare_results(batch=self.batch, rows=rows)
        problems = list(match.problems)
        if not problems and match.results:
            try:
                check_results(batch=self.batch, results=match.results, by=self.request.user)
            except BillingError as error:
                problems = [str(error)]
        return {
            "match": match,
            "problems": problems,
            "may_import": True,
            "may_record": bool(match.results) and not problems,
        }

    def confirm(self):
        self.confirm_form = ConfirmResultsForm(self.request.POST, request=self.request)
        if not self.confirm_form.is_valid():
            return self.look_again()
        return super().confirm()

    def run(self, file, file_name):
        content = file.read()
        rows = self.read_rows(content, self.read_table(content))
        match = compare_results(batch=self.batch, rows=rows)
        refuse(match.problems)
        if not match.results:
            return Done(
                "This file says nothing new, so nothing was changed.",
                url=page_of(self.batch),
                level=messages.INFO,
            )
        record_results(batch=self.batch, results=match.results, by=self.request.user)
        done = f"Results of {self.batch} are recorded: {describe_results(match.results)}."
        return Done(done, url=page_of(self.batch))

    def show(self, **context):
        confirm_form = getattr(self, "confirm_form", None)
        context |= {
            "batch": self.batch,
            "confirm_form": confirm_form or ConfirmResultsForm(request=self.request),
        }
        return super().show(**context)
