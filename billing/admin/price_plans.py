"""The pages that set the prices of several categories at once: as a table, and from a file."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponseNotAllowed, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone

from backoffice.import_pages import SHOWN, ImportView
from backoffice.tables import TableRefused, read_table
from billing.errors import PricesOvertaken, PricesRefused
from billing.findings.unpriced import close_priced
from billing.forms.price_plans import PricePlanForm, fill_from_last_year
from billing.models import PayoutBatch
from billing.money import house_currency
from billing.periods import month_of, next_month, today
from billing.prices.plan_forecasts import forecast_prices
from billing.prices.price_files import COLUMNS, MOST_PRICES, read_prices
from billing.prices.price_plans import find_refusals, read_last_change, save_prices
from billing.prices.rules import find_outdated_drafts
from billing.prices.tables import make_price_table


class PricePlanPages:
    """Pages of the admin of prices. billing.prices.price_plans decides what may be saved."""

    def get_urls(self):
        name = "billing_categoryprice"
        return [
            path("plan/", self.admin_site.admin_view(self.plan_view), name=f"{name}_plan"),
            path("import/", PriceImportView.as_page(self), name=f"{name}_import"),
            *super().get_urls(),
        ]

    def has_import_permission(self, request):
        may_change = request.user.has_perm("billing.change_categoryprice")
        return may_change and self.has_add_permission(request)

    def plan_view(self, request):
        """GET shows the table; POST copies last year's prices, shows the effect, or saves."""
        if not self.has_import_permission(request):
            raise PermissionDenied
        if request.method not in ("GET", "HEAD", "POST"):
            return HttpResponseNotAllowed(["GET", "HEAD", "POST"])
        table = make_price_table(day=today())
        form, forecast = self._make_form(request, table), None
        if form.is_bound and form.is_valid():
            if request.POST.get("step") == "save" and form.was_seen:
                if done := self._save(request, form.prices, form):
                    return done
            else:
                forecast = forecast_prices(
                    prices=form.prices, currency=house_currency(), at=timezone.now()
                )
        context = self.admin_site.each_context(request) | {
            "title": "Next prices of all categories",
            "opts": self.opts,
            "form": form,
            "forecast": forecast,
            "was_overtaken": forecast and request.POST.get("step") == "save",
            "currency": house_currency(),
        }
        return TemplateResponse(request, "billing/price_plan.html", context)

    def _make_form(self, request, table):
        facts = {"table": table, "user": request.user}
        if request.method != "POST":
            first = next_month(month_of(today()))
            return PricePlanForm(initial={"day": first.isoformat()}, **facts)
        if request.POST.get("step") != "copy":
            return PricePlanForm(request.POST, **facts)
        typed, done = fill_from_last_year(request.POST.dict(), table=table)
        self.message_user(request, done, messages.INFO)
        return PricePlanForm(initial=typed, **facts)

    def _save(self, request, prices, form):
        """Save the plan and go to the list; None if a batch was signed meanwhile, say."""
        try:
            done = keep_prices(prices, last_change=form.last_change, by=request.user)
        except PricesOvertaken as error:
            form.add_error(None, str(error))
            return None
        except PricesRefused as error:
            for place, refusal in error.refusals.items():
                form.add_error(f"price_{prices[place].category_id}", refusal)
            return None
        self.message_user(request, done, messages.SUCCESS)
        return HttpResponseRedirect(reverse("admin:billing_categoryprice_changelist"))


class PriceImportView(ImportView):
    """Imports prices from CSV, XLSX or JSON: all of the file, or nothing."""

    title = "Import prices"
    template_name = "billing/price_import.html"

    def preview(self):
        last_change = read_last_change()  # before the prices are read
        response = super().preview()
        if waiting := self.request.session.get(self.session_key):
            self.request.session[self.session_key] = waiting | {"last_change": last_change}
        return response

    def look(self, file, file_name):
        found = self._read(file, file_name)
        prices = [row.price for row in found.prices]
        problems = found.problems + self._list_refusals(found)
        return {
            "problems": problems[:SHOWN],
            "problem_count": len(problems),
            "rows": found.prices[:SHOWN],
            "row_count": len(found.prices),
            "same": found.same,
            "currency": house_currency(),
            "forecast": forecast_prices(prices=prices, currency=house_currency(), at=timezone.now())
            if prices and not problems
            else None,
            "may_import": not problems and bool(prices),
        }

    def run(self, file, file_name):
        found = self._read(file, file_name)
        if problems := found.problems + self._list_refusals(found):
            where, what = problems[0]
            raise TableRefused(f"Nothing was imported. {where}: {what}")
        try:
            return keep_prices(
                [row.price for row in found.prices],
                last_change=self.request.session[self.session_key].get("last_change"),
                by=self.request.user,
            )
        except PricesRefused as error:
            place, what = next(iter(error.refusals.items()))
            number = found.prices[place].number
            raise TableRefused(f"Nothing was imported. Row {number}: {what}") from error

    def show(self, **context):
        return super().show(columns=COLUMNS, most_rows=MOST_PRICES, **context)

    def _read(self, file, file_name):
        return read_prices(read_table(file), note=f"Imported from {file_name}"[:500])

    def _list_refusals(self, found):
        prices = [row.price for row in found.prices]
        refusals = find_refusals(prices, by=self.request.user)
        return [(f"Row {found.prices[place].number}", text) for place, text in refusals.items()]


def keep_prices(prices, *, last_change, by):
    """Save all, as save_prices does. Return what was done and what is to be rebuilt."""
    saved = save_prices(prices=prices, last_change=last_change, by=by)
    for category in {price.category_id for price in saved}:
        close_priced(category=category)
    words = "1 price is" if len(saved) == 1 else f"{len(saved):,} prices are"
    drafts = {draft.pk: draft for price in saved for draft in find_outdated_drafts(price)}
    text = f"{words} saved."
    if drafts:
        text += f" Rebuild before you submit: {_list_drafts(drafts.values())}."
    return text


def _list_drafts(drafts: "list[PayoutBatch]") -> str:
    months = sorted(drafts, key=lambda draft: draft.month)
    return ", ".join(f"the draft of {draft}" for draft in months)
