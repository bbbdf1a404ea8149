"""What a fold that was killed must leave as it was."""

from collections import Counter

from billing.models import (
    BlogView,
    DailyCategoryCount,
    DailyViewCount,
    MonthlyViewCount,
    ViewSeal,
)
from tests.billing.tampering import without_guards


def counts(model, period):
    facts = ("blog", "author", "category", period)
    return Counter({row[:4]: row[4] for row in model.objects.values_list(*facts, "views")})


def all_counts():
    of_categories = DailyCategoryCount.objects.values_list("category", "day", "views")
    return (
        counts(DailyViewCount, "day"),
        counts(MonthlyViewCount, "month"),
        Counter({(category, day): views for category, day, views in of_categories}),
    )


class Snapshot:
    """The tables as they are, to be put back before the next fold is killed."""

    tables = (BlogView, DailyViewCount, MonthlyViewCount, DailyCategoryCount, ViewSeal)

    def __init__(self):
        self.rows = {table: list(table.objects.all()) for table in self.tables}

    def restore(self):
        with without_guards():
            for table in self.tables:
                table.objects.all().delete()
            for table in reversed(self.tables):
                table.objects.bulk_create(self.rows[table])
