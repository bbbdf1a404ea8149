"""Template filters for amounts, numbers and people on the pages of billing."""

from django import template

from backoffice.people import full_name
from billing.money import format_amount

register = template.Library()

register.filter("person", full_name)


@register.filter
def amount(value, currency):
    return format_amount(value, currency=currency)


@register.filter
def exact_amount(value, currency):
    return format_amount(value, currency=currency, exact=True)


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
