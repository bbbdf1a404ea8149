"""A list of the admin as a CSV file: the columns and rows that its reader sees, all pages of it.

Whoever may open a list may take it. That somebody did, what they asked for and the SHA-256 stand
in the trail.
"""

import copy
import csv
import datetime as dt
import io
from collections.abc import Iterator
from html import unescape
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.utils import label_for_field, lookup_field
from django.core.exceptions import ObjectDoesNotExist
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import resolve, reverse
from django.utils.html import strip_tags
from django.utils.text import capfirst
from django.views.decorators.http import require_POST

from backoffice.accounts.security_log import record_download
from backoffice.saved_filters.views import StaffRequest, find_list, keep_filters
from backoffice.spreadsheets import guard_cell

MOST_ROWS = 10_000
CHECKBOX = "action_checkbox"


@require_POST
def download_list(request: StaffRequest) -> HttpResponse:
    """Hand out a list by its name, narrowed down as its page is."""
    list_name = request.POST.get("list", "")
    model_admin = find_list(request, list_name)
    query = keep_filters(request.POST.get("query", ""), model_admin, request, is_order_enough=True)
    try:
        rows = _read_rows(request, model_admin, query)
    except IncorrectLookupParameters:
        return redirect(f"{reverse(f'admin:{list_name}_changelist')}?e=1")
    if len(rows.result_list) > MOST_ROWS:
        text = f"The list has more than {MOST_ROWS:,} rows. Search or filter it, and try again."
        messages.error(request, text)
        return redirect(f"{reverse(f'admin:{list_name}_changelist')}?{query}")
    content = _write(rows)
    name = f"{capfirst(str(rows.opts.verbose_name_plural))}, {query or 'everything'}"
    record_download(name=name, content=content, count=len(rows.result_list), by=request.user)
    headers = {
        "Content-Disposition": f'attachment; filename="{list_name}.csv"',
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
    }
    return HttpResponse(content, content_type="text/csv; charset=utf-8", headers=headers)


def _read_rows(request: Any, model_admin: admin.ModelAdmin, query: str) -> Any:
    """Return the list as its page makes it, on one page of at most MOST_ROWS + 1 rows."""
    asked = copy.copy(request)
    asked.method, asked.GET = "GET", QueryDict(query)
    meta = model_admin.model._meta
    asked.path = reverse(f"admin:{meta.app_label}_{meta.model_name}_changelist")
    asked.resolver_match = resolve(asked.path)  # some lists add their columns on their page alone
    wide: Any = copy.copy(model_admin)
    wide.list_per_page = MOST_ROWS + 1
    return wide.get_changelist_instance(asked)


def _write(rows: Any) -> bytes:
    columns = [name for name in rows.list_display if name != CHECKBOX]
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(_name_columns(rows, columns))
    for row in rows.result_list:
        writer.writerow(guard_cell(_read_cell(rows, name, row)) for name in columns)
    return file.getvalue().encode("utf-8-sig")  # so that spreadsheets read UTF-8


def _name_columns(rows: Any, columns: list) -> Iterator[str]:
    for name in columns:
        yield capfirst(strip_tags(str(label_for_field(name, rows.model, rows.model_admin))))


def _read_cell(rows: Any, name: Any, row: Any) -> Any:
    """Return what the list shows, as text: of a badge its words, of a link what it says."""
    try:
        field, shown, value = lookup_field(name, row, rows.model_admin)
    except ObjectDoesNotExist:
        return ""
    if field is not None and getattr(field, "choices", None):
        value = getattr(row, f"get_{field.name}_display")()
    if value is None:
        return ""
    if isinstance(value, tuple | list):
        words = [_read_text(part) for part in value if isinstance(part, str)]
        value = words[-1] if getattr(shown, "label", None) and words else ", ".join(words)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dt.date):
        return value.isoformat()
    return _read_text(value)


def _read_text(value: Any) -> str:
    """Return the words of HTML as they are read, and of anything else each sign as it stands."""
    return unescape(strip_tags(value)) if hasattr(value, "__html__") else str(value)
