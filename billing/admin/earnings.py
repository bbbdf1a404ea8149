"""Authors see what they earned: every month, paid or not, and the views of each of their blogs."""

from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404
from django.utils import timezone

from backoffice.changelists import could_be_pk
from backoffice.home import make_chart
from backoffice.people import full_name
from billing.admin.authors_pages import LINES_PER_PAGE, AuthorsPage
from billing.errors import InvalidMonth
from billing.figures import month_figures
from billing.money import format_amounts
from billing.payouts.outstanding import list_waiting
from billing.periods import day_of, month_of, parse_month, today
from billing.statements.authors import MonthlyStatement, find_style, list_statements
from billing.statements.blogs import find_blogs, list_months_of_blog, views_of_days
from billing.statements.earnings import list_months, list_moved
from billing.statements.months import write_month
from billing.statements.open_months import write_open_month
from weblog.models import Blog

MONTHS_PER_PAGE = 24


class EarningsPage(AuthorsPage):
    def find_author(self):
        """Return whose earnings are asked for, one's own without a choice.

        Of other people finance, approvers and auditors see those who have a statement.
        """
        user = self.request.user
        key = self.request.GET.get("author", "")
        if key in ("", str(user.pk)):
            return user
        if not self.sees_all:
            raise PermissionDenied
        payment = None
        if could_be_pk(Blog, key):
            payment = list_statements().filter(author=key).first()
        if payment is None:
            raise Http404
        return payment.author

    def find_month(self):
        """Return the month asked for, or None."""
        try:
            return parse_month(self.request.GET.get("month", ""))
        except InvalidMonth:
            return None


class EarningsView(EarningsPage):
    template_name = "billing/earnings.html"
    title = "Your earnings"

    def check_door(self):
        self.find_author()

    def get_context_data(self, **kwargs):
        author, at = self.find_author(), timezone.now()
        is_own = author == self.request.user
        if not is_own:
            self.title = f"Earnings of {full_name(author)}"
        rows = list_months(author, at=at)
        asked = self.find_month()
        chosen = next((row for row in rows if row.month == asked), rows[0])
        running = month_of(day_of(at))
        page = Paginator(rows, MONTHS_PER_PAGE).get_page(self.request.GET.get("p"))
        return super().get_context_data(
            author=author,
            is_own=is_own,
            page=page,
            page_range=page.paginator.get_elided_page_range(page.number),
            chosen=chosen,
            sheet=self._write(chosen, author, at),
            has_more_lines=bool(chosen.payment and chosen.payment.lines.count() > LINES_PER_PAGE),
            moved=list_moved(author),
            waiting=[row for row in list_waiting(at=at, author=author) if row.since < running],
            running=running,
            earned_so_far=format_amounts(month_figures(month=running, author=author).costs),
            blogs=find_blogs(author).order_by("title", "pk"),
            **kwargs,
        )

    def _write(self, row, author, at):
        """Return the month in the words of its statement, which has all lines."""
        if row.payment is None:
            style = find_style(author, at=at)
            return write_open_month(row, author=author, style=style, day=day_of(at))
        statement = MonthlyStatement(row.payment, at=at)
        return write_month(statement, lines=statement.lines[:LINES_PER_PAGE])


class BlogViewsView(EarningsPage):
    """The views of a blog, day by day."""

    template_name = "billing/blog_views.html"
    title = "Views of a blog"

    def check_door(self):
        self.find_blog()

    def find_blog(self):
        """Return the blog asked for. That of somebody else does not exist."""
        key = self.kwargs["pk"]
        blogs = Blog.objects.all() if self.sees_all else find_blogs(self.request.user)
        blog = blogs.filter(pk=key).first() if could_be_pk(Blog, key) else None
        if blog is None:
            raise Http404
        return blog

    def get_context_data(self, **kwargs):
        blog = self.find_blog()
        months = list_months_of_blog(blog)
        month = self.find_month() or (months[0].month if months else month_of(today()))
        days = views_of_days(blog, month, until=today())
        self.title = f"Views of {blog}"
        return super().get_context_data(
            blog=blog,
            months=months,
            month=month,
            total=sum(row.views for row in months),
            chart=make_chart(days, title=f"Views per day, {month:%B %Y}", unit="views"),
            **kwargs,
        )
