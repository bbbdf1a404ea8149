"""The home page of each role: its panels, and that a figure's list shows the same number."""

import datetime as dt
from decimal import Decimal

import pytest
import time_machine
from django.core.management import call_command
from django.urls import reverse

from billing.figures import (
    cost_by_month,
    load_prices,
    price_out,
    sum_by_day,
)
from billing.models import CategoryPrice, Payment
from billing.payouts import steps
from billing.payouts.batch_checks import find_flags
from billing.payouts.holds import hold_payment
from tests.factories import (
    approve,
    make_blog,
    make_category,
    make_count,
    make_price,
    make_user,
)
from weblog.models import Blog

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

AT = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)
SEPTEMBER, OCTOBER = dt.date(2026, 9, 1), dt.date(2026, 10, 1)


@pytest.fixture(autouse=True)
def in_november():
    with time_machine.travel(AT, tick=False):
        yield


@pytest.fixture
def home(client):
    """Return a function that opens the home page of a person with these roles."""
    call_command("loaddata", "10_groups", "30_billing_groups", verbosity=0)

    def home(*groups, user=None):
        client.force_login(user or make_user(groups=groups))
        response = client.get(reverse("admin:index"))
        response.panels = {each.name: each.content for each in response.context["sections"]}
        return response

    return home


def make_batch(month, views=1000, *, blog=None):
    blog = blog or make_blog(category=make_category("Tech"))
    if not CategoryPrice.objects.filter(category=blog.category).exists():
        make_price(blog.category, "10", dt.date(2026, 1, 1))
    make_count(blog, views, month)
    return steps.build_batch(month=month, at=AT)[0]


def make_approved(month, **values):
    batch = steps.submit_batch(batch=make_batch(month, **values), by=make_user(), at=AT)
    return approve(batch, at=AT)


def cards(response):
    return {card["label"]: card for card in response.context["cards"]}


def test_figure_of_what_is_due_leads_to_a_list_of_the_same_payments(home, client):
    make_approved(SEPTEMBER)
    make_batch(OCTOBER, 3000, blog=make_blog(category=make_category("Tech")))  # a draft is not due
    due = cards(home("Finance"))["Due at the bank"]
    assert (due["value"], due["note"]) == ("€10.00", "1 payment")
    listed = client.get(due["link"]).context["cl"]
    assert [str(payment.amount) for payment in listed.result_list] == ["10.000000"]


@pytest.mark.thorough
def test_figure_of_what_is_held_leads_to_a_list_of_the_same_payments(home, client):
    batch = make_batch(SEPTEMBER)
    hold_payment(payment=batch.payments.get(), by=make_user(), reason="No contract", at=AT)
    approve(steps.submit_batch(batch=batch, by=make_user(), at=AT), at=AT)
    held = cards(home("Finance"))["On hold"]
    since = "1 payment; the oldest for 52 days, since 1 Oct 2026"
    assert (held["value"], held["note"]) == ("€10.00", since)
    listed = client.get(held["link"]).context["cl"].result_list
    assert [payment.pk for payment in listed] == [batch.payments.get().pk]
    assert Payment.objects.count() == 1


@pytest.mark.thorough
def test_finance_reads_what_blocks_the_next_batch(home):
    batch = make_batch(OCTOBER)
    response = home("Finance")
    assert response.panels["blockers"] == {"batch": batch, "blockers": []}
    assert "can be submitted" in response.content.decode()
    make_count(make_blog(category=make_category("Food")), 5, OCTOBER)
    (blocker,) = home("Finance").panels["blockers"]["blockers"]
    assert blocker.message.startswith("Food had views in October 2026 on days without a price.")


@pytest.mark.thorough
@pytest.mark.any_database
def test_finance_reads_what_comes_next(home, settings):
    settings.CRON_TIME_ZONE = "Europe/Berlin"
    make_price(make_category("Tech"), "15")
    make_price(make_category("Tech"), "17.5", dt.date(2027, 1, 1))
    ahead = [(one.day, one.text) for one in home("Finance").panels["ahead"]]
    assert ahead == [
        (dt.date(2026, 11, 23), "Batches of closed months are built, at 03:20"),
        (dt.date(2026, 12, 1), "November is over"),
        (dt.date(2026, 12, 3), "November can be paid, its days of grace are over"),
        (dt.date(2027, 1, 1), "Tech changes to €17.50 per 1,000 views"),
    ]


def test_cost_by_month_is_exact_where_a_price_begins_within_a_month():
    tech, food = (
        make_blog(category=make_category("Tech")),
        make_blog(category=make_category("Food")),
    )
    make_price(tech.category, "10", dt.date(2026, 1, 1))
    make_price(tech.category, "20.001", dt.date(2026, 10, 16))
    make_price(food.category, "6", dt.date(2026, 10, 2))
    make_count(tech, 7, dt.date(2026, 9, 30))
    make_count(tech, 11, dt.date(2026, 10, 15))
    make_count(tech, 13, dt.date(2026, 10, 16))
    make_count(food, 5, dt.date(2026, 10, 1))
    make_count(food, 3, dt.date(2026, 10, 2))
    found = find_costs(SEPTEMBER, OCTOBER)
    assert found[SEPTEMBER][tech.category_id].costs == {"EUR": Decimal("0.07")}
    assert found[OCTOBER][tech.category_id].costs == {"EUR": Decimal("0.370013")}
    of_food = found[OCTOBER][food.category_id]
    assert (of_food.views, of_food.costs, of_food.unpriced) == (8, {"EUR": Decimal("0.018")}, 5)


def find_costs(first, last):
    sums = sum_by_day(first=first, last=AT.date())
    return cost_by_month(sums, load_prices(), first=first, last=last)


def test_sums_by_day_cost_what_the_months_cost(django_assert_num_queries):
    blog = make_blog(category=make_category("Tech"))
    make_price(blog.category, "10", dt.date(2026, 1, 1))
    make_count(blog, 7, dt.date(2026, 10, 31))
    make_count(blog, 9, dt.date(2026, 11, 1))
    with django_assert_num_queries(4):
        prices = load_prices()
        sums = sum_by_day(first=OCTOBER, last=dt.date(2026, 11, 30))
        months = find_costs(OCTOBER, dt.date(2026, 11, 1))
    assert price_out(sums, prices).costs == {"EUR": Decimal("0.16")}
    assert [next(iter(costs.values())).views for costs in months.values()] == [7, 9]


@pytest.mark.thorough
def test_cost_of_twelve_months_stands_as_a_chart_and_as_a_table(home):
    make_batch(OCTOBER)
    response = home("Finance")
    costs = response.panels["costs"]
    assert len(costs["rows"]) == 12
    assert costs["rows"][1] == {
        "month": OCTOBER,
        "costs": [("Tech", "€10.00")],
        "total": "€10.00",
    }
    assert '"10.00"' in costs["data"]
    assert "Cost in 12 months by category, in numbers" in response.content.decode()


@pytest.mark.thorough
def test_cost_names_a_category_that_has_no_price_and_the_views_that_wait_for_one(home):
    make_batch(OCTOBER)
    make_count(make_blog(category=make_category("Food")), 5, OCTOBER)
    late = make_blog(category=make_category("Garden"))
    make_price(late.category, "10", dt.date(2026, 10, 2))
    for day, views in ((OCTOBER, 1), (dt.date(2026, 10, 2), 500)):
        make_count(late, views, day)
    row = home("Finance").panels["costs"]["rows"][1]
    assert row["costs"] == [
        ("Food", "5 views without a price"),
        ("Garden", "€5.00, 1 view without a price"),
        ("Tech", "€10.00"),
    ]
    assert row["total"] == "€15.00"


@pytest.mark.thorough
def test_approver_reads_since_when_a_batch_waits_what_is_flagged_and_what_bars_them(home):
    approver = make_user(groups=["Approvers"])
    batch = make_batch(OCTOBER)
    steps.submit_batch(batch=batch, by=approver, at=AT - dt.timedelta(days=3))
    (waiting,) = home(user=approver).panels["approvals"]
    assert (waiting["age"], waiting["limits"]) == ("3\xa0days", ["You submitted this batch."])
    assert waiting["flags"] == len(find_flags(batch)) > 0
    response = home("Approvers")
    (waiting,) = response.panels["approvals"]
    assert waiting["limits"] == []
    assert "Its page says whether something that you did keeps you" in response.content.decode()


@pytest.mark.thorough
@pytest.mark.any_database
def test_whoever_has_many_roles_sees_one_part_of_the_page_at_a_time(home, client):
    page = home("Finance", "Approvers", "Auditors")
    assert "approvals" not in page.panels
    assert "ahead" in page.panels
    titles = [(part.title, is_chosen) for part, is_chosen in page.context["parts"]]
    assert titles == [("Payments", True), ("Approval", False), ("Audit", False)]
    for part, panel in (("approval", "approvals"), ("audit", "proof"), ("nonsense", "ahead")):
        response = client.get(reverse("admin:index"), {"part": part})
        assert panel in {each.name for each in response.context["sections"]}
    assert "Nothing in this part right now." in response.content.decode()


@pytest.mark.thorough
@pytest.mark.any_database
def test_what_is_of_none_of_ones_parts_stands_beside_each_of_them(home, client):
    author = make_user(groups=["Authors", "Finance", "Approvers", "Auditors"])
    make_blog(author=author, status=Blog.Status.DRAFT)
    make_batch(OCTOBER)
    page = home(user=author)
    assert [part.name for part, _ in page.context["parts"]] == ["payments", "approval", "audit"]
    assert {"own_blogs", "batches"} <= page.panels.keys()
    page = client.get(reverse("admin:index"), {"part": "audit"})
    names = {each.name for each in page.context["sections"]}
    assert "own_blogs" in names
    assert names.isdisjoint({"batches", "ahead"})
    reader = make_user(groups=["Approvers", "Auditors", "Editors"])
    assert "batches" in home(user=reader).panels


@pytest.mark.thorough
def test_approver_without_a_batch_reads_that_none_waits(home):
    response = home("Approvers")
    assert response.panels["approvals"] == []
    assert "No batch waits for a signature." in response.content.decode()


@pytest.mark.thorough
def test_auditor_reads_seals_verification_findings_acts_and_losses(home):
    facts = {fact.name: fact.value for fact in home("Auditors").panels["proof"]}
    assert facts == {
        "Last seal": "Nothing is sealed yet",
        "Last verification": "None yet: begin one",
        "Open findings": "0",
        "Views lost for good": "0",
    }
    make_approved(OCTOBER)
    response = home("Auditors")
    facts = {fact.name: fact.value for fact in response.panels["proof"]}
    assert facts["Last seal"] == "Number 1, 22 Nov 2026, 13:00"
    assert facts["Acts that bar somebody from approving"] == "1 act of 1 person, for October 2026"
    assert "blockers" not in response.panels


@pytest.mark.thorough
@pytest.mark.any_database
def test_editor_reads_the_queue_with_its_age_what_comes_and_what_is_read_most(home):
    long_ago = AT - dt.timedelta(days=5)
    waits = make_blog(title="Tea", status=Blog.Status.IN_REVIEW, submitted_at=long_ago)
    comes = make_blog(title="Later", publish_at=AT + dt.timedelta(days=2))
    for views in (3, 900):
        make_count(make_blog(title=f"Read {views}"), views, dt.date(2026, 11, 2))
    response = home("Editors")
    assert [one.blog for one in response.panels["review_queue"]["waiting"]] == [waits]
    assert "5\xa0days" in response.content.decode()
    assert [one.title for one in response.panels["coming_up"]] == [comes.title]
    assert [(row.blog.title, row.views) for row in response.panels["top_blogs"]] == [
        ("Read 900", 900),
        ("Read 3", 3),
    ]
    assert "costs" not in response.panels


@pytest.mark.thorough
def test_person_with_two_roles_sees_both_parts(home):
    make_batch(OCTOBER)
    assert {"blockers", "costs", "review_queue"} <= home("Finance", "Editors").panels.keys()
    assert {"approvals", "proof"} <= home("Approvers", "Auditors").panels.keys()
    author = make_user(groups=["Authors", "Finance"])
    make_blog(author=author)
    assert {"own_blogs", "own_views", "blockers"} <= home(user=author).panels.keys()


@pytest.mark.thorough
@pytest.mark.any_database
def test_authors_figure_of_earnings_leads_to_their_earnings(home, client):
    author = make_user(groups=["Authors"])
    card = cards(home(user=author))["Your earnings in November so far"]
    assert client.get(card["link"]).status_code == 200
