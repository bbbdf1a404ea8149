"""Views of one address with many browsers wait for a decision, for a month at most."""

import datetime as dt

import pytest

from billing.counting.equation import month_equation
from billing.counting.folding import fold_views
from billing.errors import BatchOutdated
from billing.findings.decisions import accept_finding, exclude_views, find_findings
from billing.models import Finding, Payment, PaymentLine
from billing.payouts.batch_checks import find_flags
from billing.payouts.steps import build_batch, cancel_batch, rebuild_batch, submit_batch
from billing.verification import verify_payouts
from tests.factories import (
    NOON,
    approve,
    make_blog,
    make_category,
    make_click,
    make_price,
    make_user,
)

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

AT = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)
IN_DECEMBER = dt.datetime(2026, 12, 22, 12, tzinfo=dt.UTC)
OCTOBER, NOVEMBER = dt.date(2026, 10, 1), dt.date(2026, 11, 1)


@pytest.fixture
def blog():
    category = make_category("Tech")
    make_price(category, "10")
    return make_blog(category=category)


@pytest.fixture
def contested(blog):
    """65 views in October, 25 of them from one address that names another browser each time."""
    make_honest_views(blog, 40)
    make_hostile_views(blog, 25)
    fold_views(at=AT)
    find_findings(month=OCTOBER, at=AT)
    return Finding.objects.get(kind=Finding.Kind.MANY_AGENTS)


def make_honest_views(blog, number, start=NOON):
    for n in range(number):
        make_click(
            blog,
            n * 40,
            start=start,
            ip_address=f"198.51.100.{n}",
            user_agent=f"Mozilla/5.0 Made/{n}",
        )


def make_hostile_views(blog, number, start=NOON):
    for n in range(number):
        make_click(
            blog, n * 40, start=start, ip_address="192.0.2.66", user_agent=f"Mozilla/5.0 Fake/{n}"
        )


def build(month=OCTOBER, at=AT):
    batch, _ = build_batch(month=month, at=at)
    return batch


def sign(batch, at=AT):
    approve(submit_batch(batch=batch, by=make_user(), at=at), at=at)
    return batch


def views_on(batch):
    lines = PaymentLine.objects.filter(payment__batch=batch, kind="views")
    return {f"{line.month:%B}": line.views for line in lines.order_by("month")}


def where_october_stands():
    """Return (paid, on a draft, waiting), which together must be everything counted."""
    equation = month_equation(OCTOBER)
    assert equation.unexplained == 0
    assert equation.paid + equation.in_check + equation.held + equation.waiting == equation.counts
    return equation.paid, equation.in_check, equation.waiting


def verify():
    assert verify_payouts().difference == ""


def accept(finding):
    return accept_finding(finding=finding, by=make_user(), reason="A school's tablets.", at=AT)


@pytest.mark.thorough
def test_views_of_an_open_finding_are_left_out_of_their_month(contested):
    batch = build()
    assert views_on(batch) == {"October": 40}
    assert where_october_stands() == (0, 40, 25)
    sign(batch)
    assert where_october_stands() == (40, 0, 25)
    verify()


@pytest.mark.thorough
def test_decision_makes_the_draft_outdated_and_the_rebuilt_one_pays_all(contested):
    batch = build()
    accept(contested)
    with pytest.raises(BatchOutdated):
        submit_batch(batch=batch, by=make_user(), at=AT)
    rebuild_batch(batch=batch, by=make_user(), at=AT)
    assert views_on(sign(batch)) == {"October": 65}
    assert where_october_stands() == (65, 0, 0)


@pytest.mark.thorough
def test_views_accepted_after_the_batch_was_signed_come_in_with_the_next(contested, blog):
    sign(build())
    accept(contested)
    make_honest_views(blog, 5, start=NOON + dt.timedelta(days=31))
    november = build(NOVEMBER, IN_DECEMBER)
    assert views_on(november) == {"October": 25, "November": 5}
    assert "undecided_findings" not in {flag.code for flag in find_flags(november)}
    sign(november, IN_DECEMBER)
    assert where_october_stands() == (65, 0, 0)
    verify()


@pytest.mark.thorough
def test_excluded_views_are_never_paid(contested, blog):
    sign(build())
    exclude_views(finding=contested, by=make_user(), reason="A script.", at=AT)
    make_honest_views(blog, 5, start=NOON + dt.timedelta(days=31))
    assert views_on(build(NOVEMBER, IN_DECEMBER)) == {"November": 5}
    assert where_october_stands() == (40, 0, 0)


@pytest.mark.thorough
def test_nobody_holds_money_for_longer_than_to_the_next_batch(contested, blog):
    sign(build())
    november = NOON + dt.timedelta(days=31)
    make_honest_views(blog, 5, start=november)
    make_hostile_views(blog, 22, start=november)
    batch = build(NOVEMBER, IN_DECEMBER)
    assert contested.history.count() == 1
    assert views_on(batch) == {"October": 25, "November": 5}
    flag = next(flag for flag in find_flags(batch) if flag.code == "undecided_findings")
    assert flag.message.startswith("1 finding is of earlier months still open, with 25 views")
    sign(batch, IN_DECEMBER)
    assert where_october_stands() == (65, 0, 0)
    verify()


def test_honest_readers_of_the_same_blog_and_other_blogs_are_paid(contested, blog):
    other = make_blog(category=blog.category, author=blog.author)
    make_honest_views(other, 3)
    make_click(other, ip_address="192.0.2.66", user_agent="Mozilla/5.0 Fake/1")
    batch = build()
    lines = PaymentLine.objects.filter(payment__batch=batch)
    assert dict(lines.values_list("blog", "views")) == {blog.pk: 40, other.pk: 4}


def test_author_of_contested_views_alone_gets_no_payment_yet(blog):
    make_hostile_views(blog, 25)
    assert not Payment.objects.filter(batch=build()).exists()
    accept(Finding.objects.get(kind=Finding.Kind.MANY_AGENTS))


@pytest.mark.thorough
def test_views_that_a_later_batch_holds_are_not_taken_off_twice(contested, blog):
    october = build()
    make_honest_views(blog, 5, start=NOON + dt.timedelta(days=31))
    november = build(NOVEMBER, IN_DECEMBER)
    assert views_on(november) == {"October": 25, "November": 5}
    rebuild_batch(batch=october, by=make_user(), at=IN_DECEMBER)
    assert views_on(october) == {"October": 40}
    cancel_batch(batch=november, by=make_user(), reason="Too early.")
    assert where_october_stands() == (0, 40, 25)


@pytest.mark.any_database
def test_other_findings_hold_nothing_back(blog):
    make_honest_views(blog, 60)
    for n in range(40):
        make_click(blog, n * 40)
    fold_views(at=AT)
    find_findings(month=OCTOBER, at=AT)
    assert Finding.objects.get().kind == Finding.Kind.BUSY_READER
    assert views_on(build()) == {"October": 100}


@pytest.mark.any_database
def test_page_of_the_finding_says_that_its_views_wait(client, contested):
    client.force_login(make_user(is_superuser=True))
    page = client.get(f"/admin/billing/finding/{contested.pk}/change/").content.decode()
    assert "the batch of October 2026 leaves these views out" in page
    accept(contested)
    page = client.get(f"/admin/billing/finding/{contested.pk}/change/").content.decode()
    assert "leaves these views out" not in page


def test_holding_back_costs_two_queries_whatever_is_held(contested, django_assert_num_queries):
    from billing.findings.contested import find_contested

    with django_assert_num_queries(2):
        assert sum(sum(days.values()) for days in find_contested(OCTOBER).values()) == 25
    with django_assert_num_queries(1):
        assert find_contested(NOVEMBER) == {}
