"""Views left out of a batch before its approval, or pushed into it: each is named."""

import datetime as dt
from collections import Counter
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction

from billing import verification
from billing.counting.folding import fold_views
from billing.counting.retention import retire_day
from billing.errors import BatchTampered
from billing.findings.decisions import accept_finding, exclude_views
from billing.models import (
    BlogView,
    CategoryPrice,
    Finding,
    Payment,
    PaymentLine,
    PayoutBatch,
    Verification,
    ViewSeal,
)
from billing.payouts import steps
from billing.proof.chains import hash_link
from billing.proof.digests import digest_batch, hash_payment, read_payments
from billing.verification import verify_payouts
from billing.verification.differences import Difference
from billing.verification.reports import report_run
from billing.verification.submissions import check_submissions
from billing.verification.taken_in import check_taken_in
from tests.billing.tampering import without_guards
from tests.factories import (
    approve,
    make_blog,
    make_category,
    make_click,
    make_finding,
    make_price,
    make_user,
    make_view_seal,
)

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

SEPTEMBER = dt.date(2026, 9, 1)
OCTOBER = dt.date(2026, 10, 1)
IN_OCTOBER = dt.datetime(2026, 10, 22, 12, tzinfo=dt.UTC)
IN_NOVEMBER = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)
LINES = PaymentLine.objects.filter(kind="views")


def read(blog, day, number, *, first=0, seconds=0):
    """Let `number` readers open the blog at noon."""
    start = dt.datetime.combine(day, dt.time(12), tzinfo=dt.UTC)
    for n in range(first, first + number):
        make_click(blog, seconds + n, start=start, ip_address=f"192.0.2.{n}")


def submit(month, at, **how):
    if how:
        how["by"] = make_user()
    batch, _ = steps.build_batch(month=month, at=at, **how)
    return steps.submit_batch(batch=batch, by=make_user(), at=at)


@pytest.fixture
def blog():
    category = make_category()
    make_price(category, "10")
    blog = make_blog(category=category, title="Tides")
    read(blog, SEPTEMBER.replace(day=3), 4)
    read(blog, SEPTEMBER.replace(day=20), 3)
    return blog


@pytest.fixture
def september(blog):
    return submit(SEPTEMBER, IN_OCTOBER)


def derive(month=SEPTEMBER):
    numbers = Counter()
    check_taken_in(Verification(), month.isoformat(), "", numbers)
    return numbers


def forge(line, days):
    """Give a line other days before its batch is approved, with all that follows from them."""
    with without_guards():
        views = sum(int(part.split(":")[1]) for part in days.split())
        amount = line.price_per_1000 * views / 1000
        PaymentLine.objects.filter(pk=line.pk).update(days=days, views=views, amount=amount)
        if not views:
            PaymentLine.objects.filter(pk=line.pk).delete()


def test_what_the_application_takes_in_is_derived_the_same_again(blog, september):
    approve(september, at=IN_OCTOBER)
    read(blog, OCTOBER.replace(day=5), 2)
    read(blog, SEPTEMBER.replace(day=3), 2, first=10)  # late
    october = submit(OCTOBER, IN_NOVEMBER)
    assert sorted(october.payments.get().lines.values_list("days", flat=True)) == ["3:2", "5:2"]
    read(blog, SEPTEMBER.replace(day=20), 1, first=20)  # on no batch yet
    fold_views(at=IN_NOVEMBER)
    assert (derive(), derive(OCTOBER)) == ({}, {})


@pytest.mark.thorough
@pytest.mark.parametrize("days", ["3:3 20:3", "3:5 20:3", "3:4", "3:3 20:4", ""])
def test_days_that_no_seal_gives_are_named(september, days):
    forge(LINES.get(), days)
    with pytest.raises(Difference, match=r"September 2026” .* of “Tides” .* due to it by what was"):
        derive()


@pytest.mark.thorough
@pytest.mark.parametrize("days", ["3:1", ""])
def test_late_views_left_out_of_the_next_batch_are_named(blog, september, days):
    approve(september, at=IN_OCTOBER)
    read(blog, OCTOBER.replace(day=5), 2)
    read(blog, SEPTEMBER.replace(day=3), 2, first=10)
    submit(OCTOBER, IN_NOVEMBER)
    forge(LINES.get(payment__batch__month=OCTOBER, month=SEPTEMBER), days)
    with pytest.raises(Difference, match=r"October 2026.* but 2 were due to it"):
        derive()


@pytest.mark.thorough
def test_views_that_came_after_the_submission_are_not_to_be_in_the_batch(blog, september):
    read(blog, SEPTEMBER.replace(day=3), 2, first=10)
    fold_views(at=IN_OCTOBER)
    assert derive() == {}
    forge(LINES.get(), "3:6 20:3")
    with pytest.raises(Difference, match=r"takes in 6 views of .*2026-09-03, but 4 were due"):
        derive()


@pytest.mark.thorough
def test_click_after_the_submission_that_makes_one_double_changes_nothing_then(blog, september):
    read(blog, SEPTEMBER.replace(day=3), 1, seconds=7)
    fold_views(at=IN_OCTOBER)
    assert september.payments.get().lines.get().days == "3:4 20:3"
    assert derive() == {}
    forge(LINES.get(), "3:3 20:3")
    with pytest.raises(Difference, match=r"takes in 3 views of .* 4 were due"):
        derive()


@pytest.mark.thorough
def test_views_excluded_before_are_left_out_and_those_excluded_after_are_in(blog):
    fold_views(at=IN_OCTOBER)
    first, second, *_ = BlogView.objects.filter(day=SEPTEMBER.replace(day=3))
    exclude(first)
    september = approve(submit(SEPTEMBER, IN_OCTOBER), at=IN_OCTOBER)
    assert september.payments.get().lines.get().days == "3:3 20:3"
    exclude(second)
    assert derive() == {}
    forge(LINES.get(), "3:2 20:3")
    with pytest.raises(Difference, match=r"takes in 2 views of .* 3 were due"):
        derive()


def exclude(view):
    numbers = {"clicks": 1, "share": 1, "month_views": 7}
    facts = {"day": view.day, "reader_key": view.reader_key, "numbers": numbers}
    finding = make_finding(view.blog, month=SEPTEMBER, **facts)
    exclude_views(finding=finding, by=make_user(), reason="Odd", at=IN_OCTOBER)


@pytest.mark.thorough
@pytest.mark.parametrize("views", [40, 65, 41, 39])
def test_views_held_back_are_in_the_next_batch(blog, views):
    read(blog, SEPTEMBER.replace(day=9), 40)
    noon = dt.datetime(2026, 9, 9, 12, tzinfo=dt.UTC)
    for n in range(25):
        make_click(
            blog, n, start=noon, ip_address="203.0.113.9", user_agent=f"Mozilla/5.0 Made/{n}"
        )
    september = submit(SEPTEMBER, IN_OCTOBER)
    assert september.payments.get().lines.get().days == "3:4 9:40 20:3"
    forge(LINES.get(), f"3:4 9:{views} 20:3")
    if views == 40:
        approve(september, at=IN_OCTOBER)
        finding = Finding.objects.get(kind="many_agents")
        accept_finding(finding=finding, by=make_user(), reason="Fine", at=IN_NOVEMBER)
        read(blog, OCTOBER.replace(day=5), 2)
        submit(OCTOBER, IN_NOVEMBER)
        assert derive() == {}
        forge(LINES.get(payment__batch__month=OCTOBER, month=SEPTEMBER), "9:24")
        views = 24
    with pytest.raises(Difference, match=f"takes in {views} views of .*, but (40|25) were due"):
        derive()


@pytest.mark.thorough
def test_price_that_came_later_changes_nothing_then(blog):
    price = CategoryPrice.objects.get()
    price.effective_from = SEPTEMBER.replace(day=10)
    price.save()
    september = submit(SEPTEMBER, IN_OCTOBER, leave_out="Not agreed")
    assert september.payments.get().lines.get().days == "20:3"
    approve(september, at=IN_OCTOBER)
    make_price(blog.category, "10", SEPTEMBER)
    assert derive() == {}
    submit(OCTOBER, IN_NOVEMBER)
    assert derive() == {}
    forge(LINES.get(payment__batch__month=OCTOBER), "")
    with pytest.raises(Difference, match=r"takes in 0 views of .* 4 were due"):
        derive()


@pytest.mark.thorough
def test_what_is_dropped_or_built_again_is_counted_as_untold(blog, september):
    approve(september, at=IN_OCTOBER)
    read(blog, SEPTEMBER.replace(day=3), 2, first=10)
    fold_views(at=IN_OCTOBER)
    retire_day(SEPTEMBER.replace(day=3), at=IN_NOVEMBER)
    assert derive() == {"untold": 1}
    assert derive(OCTOBER) == {}


@pytest.mark.thorough
def test_draft_beside_that_was_built_again_is_untold(blog):
    fold_views(at=IN_NOVEMBER)
    draft, _ = steps.build_batch(month=SEPTEMBER, at=IN_NOVEMBER)
    read(blog, SEPTEMBER.replace(day=3), 2, first=10)
    read(blog, OCTOBER.replace(day=5), 2)
    submit(OCTOBER, IN_NOVEMBER)
    assert derive() == {}
    draft = steps.rebuild_batch(batch=draft, by=make_user(), at=IN_NOVEMBER)
    steps.submit_batch(batch=draft, by=make_user(), at=IN_NOVEMBER)
    assert derive() == {"untold": 1}


@pytest.mark.thorough
def test_batch_changed_between_submission_and_approval_is_not_as_its_seal_says(
    september, monkeypatch
):
    """Digests that fit are made anew; the seal of views has the one that was submitted."""
    forge(LINES.get(), "3:3 20:3")
    with without_guards():
        sign_anew()
    with pytest.raises(BatchTampered):
        approve(PayoutBatch.objects.get(), at=IN_OCTOBER)
    monkeypatch.setattr(steps, "check_entries", sign_blindly)
    approve(PayoutBatch.objects.get(), at=IN_OCTOBER)
    assert "seal 3 of views says" in verify_payouts().difference


@pytest.mark.thorough
def test_batch_and_seal_changed_between_submission_and_approval_are_named_by_their_views(
    september, monkeypatch
):
    monkeypatch.delitem(verification.DERIVED, "acts")  # which name it first, by their effect
    forge(LINES.get(), "3:3 20:3")
    with without_guards():
        before = september.digest
        after = sign_anew()
        seal = ViewSeal.objects.order_by("number").last()
        content = seal.content.replace(before, after)
        ViewSeal.objects.filter(pk=seal.pk).update(
            content=content, hash=hash_link(content, seal.previous_hash)
        )
    monkeypatch.setattr(steps, "check_entries", sign_blindly)
    approve(PayoutBatch.objects.get(), at=IN_OCTOBER)
    assert "takes in 3 views of “Tides”" in verify_payouts().difference


def sign_blindly(batch):
    """Stand for a version that signs without looking at what the batch rests on."""


def sign_anew():
    """Give the batch of a forged line the digests that fit, as the owner of the database can."""
    batch = PayoutBatch.objects.get()
    Payment.objects.update(amount=Decimal("0.06"), rounding=0, carried_amount=0)
    (stored,) = read_payments(batch)
    PaymentLine.objects.update(digest=stored.line_digests[0])
    Payment.objects.update(digest=hash_payment(stored.facts, stored.line_digests))
    digest = digest_batch(batch)
    PayoutBatch.objects.update(digest=digest)
    PayoutBatch.history.filter(status="submitted").update(digest=digest)
    return digest


def test_submission_without_a_seal_is_refused_by_the_database(blog):
    fold_views(at=IN_OCTOBER)
    steps.build_batch(month=SEPTEMBER, at=IN_OCTOBER)
    with pytest.raises(IntegrityError, match="with a seal of the views"), transaction.atomic():
        PayoutBatch.objects.update(
            status="submitted", digest="d", submitted_by=make_user(), submitted_at=IN_OCTOBER
        )


@pytest.mark.thorough
def test_batch_from_before_the_seals_is_told_and_a_later_one_without_is_named(blog, september):
    approve(september, at=IN_OCTOBER)
    read(blog, OCTOBER.replace(day=5), 2)
    with without_guards():
        ViewSeal.objects.filter(kind="submission").delete()
    approve(submit(OCTOBER, IN_NOVEMBER), at=IN_NOVEMBER)
    assert verify_payouts().difference == ""
    assert "it came under seal. September 2026." in "\n".join(report_run(verify_payouts()))
    with without_guards():
        ViewSeal.objects.filter(kind="submission").delete()
        make_view_seal(SEPTEMBER, "submission", attempt=1, digest=september.digest)
    with pytest.raises(Difference, match=r"October 2026.* was submitted without a seal of views"):
        check_submissions(Verification(), "", "", Counter())
