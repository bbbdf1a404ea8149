"""The columns of counted views in the weblog's lists of blogs, and a blog's views per day."""

import datetime as dt

from django.contrib.auth.models import User
from django.db.models import OuterRef, Subquery, Sum
from django.db.models.functions import Coalesce
from django.utils import timezone

from backoffice.home import Section, make_chart
from billing.figures import views_by_day
from billing.models import MonthlyViewCount
from billing.periods import day_of, month_of
from weblog.hooks import BlogColumn, add_blog_column, add_blog_panel
from weblog.models import Blog

DAYS_SHOWN = 30


def offer_blog_columns() -> None:
    add_blog_column(BlogColumn("views_so_far", "Views so far", _count_all))
    add_blog_column(BlogColumn("views_this_month", "This month", _count_this_month))
    add_blog_panel("billing", show_days)


def show_days(*, blog: Blog, user: User) -> Section | None:
    """Return the views of the latest days; not for co-authors, nor before anybody could read it.

    One query.
    """
    is_author = blog.author_id == user.pk
    if not blog.was_published or not (is_author or user.has_perm("weblog.view_all_blogs")):
        return None
    today = day_of(timezone.now())
    days = views_by_day(first=today - dt.timedelta(days=DAYS_SHOWN - 1), last=today, blog=blog)
    content = {
        "blog": blog.pk,
        "chart": make_chart(days, title="Views per day", unit="views"),
        "has_page": is_author or user.has_perm("billing.view_payment"),
    }
    return Section("views", "billing/blog_panel.html", content)


def _count_all():
    return _count(MonthlyViewCount.objects.all())


def _count_this_month():
    return _count(MonthlyViewCount.objects.filter(month=month_of(day_of(timezone.now()))))


def _count(counts):
    """Return the subquery of all counted views of the outer blog, of any author and category."""
    of_blog = counts.filter(blog=OuterRef("pk")).order_by().values("blog")
    return Coalesce(Subquery(of_blog.annotate(sum=Sum("views")).values("sum")), 0)
