"""An author's question about a line: that line waits, the rest is paid, and nothing is lost."""

import datetime as dt
from decimal import Decimal

import pytest
from django.db import DatabaseError, connection, transaction

from billing.bank.by_hand import propose_hand_payment
from billing.bank.exports import export_payments
from billing.bank.results.recording import record_results
from billing.errors import (
    AlreadyAnswered,
    AlreadyAsked,
    BatchBlocked,
    FourEyesViolation,
    InvalidAdjustment,
    NotTheirs,
    OwnMoney,
    PriceInUse,
    ReasonRequired,
    WrongStatus,
)
from billing.models import (
    Adjustment,
    Dispute,
    DisputeAnswer,
    ExportedPayment,
    HandPayment,
    PaymentExport,
    PayoutBatch,
    Verification,
)
from billing.payouts import steps
from billing.payouts.adjustments import save_adjustment
from billing.payouts.disputes import (
    answer_dispute,
    ask_about_line,
    find_effect,
    name_disputed,
    withdraw_dispute,
)
from billing.payouts.due_months import find_months_to_build
from billing.payouts.holds import hold_payment, release_payment
from billing.payouts.outstanding import Cause, list_waiting
from billing.payouts.price_withdrawal import withdraw_price
from billing.verification import verify_payouts
from tests.billing.batches import AT, OCTOBER
from tests.factories import (
    approve,
    make_blog,
    make_category,
    make_click,
    make_price,
    make_user,
)

pytestmark = [pytest.mark.django_db, pytest.mark.any_database, pytest.mark.slow]

NOVEMBER = dt.date(2026, 11, 1)
EARLIER = AT - dt.timedelta(days=1)
LATER = AT + dt.timedelta(days=20)
LATEST = AT + dt.timedelta(days=50)


@pytest.fixture
def author():
    return make_user(first_name="Ada", last_name="Example")


@pytest.fixture
def house(author):
    """Blogs of Ada with 3 views at 15 and 2 views at 10 in October, and others of Bruno."""
    blogs = {}
    for name, price, views, owner in (
        ("Kernel diary", "15000", 3, author),
        ("Cold mornings", "10000", 2, author),
        ("Autumn coats", "10000", 4, make_user(first_name="Bruno")),
    ):
        category = make_category(name)
        make_price(category, price)
        blogs[name] = make_blog(category=category, author=owner, title=name)
        for n in range(views):
            make_click(blogs[name], n, ip_address=f"192.0.2.{n}")
    return blogs


@pytest.fixture
def draft(house):
    return steps.build_batch(month=OCTOBER, at=AT)[0]


def line_of(batch, title="Kernel diary"):
    return batch.payments.get(author__first_name="Ada").lines.get(blog_title=title)


def ask(batch, title="Kernel diary", at=AT):
    line = line_of(batch, title)
    return ask_about_line(
        line=line, author=line.payment.author, text="Only three views in October?", at=at
    )


def answer(dispute, at=AT, **values):
    facts = {"outcome": "rejected", "text": "The counts are right.", "by": make_user()}
    return answer_dispute(dispute=dispute, at=at, **facts | values)


def sign(batch, at=AT):
    batch = steps.submit_batch(batch=batch, by=make_user(), at=at)
    return approve(batch, at=at)


def pay(batch, outcome="paid", at=AT):
    """Have paid, or fail, what a file takes."""
    export_payments(batch=batch, at=at)
    reason = "Account closed" if outcome == "failed" else ""
    results = {one.pk: (outcome, reason) for one in batch.payments.waiting_for_result()}
    return record_results(batch=batch, results=results, by=make_user(), at=at)


def amounts(batch):
    return {
        payment.author.first_name: payment.amount
        for payment in batch.payments.select_related("author")
    }


def statuses(batch):
    return dict(batch.payments.values_list("author__first_name", "status"))


def waiting(author, at=AT):
    return {(row.cause, row.amount) for row in list_waiting(at=at, author=author) if row.amount}


@pytest.mark.thorough
def test_disputed_line_of_a_draft_waits_and_the_rest_is_paid(draft, author):
    assert amounts(draft) == {"Ada": 65, "Bruno": 40}
    dispute = ask(draft, at=EARLIER)
    assert find_effect(dispute) == "rebuild"
    with pytest.raises(BatchBlocked, match="“Kernel diary” of Ada Example"):
        steps.submit_batch(batch=draft, by=make_user(), at=AT)
    draft = steps.rebuild_batch(batch=draft, by=make_user(), at=AT)
    assert amounts(draft) == {"Ada": 20, "Bruno": 40}
    assert find_effect(dispute) == "waits"
    # Earned 65 = 20 on the draft + 45 in dispute.
    assert waiting(author) == {(Cause.DISPUTED, Decimal(45))}
    pay(sign(draft))
    assert verify_payouts().status == Verification.Status.PASSED


def test_disputed_lines_of_a_draft_are_named_by_one_query(draft, django_assert_num_queries):
    ask(draft)
    ask(draft, "Cold mornings")
    with django_assert_num_queries(1):
        about = name_disputed(draft)
    assert about == "“Cold mornings” of Ada Example and “Kernel diary” of Ada Example"
    rebuilt = steps.rebuild_batch(batch=draft, by=make_user(), at=AT)
    assert name_disputed(rebuilt) == ""


def test_adjustment_is_in_the_currency_of_the_line_and_in_its_whole_coins(draft, author, settings):
    dispute = ask(draft)
    settings.CURRENCY = "JPY"  # the house changed it meanwhile
    with pytest.raises(InvalidAdjustment, match="An amount in EUR has at most 2 decimals"):
        answer(dispute, outcome="accepted", amount=Decimal("1.505"))
    answered = answer(dispute, outcome="accepted", amount=Decimal("1.50"))
    assert (answered.adjustment.currency, answered.adjustment.amount) == ("EUR", Decimal("1.50"))


@pytest.mark.thorough
@pytest.mark.parametrize("outcome", ["accepted", "rejected", "withdrawn"])
def test_answered_line_is_paid_by_the_next_batch(draft, author, outcome):
    dispute = ask(draft, at=EARLIER)
    pay(sign(steps.rebuild_batch(batch=draft, by=make_user(), at=AT)))
    at = AT + dt.timedelta(days=1)
    if outcome == "withdrawn":
        withdraw_dispute(dispute=dispute, author=author, text="I was wrong", at=at)
    else:
        answer(dispute, outcome=outcome, at=at)
    assert waiting(author, LATER) == {(Cause.LATE, Decimal(45))}
    november, _ = steps.build_batch(month=NOVEMBER, at=LATER)
    assert amounts(november) == {"Ada": 45}
    pay(sign(november, at=LATER), at=LATER)
    assert waiting(author, LATER) == set()
    assert verify_payouts().status == Verification.Status.PASSED


@pytest.mark.thorough
def test_line_goes_on_waiting_as_long_as_it_is_open(draft, author, house):
    ask(draft, at=EARLIER)
    pay(sign(steps.rebuild_batch(batch=draft, by=make_user(), at=AT)))
    start = dt.datetime(2026, 11, 3, 10, tzinfo=dt.UTC)
    make_click(house["Cold mornings"], start=start, ip_address="192.0.2.99")
    november, _ = steps.build_batch(month=NOVEMBER, at=LATER)
    assert amounts(november) == {"Ada": 10}
    pay(sign(november, at=LATER), at=LATER)
    assert waiting(author, LATER) == {(Cause.DISPUTED, Decimal(45))}
    assert verify_payouts().status == Verification.Status.PASSED


@pytest.mark.thorough
def test_question_about_a_submitted_batch_keeps_its_own_payment_alone_out_of_files(draft, author):
    submitted = steps.submit_batch(batch=draft, by=make_user(), at=AT)
    dispute = ask(submitted)
    assert find_effect(dispute) == "kept"
    batch = approve(submitted, at=AT)
    first = export_payments(batch=batch, at=AT)
    assert (first.payment_count, first.total, first.left_out_total) == (1, 40, 65)
    with pytest.raises(WrongStatus, match="waits for an answer to its author"):
        export_payments(batch=batch, format="xlsx", at=AT)
    pay(batch)
    assert statuses(batch) == {"Bruno": "paid", "Ada": "payable"}
    later = AT + dt.timedelta(hours=1)
    answer(dispute, at=later)
    assert export_payments(batch=batch, at=later).total == 65
    pay(batch, at=later)
    assert statuses(batch) == {"Bruno": "paid", "Ada": "paid"}
    assert PayoutBatch.objects.get().status == "paid"
    run = verify_payouts()
    assert (run.status, run.difference) == ("passed", "")


@pytest.mark.thorough
def test_returned_batch_pays_the_rest(draft):
    submitted = steps.submit_batch(batch=draft, by=make_user(), at=AT)
    ask(submitted, at=EARLIER)
    steps.return_batch(batch=submitted, by=make_user(), reason="Ada disputes a line")
    rebuilt = steps.rebuild_batch(batch=submitted, by=make_user(), at=AT)
    rebuilt = steps.submit_batch(batch=rebuilt, by=make_user(), answer="Her line waits now", at=AT)
    assert amounts(approve(rebuilt, at=AT)) == {"Ada": 20, "Bruno": 40}


@pytest.mark.thorough
@pytest.mark.parametrize("status", ["payable", "paid"])
def test_dispute_about_what_is_in_a_file_moves_no_money(draft, author, status):
    batch = sign(draft)
    export_payments(batch=batch, at=AT)
    if status == "paid":
        pay(batch)
    dispute = ask(batch)
    assert find_effect(dispute) == "none"
    assert waiting(author) == set()
    if status == "payable":
        pay(batch)
    assert find_months_to_build(at=LATER) == []
    november, _ = steps.build_batch(month=NOVEMBER, at=LATER)
    assert not november.payments.exists()


@pytest.mark.thorough
@pytest.mark.parametrize("about", ["views", "adjustment"])
def test_no_file_and_no_hand_pays_before_the_answer(house, author, about):
    adjustment = Adjustment(author=author, amount=Decimal(-7), reason="Paid for twice.")
    save_adjustment(adjustment=adjustment, by=make_user(), at=EARLIER)
    batch = sign(steps.build_batch(month=OCTOBER, at=AT)[0])
    payment = batch.payments.get(author=author)
    line = payment.lines.filter(kind=about).first()
    ask_about_line(line=line, author=author, text="Why is that?", at=AT)
    facts = {"means": "cash", "paid_on": AT.date(), "reason": "No bank", "by": make_user()}
    with pytest.raises(WrongStatus, match="asked about a line"):
        propose_hand_payment(payment=payment, at=AT, **facts)
    facts["proposed_by"], refused = facts.pop("by"), "before its author has the answer"
    with pytest.raises(DatabaseError, match=refused), transaction.atomic():
        HandPayment.objects.create(payment=payment, proposed_at=AT, **facts)
    export_payments(batch=batch, at=AT)
    assert not ExportedPayment.objects.filter(payment=payment).exists()
    being_made = PaymentExport.objects.create(
        batch=batch,
        format="csv",
        number=2,
        file_name="forged.csv",
        at=AT,
        payment_count=1,
        total=58,
    )
    with pytest.raises(DatabaseError, match=refused), transaction.atomic():
        ExportedPayment.objects.create(export=being_made, payment=payment, number=1)


@pytest.mark.thorough
def test_question_about_another_line_of_the_month_keeps_no_payment(draft, author):
    """What was taken out of the draft waits by itself; the payment without it goes."""
    ask(draft, at=EARLIER)
    batch = sign(steps.rebuild_batch(batch=draft, by=make_user(), at=AT))
    assert export_payments(batch=batch, at=AT).total == 60


@pytest.mark.thorough
def test_file_that_took_a_payment_before_the_answer_is_named(draft, author):
    submitted = steps.submit_batch(batch=draft, by=make_user(), at=EARLIER)
    batch = approve(submitted, at=AT)
    export_payments(batch=batch, at=AT)
    line = line_of(batch)
    Dispute.objects.create(
        author=author, batch=batch, reference=line.payment.reference, blog=line.blog,
        category=line.category, price=line.price, month=line.month, name="Kernel diary",
        days=line.days, views=3, amount=45, question="Before the file",
        asked_at=AT - dt.timedelta(hours=1),
    )  # fmt: skip
    run = verify_payouts()
    assert run.status == Verification.Status.FAILED
    assert "its author had no answer yet" in run.difference


@pytest.mark.thorough
def test_line_of_a_payment_that_was_kept_back_is_taken_off_when_its_sum_comes_in(draft, author):
    payment = draft.payments.get(author=author)
    hold_payment(payment=payment, by=make_user(), reason="Her account is checked", at=EARLIER)
    pay(sign(draft))
    dispute = ask(draft, at=AT + dt.timedelta(days=1))
    assert find_effect(dispute) == "waits"
    assert waiting(author) == {(Cause.HELD, Decimal(65))}
    payment.refresh_from_db()
    release_payment(payment=payment, by=make_user(), reason="It is right")
    november, _ = steps.build_batch(month=NOVEMBER, at=LATER)
    # 65 carried in, 45 of it in dispute.
    assert amounts(november) == {"Ada": 20}
    pay(sign(november, at=LATER), at=LATER)
    assert waiting(author, LATER) == {(Cause.DISPUTED, Decimal(45))}
    assert verify_payouts().status == Verification.Status.PASSED
    answer(dispute, at=LATER + dt.timedelta(days=1))
    december, _ = steps.build_batch(month=dt.date(2026, 12, 1), at=LATEST)
    assert amounts(december) == {"Ada": 45}
    pay(sign(december, at=LATEST), at=LATEST)
    assert waiting(author, LATEST) == set()
    assert verify_payouts().status == Verification.Status.PASSED


@pytest.mark.thorough
def test_line_that_no_payment_holds_is_taken_off_none(draft, author, house):
    """Late views of a line that was paid: the draft is built without them, and kept back."""
    pay(sign(draft))
    late = dt.datetime(2026, 10, 20, 10, tzinfo=dt.UTC)
    for n in range(2):
        make_click(house["Kernel diary"], start=late, ip_address=f"192.0.2.{90 + n}")
    start = dt.datetime(2026, 11, 3, 10, tzinfo=dt.UTC)
    make_click(house["Cold mornings"], start=start, ip_address="192.0.2.99")
    november, _ = steps.build_batch(month=NOVEMBER, at=LATER)
    assert amounts(november) == {"Ada": 40}
    ask(november, at=LATER)
    november = steps.rebuild_batch(batch=november, by=make_user(), at=LATER)
    payment = november.payments.get()
    hold_payment(payment=payment, by=make_user(), reason="Her account is checked", at=LATER)
    sign(november, at=LATER)
    payment.refresh_from_db()
    release_payment(payment=payment, by=make_user(), reason="It is right")
    december, _ = steps.build_batch(month=dt.date(2026, 12, 1), at=LATEST)
    assert amounts(december) == {"Ada": 10}
    assert waiting(author, LATEST) == {(Cause.DISPUTED, Decimal(30))}


@pytest.mark.thorough
def test_line_of_a_failed_payment_is_taken_off_once(draft, author):
    batch = pay(sign(draft), outcome="failed")
    ask(batch, at=AT + dt.timedelta(days=1))
    november, _ = steps.build_batch(month=NOVEMBER, at=LATER)
    assert amounts(november) == {"Ada": 20, "Bruno": 40}
    pay(sign(november, at=LATER), outcome="failed", at=LATER)
    december, _ = steps.build_batch(month=dt.date(2026, 12, 1), at=LATEST)
    assert amounts(december) == {"Ada": 20, "Bruno": 40}
    assert waiting(author, LATEST) == {(Cause.DISPUTED, Decimal(45))}
    pay(sign(december, at=LATEST), at=LATEST)
    assert verify_payouts().status == Verification.Status.PASSED


@pytest.mark.thorough
def test_disputed_adjustment_waits_until_it_is_answered(house, author):
    adjustment = Adjustment(author=author, amount=Decimal(-7), reason="Paid for twice.")
    save_adjustment(adjustment=adjustment, by=make_user(), at=EARLIER)
    draft, _ = steps.build_batch(month=OCTOBER, at=AT)
    assert amounts(draft)["Ada"] == 58
    line = draft.payments.get(author=author).lines.get(kind="adjustment")
    dispute = ask_about_line(line=line, author=author, text="What was paid twice?", at=EARLIER)
    draft = steps.rebuild_batch(batch=draft, by=make_user(), at=AT)
    assert amounts(draft)["Ada"] == 65
    assert waiting(author) == {(Cause.DISPUTED, Decimal(-7))}
    pay(sign(draft))
    assert verify_payouts().status == Verification.Status.PASSED
    answer(dispute, at=AT + dt.timedelta(days=1))
    assert waiting(author) == {(Cause.ADJUSTMENT, Decimal(-7))}


def test_accepting_can_adjust(draft, author):
    dispute = ask(draft)
    given = answer(dispute, outcome="accepted", text="Two days were missing.", amount=Decimal(30))
    assert (given.adjustment.amount, given.adjustment.author) == (30, author)
    assert given.adjustment.reason == "Two days were missing."
    rebuilt = steps.rebuild_batch(batch=draft, by=make_user(), at=AT)
    assert amounts(rebuilt)["Ada"] == 95


@pytest.mark.parametrize("text", ["", " ", ".", "?!"])
def test_question_and_answer_are_words(draft, author, text):
    with pytest.raises(ReasonRequired):
        ask_about_line(line=line_of(draft), author=author, text=text, at=AT)
    dispute = ask(draft)
    with pytest.raises(ReasonRequired):
        answer(dispute, text=text)
    with pytest.raises(ReasonRequired):
        withdraw_dispute(dispute=dispute, author=author, text=text, at=AT)


def test_line_has_one_open_dispute(draft, author):
    dispute = ask(draft)
    with pytest.raises(AlreadyAsked):
        ask(draft)
    copy = Dispute.objects.get()
    copy.pk = None
    with pytest.raises(DatabaseError, match="one open dispute"), transaction.atomic():
        copy.save(force_insert=True)
    answer(dispute)
    assert ask(draft).pk != dispute.pk


def test_nobody_asks_about_lines_of_somebody_else(draft):
    bruno = draft.payments.get(author__first_name="Bruno").author
    with pytest.raises(NotTheirs):
        ask_about_line(line=line_of(draft), author=bruno, text="Why so many?", at=AT)
    dispute = ask(draft)
    with pytest.raises(NotTheirs):
        withdraw_dispute(dispute=dispute, author=bruno, text="For her", at=AT)
    copy = Dispute.objects.get()
    copy.pk, copy.author, copy.month = None, bruno, NOVEMBER
    with pytest.raises(DatabaseError, match="their own payments"), transaction.atomic():
        copy.save(force_insert=True)


def test_nobody_decides_an_own_dispute(draft, author):
    dispute = ask(draft)
    with pytest.raises(OwnMoney):
        answer(dispute, by=author)
    for outcome, by in (("rejected", author), ("withdrawn", make_user())):
        with pytest.raises(DatabaseError, match="an own dispute"), transaction.atomic():
            DisputeAnswer.objects.create(
                dispute=dispute, outcome=outcome, text="So it is", by=by, at=AT
            )


def test_answer_is_given_once_and_stays(draft):
    dispute = ask(draft)
    given = answer(dispute)
    with pytest.raises(AlreadyAnswered):
        answer(dispute)
    for table in ("billing_disputeanswer", "billing_dispute"):
        with (
            pytest.raises(DatabaseError, match="never changed"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(f"DELETE FROM {table}")  # noqa: S608
    with pytest.raises(DatabaseError, match="never changed"), transaction.atomic():
        DisputeAnswer.objects.filter(pk=given.pk).update(text="Another")


def test_only_what_is_accepted_is_adjusted(draft):
    dispute = ask(draft)
    with pytest.raises(WrongStatus):
        answer(dispute, amount=Decimal(5))
    with pytest.raises(WrongStatus):
        answer(dispute, outcome="withdrawn")


@pytest.mark.thorough
def test_sum_carried_in_is_asked_about_where_it_came_from(draft, author):
    pay(sign(draft), outcome="failed")
    november, _ = steps.build_batch(month=NOVEMBER, at=LATER)
    line = november.payments.get(author=author).lines.get(kind="carried_in")
    with pytest.raises(WrongStatus, match="earlier statement"):
        ask_about_line(line=line, author=author, text="Why did it fail?", at=LATER)


def approve_by_sql(batch, by):
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "UPDATE billing_payoutbatch SET approved_by_id = %s, approved_at = submitted_at"
            " WHERE id = %s",
            [by.pk, batch.pk],
        )


@pytest.mark.thorough
@pytest.mark.parametrize("outcome", ["rejected", "accepted"])
def test_who_answers_after_the_submission_does_not_approve_it(draft, outcome):
    submitted = steps.submit_batch(batch=draft, by=make_user(), at=AT)
    dispute, by = ask(draft, at=AT), make_user()
    amount = Decimal(5) if outcome == "accepted" else None
    answer(dispute, by=by, outcome=outcome, amount=amount, at=AT)
    with pytest.raises(FourEyesViolation, match="lets its payment go to the bank"):
        approve(submitted, by=by, at=LATER)
    with pytest.raises(DatabaseError, match="about which they answered"):
        approve_by_sql(submitted, by)
    assert approve(submitted, by=make_user(), at=LATER).status == "approved"


@pytest.mark.thorough
def test_question_that_its_author_takes_back_bars_nobody(draft, author):
    submitted = steps.submit_batch(batch=draft, by=make_user(), at=AT)
    dispute = ask(draft, at=AT)
    withdraw_dispute(dispute=dispute, author=author, text="I see it now.", at=AT)
    assert approve(submitted, at=LATER).status == "approved"


@pytest.mark.thorough
def test_approval_before_the_answer_stays_when_a_second_one_is_needed(draft, settings):
    settings.SECOND_APPROVAL_ABOVE = Decimal(1)
    draft = steps.rebuild_batch(batch=draft, by=make_user(), at=AT)
    submitted = steps.submit_batch(batch=draft, by=make_user(), at=AT)
    first = make_user()
    submitted = approve(submitted, by=first, at=AT)
    assert submitted.status == "submitted"
    answer(ask(draft, at=AT), by=first, at=AT)
    assert approve(submitted, at=LATER).status == "approved"


@pytest.mark.thorough
def test_who_answered_does_not_approve_what_pays_the_line(draft):
    dispute, by = ask(draft, at=EARLIER), make_user()
    answer(dispute, by=by, at=EARLIER)
    submitted = steps.submit_batch(batch=draft, by=make_user(), at=AT)
    with pytest.raises(FourEyesViolation, match="Answered the dispute"):
        approve(submitted, by=by, at=AT)


@pytest.mark.thorough
def test_forged_line_in_dispute_is_named(draft, author):
    sign(draft)
    line = line_of(draft)
    Dispute.objects.create(
        author=author, batch=draft, reference=line.payment.reference, blog=line.blog,
        category=line.category, price=line.price, month=line.month, name="Kernel diary",
        days=line.days, views=3, amount=45, question="Earlier than it was", asked_at=EARLIER,
    )  # fmt: skip
    run = verify_payouts()
    assert run.status == Verification.Status.FAILED
    assert "it was in dispute when that was submitted" in run.difference


def test_price_of_a_disputed_line_is_not_withdrawn(draft):
    dispute = ask(draft)
    answer(dispute)
    with pytest.raises(PriceInUse, match="An author asked about a line at this price"):
        withdraw_price(price=dispute.price, by=make_user(), reason="A mistake", at=AT)
