"""The page of what each author, or each payee, was paid in a year, for the tax office."""

from itertools import islice

from django import forms
from django.core.paginator import Paginator
from django.http import Http404
from unfold.widgets import UnfoldAdminSelectWidget

from billing.admin.books import BooksPage, ChoiceForm
from billing.books.exports import export_year
from billing.books.journal import list_currencies
from billing.books.payee_years import count_payees, list_payee_totals
from billing.books.years import list_totals, list_years, paid_in_year, sum_year
from billing.models import BooksExport

AUTHORS_PER_PAGE = 50
PER = [("author", "Author"), ("payee", "Payee")]


class YearForm(ChoiceForm):
    year = forms.ChoiceField(label="Year", widget=UnfoldAdminSelectWidget)
    per = forms.ChoiceField(label="By", widget=UnfoldAdminSelectWidget)
    field_order = ["year", "per", "currency"]


class YearsView(BooksPage):
    template_name = "billing/years.html"
    title = "Paid in a year"

    def _read(self):
        years = [(str(year), str(year)) for year in list_years()]
        self.form = YearForm(list_currencies(), self.request.GET, year=years, per=PER)
        self.currency = self.form.choose("currency")
        self.year = int(self.form.choose("year") or 0)
        self.per = self.form.choose("per")

    def post(self, request, *args, **kwargs):
        self._read()
        if not self.year:
            raise Http404
        return self.hand_out(
            lambda: export_year(
                year=self.year, currency=self.currency, per=self.per, by=request.user
            )
        )

    def get_context_data(self, **kwargs):
        self._read()
        context = super().get_context_data(form=self.form, year=self.year, **kwargs)
        if not self.year:
            return context
        self.form.initial |= {"year": str(self.year), "per": self.per, "currency": self.currency}
        is_of_payees = self.per == "payee"
        page = Paginator(range(self._count()), AUTHORS_PER_PAGE).get_page(self.request.GET.get("p"))
        first = (page.number - 1) * AUTHORS_PER_PAGE
        totals = (list_payee_totals if is_of_payees else list_totals)(self.year, self.currency)
        files = BooksExport.objects.filter(
            kind="year", first_day__year=self.year, currency=self.currency
        )
        return context | {
            "currency": self.currency,
            "is_of_payees": is_of_payees,
            "noun": "payee" if is_of_payees else "author",
            "page": page,
            "page_range": page.paginator.get_elided_page_range(page.number),
            "rows": list(islice(totals, first, first + AUTHORS_PER_PAGE)),
            "total": sum_year(self.year, self.currency),
            "files": files.select_related("by"),
        }

    def _count(self):
        if self.per == "payee":
            return count_payees(self.year, self.currency)
        return paid_in_year(self.year, self.currency).values("author").distinct().count()
