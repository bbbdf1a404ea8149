"""The views of one blog: by month and whose they were, and day by day."""

import calendar
import datetime as dt
from typing import NamedTuple

from django.contrib.auth.models import User
from django.db.models import Q, QuerySet, Sum
from django.db.models.functions import TruncMonth

from billing.models import DailyViewCount
from billing.periods import next_month
from weblog.models import Blog


class BlogMonth(NamedTuple):
    """The counted views of a blog in a month that stayed with one author in one category."""

    month: dt.date
    author: User
    category: str
    views: int


def find_blogs(user: User) -> QuerySet[Blog]:
    """Return the blogs that are an author's, and those that were while readers came."""
    counted = DailyViewCount.objects.filter(author=user).order_by().values("blog")
    return Blog.objects.filter(Q(author=user) | Q(pk__in=counted))


def list_months_of_blog(blog: Blog) -> list[BlogMonth]:
    """Return the months with views, the latest first. Two queries."""
    counts = DailyViewCount.objects.filter(blog=blog).annotate(month=TruncMonth("day"))
    rows = list(
        counts.order_by("-month", "author", "category__name")
        .values_list("month", "author", "category__name")
        .annotate(Sum("views"))
    )
    people = User.objects.in_bulk({author for _, author, *_ in rows})
    return [
        BlogMonth(month, people[author], category, views) for month, author, category, views in rows
    ]


def views_of_days(blog: Blog, month: dt.date, *, until: dt.date) -> dict[dt.date, int]:
    """Return {day: counted views} of every day of a month up to `until`. One query."""
    counts = DailyViewCount.objects.filter(blog=blog, day__gte=month, day__lt=next_month(month))
    found = dict(counts.order_by().values_list("day").annotate(Sum("views")))
    length = calendar.monthrange(month.year, month.month)[1]
    days = [month.replace(day=number) for number in range(1, length + 1)]
    return {day: found.get(day, 0) for day in days if day <= until or day in found}
