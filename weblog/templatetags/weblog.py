from django import template
from django.conf import settings

from weblog.html.excerpts import make_excerpt
from weblog.moments import format_wait

register = template.Library()
register.filter("excerpt", make_excerpt)
register.filter("wait", format_wait)


@register.simple_tag
def site_name() -> str:
    """Return the site's name. It is a tag because the page of a failure has no context."""
    return settings.SITE_NAME
