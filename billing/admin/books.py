"""The page of the books: the journal of a month, its accounts, and the files made of it."""

import datetime as dt

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import FileResponse, Http404
from django.shortcuts import redirect
from django.views.generic import TemplateView
from unfold.views import UnfoldSiteViewMixin
from unfold.widgets import UnfoldAdminSelectWidget

from billing.books.accounts import find_problems
from billing.books.balances import add_up, find_balances
from billing.books.exports import export_journal
from billing.books.formats import list_book_formats
from billing.books.journal import (
    list_active_months,
    month_window,
    sum_accounts,
    sum_entries,
)
from billing.books.parts import Window
from billing.errors import BillingError
from billing.models import BooksExport, PayoutBatch
from billing.money import from_millionths, house_currency
from billing.periods import format_month, month_of, next_month, parse_month, today


class ChoiceForm(forms.Form):
    """One choice of several, and a currency where there is more than one."""

    currency = forms.ChoiceField(label="Currency", required=False, widget=UnfoldAdminSelectWidget)

    def __init__(self, currencies, data, **choices):
        self.currencies = currencies or [house_currency()]
        super().__init__(data or None)
        for name, rows in choices.items():
            self.fields[name].choices = rows
            self.initial[name] = rows[0][0] if rows else None
        self.fields["currency"].choices = [(code, code) for code in self.currencies]
        if len(self.currencies) < 2:
            del self.fields["currency"]

    def choose(self, name):
        """Return what is asked for, or the first there is. Raises Http404 for what there is not."""
        asked = self.data.get(name)
        if name == "currency" and len(self.currencies) < 2:
            known = self.currencies
        else:
            known = [value for value, _ in self.fields[name].choices]
        if asked and asked not in known:
            raise Http404
        return asked or (known[0] if known else None)


class MonthForm(ChoiceForm):
    month = forms.ChoiceField(label="Month", widget=UnfoldAdminSelectWidget)
    field_order = ["month", "currency"]


class BooksPage(UnfoldSiteViewMixin, TemplateView):
    http_method_names = ["get", "head", "post"]
    permission_required = "billing.view_booksexport"

    def hand_out(self, make):
        """Answer a POST with the file that `make` makes and records, or go back and say why not."""
        if not self.request.user.has_perm("billing.export_books"):
            raise PermissionDenied
        try:
            export, stream = make()
        except BillingError as error:
            messages.error(self.request, str(error))
            return redirect(self.request.get_full_path())
        response = FileResponse(stream, as_attachment=True, filename=export.file_name)
        response["X-Content-Type-Options"] = "nosniff"
        return response


class BooksView(BooksPage):
    template_name = "billing/books.html"
    title = "Books"

    def _read(self):
        self.months = list_active_months(today())
        found = sorted({code for _, codes in self.months for code in codes})
        choices = [(format_month(month), f"{month:%B %Y}") for month, _ in self.months]
        self.form = MonthForm(found, self.request.GET, month=choices)
        self.currency = self.form.choose("currency")
        chosen = self.form.choose("month")
        self.month = parse_month(chosen) if chosen else None

    def post(self, request, *args, **kwargs):
        self._read()
        if self.month is None:
            raise Http404
        return self.hand_out(
            lambda: export_journal(
                month=self.month,
                currency=self.currency,
                format=request.POST.get("format", ""),
                by=request.user,
            )
        )

    def get_context_data(self, **kwargs):
        self._read()
        context = super().get_context_data(form=self.form, months=self.months, **kwargs)
        if self.month is None:
            return context
        self.form.initial |= {"month": format_month(self.month), "currency": self.currency}
        return context | describe_month(self.month, self.currency)


def describe_month(month: dt.date, currency: str) -> dict:
    """Return what the page says of a month: accounts, sums, files."""
    entries = sum_entries(month_window(month, currency))
    opening = add_up(find_balances(Window(until=month, currency=currency)))
    accounts = sum_accounts(entries, opening)
    batches = PayoutBatch.objects.in_bulk({entry.batch for entry in entries})
    files = BooksExport.objects.filter(kind="journal", first_day=month, currency=currency)
    return {
        "month": month,
        "currency": currency,
        "is_over": next_month(month) <= month_of(today()),
        "accounts": [_describe_account(row) for row in accounts],
        "debits": from_millionths(sum(row.debit for row in accounts)),
        "credits": from_millionths(sum(row.credit for row in accounts)),
        "entries": [describe_entry(entry, batches[entry.batch]) for entry in entries],
        "formats": list_book_formats(),
        "files": files.select_related("by"),
        "problems": list(find_problems()),
        "last_day": next_month(month) - dt.timedelta(days=1),
    }


def _describe_account(row) -> dict:
    names = ("opening", "debit", "credit", "closing")
    return {"label": row.account.label} | {
        name: from_millionths(getattr(row, name)) for name in names
    }


def describe_entry(entry, batch) -> dict:
    """Return an entry for a page: what is debited, what is credited, and a positive amount."""
    debit, credit = entry.debit, entry.credit
    leading = entry.exact or entry.coins
    if leading < 0:
        debit, credit = credit, debit
    return {
        "day": entry.day,
        "label": entry.label,
        "batch": batch,
        "debit": debit.label,
        "credit": credit.label,
        "exact": from_millionths(abs(entry.exact)),
        "coins": from_millionths(entry.coins if leading > 0 else -entry.coins),
        "payment": entry.payment,
        "reference": entry.reference,
    }
