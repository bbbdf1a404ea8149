"""Decisions about findings, their seals and their views: each that does not fit is named."""

import datetime as dt
from collections import Counter

import pytest

from billing.counting.folding import fold_views
from billing.findings.decisions import exclude_views, reopen_finding
from billing.models import BlogView, Finding, Verification
from billing.verification.decided_views import check_decided_views
from billing.verification.differences import Difference
from tests.billing.tampering import change, without_guards
from tests.factories import NOON, make_blog, make_click, make_finding, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.any_database, pytest.mark.slow]

LATER = NOON + dt.timedelta(days=2)
REASON = "Read by a machine"


@pytest.fixture
def finding():
    """A finding that takes two views of one reader out of the counts; another is left."""
    blog = make_blog()
    for seconds in (0, 100):
        make_click(blog, seconds)
    make_click(blog, 200, ip_address="192.0.2.9")
    fold_views(at=LATER)
    view = BlogView.objects.order_by("viewed_at").first()
    finding = make_finding(blog, day=view.day, reader_key=view.reader_key)
    return exclude_views(finding=finding, by=make_user(), reason=REASON, at=LATER)


def check():
    check_decided_views(Verification(), "2026-10-01", "", Counter())


def test_what_was_excluded_and_reopened_fits(finding):
    assert finding.views == 2
    check()
    reopen_finding(finding=finding, by=make_user(), reason=REASON, at=LATER)
    check()


def test_view_given_to_the_finding_or_taken_from_it_is_named(finding):
    other = BlogView.objects.get(outcome="counted")
    change(BlogView.objects.filter(pk=other.pk), outcome="excluded", finding=finding)
    with pytest.raises(Difference, match=r"excludes 3 views, but .* says that it excludes 2 views"):
        check()
    change(finding.excluded_views.all(), outcome="counted", finding=None)
    with pytest.raises(Difference, match="excludes 0 views"):
        check()


@pytest.mark.parametrize("status", ["open", "accepted"])
def test_decision_that_was_changed_is_named(finding, status):
    change(Finding.objects.filter(pk=finding.pk), status=status)
    with pytest.raises(Difference, match=f"is {status}, but .* says that it excludes 2 views"):
        check()


def test_decision_without_a_seal_is_named(finding):
    other = make_finding(finding.blog, day=finding.day)
    decided = {"reason": REASON, "decided_by": finding.decided_by, "decided_at": LATER}
    change(Finding.objects.filter(pk=other.pk), status="excluded", **decided)
    with pytest.raises(Difference, match="is excluded, but no seal of views says so"):
        check()


def test_finding_that_is_gone_is_named(finding):
    with without_guards():
        finding.excluded_views.update(outcome="counted", finding=None)
        Finding.objects.all().delete()
    with pytest.raises(Difference, match="is missing, but seal 2 of"):
        check()
