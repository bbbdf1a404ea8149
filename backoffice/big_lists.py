"""Lists of the admin that stay fast at ten million rows, paged by backoffice.keysets.

An admin of a big list takes BigListAdmin before its other bases and says

    ordering = ["-day", "-viewed_at", "-pk"]       columns of one index, unique together
    orders = {"day": ["day", "viewed_at", "pk"]}   by which columns one may sort, and how: an index
    searched_rows = {"blog": ["title"]}            relations to tables that are small enough to read

Each filter needs an index that begins with its column and goes on with those of the order.
A search looks for its words in the small tables first, and for the rows of those found then.
`find_more` adds what the big table itself can be asked for by an index, such as a reference.
tests/backoffice/test_big_lists.py asks the database for the plan of each list.
"""

from dataclasses import dataclass, field, replace
from functools import reduce
from operator import and_, or_
from typing import Any

from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.utils import get_fields_from_path
from django.contrib.admin.views.main import ORDER_VAR, PAGE_VAR
from django.db import connections
from django.db.models import BooleanField, Case, Exists, OuterRef, Q, QuerySet, When

from backoffice.base_admin import BackofficeAdmin
from backoffice.changelists import DeclaredChangeList, shorten_search
from backoffice.keysets import (
    LAST,
    MOST_COUNTED,
    KeysetPage,
    Order,
    WrongPosition,
    count_up_to,
    fetch_page,
    turn,
)

FEW = 30  # found rows of a small table that each get a look into the big one's index
MANY = 1_000  # a search that finds more of them is in so many rows that the first come soon


@dataclass(frozen=True)
class KeysetPaginator:
    """What the templates ask of a paginator."""

    page: KeysetPage
    count: int
    per_page: int
    most: int = MOST_COUNTED

    template_name = "backoffice/keyset_pagination.html"
    last_position = LAST

    @property
    def count_text(self) -> str:
        if self.count > self.most:
            return f"More than {self.most:,}"
        return f"{self.count:,}"


@dataclass(frozen=True)
class Found:
    """Where a search finds its rows: in any of the conditions, each with an index of its own."""

    conditions: list[Q] = field(default_factory=list)
    is_common: bool = False

    @property
    def anywhere(self) -> Q:
        """What is nowhere to be found is in no row.

        What is common is met soon on the way along the list. PostgreSQL takes it for rare, and
        would fetch and sort all of it, if CASE did not keep it from an estimate.
        """
        if not self.conditions:
            return Q(pk__in=[])
        anywhere = reduce(or_, self.conditions)
        if not self.is_common:
            return anywhere
        return Q(Case(When(anywhere, then=True), default=False, output_field=BooleanField()))


class BigChangeList(DeclaredChangeList):
    """A page of a list, told by the row that it follows. The list is not counted to its end."""

    def get_ordering(self, request, queryset):
        """Sort by what the admin declares; whatever else an address asks for, by its default."""
        wanted = self.params.get(ORDER_VAR, "")
        number = wanted.removeprefix("-")
        if number.isdecimal() and len(number) < 3 and int(number) < len(self.list_display):
            order = self.model_admin.orders.get(self.list_display[int(number)])
            if order:
                return [turn(name) for name in order] if wanted.startswith("-") else order
        self.params.pop(ORDER_VAR, None)
        return self.model_admin.ordering

    def get_ordering_field(self, field_name):
        order = self.model_admin.orders.get(field_name)
        return order[0] if order else None

    def get_queryset(self, request, exclude_parameters=None):
        query, self.query = self.query, ""
        self.unsearched = super().get_queryset(request, exclude_parameters)
        self.query = query
        self.found = self.model_admin.find(query)
        return self.unsearched.filter(self.found.anywhere) if self.found else self.unsearched

    def get_results(self, request):
        order = Order.of(self.model, self.queryset.query.order_by)
        try:
            page = self._fetch_page(order, request.GET.get(PAGE_VAR, ""))
        except WrongPosition:
            raise IncorrectLookupParameters from None
        self.result_list = page.rows
        self.paginator = self._count(page)
        self.result_count = self.paginator.count
        self.show_full_result_count = False
        self.full_result_count = None
        self.show_admin_actions = True
        self.can_show_all = self.multi_page = False

    def _count(self, page):
        if not page.has_previous and not page.has_next:  # it is all there is
            return KeysetPaginator(page, len(page), self.list_per_page)
        # Between rows that a search finds on the way lie others, which are not read for a number.
        most = self.list_per_page if self.found and self.found.is_common else MOST_COUNTED
        return KeysetPaginator(page, count_up_to(self.queryset, most), self.list_per_page, most)

    def _fetch_page(self, order, position):
        options = {"order": order, "position": position, "per_page": self.list_per_page}
        features = connections[self.queryset.db].features
        is_apart = self.found and not self.found.is_common and len(self.found.conditions) > 1
        if not is_apart or not features.supports_slicing_ordering_in_compound:
            return fetch_page([self.queryset], **options)
        keys = [name.lstrip("-") for name in order.names]
        parts = [self.unsearched.filter(c).values_list(*keys) for c in self.found.conditions]
        page = fetch_page(parts, **options)
        pks = [row[keys.index("pk")] for row in page]
        rows = {row.pk: row for row in self.unsearched.filter(pk__in=pks)}
        kept = [rows[pk] for pk in pks if pk in rows]
        return replace(page, rows=kept)


class BigListAdmin(BackofficeAdmin):
    """See the module's docstring."""

    orders: dict[str, list[str]] = {}
    searched_rows: dict[str, list[str]] = {}
    list_per_page = 50

    def get_changelist(self, request, **kwargs):
        return BigChangeList

    def get_sortable_by(self, request):
        return list(self.orders)

    def get_search_fields(self, request):
        """Name what is searched, for which the page shows a box."""
        return [f"{name}__{column}" for name, own in self.searched_rows.items() for column in own]

    def get_search_results(self, request, queryset, search_term):
        found = self.find(search_term)
        return queryset.filter(found.anywhere) if found else queryset, False

    def find(self, search_term: str) -> Found | None:
        """Return where the search finds its rows, or None if nothing is searched for."""
        term = shorten_search(search_term)
        if not term or not self.searched_rows:
            return None
        conditions, is_common = self.find_more(term), False
        for name, columns in self.searched_rows.items():
            pks = self.find_rows(name, columns, term)
            if len(pks) > MANY:
                is_common = True
                conditions.append(
                    Q(
                        Exists(
                            self.related(name).filter(hold_words(term, columns), pk=OuterRef(name))
                        )
                    )
                )
            elif len(pks) > FEW:
                conditions.append(Q(**{f"{name}__in": pks}))
            else:  # of each, the newest rows stand at one place of an index
                conditions += [Q(**{name: pk}) for pk in pks]
        return Found(conditions, is_common)

    def find_rows(self, name: str, columns: list[str], term: str) -> list:
        """Return the keys of at most MANY + 1 rows of a small table."""
        rows = self.related(name).filter(hold_words(term, columns))
        return list(rows.values_list("pk", flat=True)[: MANY + 1])

    def related(self, name: str) -> QuerySet:
        model: Any = get_fields_from_path(self.model, name)[-1].related_model
        return model._base_manager.order_by()

    def find_more(self, term: str) -> list[Q]:
        return []


def hold_words(term: str, columns: list[str]) -> Q:
    """Return the condition that each word is in one of the columns."""
    words = [
        reduce(or_, (Q(**{f"{column}__icontains": word}) for column in columns))
        for word in term.split()
    ]
    return reduce(and_, words)
