"""The column of counted views in the weblog's lists of blogs."""

from django.db.models import OuterRef, Subquery, Sum
from django.db.models.functions import Coalesce
from django.utils import timezone

from billing.models import MonthlyViewCount
from billing.periods import day_of, month_of
from weblog.hooks import BlogColumn, add_blog_column


def offer_blog_columns() -> None:
    add_blog_column(BlogColumn("views_so_far", "Views so far", _count_all))
    add_blog_column(BlogColumn("views_this_month", "This month", _count_this_month))


def _count_all():
    return _count(MonthlyViewCount.objects.all())


def _count_this_month():
    return _count(MonthlyViewCount.objects.filter(month=month_of(day_of(timezone.now()))))


def _count(counts):
    """Return the subquery of all counted views of the outer blog, of any author and category."""
    of_blog = counts.filter(blog=OuterRef("pk")).order_by().values("blog")
    return Coalesce(Subquery(of_blog.annotate(sum=Sum("views")).values("sum")), 0)
