import datetime as dt

import pytest
from django.core.management import call_command
from django.db import IntegrityError, transaction

from billing.counting.folding import fold_views
from billing.errors import BillingError, MonthSigned, ReasonRequired, WrongStatus
from billing.findings.decisions import (
    accept_finding,
    exclude_views,
    find_findings,
    find_in_open_months,
    reopen_finding,
)
from billing.models import (
    BlogView,
    DailyViewCount,
    Finding,
    MonthlyViewCount,
    PaymentLine,
)
from billing.payouts.steps import build_batch, rebuild_batch, return_batch, submit_batch
from tests.billing.tampering import change, clear
from tests.factories import (
    make_blog,
    make_category,
    make_click,
    make_count,
    make_price,
    make_retired_total,
    make_user,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("lock_order"), pytest.mark.slow]

AT = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)
IN_DECEMBER = dt.datetime(2026, 12, 22, 12, tzinfo=dt.UTC)
OCTOBER = dt.date(2026, 10, 1)
NOVEMBER = dt.date(2026, 11, 1)
Outcome = BlogView.Outcome
Kind = Finding.Kind
Status = Finding.Status


@pytest.fixture
def clerk():
    return make_user("finn")


@pytest.fixture
def blog():
    category = make_category("Tech")
    make_price(category, "10")
    return make_blog(category=category)


@pytest.fixture
def finding(blog):
    """One reader with 40 of the blog's 100 counted views."""
    for n in range(60):
        make_click(blog, n * 40, ip_address=f"198.51.100.{n}", user_agent=f"Mozilla/5.0 Made/{n}")
    for n in range(40):
        make_click(blog, n * 40)
    assert look() == 1
    return Finding.objects.get()


def look():
    fold_views(at=AT)
    return find_findings(month=OCTOBER, at=AT)


def counted():
    """Return the counted views by day, by month and as rows, which must agree."""
    rows = BlogView.objects.filter(outcome=Outcome.COUNTED).count()
    days = sum(DailyViewCount.objects.values_list("views", flat=True))
    months = sum(MonthlyViewCount.objects.values_list("views", flat=True))
    assert rows == days == months
    return rows


def exclude(finding, by):
    return exclude_views(finding=finding, by=by, reason="A script.", at=AT)


def reopen(finding, by):
    return reopen_finding(finding=finding, by=by, reason="A school.", at=AT)


def test_finding_changes_no_count(finding):
    assert (finding.status, finding.views, finding.found_at) == (Status.OPEN, 40, AT)
    assert finding.history.get().history_change_reason == "Found"
    assert counted() == 100


def test_finding_again_changes_nothing(finding):
    assert look() == 0
    assert Finding.objects.get() == finding
    assert finding.history.count() == 1


def test_open_finding_gets_the_numbers_of_today(finding, blog):
    make_click(blog, 5000)
    assert look() == 0
    finding.refresh_from_db()
    assert (finding.views, finding.numbers["month_views"]) == (41, 101)
    assert finding.history.first().history_change_reason == "Found with other numbers"


def test_open_finding_that_is_no_longer_true_goes(finding, blog):
    BlogView.objects.filter(**finding.key).update(outcome=Outcome.PENDING)
    change(
        BlogView.objects.filter(**finding.key), outcome=Outcome.ROBOT, excluded_by="counter: bot"
    )
    assert look() == 0
    assert not Finding.objects.exists()
    assert Finding.history.first().history_type == "-"


@pytest.mark.any_database
def test_accepted_finding_stays_as_it_was_decided(finding, blog, clerk):
    accept_finding(finding=finding, by=clerk, reason="Our own proof-reader.", at=AT)
    make_click(blog, 5000)
    assert look() == 0
    finding.refresh_from_db()
    assert (finding.status, finding.views, finding.decided_by) == (Status.ACCEPTED, 40, clerk)
    step = finding.history.first()
    assert (step.history_user, step.history_change_reason) == (
        clerk,
        "Accepted: Our own proof-reader.",
    )
    assert counted() == 101


def test_excluded_views_leave_the_counts_and_keep_their_rows(finding, clerk):
    finding = exclude(finding, clerk)
    assert (finding.status, finding.reason, finding.decided_at) == (
        Status.EXCLUDED,
        "A script.",
        AT,
    )
    assert counted() == 60
    assert BlogView.objects.filter(outcome=Outcome.EXCLUDED, finding=finding).count() == 40
    assert finding.history.first().history_change_reason == "Excluded: A script."
    assert look() == 0


def test_pending_clicks_of_the_reader_are_counted_before_and_excluded_too(finding, blog, clerk):
    make_click(blog, 5000)
    assert exclude(finding, clerk).views == 41
    assert counted() == 60


def test_exclusion_is_taken_back(finding, clerk):
    finding = reopen(exclude(finding, clerk), clerk)
    assert (finding.status, finding.reason, finding.decided_by) == (Status.OPEN, "", None)
    assert counted() == 100
    assert not BlogView.objects.filter(finding=finding).exists()
    assert finding.history.first().history_change_reason == "Reopened: A school."
    assert look() == 0
    assert Finding.objects.count() == 1


@pytest.mark.any_database
def test_acceptance_is_taken_back(finding, clerk):
    accept_finding(finding=finding, by=clerk, reason="Ours.", at=AT)
    assert reopen(finding, clerk).status == Status.OPEN
    assert counted() == 100


def test_late_click_of_an_excluded_reader_counts_and_is_found_anew(finding, blog, clerk):
    exclude(finding, clerk)
    make_click(blog, 9)  # 9 s after a click that is excluded, and that stays so
    assert look() == 1
    assert counted() == 61
    late = Finding.objects.get(status=Status.OPEN)
    assert (late.kind, late.views, late.key) == (Kind.BUSY_READER, 1, finding.key)
    assert exclude(late, clerk).views == 1
    assert counted() == 60
    assert look() == 0


@pytest.mark.thorough
def test_late_click_before_an_excluded_one_is_its_double_click(finding, blog, clerk):
    exclude(finding, clerk)
    make_click(blog, 39 * 40 - 5)
    assert look() == 0
    assert counted() == 60


@pytest.mark.thorough
def test_reopened_views_count_by_the_same_rules_as_all_others(finding, blog, clerk):
    finding = exclude(finding, clerk)
    make_click(blog, 9)
    look()
    reopen(finding, clerk)
    assert counted() == 100  # 101 clicks, the first of the reader's is now a double click
    assert look() == 0
    assert Finding.objects.get().views == 40


@pytest.mark.thorough
def test_twice_excluded_and_once_reopened_leaves_the_one_reopened_open(finding, blog, clerk):
    exclude(finding, clerk)
    make_click(blog, 5000)
    look()
    exclude(Finding.objects.get(status=Status.OPEN), clerk)
    reopen(finding, clerk)
    assert look() == 0
    assert counted() == 100
    assert sorted(Finding.objects.values_list("status", "views")) == [("excluded", 1), ("open", 40)]


def test_same_views_are_never_excluded_twice(finding, clerk):
    other = Finding.objects.get()
    other.pk, other.fingerprint, other.kind = None, "other", Kind.BUSY_ADDRESS
    other.address_key, other.reader_key = (
        BlogView.objects.filter(**finding.key).first().address_key,
        None,
    )
    other.save()
    exclude(finding, clerk)
    with pytest.raises(WrongStatus, match="None of these views counts any more"):
        exclude(other, clerk)
    assert counted() == 60


@pytest.mark.any_database
@pytest.mark.parametrize("decide", [accept_finding, exclude_views, reopen_finding])
def test_every_decision_needs_its_reason(finding, clerk, decide):
    with pytest.raises(ReasonRequired):
        decide(finding=finding, by=clerk, reason=" ", at=AT)


@pytest.mark.any_database
@pytest.mark.parametrize(
    ("first", "second"),
    [
        (accept_finding, accept_finding),
        (accept_finding, exclude_views),
        (exclude_views, accept_finding),
        (exclude_views, exclude_views),
        (None, reopen_finding),
    ],
)
def test_decision_that_does_not_fit_is_refused(finding, clerk, first, second):
    if first:
        first(finding=finding, by=clerk, reason="First", at=AT)
    before = counted()
    with pytest.raises(WrongStatus):
        second(finding=finding, by=clerk, reason="Second", at=AT)
    assert counted() == before


@pytest.mark.any_database
def test_finding_about_a_whole_month_can_only_be_accepted(blog, clerk):
    for month in (7, 8, 9):
        make_count(blog, 100, dt.date(2026, month, 5))
    make_count(blog, 5000, dt.date(2026, 10, 5))
    assert find_findings(month=OCTOBER, at=AT) == 1
    spike = Finding.objects.get()
    with pytest.raises(WrongStatus, match="only be accepted"):
        exclude(spike, clerk)
    assert accept_finding(finding=spike, by=clerk, reason="In the news.").status == Status.ACCEPTED


@pytest.mark.any_database
def test_finding_that_is_gone_is_not_decided(finding, clerk):
    Finding.objects.all().delete()
    with pytest.raises(WrongStatus, match="gone"):
        exclude(finding, clerk)


def test_building_and_rebuilding_look_for_findings_first(blog, clerk):
    for n in range(40):
        make_click(blog, n * 40)
    batch, _ = build_batch(month=OCTOBER, at=AT)
    finding = Finding.objects.get(kind=Kind.BUSY_READER)
    for n in range(40):
        make_click(blog, n * 40, ip_address="203.0.113.9")
    rebuild_batch(batch=batch, by=clerk, at=AT)
    assert Finding.objects.filter(kind=Kind.BUSY_READER).count() == 2
    assert finding.found_at == AT


@pytest.mark.thorough
def test_exclusion_makes_a_draft_outdated_and_rebuilding_pays_the_rest(finding, clerk):
    batch, _ = build_batch(month=OCTOBER, at=AT)
    exclude(finding, clerk)
    with pytest.raises(BillingError, match="Rebuild"):
        submit_batch(batch=batch, by=clerk, at=AT)
    rebuild_batch(batch=batch, by=clerk, at=AT)
    assert PaymentLine.objects.get().views == 60
    submit_batch(batch=batch, by=clerk, at=AT)


@pytest.mark.thorough
def test_exclusion_stands_once_the_batch_is_signed_and_until_it_is_returned(finding, clerk):
    finding = exclude(finding, clerk)
    batch, _ = build_batch(month=OCTOBER, at=AT)
    submit_batch(batch=batch, by=clerk, at=AT)
    with pytest.raises(MonthSigned, match="October 2026 was signed"):
        reopen(finding, clerk)
    assert counted() == 60
    return_batch(batch=batch, by=make_user(), reason="A school.")
    reopen(finding, clerk)
    assert counted() == 100


@pytest.mark.thorough
def test_exclusion_after_signing_comes_off_with_the_next_batch(finding, blog, clerk):
    batch, _ = build_batch(month=OCTOBER, at=AT)
    submit_batch(batch=batch, by=clerk, at=AT)
    exclude(finding, clerk)
    make_count(blog, 500, dt.date(2026, 11, 5))
    later, _ = build_batch(month=NOVEMBER, at=IN_DECEMBER)
    lines = PaymentLine.objects.filter(payment__batch=later).values_list("month", "views")
    assert sorted(lines) == [(OCTOBER, -40), (NOVEMBER, 500)]
    assert PaymentLine.objects.get(payment__batch=batch).views == 100


@pytest.mark.thorough
def test_open_months_are_those_without_a_signed_batch(finding, blog, clerk, capsys):
    make_count(blog, 5, dt.date(2026, 11, 5))
    assert find_in_open_months(at=AT) == {OCTOBER: 0, NOVEMBER: 0}
    call_command("find_findings")
    assert capsys.readouterr().out == "0 new findings in 2026-10, 2026-11.\n"
    batch, _ = build_batch(month=OCTOBER, at=AT)
    submit_batch(batch=batch, by=clerk, at=AT)
    assert find_in_open_months(at=AT) == {NOVEMBER: 0}
    call_command("find_findings", month="2026-10")
    assert capsys.readouterr().out == "0 new findings in 2026-10.\n"


def test_findings_stay_when_their_views_were_retired(finding):
    make_retired_total(dt.date(2026, 10, 3), "counted", 1)
    clear(BlogView)
    assert look() == 0
    assert Finding.objects.get() == finding


def test_database_refuses_a_decision_without_its_reason(finding):
    with pytest.raises(IntegrityError), transaction.atomic():
        Finding.objects.filter(pk=finding.pk).update(status="excluded")
