from django import template

from weblog.excerpts import make_excerpt

register = template.Library()
register.filter("excerpt", make_excerpt)
