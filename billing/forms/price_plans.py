"""The form of the next prices of all categories: a price each, one first day and one reason."""

import datetime as dt

from django import forms
from django.utils.functional import cached_property
from unfold.widgets import UnfoldAdminDateWidget, UnfoldAdminTextInputWidget

from backoffice.dialogs import ReasonField
from billing.forms.prices import ASK_WHY, PriceForm
from billing.models import CategoryPrice
from billing.prices.price_plans import (
    copy_last_year,
    find_refusals,
    plan_prices,
    read_last_change,
)
from billing.prices.tables import PriceRow

PREFIX = "price_"


class PricePlanForm(forms.Form):
    """`table` has a row for each category. A field that is left empty changes nothing."""

    day = forms.DateField(
        label="In force from",
        widget=UnfoldAdminDateWidget(format="%Y-%m-%d", attrs={"type": "date"}),
        error_messages={
            "required": "Say from which day on.",
            "invalid": "Write the day as 2026-12-31.",
        },
    )
    note = ReasonField(
        label="Why",
        max_length=500,
        missing=ASK_WHY,
        rows=2,
        help_text="Kept in the history of each of these prices, for the auditors.",
    )

    def __init__(self, *args, table: list[PriceRow], user, **kwargs):
        super().__init__(*args, **kwargs)
        self.table = table
        self.user = user
        for row in table:
            self.fields[f"{PREFIX}{row.category.pk}"] = _make_field(row)

    @property
    def rows(self):
        """Return (row of the table, its field) for each category."""
        return [(row, self[f"{PREFIX}{row.category.pk}"]) for row in self.table]

    def clean(self):
        cleaned_data = super().clean()
        amounts = {
            row.category.pk: amount
            for row in self.table
            if (amount := cleaned_data.get(f"{PREFIX}{row.category.pk}")) is not None
        }
        self.prices, self.same = [], []
        if any(name.startswith(PREFIX) for name in self.errors) or "day" not in cleaned_data:
            return cleaned_data
        if not amounts:
            raise forms.ValidationError("Enter the new price of one category at least.")
        note = cleaned_data.get("note", "")
        self.prices, self.same = plan_prices(day=cleaned_data["day"], amounts=amounts, note=note)
        if not self.prices:
            raise forms.ValidationError(
                "No price would change: each is what it would be on that day anyway."
            )
        for place, refusal in find_refusals(self.prices, by=self.user).items():
            self.add_error(f"{PREFIX}{self.prices[place].category_id}", refusal)
        return cleaned_data

    @cached_property
    def last_change(self) -> int:
        return read_last_change()

    @cached_property
    def seen(self) -> str:
        """Return what the page shows: these prices, beside the last change of any price."""
        prices = [f"{price.category_id}={price.price_per_1000}" for price in self.prices]
        return f"{self.last_change}/{self.cleaned_data['day']}/{','.join(prices)}"

    @property
    def was_seen(self) -> bool:
        return self.data.get("seen") == self.seen


def fill_from_last_year(typed: dict[str, str], *, table: list[PriceRow]) -> tuple[dict, str]:
    """Return what was typed with last year's prices in the empty fields, and what was done.

    Nothing that was typed is replaced.
    """
    try:
        day = dt.date.fromisoformat(typed.get("day", ""))
    except ValueError:
        return typed, "Say first from which day on: the prices of the day a year before are copied."
    copied = copy_last_year(day=day)
    filled, number = dict(typed), 0
    for row in table:
        name = f"{PREFIX}{row.category.pk}"
        if row.category.pk in copied and not typed.get(name, "").strip():
            filled[name] = format(copied[row.category.pk].normalize(), "f")
            number += 1
    prices = "1 price was" if number == 1 else f"{number:,} prices were"
    return filled, f"{prices} copied from the year before. Nothing is saved yet."


def _make_field(row: PriceRow) -> forms.DecimalField:
    model_field = CategoryPrice._meta.get_field("price_per_1000")
    field = model_field.formfield(
        required=False,
        min_value=0,
        label=f"New price of {row.category}",
        help_text="",
        widget=UnfoldAdminTextInputWidget(attrs={"inputmode": "decimal", "autocomplete": "off"}),
        error_messages=PriceForm.Meta.error_messages["price_per_1000"],
    )
    return field  # type: ignore[return-value]
