import datetime as dt
from unittest import mock

import pytest
from django.db import OperationalError, connection
from django.test.utils import CaptureQueriesContext

from billing.counting import recording
from billing.models import (
    Acknowledgement,
    Adjustment,
    LostViewTotal,
    PaymentLine,
    PayoutBatch,
)
from billing.payouts.batch_checks import (
    BLOCKING_CHECKS,
    FLAGGING_CHECKS,
    INEXACT,
    ROWS,
    Blocker,
    Flag,
    blocks,
    count_flags,
    find_blockers,
    find_flags,
    flags,
)
from tests.billing.pages import make_view
from tests.billing.payouts.bare_batches import (
    KEPT_BACK,
    OCTOBER,
    Status,
    flag_of,
    make_batch,
    make_finding,
    make_payment,
    make_views_line,
)
from tests.factories import make_blog, make_category, make_click, make_count, make_price, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


def make_past(author, *amounts):
    """Payments of `amounts` to the author in the months before October, the last in September."""
    for back, amount in enumerate(reversed(amounts), start=1):
        month = dt.date(2026 - (back + 2) // 12, (9 - back) % 12 + 1, 1)
        batch = PayoutBatch.objects.filter(month=month).first() or make_batch(month)
        make_payment(batch, author, amount)


def codes(remarks):
    return [remark.code for remark in remarks]


def blocker_of(batch, code):
    return next((found for found in find_blockers(batch) if found.code == code), None)


# Registry


@pytest.fixture
def registries():
    """Remove whatever a test registers."""
    inexact = set(INEXACT)
    with mock.patch.dict(BLOCKING_CHECKS), mock.patch.dict(FLAGGING_CHECKS), mock.patch.dict(ROWS):
        yield
        INEXACT.clear()
        INEXACT.update(inexact)


@pytest.mark.any_database
def test_check_added_from_outside_is_asked(registries):
    @blocks("bank_details")
    def block_unknown_accounts(batch):
        return f"No account in {batch}.", "/accounts/"

    @flags("new_account")
    def flag_new_accounts(batch):
        return f"2 new accounts in {batch}.", "/accounts/", 2

    batch = make_batch()
    assert find_blockers(batch)[-1] == Blocker(
        "bank_details", "No account in October 2026.", "/accounts/"
    )
    assert find_flags(batch) == [
        Flag("new_account", "2 new accounts in October 2026.", "/accounts/", 2)
    ]


@pytest.mark.any_database
def test_check_that_finds_nothing_says_nothing(registries):
    flags("never")(lambda batch: None)
    assert find_flags(make_batch()) == []


@pytest.mark.any_database
@pytest.mark.parametrize("remark", [None, ("1 view is missing.", "/", 1)])
def test_flag_with_inexact_rows_is_counted_by_its_check(registries, remark):
    rows = PayoutBatch.objects.all()
    flags("perhaps", rows=lambda batch: rows, exact=False)(lambda batch: remark)
    batch = make_batch()
    assert count_flags(batch) == len(find_flags(batch)) == (remark is not None)


@pytest.mark.any_database
@pytest.mark.parametrize("register", [blocks, flags])
def test_code_names_one_check(registries, register):
    register("same")(lambda batch: None)
    with pytest.raises(ValueError, match="“same” already"):
        register("same")(lambda batch: None)


def test_codes_fit_into_an_acknowledgement():
    longest = Acknowledgement._meta.get_field("flag").max_length
    assert all(len(code) <= longest for code in FLAGGING_CHECKS)


# Blockers


@pytest.mark.any_database
def test_batch_in_order_has_no_blockers():
    batch = make_batch()
    make_payment(batch)
    assert find_blockers(batch) == []


def test_empty_batch_is_blocked_until_it_has_something_to_pay_or_carry():
    batch = make_batch()
    blocker = blocker_of(batch, "nothing_to_pay")
    assert blocker.url == f"/admin/billing/payoutbatch/{batch.pk}/change/"
    assert "Cancel it" in blocker.message
    make_payment(batch, amount="0", carried_amount=5, status=Status.CARRIED)
    assert blocker_of(batch, "nothing_to_pay") is None


def test_views_without_a_price_block_and_are_named():
    batch = make_batch()
    tech = make_category("Tech")
    make_count(make_blog(category=tech), 10, dt.date(2026, 10, 31))
    make_price(tech, "10", dt.date(2026, 11, 1))
    blocker = blocker_of(batch, "unpriced_views")
    assert blocker.message.startswith("Tech had views in October 2026 on days without a price")
    assert blocker.url == "/admin/billing/categoryprice/add/"
    make_price(tech, "10", dt.date(2026, 10, 31))
    assert blocker_of(batch, "unpriced_views") is None


@pytest.mark.parametrize(
    ("day", "outcome", "is_blocked"),
    [
        (dt.date(2026, 10, 31), "pending", True),
        (dt.date(2026, 9, 1), "pending", True),
        (dt.date(2026, 11, 1), "pending", False),
        (dt.date(2026, 10, 31), "counted", False),
    ],
)
def test_views_that_are_not_counted_yet_block(day, outcome, is_blocked):
    batch = make_batch()
    make_view(make_blog(), outcome, day)
    blocker = blocker_of(batch, "pending_views")
    assert bool(blocker) == is_blocked
    if blocker:
        assert blocker.message.startswith("1 view is still to be counted")
        assert blocker.url == "/admin/billing/blogview/?outcome__exact=pending"


@pytest.mark.any_database
@pytest.mark.parametrize(
    ("reason", "is_blocked"), [("", True), (" \n", True), (".", True), ("A gift.", False)]
)
def test_adjustment_on_the_batch_needs_its_reason(reason, is_blocked):
    batch = make_batch()
    ada = make_user(first_name="Ada", last_name="Example")
    adjustment = Adjustment.objects.create(
        author=ada, amount=5, reason=reason, created_by=make_user(), created_at=batch.built_at
    )
    assert blocker_of(batch, "adjustment_without_reason") is None
    PaymentLine.objects.create(
        payment=make_payment(batch, ada),
        number=1,
        kind=PaymentLine.Kind.ADJUSTMENT,
        adjustment=adjustment,
        month=OCTOBER,
        amount=5,
    )
    blocker = blocker_of(batch, "adjustment_without_reason")
    assert bool(blocker) == is_blocked
    if blocker:
        assert "1 adjustment is without a reason, for Ada Example." in blocker.message
        assert blocker.url == "/admin/billing/adjustment/?state=draft"


# Flags on payments


@pytest.mark.parametrize(
    ("amount", "past", "is_flagged"),
    [
        ("30", ["10"], False),
        ("30.01", ["10"], True),
        ("30.01", [], False),
        ("30.01", ["10", "100"], False),
        ("30.01", ["100", "10"], True),
    ],
)
def test_payment_more_than_tripled_is_flagged(amount, past, is_flagged):
    batch, ada = make_batch(), make_user("ada")
    make_past(ada, *past)
    make_payment(batch, ada, amount)
    flag = flag_of(batch, "tripled")
    assert bool(flag) == is_flagged
    if flag:
        assert flag.count == 1
        assert "1 payment is more than three times" in flag.message
        assert "ada" in flag.message


@pytest.mark.parametrize(
    ("amount", "past", "is_flagged"),
    [
        ("10.01", ["10"] * 6, True),
        ("10", ["10"] * 6, False),
        ("10.01", ["10"] * 5, False),
        ("10.01", ["10"] * 18 + ["11"], False),
        ("10.01", ["10"] * 19 + ["11"], True),
        ("10.01", ["10"] * 18 + ["11"] * 2, False),
    ],
)
def test_payment_past_the_95th_percentile_is_flagged(amount, past, is_flagged):
    batch, ada = make_batch(), make_user("ada")
    make_past(ada, *past)
    make_payment(batch, ada, amount)
    assert bool(flag_of(batch, "unusually_large")) == is_flagged


def test_first_payout_to_an_author_is_flagged():
    batch, ada = make_batch(), make_user("ada")
    make_past(ada, "10")
    make_payment(batch, ada)
    assert flag_of(batch, "first_payouts") is None
    make_payment(batch, make_user("bruno"))
    flag = flag_of(batch, "first_payouts")
    assert (flag.count, "the first to an author: bruno." in flag.message) == (1, True)


@pytest.mark.parametrize(
    ("payment", "is_cancelled"),
    [({"status": Status.FAILED}, False), (KEPT_BACK, False), ({}, True)],
)
def test_what_was_not_paid_is_no_payment_before(payment, is_cancelled):
    batch, ada = make_batch(), make_user("ada")
    before = make_batch(dt.date(2026, 9, 1))
    make_payment(before, ada, **payment)
    if is_cancelled:
        PayoutBatch.objects.filter(pk=before.pk).update(status="cancelled")
    make_payment(batch, ada, "100")
    assert codes(find_flags(batch)) == ["first_payouts"]


def test_payments_of_later_months_and_of_other_authors_say_nothing():
    batch, ada = make_batch(), make_user("ada")
    make_payment(make_batch(dt.date(2026, 11, 1)), ada, "1")
    make_payment(make_batch(dt.date(2026, 9, 1)), make_user(), "1")
    make_payment(batch, ada, "100")
    assert codes(find_flags(batch)) == ["first_payouts"]


@pytest.mark.any_database
def test_payment_that_pays_nothing_is_not_flagged():
    batch = make_batch()
    make_payment(batch, **KEPT_BACK)
    assert find_flags(batch) == []


@pytest.mark.any_database
def test_flag_names_the_three_largest_and_counts_the_rest():
    batch = make_batch()
    for number in range(5):
        make_payment(batch, make_user(f"author-{number}"), str(10 + number))
    flag = flag_of(batch, "first_payouts")
    assert flag.count == 5
    assert "5 payments are the first" in flag.message
    assert "author-4, author-3, author-2 and 2 more." in flag.message


def test_message_fits_into_an_acknowledgement_however_long_the_names():
    batch = make_batch()
    for number in range(4):
        make_payment(batch, author_name=f"{number}" * 300)
    longest = Acknowledgement._meta.get_field("message").max_length
    assert len(flag_of(batch, "first_payouts").message) <= longest


@pytest.mark.thorough
@pytest.mark.any_database
@pytest.mark.parametrize("code", ["tripled", "unusually_large", "first_payouts"])
def test_flag_leads_to_the_list_of_its_payments(client, sign_in, code):
    ada, bruno = make_user("ada"), make_user("bruno")
    make_past(ada, *["10"] * 6)
    make_past(bruno, *["100"] * 6)
    for _ in range(2):
        PayoutBatch.objects.filter(month=OCTOBER).update(status="cancelled")
        batch = make_batch(attempt=PayoutBatch.objects.filter(month=OCTOBER).count() + 1)
        make_payment(batch, ada, "40")
        make_payment(batch, bruno, "90")
        make_payment(batch)
    flag = flag_of(batch, code)
    sign_in("Approvers")
    response = client.get(flag.url)
    rows = list(response.context["cl"].result_list)
    assert len(rows) == flag.count == 1
    assert rows[0].batch == batch
    assert rows[0].author_name in flag.message
    nothing = client.get("/admin/billing/payment/?flagged=nonsense").context["cl"]
    assert nothing.result_count == 0


# Cost


@pytest.mark.thorough
def test_checks_cost_the_same_for_2_and_20_payments():
    def count_queries(payments):
        price = make_price(make_category(), "10")
        batch = PayoutBatch.objects.filter(month=OCTOBER).first() or make_batch()
        for _ in range(payments):
            author = make_user()
            blog = make_blog(author=author, category=price.category)
            make_past(author, *["1"] * 6)
            make_views_line(make_payment(batch, author), blog, price)
            make_payment(batch)
            make_finding(blog)
            make_view(blog, "pending")
        with CaptureQueriesContext(connection) as queries:
            assert len(find_blockers(batch)) == 1
            assert len(find_flags(batch)) == 5
        return len(queries)

    assert count_queries(2) == count_queries(18)


@pytest.mark.any_database
def test_views_in_the_spool_block_the_batch(monkeypatch):
    def fail(click):
        raise OperationalError("gone")

    monkeypatch.setattr(recording, "append_click", fail)
    make_click(make_blog())
    [blocker] = [each for each in find_blockers(make_batch()) if each.code == "spooled_views"]
    assert blocker.message.startswith("1 view is still in the spool, up to the end of October 2026")
    assert blocker.url == "/admin/views-explained/?month=2026-10"
    september = make_batch(dt.date(2026, 9, 1))
    assert "spooled_views" not in {each.code for each in find_blockers(september)}


def test_lost_views_are_flagged_in_the_batch_of_their_month():
    for number, reason in enumerate(["not_kept", "program_error"], start=1):
        LostViewTotal.objects.create(
            source="a", day=dt.date(2026, 10, number), reason=reason, views=number
        )
    [flag] = [each for each in find_flags(make_batch()) if each.code == "lost_views"]
    assert flag.count == 3
    assert flag.message.startswith(
        "3 views are lost in October 2026: neither the database nor the spool could be written "
        "and an error in the program, which the log tells."
    )
    assert not find_flags(make_batch(dt.date(2026, 9, 1)))
