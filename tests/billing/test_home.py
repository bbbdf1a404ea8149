import datetime as dt
from decimal import Decimal

import pytest
import time_machine
from django.core.management import call_command
from django.urls import reverse

from backoffice.models import JobRun
from billing.findings.decisions import find_in_open_months
from billing.payouts import steps
from tests.factories import approve, make_blog, make_category, make_count, make_price, make_user
from weblog.models import Blog

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

AT = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)


@pytest.fixture(autouse=True)
def in_november():
    with time_machine.travel(AT, tick=False):
        yield


@pytest.fixture
def home(client):
    """Return a function that opens the home page as a member of a group."""
    call_command("loaddata", "10_groups", "30_billing_groups", verbosity=0)

    def home(group, user=None):
        client.force_login(user or make_user(groups=[group]))
        return client.get(reverse("admin:index")).context

    return home


def make_month(views=1000):
    """Make a batch of October, and twice its views in November so far, at 10 per 1,000."""
    blog = make_blog(category=make_category("Tech"))
    make_price(blog.category, "10", dt.date(2026, 1, 1))
    make_count(blog, views, dt.date(2026, 10, 1))
    make_count(blog, 2 * views, dt.date(2026, 11, 21))
    return steps.build_batch(month=dt.date(2026, 10, 1), at=AT)[0]


def figures(context):
    return {card["label"]: (card["value"], card.get("note")) for card in context["cards"]}


def texts(context):
    return [task["text"] for task in context["tasks"]]


def find_section(context, name):
    return next((each.content for each in context["sections"] if each.name == name), None)


def test_finance_sees_views_cost_and_the_draft(home):
    make_month()
    context = home("Finance")
    assert figures(context) == {
        "Views in November so far": ("2,000", "1,000 in all of October"),
        "Cost of November so far": (
            "€20.00",
            "€10.00 up to the same day of October, €10.00 in all of it",
        ),
    }
    assert texts(context) == ["The payout batch of October 2026 is a draft to check and submit"]


@pytest.mark.thorough
@pytest.mark.any_database
def test_views_without_a_price_are_named_beside_the_cost(home):
    make_month()
    make_count(make_blog(), 7, dt.date(2026, 11, 1))
    note = figures(home("Finance"))["Cost of November so far"][1]
    assert note == (
        "€10.00 up to the same day of October, €10.00 in all of it, and 7 views without a price"
    )


@pytest.mark.thorough
@pytest.mark.any_database
def test_finance_is_told_of_a_returned_batch(home):
    batch = steps.submit_batch(batch=make_month(), by=make_user(), at=AT)
    steps.return_batch(batch=batch, by=make_user(), reason="Look again")
    assert texts(home("Finance")) == ["The payout batch of October 2026 was returned to you"]


@pytest.mark.thorough
@pytest.mark.any_database
def test_approver_sees_what_waits_but_not_what_they_submitted(home):
    call_command("loaddata", "10_groups", "30_billing_groups", verbosity=0)
    approver = make_user(groups=["Approvers", "Finance"])
    steps.submit_batch(batch=make_month(), by=approver, at=AT)
    assert texts(home("Approvers")) == ["The payout batch of October 2026 waits for an approver"]
    assert texts(home(None, user=approver)) == []


@pytest.mark.thorough
@pytest.mark.any_database
def test_first_of_two_approvers_has_nothing_left_to_do(home, settings):
    settings.SECOND_APPROVAL_ABOVE = 1
    call_command("loaddata", "10_groups", "30_billing_groups", verbosity=0)
    approver = make_user(groups=["Approvers"])
    batch = steps.submit_batch(batch=make_month(), by=make_user(), at=AT)
    approve(batch, by=approver, at=AT)
    assert texts(home(None, user=approver)) == []
    assert texts(home("Approvers")) == ["The payout batch of October 2026 waits for an approver"]


@pytest.mark.thorough
@pytest.mark.any_database
def test_finance_is_told_of_payments_without_results(home):
    approve(steps.submit_batch(batch=make_month(), by=make_user(), at=AT), at=AT)
    assert texts(home("Finance")) == [
        "The payments of October 2026 are to be made, and the bank's results recorded"
    ]


@pytest.mark.thorough
@pytest.mark.any_database
def test_editor_sees_reviews_and_no_money(home):
    make_month()
    make_blog(status=Blog.Status.IN_REVIEW)
    context = home("Editors")
    assert texts(context) == ["1 text waits for your review"]
    assert not any("€" in value for value, _ in figures(context).values())
    assert "Views in November so far" in figures(context)


@pytest.mark.thorough
def test_author_sees_their_own_numbers_alone(home):
    make_month()
    call_command("loaddata", "10_groups", verbosity=0)
    author = make_user(groups=["Authors"])
    make_count(make_blog(author=author), 3, dt.date(2026, 11, 2))
    make_blog(author=author, status=Blog.Status.DRAFT)
    context = home(None, user=author)
    assert figures(context) == {
        "Your views in November so far": ("3", "0 in all of October"),
        "Your earnings in November so far": (
            "€0.00",
            "paid after the month has closed; 3 views have no price yet",
        ),
        "Your published blogs": ("1", None),
        "Waiting for review": ("0", None),
    }
    assert texts(context) == ["1 draft of yours is not submitted for review yet"]
    assert sum(row["number"] for row in find_section(context, "views")["days"]) == 3


@pytest.mark.thorough
@pytest.mark.any_database
def test_author_sees_own_earnings_rounded_for_show(home):
    make_month()
    author = make_user(groups=["Authors"])
    blog = make_blog(author=author, category=make_category("Tech"))
    make_count(blog, 1235, dt.date(2026, 11, 2))
    make_count(make_blog(category=blog.category), 700, dt.date(2026, 11, 2))
    assert figures(home(None, user=author))["Your earnings in November so far"] == (
        "€12.35",
        "paid after the month has closed",
    )


@pytest.mark.thorough
@pytest.mark.any_database
def test_earnings_of_a_view_without_a_price_are_named_as_such(home):
    author = make_user(groups=["Authors"])
    make_count(make_blog(author=author), 1, dt.date(2026, 11, 2))
    note = figures(home(None, user=author))["Your earnings in November so far"][1]
    assert note == "paid after the month has closed; 1 view has no price yet"


def make_waiting():
    """8 views of July without a price, and 1,000 of August, paid too little to pay out."""
    blog = make_blog(category=make_category("Tech"), author=make_user(groups=["Authors"]))
    make_price(blog.category, "10", dt.date(2026, 8, 1))
    make_count(blog, 100, dt.date(2026, 8, 1))
    batch, _ = steps.build_batch(month=dt.date(2026, 8, 1), at=AT)
    approve(steps.submit_batch(batch=batch, by=make_user(), at=AT), at=AT)
    make_count(blog, 8, dt.date(2026, 7, 4))
    return blog


@pytest.mark.thorough
def test_money_and_views_that_wait_are_shown_with_their_age(home, settings):
    settings.MINIMUM_PAYOUT = Decimal(10)
    blog = make_waiting()
    make_count(blog, 50, dt.date(2026, 8, 2))
    shown = {
        "Views that wait for a price": (
            "8",
            "no price yet; the oldest for 141 days, since 4 Jul 2026",
        ),
    }
    finance = figures(home("Finance"))
    of_payments = "1 payment; the oldest for 82 days, since 1 Sep 2026"
    assert finance.items() >= (shown | {"Carried forward": ("€1.00", of_payments)}).items()
    late = "carried forward, views on no batch yet; the oldest for 82 days, since 1 Sep 2026"
    author = figures(home(None, user=blog.author))
    assert author.items() >= (shown | {"Money that waits": ("€1.50", late)}).items()


@pytest.mark.thorough
@pytest.mark.any_database
def test_finance_is_asked_about_what_waits_too_long(home, settings):
    settings.MINIMUM_PAYOUT = Decimal(10)
    make_waiting()
    task = "€1.00 of 1 author and 8 views without a price waited for more than 60 days"
    assert task in texts(home("Finance"))
    assert task not in texts(home("Approvers"))
    settings.OUTSTANDING_ALARM_DAYS = 141
    assert not any("waited" in text for text in texts(home("Finance")))


@pytest.mark.thorough
@pytest.mark.any_database
def test_finance_is_asked_for_the_prices_that_views_wait_for(home):
    make_count(make_blog(category=make_category("Food")), 30, dt.date(2026, 10, 1))
    find_in_open_months(at=AT)
    task = "30 views wait for a price of Food: add it, or exclude them"
    assert task in texts(home("Finance"))
    assert task not in texts(home("Auditors"))


@pytest.mark.thorough
@pytest.mark.any_database
@pytest.mark.parametrize("group", ["Editors", "Finance", "Approvers", "Auditors"])
def test_nobody_sees_the_earnings_of_an_author(home, group):
    make_month()
    assert "Your earnings in November so far" not in figures(home(group))


@pytest.mark.thorough
def test_chart_has_every_day_also_as_text(home):
    make_month()
    days = find_section(home("Finance"), "views")["days"]
    assert len(days) == 30
    assert days[0]["day"] == dt.date(2026, 11, 22)
    assert days[1] == {"day": dt.date(2026, 11, 21), "number": 2000}


@pytest.mark.thorough
@pytest.mark.any_database
def test_auditor_sees_the_last_run_of_each_job(home):
    for hour, status in ((1, "succeeded"), (2, "failed")):
        JobRun.objects.create(
            name="fold_views", status=status, started_at=AT.replace(hour=hour), output="said"
        )
    assert [run.status for run in find_section(home("Auditors"), "job_runs")] == ["failed"]


@pytest.mark.any_database
def test_somebody_without_a_role_gets_a_page_that_says_so(home):
    context = home(None, user=make_user())
    assert (context["cards"], context["tasks"]) == ([], [])
    assert find_section(context, "views") is None


@pytest.mark.thorough
def test_number_of_queries_does_not_grow_with_an_authors_blogs(
    home, client, django_assert_max_num_queries
):
    author = make_user(groups=["Authors"])
    home(None, user=author)
    queries = []
    for number in range(20):
        blog = make_blog(author=author)
        make_price(blog.category, "10", dt.date(2026, 1, 1))
        make_count(blog, 1, dt.date(2026, 11, 1 + number))
        if number in (1, 19):
            with django_assert_max_num_queries(30) as captured:
                client.get(reverse("admin:index"))
            queries.append(len(captured))
    assert queries[0] == queries[1]


@pytest.mark.thorough
def test_number_of_queries_does_not_grow(home, client, django_assert_max_num_queries):
    home("Auditors")
    queries = []
    for number in range(20):
        make_count(make_blog(), 1, dt.date(2026, 11, 1 + number))
        if number in (1, 19):
            with django_assert_max_num_queries(20) as captured:
                client.get(reverse("admin:index"))
            queries.append(len(captured))
    assert queries[0] == queries[1]
