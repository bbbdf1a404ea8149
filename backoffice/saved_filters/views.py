"""Keeping a list's filters under a name, and forgetting them: each a POST, each one's own."""

from typing import Any
from urllib.parse import parse_qsl, urlencode

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.views.main import ERROR_FLAG, ORDER_VAR, SEARCH_VAR
from django.contrib.auth.models import User
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from backoffice.changelists import MOST_CHARACTERS
from backoffice.saved_filters.models import (
    LONGEST_NAME,
    LONGEST_QUERY,
    MOST_OF_A_LIST,
    SavedFilter,
)

MOST_PARAMETERS = 50


class StaffRequest(HttpRequest):
    """For annotations: admin_view() has let in nobody else."""

    user: User


class SaveForm(forms.Form):
    name = forms.CharField(
        max_length=LONGEST_NAME,
        error_messages={
            "required": "Give the filter a name.",
            "max_length": f"A name has at most {LONGEST_NAME} characters.",
        },
    )


@require_POST
def save_filter(request: StaffRequest) -> HttpResponse:
    """Keep what a list is narrowed down to. A name that is there already gets the new filter."""
    list_name = request.POST.get("list", "")
    model_admin = find_list(request, list_name)
    query = keep_filters(request.POST.get("query", ""), model_admin, request)
    url = reverse(f"admin:{list_name}_changelist")
    form = SaveForm(request.POST)
    mine = SavedFilter.objects.filter(person=request.user, list_name=list_name)
    refusal = "" if form.is_valid() else " ".join(map(str, form.errors["name"]))
    if not query:
        refusal = "Search or filter the list first: there is nothing to save yet."
    elif not refusal and mine.exclude(name=form.cleaned_data["name"]).count() >= MOST_OF_A_LIST:
        refusal = f"You have {MOST_OF_A_LIST} saved filters of this list. Remove one first."
    if refusal:
        messages.error(request, refusal)
    else:
        name = form.cleaned_data["name"]
        mine.update_or_create(
            person=request.user, list_name=list_name, name=name, defaults={"query": query}
        )
        messages.success(request, f"The filter “{name}” is saved above this list.")
    return redirect(f"{url}?{query}" if query else url)


@require_POST
def forget_filter(request: StaffRequest, pk: int) -> HttpResponse:
    saved = get_object_or_404(SavedFilter, pk=pk, person=request.user)
    find_list(request, saved.list_name)
    saved.delete()
    messages.success(request, f"The filter “{saved.name}” is removed.")
    return redirect(f"admin:{saved.list_name}_changelist")


def keep_filters(
    query: str, model_admin: Any, request: HttpRequest, *, is_order_enough: bool = False
) -> str:
    """Return the search, order and filters of an address that the list knows; not its page."""
    if len(query) > LONGEST_QUERY:
        return ""
    try:
        typed = parse_qsl(query.lstrip("?"), max_num_fields=MOST_PARAMETERS)
    except ValueError:
        return ""
    kept = [(name, value) for name, value in typed if _is_kept(name, value, model_admin, request)]
    is_narrowed = any(name != ORDER_VAR for name, _ in kept)
    told = urlencode(kept) if is_narrowed or is_order_enough else ""
    return told if len(told) <= LONGEST_QUERY else ""  # it grows: 😀 becomes %F0%9F%98%80


def _is_kept(name, value, model_admin, request):
    if "\0" in value or name == ERROR_FLAG:
        return False
    if name == SEARCH_VAR:
        return len(value) <= MOST_CHARACTERS and bool(value.strip())
    return name == ORDER_VAR or model_admin.lookup_allowed(name, value, request)


def find_list(request: HttpRequest, list_name: str) -> Any:
    """Return the admin of a list that the user may open. No other list exists for them."""
    for model, model_admin in admin.site._registry.items():
        meta = model._meta
        if f"{meta.app_label}_{meta.model_name}" == list_name:
            if model_admin.has_view_or_change_permission(request):
                return model_admin
            break
    raise Http404
