from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponseNotAllowed, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from unfold.contrib.filters.admin import RelatedDropdownFilter
from unfold.decorators import display

from backoffice.base_admin import ExportAdmin, HistoryAdmin
from backoffice.dialogs import DialogActions, Done, dialog_action
from billing.admin.price_plans import PricePlanPages
from billing.admin.searches import MoneySearch
from billing.errors import BillingError
from billing.findings.unpriced import close_priced
from billing.forms.prices import WITHDRAW, PriceForm
from billing.models import CategoryPrice
from billing.money import format_amount
from billing.payouts.price_withdrawal import withdraw_price
from billing.periods import month_of, next_month, today
from billing.prices.forecasts import forecast_price
from billing.prices.price_charts import describe_chart
from billing.prices.rules import (
    check_price,
    check_withdrawal,
    explain_refusal,
    find_outdated_drafts,
    first_free_day,
    save_price,
)
from billing.prices.tables import PriceChange, make_price_table, make_timeline
from billing.resources import CategoryPriceResource
from weblog.models import Category

STATES = {
    "in_force": "In force",
    "coming": "Coming",
    "past": "Past",
    "withdrawn": "Withdrawn",
}
STATE_COLOURS = {"in_force": "success", "coming": "info", "withdrawn": "danger"}


class TimelinePage:
    """Past, current and coming prices of a category, with who changed them, when and why."""

    def get_urls(self):
        view = self.admin_site.admin_view(self.timeline_view)
        name = "billing_categoryprice_timeline"
        return [path("timeline/<int:category_id>/", view, name=name), *super().get_urls()]

    def timeline_view(self, request, category_id):
        if not self.has_view_permission(request):
            raise PermissionDenied
        if request.method not in ("GET", "HEAD"):
            return HttpResponseNotAllowed(["GET", "HEAD"])
        category = get_object_or_404(Category, pk=category_id)
        entries = make_timeline(category=category, day=today())
        context = self.admin_site.each_context(request) | {
            "title": f"Prices of {category}",
            "opts": self.opts,
            "media": self.media,
            "row": make_price_table(day=today(), category=category)[0],
            "entries": [
                (entry, STATES[entry.state], STATE_COLOURS.get(entry.state)) for entry in entries
            ],
            "has_add_permission": self.has_add_permission(request),
            **describe_chart(category=category, day=today()),
        }
        return TemplateResponse(request, "billing/price_timeline.html", context)


class WithdrawAction(DialogActions):
    """The button that withdraws a price, where payouts.price_withdrawal allows it."""

    def has_withdraw_permission(self, request, object_id=None):
        return request.user.has_perm("billing.change_categoryprice")

    @dialog_action(
        description="Withdraw",
        icon="undo",
        permissions=["withdraw"],
        dialog=WITHDRAW,
        fits=lambda price, user: not explain_refusal(check_withdrawal, price),
    )
    def withdraw(self, request, form):
        price = form.obj
        drafts = withdraw_price(price=price, by=request.user, reason=form.cleaned_data["reason"])
        text = f"The price of {price.category} from {price.effective_from:%-d %b %Y} is withdrawn."
        if drafts:
            text += f" Rebuilt without it: {_list(drafts)}."
        return Done(text, url=_timeline_url(price))


@admin.register(CategoryPrice)
class CategoryPriceAdmin(
    MoneySearch, TimelinePage, PricePlanPages, WithdrawAction, ExportAdmin, HistoryAdmin
):
    """One page shows each category's current price, and below it all prices."""

    form = PriceForm
    resource_classes = [CategoryPriceResource]
    actions_detail = ["withdraw"]
    list_display = ["category", "effective_from", "price", "state", "note"]
    list_select_related = ["category"]
    list_filter = [("category", RelatedDropdownFilter)]
    search_fields = ["category__name", "note"]
    search_help_text = "Search by category, note, month or price"
    months_searched = ["effective_from"]
    amounts_searched = ["price_per_1000"]
    list_before_template = "billing/price_table.html"
    change_form_outer_before_template = "billing/price_note.html"
    change_form_after_template = "billing/price_effect.html"
    ordering = ["category__name", "-effective_from"]
    sortable_by = ["category", "effective_from"]
    empty_list_text = "There is no price yet. Without a price no month can be paid."
    empty_list_step = "“Add price” sets what 1,000 views of a category cost from a day on."

    class Media:
        css = {"all": ["billing/statement.css", "billing/prices.css"]}

    def get_queryset(self, request):
        return super().get_queryset(request).with_state(today())

    def get_object(self, request, object_id, from_field=None):
        price = super().get_object(request, object_id, from_field)
        if price:
            price.refusal = explain_refusal(check_price, price)
        return price

    def has_change_permission(self, request, obj=None):
        """Show a used price read-only. The form itself answers a POST."""
        if request.method == "GET" and getattr(obj, "refusal", ""):
            return False
        return super().has_change_permission(request, obj)

    def get_form(self, request, obj=None, **kwargs):
        form = super().get_form(request, obj, **kwargs)
        form.user = request.user
        return form

    def get_fields(self, request, obj=None):
        if obj and not self.has_change_permission(request, obj):
            return ["category", "effective_from", "price", "note"]
        return list(self.form.base_fields)

    def get_readonly_fields(self, request, obj=None):
        return ["price"] if obj and not self.has_change_permission(request, obj) else []

    def get_changeform_initial_data(self, request):
        """Propose the first of next month, or the first unpaid day."""
        initial = super().get_changeform_initial_data(request)
        proposal = next_month(month_of(today()))
        if category := _parse_category(initial.get("category")):
            proposal = max(proposal, first_free_day(category.pk) or proposal)
        return {"effective_from": proposal} | initial

    def changelist_view(self, request, extra_context=None):
        table = make_price_table(day=today())
        extra_context = {
            "price_table": table,
            "may_plan": self.has_import_permission(request),
            **(extra_context or {}),
        }
        return super().changelist_view(request, extra_context)

    def changeform_view(self, request, object_id=None, form_url="", extra_context=None):
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except BillingError as error:  # a batch was signed between the form's check and the lock
            messages.error(request, str(error))
            return HttpResponseRedirect(request.get_full_path())

    def render_change_form(self, request, context, add=False, change=False, form_url="", obj=None):
        """Show the effect of a valid price before the form saves it."""
        form = context["adminform"].form
        category = obj.category if obj else _parse_category(form["category"].value())
        context |= {"show_save_and_continue": False, "show_save_and_add_another": False}
        if obj:
            context["refusal"] = obj.refusal or explain_refusal(check_withdrawal, obj)
        if category:
            context["row"] = make_price_table(day=today(), category=category)[0]
        if form.is_bound and not form.errors:
            context["forecast"] = forecast_price(price=form.instance, at=timezone.now())
            context["overtaken_by"] = PriceChange(form.last_change)
        return super().render_change_form(request, context, add, change, form_url, obj)

    def save_model(self, request, obj, form, change):
        save_price(price=obj, by=request.user)
        close_priced(category=obj.category_id)

    def response_add(self, request, obj, post_url_continue=None):
        return self._respond(request, obj)

    def response_change(self, request, obj):
        return self._respond(request, obj)

    def _respond(self, request, price):
        amount = self.price(price)
        text = (
            f"1,000 views in {price.category} are worth {amount} from "
            f"{price.effective_from:%-d %b %Y}."
        )
        if drafts := find_outdated_drafts(price):
            text += f" Rebuild before you submit: {_list(drafts)}."
        self.message_user(request, text, messages.SUCCESS)
        return HttpResponseRedirect(_timeline_url(price))

    @display(description="Price per 1,000 views", formatting="price")
    def price(self, price):
        return format_amount(price.price_per_1000, currency=price.currency, exact=True)

    @display(description="State", label=STATE_COLOURS)
    def state(self, price):
        return price.state, STATES[price.state]


def _timeline_url(price):
    return reverse("admin:billing_categoryprice_timeline", args=[price.category_id])


def _parse_category(text):
    """Return the category of an untrusted primary key, or None."""
    return Category.objects.filter(pk=text).first() if str(text).isdecimal() else None


def _list(batches):
    return ", ".join(f"the draft of {batch}" for batch in batches)
