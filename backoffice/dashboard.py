"""The home page: the numbers that matter to whoever looks, and what waits for them.

The one module that puts both apps' numbers together. Without billing its part is absent.
"""

import datetime as dt
import json

from django.apps import apps
from django.contrib.auth.models import User
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format, number_format

from backoffice.jobs.watching import Watched, find_problems, sum_up, watch_list
from weblog import home

CHART_DAYS = 30


def dashboard_context(request: HttpRequest, context: dict) -> dict:
    """Add what admin/index.html shows. Each part asks for the permission of what it tells."""
    user, today = request.user, timezone.localdate()
    context["cards"] = [*home.list_cards(user)]
    context["tasks"] = [*home.list_tasks(user)]
    if user.has_perm("weblog.add_blog"):
        context["own_blogs"] = home.find_own_blogs(user)
        context["is_author"] = not user.has_perm("weblog.view_all_blogs")
    if apps.is_installed("billing"):
        context["cards"] = [*_view_cards(user, today), *context["cards"]]
        context["tasks"] += _batch_tasks(user)
        context["chart"] = _views_chart(user, today)
        context["exclusions"] = _exclusions(user, today)
    if user.has_perm("backoffice.view_jobrun"):
        watched = watch_list()
        context["job_runs"] = [one.latest for one in watched if one.latest]
        context["job_problems"] = _list_problems(watched)
    return context


def _view_cards(user: User, today: dt.date):
    from billing.figures import month_figures
    from billing.money import format_amount, round_amount
    from billing.periods import month_of, previous_month

    if not (may_see_all := _sees_all_views(user)) and not user.has_perm("weblog.add_blog"):
        return
    author = None if may_see_all else user
    month = month_of(today)
    now = month_figures(month=month, author=author)
    before = month_figures(month=previous_month(month), author=author)
    last = f"{previous_month(month):%B}"
    yield {
        "label": f"{'Views' if may_see_all else 'Your views'} in {month:%B} so far",
        "value": number_format(now.views, force_grouping=True),
        "note": f"{number_format(before.views, force_grouping=True)} in all of {last}",
    }
    if author:
        yield _earnings_card(now, month)
    if user.has_perm("billing.view_payoutbatch"):
        unpriced = f", and {now.unpriced} views without a price" if now.unpriced else ""
        yield {
            "label": f"Cost of {month:%B} so far",
            "value": format_amount(round_amount(now.cost)),
            "note": f"{format_amount(round_amount(before.cost))} in all of {last}{unpriced}",
        }


def _earnings_card(figures, month: dt.date) -> dict:
    from billing.money import format_amount, round_amount

    note = "paid after the month has closed"
    if figures.unpriced:
        views = "view has" if figures.unpriced == 1 else "views have"
        number = number_format(figures.unpriced, force_grouping=True)
        note = f"{note}; {number} {views} no price yet"
    return {
        "label": f"Your earnings in {month:%B} so far",
        "value": format_amount(round_amount(figures.cost)),
        "note": note,
    }


def _exclusions(user: User, today: dt.date):
    """Return what finance excluded of the views of one's own blogs lately, with the reasons."""
    from billing.figures import latest_exclusions
    from billing.periods import month_of

    if not user.has_perm("weblog.add_blog"):
        return []
    return latest_exclusions(author=user, since=month_of(today - dt.timedelta(days=92)))


def _sees_all_views(user: User) -> bool:
    return user.has_perms(["weblog.view_all_blogs"]) or user.has_perm(
        "billing.view_monthlyviewcount"
    )


def _batch_tasks(user: User):
    from billing.models import PayoutBatch

    if user.has_perm("billing.submit_payoutbatch"):
        for batch in PayoutBatch.objects.drafts():
            asked = (
                "was returned to you" if batch.return_reason else "is a draft to check and submit"
            )
            yield {"text": f"The payout batch of {batch} {asked}", "link": _batch_link(batch)}
    if user.has_perm("billing.approve_payoutbatch"):
        waiting = PayoutBatch.objects.awaiting_approval().exclude(submitted_by=user)
        for batch in waiting.exclude(approved_by=user):
            yield {
                "text": f"The payout batch of {batch} waits for an approver",
                "link": _batch_link(batch),
            }
    if user.has_perm("billing.settle_payoutbatch"):
        for batch in PayoutBatch.objects.awaiting_results():
            yield {
                "text": f"The payments of {batch} are to be made, and the bank's results recorded",
                "link": _batch_link(batch),
            }


def _batch_link(batch) -> str:
    return reverse("admin:billing_payoutbatch_change", args=[batch.pk])


def _views_chart(user: User, today: dt.date) -> dict | None:
    from billing.figures import views_by_day

    if not (may_see_all := _sees_all_views(user)) and not user.has_perm("weblog.add_blog"):
        return None
    days = views_by_day(
        first=today - dt.timedelta(days=CHART_DAYS - 1),
        last=today,
        author=None if may_see_all else user,
    )
    return {
        "title": "Views per day" if may_see_all else "Views of your blogs per day",
        "days": [{"day": day, "views": views} for day, views in reversed(days.items())],
        "summary": f"{number_format(sum(days.values()), force_grouping=True)} views in "
        f"{CHART_DAYS} days, in numbers",
        "data": json.dumps(
            {
                "labels": [date_format(day, "j M") for day in days],
                "datasets": [
                    {
                        "label": "Views",
                        "data": list(days.values()),
                        "backgroundColor": "var(--color-primary-600)",
                        "maxBarThickness": 26,
                        "displayYAxis": True,
                    }
                ],
            }
        ),
    }


def _list_problems(watched: list[Watched]) -> list[dict]:
    at = timezone.now()
    problems = sum_up(find_problems(at=at, watched=watched), watched, at=at)
    link = reverse("admin:backoffice_jobrun_changelist")
    names = {one.name for one in watched}
    return [
        {"text": one.text, "link": f"{link}?name={one.job}" if one.job in names else link}
        for one in problems
    ]
