"""What an empty list says: what belongs there and, to whoever may do it, how to begin.

A list that a search or a filter has emptied says so, and leads back to all of its rows. The words
stand in unfold/helpers/empty_results.html, in the place of the theme's.
"""

from django.contrib.admin.views.main import SEARCH_VAR
from unfold.admin import ModelAdmin
from unfold.views import ChangeList


class EmptyListAdmin(ModelAdmin):
    """Words of an admin for its list while that is empty."""

    empty_list_text = ""  # what belongs there, for everybody who may see the list
    empty_list_step = ""  # how one begins
    empty_list_right = ""  # whoever has it may begin; if empty, whoever may add

    def describe_empty_list(self, request) -> str:
        """Return the words for an empty list. No queries but those of the user's rights."""
        right = self.empty_list_right
        may = request.user.has_perm(right) if right else self.has_add_permission(request)
        return (
            f"{self.empty_list_text} {self.empty_list_step}".strip()
            if may
            else self.empty_list_text
        )


class EmptyList(ChangeList):
    """What a ChangeList tells of itself where no row is left."""

    def __init__(self, request, *args, **kwargs):
        super().__init__(request, *args, **kwargs)
        self.why_empty = self.model_admin.describe_empty_list(request)

    @property
    def is_filtered(self) -> bool:
        return any(any(values) for values in self.get_filters_params().values())

    @property
    def unfiltered_query(self) -> str:
        """Return the address of the list with its search and without filters."""
        return self.get_query_string(remove=[*self.get_filters_params()])

    @property
    def all_rows_query(self) -> str:
        """Return the address of the list without either. A popup stays one."""
        return self.get_query_string(remove=[SEARCH_VAR, *self.get_filters_params()])
