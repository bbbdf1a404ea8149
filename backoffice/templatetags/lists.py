"""What stands around every list of the admin: one's saved filters, and the sums of the whole."""

from django import template
from django.contrib.admin.views.main import ERROR_FLAG, PAGE_VAR

from backoffice.saved_filters.models import LONGEST_NAME, SavedFilter

register = template.Library()
OF_A_PAGE = (PAGE_VAR, ERROR_FLAG, "all")


@register.inclusion_tag("backoffice/saved_filters.html", takes_context=True)
def saved_filters(context, cl):
    """Show the user's filters of this list, and offer to keep what it is narrowed down to."""
    request = context["request"]
    name = f"{cl.opts.app_label}_{cl.opts.model_name}"
    query = cl.get_query_string(remove=OF_A_PAGE).lstrip("?")
    mine = list(SavedFilter.objects.filter(person=request.user, list_name=name))
    return {
        "filters": [(one, one.query == query) for one in mine],
        "list_name": name,
        "query": query,
        "has_rows": bool(cl.result_list),
        "is_narrowed": bool(cl.query or cl.filter_params),
        "is_saved": any(one.query == query for one in mine),
        "longest": LONGEST_NAME,
    }


@register.inclusion_tag("backoffice/list_totals.html")
def list_totals(cl):
    """Show what `describe_totals` of the list's admin says of all rows that it is narrowed to."""
    describe = getattr(cl.model_admin, "describe_totals", None)
    return {"totals": describe(cl.queryset) if describe and cl.result_list else []}
