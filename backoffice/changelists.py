"""Lists accept only their own filters, search, order and pages from an address.

Django's admin lets everybody who may see a list filter it by every lookup of every field:
`?body__regex=` ran for minutes, and `?month__year=0` was a 500.
"""

from typing import Any

from django import forms
from django.contrib.admin import FieldListFilter, SimpleListFilter
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.utils import get_fields_from_path
from django.contrib.admin.views.main import SEARCH_VAR
from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.utils.text import capfirst
from unfold.contrib.filters.admin import RelatedDropdownFilter

from backoffice.empty_lists import EmptyList

MOST_CHARACTERS = 200  # of a search, which is one more pattern for each of its words
MOST_WORDS = 8
LONGEST_VALUE = 500
MOST_ID = 2**63 - 1


class SearchForm(forms.Form):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields[SEARCH_VAR] = forms.CharField(
            required=False,
            strip=False,
            max_length=MOST_CHARACTERS,
            error_messages={
                "max_length": f"Search for fewer words: at most {MOST_CHARACTERS} characters."
            },
        )


class DeclaredChangeList(EmptyList):
    """A list that takes from its address what it declares. Anything else leads to ?e=1."""

    search_form_class = SearchForm

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.title = capfirst(self.opts.verbose_name_plural)  # Django: "Select seal to view"

    def get_filters(self, request):
        for name, values in self.get_filters_params().items():
            if not all(self.model_admin.lookup_allowed(name, value, request) for value in values):
                raise IncorrectLookupParameters
        return super().get_filters(request)


def is_plain(value: str) -> bool:
    """Whether a filter could have made it: no database takes NUL, and nothing here is long."""
    return "\0" not in value and len(value) <= LONGEST_VALUE


def could_be_pk(model, value: str) -> bool:
    """Whether a row of `model` could have this key, written as the site writes it: 1, not 01 or +1.

    What could not is asked of no database.
    """
    try:
        key = model._meta.pk.to_python(value)
    except ValidationError:
        return False
    return not isinstance(key, int) or (0 <= key <= MOST_ID and str(key) == str(value))


def could_be_value(opts, name: str, value: str | list[str]) -> bool:
    """Whether a field could be filled in with `value`: a relation with keys, others with text."""
    values = value if isinstance(value, list) else [value]
    if not all(is_plain(each) for each in values):
        return False
    try:
        related = opts.get_field(name).related_model
    except FieldDoesNotExist:
        return True
    return not related or all(could_be_pk(related, each) for each in values if each)


def shorten_search(term: str) -> str:
    """Return as many words of `term` as are looked for."""
    return " ".join(term.replace("\0", " ")[:MOST_CHARACTERS].split()[:MOST_WORDS])


def list_filter_parameters(model_admin, request) -> set[str]:
    """Return the names of the parameters that the filters of the list make. No queries."""
    names = set()
    for declared in model_admin.get_list_filter(request):
        if isinstance(declared, type) and issubclass(declared, SimpleListFilter):
            names.add(str(declared.parameter_name))
            continue
        path, filter_class = declared if isinstance(declared, tuple) else (declared, None)
        make: Any = _without_choices(filter_class) if filter_class else FieldListFilter.create
        field = get_fields_from_path(model_admin.model, path)[-1]
        made = make(field, request, {}, model_admin.model, model_admin, field_path=path)
        names.update(made.expected_parameters())
    return names


def _without_choices(filter_class):
    """Return the filter as it is, but for the query that looks up what it offers."""
    return type(filter_class.__name__, (filter_class,), {"field_choices": lambda *args: []})


class LinkedRowFilter(RelatedDropdownFilter):
    """One row that a link of ours names. Offered only to who comes by such a link."""

    def field_choices(self, field, request, model_admin):
        value = self.value() or ""
        if not (value.isdecimal() and len(value) < 19):
            return []
        return [(row.pk, str(row)) for row in field.related_model.objects.filter(pk=value)]

    def has_output(self):
        return bool(self.value())
