"""Template filters for amounts, numbers and people on the pages of billing."""

from django import template
from django.utils.html import format_html

from backoffice.people import full_name
from billing.money import format_amount, round_amount

register = template.Library()

register.filter("person", full_name)


@register.filter
def amount(value, currency):
    return format_amount(value, currency=currency)


@register.filter
def exact_amount(value, currency):
    return format_amount(value, currency=currency, exact=True)


@register.simple_tag(takes_context=True)
def cents(context, value, currency, signed=False):
    """Return an amount in cents, with the exact one on demand where that differs.

    A page that `shows_exact` shows all exact amounts at once.
    """
    sign = "+" if signed and value > 0 else ""
    exact = sign + format_amount(value, currency=currency, exact=True)
    shown = sign + format_amount(round_amount(value, currency=currency), currency=currency)
    if exact == shown or context.get("shows_exact"):
        return exact
    return format_html('<span class="bl-cents" title="Exactly {}">{}</span>', exact, shown)


@register.filter
def signed_amount(value, currency):
    """Return an amount with its sign: +€0.50, -€0.50."""
    return f"{'+' if value > 0 else ''}{format_amount(value, currency=currency, exact=True)}"


@register.filter
def less_amount(value, currency):
    """Return an amount to subtract, with a minus: -€0.50."""
    return signed_amount(-value, currency)


@register.filter
def absolute(value):
    return abs(value)


@register.filter
def number(value):
    return f"{value:,}"


@register.filter
def signed_number(value):
    return f"{value:+,}"


@register.filter
def taken_away(value):
    """Return a number to subtract, with a minus: -12."""
    return f"{-value:+,}"


@register.filter
def minus(value):
    return -value
