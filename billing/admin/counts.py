from django.contrib import admin
from django.db.models import Q
from django.utils.timezone import localtime
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RelatedDropdownFilter
from unfold.decorators import display

from backoffice.base_admin import DayRangeFilter, ReadOnlyAdmin
from backoffice.big_lists import BigListAdmin
from backoffice.changelists import LinkedRowFilter
from backoffice.people import full_name
from billing.admin.filters import DayMonthFilter, FindingViewsFilter, MonthFilter
from billing.models import BlogView, DailyViewCount, MonthlyViewCount
from billing.periods import next_month, today
from billing.typed import read_day, read_months

OUTCOME_COLOURS = {
    "pending": "warning",
    "counted": "success",
    "double_click": "",
    "robot": "",
    "own_view": "",
    "staff_view": "",
    "excluded": "danger",
}


class CountAdmin(BigListAdmin, ReadOnlyAdmin):
    list_select_related = ["blog", "author", "category"]
    searched_rows = {"blog": ["title"], "author": ["first_name", "last_name", "username"]}
    search_help_text = "Search by blog, author or month"
    dated_by = "day"

    class Media:
        css = {"all": ["billing/statement.css"]}

    def find_more(self, term):
        """Find the rows of the day or the months that were typed."""
        if self.dated_by == "day" and (day := read_day(term)):
            return [Q(day=day)]
        months = read_months(term, today=today())
        return [
            Q(**{f"{self.dated_by}__gte": month, f"{self.dated_by}__lt": next_month(month)})
            for month in months
        ]

    @display(description="Author")
    def author_name(self, row):
        return full_name(row.author)

    @display(description="Views", ordering="views", formatting="price")
    def view_count(self, row):
        return f"{row.views:,}"


@admin.register(MonthlyViewCount)
class MonthlyViewCountAdmin(CountAdmin):
    list_display = ["month_name", "blog", "author_name", "category", "view_count"]
    dated_by = "month"
    list_filter = [MonthFilter, ("category", RelatedDropdownFilter)]
    ordering = ["-month", "-views", "pk"]
    orders = {"month_name": ["month", "views", "-pk"]}
    fields = readonly_fields = ["month_name", "blog", "author_name", "category", "view_count"]
    empty_list_text = (
        "No views have been counted yet. They are counted every few minutes, once readers "
        "have opened a published blog."
    )

    @display(description="Month", ordering="month")
    def month_name(self, row):
        return f"{row.month:%B %Y}"


@admin.register(DailyViewCount)
class DailyViewCountAdmin(CountAdmin):
    list_display = ["day", "blog", "author_name", "category", "view_count"]
    list_filter = [
        DayMonthFilter,
        ("day", DayRangeFilter),
        ("category", RelatedDropdownFilter),
        ("blog", LinkedRowFilter),
        ("author", LinkedRowFilter),
    ]
    ordering = ["-day", "-pk"]
    orders = {"day": ["day", "pk"]}
    fields = readonly_fields = ["day", "blog", "author_name", "category", "view_count"]
    empty_list_text = MonthlyViewCountAdmin.empty_list_text


@admin.register(BlogView)
class BlogViewAdmin(CountAdmin):
    """Each single view. The page shows just enough of a reader's key to tell two readers apart."""

    list_display = ["moment", "blog", "outcome_label", "excluded_by", "reader"]
    list_select_related = ["blog"]
    list_filter = [
        DayMonthFilter,
        ("day", DayRangeFilter),
        ("outcome", ChoicesDropdownFilter),
        ("category", RelatedDropdownFilter),
        FindingViewsFilter,
    ]
    searched_rows = {"blog": ["title"]}
    search_help_text = "Search by blog, day or month"
    ordering = ["-day", "-viewed_at", "-pk"]
    orders = {"moment": ["day", "viewed_at", "pk"]}
    fields = readonly_fields = [
        "moment",
        "day",
        "blog",
        "author_name",
        "category",
        "outcome",
        "excluded_by",
        "reader",
        "log_import",
    ]
    empty_list_text = "Nobody has opened a published blog yet."

    @display(description="Viewed at")
    def moment(self, view):
        return f"{localtime(view.viewed_at):%-d %b %Y, %H:%M:%S}"

    @display(description="Outcome", label=OUTCOME_COLOURS)
    def outcome_label(self, view):
        return view.outcome, view.get_outcome_display()

    @display(description="Reader of the day")
    def reader(self, view):
        return bytes(view.reader_key).hex()[:8]
