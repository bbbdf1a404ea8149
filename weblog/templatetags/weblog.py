from django import template

from weblog.excerpts import make_excerpt
from weblog.moments import format_wait

register = template.Library()
register.filter("excerpt", make_excerpt)
register.filter("wait", format_wait)
