from django.contrib import admin, messages
from django.http import HttpResponseRedirect
from django.utils import timezone
from unfold.contrib.filters.admin import RelatedDropdownFilter
from unfold.decorators import display

from backoffice.base_admin import ExportAdmin, HistoryAdmin
from billing.errors import BillingError, PriceInUse
from billing.forms import PriceForm
from billing.models import CategoryPrice
from billing.money import format_amount
from billing.periods import day_of
from billing.pricing import check_price, make_price_table, save_price
from billing.resources import CategoryPriceResource

STATES = {"in_force": "In force", "coming": "Coming", "past": "Past"}


@admin.register(CategoryPrice)
class CategoryPriceAdmin(ExportAdmin, HistoryAdmin):
    """Every category's price on one page; below it every price there is and was."""

    form = PriceForm
    resource_classes = [CategoryPriceResource]
    list_display = ["category", "effective_from", "price", "state", "note"]
    list_select_related = ["category"]
    list_filter = [("category", RelatedDropdownFilter)]
    list_before_template = "billing/price_table.html"
    change_form_outer_before_template = "billing/price_refusal.html"
    ordering = ["category__name", "-effective_from"]
    sortable_by = ["category", "effective_from"]
    empty_list_text = "There is no price yet. Without a price no month can be paid."

    class Media:
        css = {"all": ["billing/statement.css"]}

    def get_queryset(self, request):
        return super().get_queryset(request).with_state(_today())

    def get_object(self, request, object_id, from_field=None):
        price = super().get_object(request, object_id, from_field)
        if price:
            price.refusal = explain_refusal(price)
        return price

    def has_change_permission(self, request, obj=None):
        """Show a price that has been used to be read. A POST gets an answer from the form."""
        if request.method == "GET" and getattr(obj, "refusal", ""):
            return False
        return super().has_change_permission(request, obj)

    def get_fields(self, request, obj=None):
        if obj and not self.has_change_permission(request, obj):
            return ["category", "effective_from", "price", "note"]
        return list(self.form.base_fields)

    def get_readonly_fields(self, request, obj=None):
        return ["price"] if "price" in self.get_fields(request, obj) else []

    def changelist_view(self, request, extra_context=None):
        table = make_price_table(day=_today())
        return super().changelist_view(request, {"price_table": table, **(extra_context or {})})

    def changeform_view(self, request, object_id=None, form_url="", extra_context=None):
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except BillingError as error:  # a batch was signed between the form's check and the lock
            messages.error(request, str(error))
            return HttpResponseRedirect(request.get_full_path())

    def save_model(self, request, obj, form, change):
        obj._history_user = request.user
        obj._change_reason = obj.note
        save_price(price=obj)

    @display(description="Price per 1,000 views", formatting="price")
    def price(self, price):
        return format_amount(price.price_per_1000, exact=True)

    @display(description="State", label={"in_force": "success", "coming": "info"})
    def state(self, price):
        return price.state, STATES[price.state]


def explain_refusal(price):
    """Return why the price can't be changed any more, or an empty text."""
    try:
        check_price(price)
    except PriceInUse as error:
        return str(error)
    return ""


def _today():
    return day_of(timezone.now())
