"""The page of what is owed to each author at the end of a day, and what led there."""

import datetime as dt

from django import forms
from django.contrib.auth.models import User
from django.core.paginator import Paginator
from django.http import Http404
from unfold.widgets import UnfoldAdminDateWidget, UnfoldAdminSelectWidget

from backoffice.changelists import could_be_pk
from backoffice.people import full_name
from billing.admin.books import BooksPage, describe_entry
from billing.books.balances import find_balances, make_statement, owed
from billing.books.journal import list_currencies
from billing.books.parts import Window
from billing.models import PayoutBatch
from billing.money import from_millionths, house_currency
from billing.periods import month_of, today

AUTHORS_PER_PAGE = 50


class DayForm(forms.Form):
    day = forms.DateField(
        label="At the end of",
        required=False,
        # A browser shows a day in its own form, and takes none but this one from a page.
        widget=UnfoldAdminDateWidget(format="%Y-%m-%d", attrs={"type": "date"}),
    )
    currency = forms.ChoiceField(label="Currency", required=False, widget=UnfoldAdminSelectWidget)

    def __init__(self, data, *, today):
        super().__init__(data or None, initial={"day": today})
        self.today = today
        currencies = list_currencies() or [house_currency()]
        self.fields["currency"].choices = [(code, code) for code in currencies]
        self.currencies = currencies
        if len(currencies) < 2:
            self.fields["currency"].widget = forms.HiddenInput()

    def read(self):
        """Return the day and the currency asked for; today and the first one without."""
        is_right = self.is_bound and self.is_valid()
        asked = self.cleaned_data if is_right else {}
        day = asked.get("day")
        if day and not 2000 <= day.year < 9000:
            day = None
        return day or self.today, asked.get("currency") or self.currencies[0]


class BalancesView(BooksPage):
    http_method_names = ["get", "head"]
    template_name = "billing/balances.html"
    title = "Balances of authors"

    def get_context_data(self, **kwargs):
        form = DayForm(self.request.GET, today=today())
        day, currency = form.read()
        facts = {"form": form, "day": day, "currency": currency, "month": month_of(day)}
        if "author" in self.request.GET:
            facts |= self._describe_author(day, currency)
        else:
            facts |= self._list_authors(day, currency)
        return super().get_context_data(**facts, **kwargs)

    def _describe_author(self, day, currency):
        key = self.request.GET["author"]
        author = User.objects.filter(pk=key).first() if could_be_pk(User, key) else None
        if author is None:
            raise Http404
        statement = make_statement(author=author.pk, day=day, currency=currency)
        entries = [entry for entry, _ in statement.movements]
        batches = PayoutBatch.objects.in_bulk({entry.batch for entry in entries})
        amounts = ("opening", "closing", "waiting", "on_its_way")
        return {
            "author": author,
            "movements": [
                describe_entry(entry, batches[entry.batch]) | {"added": from_millionths(added)}
                for entry, added in statement.movements
            ],
        } | {name: from_millionths(getattr(statement, name)) for name in amounts}

    def _list_authors(self, day, currency):
        window = Window(until=day + dt.timedelta(days=1), currency=currency)
        owing = {pk: own for pk, own in find_balances(window).items() if owed(own)}
        order = sorted(owing, key=lambda pk: (-owed(owing[pk]), pk))
        page = Paginator(order, AUTHORS_PER_PAGE).get_page(self.request.GET.get("p"))
        people = User.objects.in_bulk(page.object_list)
        return {
            "page": page,
            "page_range": page.paginator.get_elided_page_range(page.number),
            "total": from_millionths(sum(owed(own) for own in owing.values())),
            "rows": [
                {
                    "author": pk,
                    "name": full_name(people[pk]),
                    "username": people[pk].username,
                    "owed": from_millionths(owed(owing[pk])),
                    "waiting": from_millionths(-owing[pk]["waiting"]),
                    "on_its_way": from_millionths(-owing[pk]["clearing"]),
                }
                for pk in page.object_list
            ],
        }
