from import_export.fields import Field
from import_export.widgets import DateWidget, DecimalWidget

from backoffice.spreadsheets import GuardedResource
from billing.models import CategoryPrice, Payment
from billing.money import round_amount


class CategoryPriceResource(GuardedResource):
    category = Field("category__name")
    price_per_1000 = Field("price_per_1000", widget=DecimalWidget())
    currency = Field("currency")

    class Meta(GuardedResource.Meta):
        model = CategoryPrice
        fields = ["category", "effective_from", "price_per_1000", "currency", "note"]
        export_order = fields


class PaymentResource(GuardedResource):
    month = Field("batch__month", widget=DateWidget("%Y-%m"))
    author = Field("author_name")
    amount = Field("amount", widget=DecimalWidget())
    currency = Field("batch__currency")

    class Meta(GuardedResource.Meta):
        model = Payment
        fields = ["reference", "month", "author", "amount", "currency", "status"]
        export_order = fields

    def dehydrate_amount(self, payment):
        return round_amount(payment.amount, currency=payment.batch.currency)
