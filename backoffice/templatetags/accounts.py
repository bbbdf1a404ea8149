import json

from django import template

from backoffice.accounts import factors

register = template.Library()
register.filter(factors.must_enrol)
register.filter(factors.has_factor)


@register.filter
def as_json(value):
    """For an attribute: templates escape it there."""
    return json.dumps(value, default=dict)
