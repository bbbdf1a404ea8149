import datetime as dt
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from billing.errors import (
    AcknowledgementMissing,
    BatchBlocked,
    BatchOutdated,
    BatchTampered,
    FourEyesViolation,
    MissingPrice,
    MonthNotClosed,
    ReasonRequired,
    WrongStatus,
)
from billing.models import Payment, PaymentLine, PayoutBatch
from billing.payouts import steps
from billing.payouts.batch_checks import find_flags
from tests.billing.batches import AT, OCTOBER, SEPTEMBER, Status, make_batch
from tests.billing.tampering import without_guards
from tests.factories import (
    approve,
    make_blog,
    make_category,
    make_count,
    make_price,
    make_user,
    make_view_seal,
)

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql, pytest.mark.slow]


def facts(batch):
    return sorted(
        PaymentLine.objects.filter(payment__batch=batch).values_list(
            "blog_title", "month", "views", "price_per_1000", "amount"
        )
    )


def test_payment_is_the_exact_sum_of_its_lines_rounded_once():
    author = make_user(first_name="Ada", last_name="Example")
    category = make_category()
    make_price(category, "5")
    for title in ("a", "b", "c"):
        make_count(make_blog(author=author, category=category, title=title), 1)
    batch, is_new = steps.build_batch(month=OCTOBER, at=AT)
    payment = batch.payments.get()
    assert is_new
    assert payment.amount == Decimal("0.02")
    assert payment.exact_amount == Decimal("0.015")
    assert payment.rounding == Decimal("0.005")
    assert payment.author_name == "Ada Example"
    assert facts(batch) == [
        (title, OCTOBER, 1, Decimal(5), Decimal("0.005")) for title in ("a", "b", "c")
    ]


def test_price_that_changes_within_the_month_splits_the_line():
    blog = make_blog(title="a")
    make_price(blog.category, "10")
    make_price(blog.category, "12.345", dt.date(2026, 10, 15))
    make_count(blog, 100, dt.date(2026, 10, 14))
    make_count(blog, 200, dt.date(2026, 10, 15))
    batch, _ = steps.build_batch(month=OCTOBER, at=AT)
    assert facts(batch) == [
        ("a", OCTOBER, 100, Decimal(10), Decimal(1)),
        ("a", OCTOBER, 200, Decimal("12.345"), Decimal("2.469")),
    ]
    assert batch.payments.get().amount == Decimal("3.47")


def test_views_of_other_months_stay_out():
    blog = make_blog(title="a")
    make_price(blog.category, "10")
    make_count(blog, 100, dt.date(2026, 9, 30))
    make_count(blog, 200, dt.date(2026, 10, 31))
    make_count(blog, 400, dt.date(2026, 11, 1))
    batch, _ = steps.build_batch(month=OCTOBER, at=AT)
    assert facts(batch) == [("a", OCTOBER, 200, Decimal(10), Decimal(2))]


def test_late_views_of_a_month_with_a_batch_come_in_at_their_months_price():
    blog = make_blog(title="a")
    make_price(blog.category, "10")
    make_price(blog.category, "20", OCTOBER)
    make_count(blog, 100, dt.date(2026, 9, 10))
    steps.build_batch(month=SEPTEMBER, at=AT)
    make_count(blog, 50, dt.date(2026, 9, 11))
    make_count(blog, 100, dt.date(2026, 10, 11))
    batch, _ = steps.build_batch(month=OCTOBER, at=AT)
    assert facts(batch) == [
        ("a", SEPTEMBER, 50, Decimal(10), Decimal("0.5")),
        ("a", OCTOBER, 100, Decimal(20), Decimal(2)),
    ]


def test_views_taken_away_after_a_batch_come_in_negative():
    blog = make_blog(title="a")
    make_price(blog.category, "10")
    september = make_count(blog, 100, dt.date(2026, 9, 10))
    steps.build_batch(month=SEPTEMBER, at=AT)
    september.views, september.seal = 99, make_view_seal(SEPTEMBER)
    september.save()
    make_count(blog, 100, dt.date(2026, 10, 11))
    batch, _ = steps.build_batch(month=OCTOBER, at=AT)
    assert facts(batch) == [
        ("a", SEPTEMBER, -1, Decimal(10), Decimal("-0.01")),
        ("a", OCTOBER, 100, Decimal(10), Decimal(1)),
    ]
    assert batch.payments.get().amount == Decimal("0.99")


@pytest.mark.thorough
def test_sum_below_the_smallest_coin_is_carried_to_the_next_batch():
    blog = make_blog(title="a")
    make_price(blog.category, "4")
    make_count(blog, 1, dt.date(2026, 9, 10))
    september, _ = steps.build_batch(month=SEPTEMBER, at=AT)
    carried = september.payments.get()
    assert (carried.status, carried.amount) == ("carried", 0)
    assert carried.carried_amount == carried.exact_amount == Decimal("0.004")
    assert carried.status_reason == "There is nothing above zero to pay."
    september = steps.submit_batch(batch=september, by=make_user(), at=AT)
    assert approve(september, at=AT).status == Status.PAID
    make_count(blog, 1)
    october, _ = steps.build_batch(month=OCTOBER, at=AT)
    assert facts(october) == [
        ("", SEPTEMBER, 0, None, Decimal("0.004")),
        ("a", OCTOBER, 1, Decimal(4), Decimal("0.004")),
    ]
    payment = october.payments.get()
    assert (payment.status, payment.amount) == ("payable", Decimal("0.01"))
    assert payment.lines.get(kind="carried_in").carried_from == carried


def test_building_twice_leaves_one_batch():
    batch = make_batch()
    again, is_new = steps.build_batch(month=OCTOBER, at=AT)
    assert (again, is_new) == (batch, False)
    assert Payment.objects.count() == PaymentLine.objects.count() == 1


@pytest.mark.any_database
def test_category_without_a_price_is_named_and_nothing_is_written():
    make_count(make_blog(category=make_category("Tech")), 10)
    priced = make_blog(category=make_category("Sports"))
    make_price(priced.category, "10")
    make_count(priced, 10)
    with pytest.raises(MissingPrice, match="No price for Tech on"):
        steps.build_batch(month=OCTOBER, at=AT)
    assert PayoutBatch.objects.count() == Payment.objects.count() == 0
    assert PayoutBatch.history.count() == 0


def test_price_that_starts_within_the_month_leaves_its_first_days_unpriced():
    blog = make_blog(category=make_category("Tech"))
    make_price(blog.category, "10", dt.date(2026, 10, 2))
    make_count(blog, 10, OCTOBER)
    with pytest.raises(MissingPrice):
        steps.build_batch(month=OCTOBER, at=AT)


@pytest.mark.parametrize(
    ("at", "is_closed"),
    [
        (dt.datetime(2026, 11, 2, 22, 59, 59, 999999, tzinfo=dt.UTC), False),
        (dt.datetime(2026, 11, 2, 23, 0, tzinfo=dt.UTC), True),
    ],
)
def test_month_is_closed_once_its_grace_is_over_in_the_billing_time_zone(at, is_closed, settings):
    settings.TIME_ZONE = "Europe/Berlin"
    if is_closed:
        steps.build_batch(month=OCTOBER, at=at)
    else:
        with pytest.raises(MonthNotClosed, match="from 3 Nov 2026 on"):
            steps.build_batch(month=OCTOBER, at=at)


def test_every_closed_month_is_caught_up_oldest_first():
    blog = make_blog()
    make_price(blog.category, "10")
    for day in (dt.date(2026, 11, 1), dt.date(2026, 10, 1), dt.date(2026, 7, 1)):
        make_count(blog, 10, day)
    built = steps.build_closed_months(at=AT)
    assert [batch.month for batch in built] == [dt.date(2026, 7, 1), OCTOBER]
    assert steps.build_closed_months(at=AT) == []


def test_views_are_paid_to_the_author_and_category_of_their_day():
    blog = make_blog(title="a")
    first, second = blog.author, make_user()
    make_price(blog.category, "10")
    make_count(blog, 100, dt.date(2026, 10, 1))
    blog.author = second
    make_count(blog, 200, dt.date(2026, 10, 2))
    batch, _ = steps.build_batch(month=OCTOBER, at=AT)
    assert dict(batch.payments.values_list("author", "amount")) == {
        first.pk: Decimal(1),
        second.pk: Decimal(2),
    }


# From draft to approved


VERBS = {
    "submit": (Status.DRAFT, lambda b: steps.submit_batch(batch=b, by=make_user(), at=AT)),
    "rebuild": (Status.DRAFT, lambda b: steps.rebuild_batch(batch=b, by=make_user(), at=AT)),
    "cancel": (Status.DRAFT, lambda b: steps.cancel_batch(batch=b, by=make_user(), reason="Wrong")),
    "approve": (Status.SUBMITTED, approve),
    "return": (
        Status.SUBMITTED,
        lambda b: steps.return_batch(batch=b, by=make_user(), reason="Wrong"),
    ),
}


@pytest.mark.any_database
@pytest.mark.parametrize("status", Status)
@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.slow
def test_each_verb_works_from_its_own_status_alone(verb, status):
    batch = make_batch(status)
    allowed_from, act = VERBS[verb]
    if status == allowed_from:
        assert act(batch).pk == batch.pk
    else:
        with pytest.raises(WrongStatus):
            act(batch)
        batch.refresh_from_db()
        assert batch.status == status


@pytest.mark.thorough
def test_submit_and_approve_are_signed_with_one_digest():
    finance, approver = make_user(), make_user()
    batch = make_batch(Status.SUBMITTED, submitter=finance)
    digest = batch.digest
    batch = approve(batch, by=approver, at=AT)
    assert len(digest) == 64
    assert (batch.digest, batch.status) == (digest, Status.APPROVED)
    assert (batch.submitted_by, batch.approved_by) == (finance, approver)


def test_each_step_is_in_the_history_with_its_person_and_reason():
    finance, approver = make_user(), make_user()
    batch = make_batch(Status.SUBMITTED, submitter=finance)
    steps.return_batch(batch=batch, by=approver, reason="September is missing")
    rows = batch.history.order_by("history_id").values_list(
        "status", "history_user", "history_change_reason"
    )
    assert list(rows) == [
        ("draft", None, "Built"),
        ("submitted", finance.pk, "Submitted"),
        ("draft", approver.pk, "Returned: September is missing"),
    ]


@pytest.mark.thorough
@pytest.mark.any_database
def test_returned_batch_shows_the_reason_until_it_is_submitted_again():
    batch = make_batch(Status.SUBMITTED)
    batch = steps.return_batch(batch=batch, by=make_user(), reason="Look again")
    assert (batch.return_reason, batch.digest, batch.submitted_by) == ("Look again", "", None)
    batch = steps.submit_batch(batch=batch, by=make_user(), answer="Done", at=AT)
    assert batch.return_reason == ""


@pytest.mark.any_database
@pytest.mark.parametrize(
    ("status", "act"), [(Status.SUBMITTED, "return_batch"), (Status.DRAFT, "cancel_batch")]
)
@pytest.mark.parametrize("reason", ["  ", ".", "x"])
def test_returning_and_cancelling_need_a_reason(status, act, reason):
    with pytest.raises(ReasonRequired):
        getattr(steps, act)(batch=make_batch(status), by=make_user(), reason=reason)


@pytest.mark.thorough
@pytest.mark.parametrize("answer", ["", " ", ".", "x"])
def test_flags_are_acknowledged_in_words(answer):
    batch = make_batch(Status.SUBMITTED)
    answers = dict.fromkeys((flag.code for flag in find_flags(batch)), "Read it.")
    assert "first_payouts" in answers
    with pytest.raises(AcknowledgementMissing, match="in words"):
        steps.approve_batch(
            batch=batch, by=make_user(), acknowledgements=answers | {"first_payouts": answer}, at=AT
        )


@pytest.mark.thorough
def test_draft_that_is_no_longer_true_is_not_submitted_until_rebuilt():
    batch = make_batch()
    line = PaymentLine.objects.get()
    make_count(line.blog, 5, dt.date(2026, 10, 20))
    with pytest.raises(BatchOutdated):
        steps.submit_batch(batch=batch, by=make_user(), at=AT)
    batch = steps.rebuild_batch(batch=batch, by=make_user(), at=AT)
    assert steps.submit_batch(batch=batch, by=make_user(), at=AT).status == Status.SUBMITTED
    assert PaymentLine.objects.get().views == 1005


@pytest.mark.any_database
def test_empty_batch_is_not_submitted():
    batch, _ = steps.build_batch(month=OCTOBER, at=AT)
    with pytest.raises(BatchBlocked, match="nothing in this batch to pay"):
        steps.submit_batch(batch=batch, by=make_user(), at=AT)


def test_cancelled_batch_makes_room_for_a_new_one():
    cancelled = make_batch(Status.CANCELLED)
    batch, is_new = steps.build_batch(month=OCTOBER, at=AT)
    assert is_new
    assert batch != cancelled
    assert facts(batch) == facts(cancelled)


@pytest.mark.thorough
def test_first_of_two_approvers_signs_again_what_was_returned_unchanged(settings):
    settings.SECOND_APPROVAL_ABOVE = 0
    first, second = make_user(), make_user()
    batch = approve(make_batch(Status.SUBMITTED), by=first, at=AT)
    batch = steps.return_batch(batch=batch, by=second, reason="Look again")
    batch = steps.submit_batch(batch=batch, by=make_user(), answer="Done", at=AT)
    assert approve(batch, by=first, at=AT).status == Status.SUBMITTED
    assert approve(batch, by=second, at=AT).status == Status.APPROVED


@pytest.mark.thorough
def test_queries_do_not_grow_with_the_authors():
    assert count_queries(authors=3) == count_queries(authors=30)


def count_queries(*, authors):
    """Return how many queries building, submitting and approving October take."""
    with transaction.atomic():
        category = make_category(f"Category of {authors}")
        make_price(category, "10")
        for number in range(authors):
            blog = make_blog(category=category)
            make_count(blog, 100 + number)
            make_count(blog, number, dt.date(2026, 9, 15))
        steps.build_batch(month=SEPTEMBER, at=AT)
        people, counts = [make_user(), make_user()], {}
        with CaptureQueriesContext(connection) as queries:
            batch, _ = steps.build_batch(month=OCTOBER, at=AT)
            counts["build"] = len(queries)
            batch = steps.submit_batch(batch=batch, by=people[0], at=AT)
            counts["submit"] = len(queries) - counts["build"]
            approve(batch, by=people[1], at=AT)
            counts["approve"] = len(queries) - counts["build"] - counts["submit"]
        transaction.set_rollback(True)
    return counts


# Four eyes


@pytest.mark.thorough
@pytest.mark.any_database
def test_approver_must_differ_from_submitter():
    person = make_user(is_superuser=True)
    batch = make_batch(Status.SUBMITTED, submitter=person)
    with pytest.raises(FourEyesViolation, match="You submitted this batch"):
        steps.approve_batch(batch=batch, by=person)
    batch.refresh_from_db()
    assert (batch.status, batch.approved_by) == (Status.SUBMITTED, None)


@pytest.mark.thorough
@pytest.mark.any_database
def test_approver_must_not_be_paid_by_the_batch():
    batch = make_batch(Status.SUBMITTED)
    with pytest.raises(FourEyesViolation, match="This batch pays you"):
        steps.approve_batch(batch=batch, by=batch.payments.get().author)


@pytest.mark.thorough
@pytest.mark.any_database
def test_approver_must_not_be_the_last_editor_of_a_price_used():
    first, last = make_user(), make_user()
    batch = make_batch()
    price = PaymentLine.objects.get().price
    for person in (first, last):
        price._history_user = person
        price.save()
    batch = steps.submit_batch(batch=batch, by=make_user(), at=AT)
    with pytest.raises(FourEyesViolation, match="last to change a price"):
        steps.approve_batch(batch=batch, by=last)
    assert approve(batch, by=first).status == Status.APPROVED


def test_database_refuses_one_person_in_both_places():
    batch = make_batch(Status.SUBMITTED)
    with pytest.raises(IntegrityError), transaction.atomic():
        PayoutBatch.objects.filter(pk=batch.pk).update(
            status="approved", approved_by=batch.submitted_by, approved_at=timezone.now()
        )


def test_database_refuses_a_second_batch_of_the_month():
    batch = make_batch()
    batch.pk = None
    with pytest.raises(IntegrityError), transaction.atomic():
        batch.save()


def test_database_refuses_an_approval_without_a_signature():
    batch = make_batch(Status.SUBMITTED)
    with pytest.raises(IntegrityError), transaction.atomic():
        PayoutBatch.objects.filter(pk=batch.pk).update(status="approved")


def test_database_refuses_a_line_that_is_not_views_times_price():
    make_batch()
    with pytest.raises(IntegrityError), transaction.atomic():
        PaymentLine.objects.update(amount=Decimal("10.000001"))


@pytest.mark.thorough
@pytest.mark.parametrize("model", [Payment, PaymentLine])
def test_approval_of_anything_but_what_was_submitted_is_refused(model):
    batch = make_batch(Status.SUBMITTED)
    with without_guards():
        if model is Payment:
            Payment.objects.update(amount=Decimal("11"))
        else:
            PaymentLine.objects.update(views=2000, amount=Decimal(20))
    with pytest.raises(BatchTampered):
        steps.approve_batch(batch=batch, by=make_user())
