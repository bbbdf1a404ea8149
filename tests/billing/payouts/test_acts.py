"""What somebody did since the batch before, and that changed what a batch pays, bars them."""

import datetime as dt
import io
import json
from collections import Counter
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction

from backoffice.signing import save_signed
from billing.bank.exports import export_payments
from billing.bank.results.recording import record_results
from billing.counting.access_logs.importing import import_access_log
from billing.counting.access_logs.patterns import OWN_PAGES
from billing.counting.robot_exceptions import save_robot_exception
from billing.errors import FourEyesViolation
from billing.findings.decisions import accept_finding, exclude_views, reopen_finding
from billing.models import (
    Adjustment,
    BatchAct,
    BlogView,
    CategoryPrice,
    Finding,
    Payment,
    PayoutBatch,
    RobotException,
    Verification,
)
from billing.payouts import steps
from billing.payouts.acts.gathering import find_acts
from billing.payouts.adjustments import save_adjustment, withdraw_adjustment
from billing.payouts.holds import end_hold, hold_payment
from billing.payouts.price_withdrawal import withdraw_price
from billing.prices.rules import save_price
from billing.verification import verify_payouts
from billing.verification.acts import check_acts
from tests.billing.batches import AT, OCTOBER, SEPTEMBER
from tests.billing.pages import press, url_of
from tests.billing.tampering import without_guards
from tests.factories import (
    approve,
    make_blog,
    make_category,
    make_click,
    make_line,
    make_price,
    make_user,
)

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

WHY = "Agreed with the editors"


@pytest.fixture
def person():
    return make_user("person", is_superuser=True)


def read(blog, month, day=10, views=2):
    start = dt.datetime(2026, month, day, 10, tzinfo=dt.UTC)
    for number in range(views):
        make_click(blog, number, start=start, ip_address=f"192.0.2.{number}")


def sign(month):
    batch, _ = steps.build_batch(month=month, at=AT)
    return approve(steps.submit_batch(batch=batch, by=make_user(), at=AT), at=AT)


class House:
    """An approved September, and an October in which a blog has 2 views, worth €10 each."""

    def __init__(self):
        self.category, self.dearer = make_category("Tech"), make_category("Finance")
        make_price(self.category, "10000")
        make_price(self.dearer, "20000")
        self.blog = make_blog(category=self.category, title="Kernel diary")
        self.author = self.blog.author
        read(self.blog, 9)
        self.held = None

    def approve_september(self):
        self.september = sign(SEPTEMBER)

    def payment(self):
        return steps.build_batch(month=OCTOBER, at=AT)[0].payments.get(author=self.author)


@pytest.fixture
def house():
    return House()


# How each act is done. What `before_september` does is done by others, before the window.


def set_price(house, person):
    day = dt.date(2026, 10, 5)
    price = CategoryPrice(category=house.category, effective_from=day, price_per_1000=5000)
    save_price(price=price, by=person)


def withdraw_a_price(house, person):
    price = CategoryPrice.objects.get(category=house.category, effective_from=OCTOBER)
    withdraw_price(price=price, by=person, reason=WHY, at=AT)


def move_a_price(house, person):
    price = CategoryPrice.objects.get(category=house.category, effective_from=OCTOBER)
    price.effective_from = dt.date(2026, 11, 1)
    save_price(price=price, by=person)


def make_october_price(house):
    price = CategoryPrice(category=house.category, effective_from=OCTOBER, price_per_1000=1000)
    save_price(price=price, by=make_user())


def make_deduction(house):
    adjustment = Adjustment(author=house.author, amount=Decimal(-7), reason=WHY)
    return save_adjustment(adjustment=adjustment, by=make_user(), at=AT)


def withdraw_a_deduction(house, person):
    adjustment = make_deduction(house)
    withdraw_adjustment(adjustment=adjustment, by=person, reason=WHY, at=AT)


def make_an_adjustment(house, person):
    adjustment = Adjustment(author=house.author, amount=Decimal(7), reason=WHY)
    save_adjustment(adjustment=adjustment, by=person, at=AT)


def begin_a_hold(house):
    """September's payment is held, so that its author's coming payments are."""
    draft, _ = steps.build_batch(month=SEPTEMBER, at=AT)
    payment = draft.payments.get(author=house.author)
    house.held = hold_payment(payment=payment, by=make_user(), reason=WHY, at=AT)


def release(house, person):
    end_hold(hold=house.held, by=person, reason=WHY, at=AT - dt.timedelta(days=60))


def import_a_log(house, person):
    line = make_line(f"GET /blogs/{house.blog.slug}/ HTTP/1.1", time="12/Oct/2026:10:05:03 +0000")
    import_access_log(
        file=io.BytesIO(line), file_name="access.log", path_pattern=OWN_PAGES, at=AT, by=person,
        trusted_proxies=0,
    )  # fmt: skip


def find(house):
    read(house.blog, 10)
    view = BlogView.objects.filter(blog=house.blog, day__gte=OCTOBER).first()
    return Finding.objects.create(
        kind="busy_reader", month=OCTOBER, blog=house.blog, author=house.author, day=view.day,
        reader_key=view.reader_key, fingerprint="f", views=1, found_at=AT,
        numbers={"clicks": 5, "share": 50, "month_views": 10},
    )  # fmt: skip


def exclude(house, person):
    exclude_views(finding=find(house), by=person, reason=WHY, at=AT)


def accept(house, person):
    accept_finding(finding=find(house), by=person, reason=WHY, at=AT)


def reopen(house, person):
    finding = find(house)
    exclude_views(finding=finding, by=make_user(), reason=WHY, at=AT)
    reopen_finding(finding=finding, by=person, reason=WHY, at=AT)


def move_the_blog(house, person):
    house.blog.category = house.dearer
    save_signed(house.blog, by=person, reason="Fits better")


def give_the_blog_away(house, person):
    house.blog.author = make_user()
    save_signed(house.blog, by=person, reason="Taken over")


def switch_off(house):
    house.author.is_active = False
    house.author.save()


def activate(house, person):
    house.author.is_active = True
    save_signed(house.author, by=person, reason="Back again")


def record_as_failed(house, person):
    payment = house.september.payments.get()
    export_payments(batch=house.september, at=AT)
    results = {payment.pk: ("failed", "Account closed")}
    record_results(batch=house.september, results=results, by=person, at=AT)


def add_an_exception(house, person):
    exception = RobotException(text="CUBOT", reason="A telephone")
    save_robot_exception(exception=exception, by=person)


def nothing(house):
    """The act needs nothing before it."""


# Of each act: what came before September was approved, the words, and the effect.
ACTS = {
    set_price: (nothing, "Set the price of Tech from 5 Oct 2026: €5,000", 10),
    withdraw_a_price: (make_october_price, "Withdrew the price of Tech from 1 Oct", 20),
    move_a_price: (make_october_price, "before from 1 Oct 2026", 20),
    withdraw_a_deduction: (nothing, "Withdrew an adjustment of -€7", 7),
    make_an_adjustment: (nothing, "Made an adjustment of €7", 7),
    release: (begin_a_hold, "Released the payments of", 40),
    import_a_log: (nothing, "Imported the log access.log: 1 counted views", 10),
    exclude: (nothing, "Excluded the views of a finding on “Kernel diary”", -10),
    accept: (nothing, "Accepted a finding on “Kernel diary”", 10),
    reopen: (nothing, "Reopened a finding on “Kernel diary”", 10),
    move_the_blog: (nothing, "Moved the blog “Kernel diary” from Tech to Finance", 40),
    give_the_blog_away: (nothing, "Moved the blog “Kernel diary” from", 20),
    activate: (switch_off, "Activated the account of", 40),
    record_as_failed: (nothing, "as failed, which this batch pays again", 20),
    add_an_exception: (nothing, "Saved the robot exception “CUBOT”", 20),
}


def submit_october(house, person, act):
    before, *_ = ACTS[act]
    before(house)
    house.approve_september()
    act(house, person)
    read(house.blog, 10)
    batch, _ = steps.build_batch(month=OCTOBER, at=AT)
    steps.rebuild_batch(batch=batch, by=make_user(), at=AT)
    return steps.submit_batch(batch=batch, by=make_user(), at=AT)


@pytest.mark.thorough
@pytest.mark.parametrize("act", ACTS)
def test_whoever_changed_what_a_batch_pays_does_not_approve_it(house, person, act):
    batch = submit_october(house, person, act)
    _, words, effect = ACTS[act]

    with pytest.raises(FourEyesViolation) as refusal:
        approve(batch, by=person, at=AT)

    assert "What you did changed what this batch pays" in str(refusal.value)
    stored = BatchAct.objects.get(batch=batch, by=person)
    assert words in stored.text
    assert stored.text in str(refusal.value)
    assert stored.effect == effect
    batch.refresh_from_db()
    assert (batch.status, batch.approved_by) == ("submitted", None)
    assert approve(batch, at=AT).approved_by not in (None, person)
    check_acts(Verification(), str(batch.pk), "", Counter())


@pytest.mark.thorough
@pytest.mark.parametrize("act", [withdraw_a_price, release, import_a_log])
def test_database_refuses_an_approver_with_an_act(house, person, act):
    batch = submit_october(house, person, act)
    with (
        pytest.raises(IntegrityError, match="an act of theirs"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(
            "UPDATE billing_payoutbatch SET status = 'approved', approved_by_id = %s, "
            "approved_at = %s WHERE id = %s",
            [person.pk, AT, batch.pk],
        )


@pytest.mark.thorough
def test_act_that_was_erased_from_the_list_bars_all_the_same(house, person):
    batch = submit_october(house, person, withdraw_a_price)
    with without_guards():
        BatchAct.objects.all().delete()
    with pytest.raises(FourEyesViolation, match="Withdrew the price of Tech"):
        approve(batch, by=person, at=AT)


@pytest.mark.thorough
def test_acts_are_sealed_and_one_that_is_changed_is_named(house, person):
    batch = approve(submit_october(house, person, withdraw_a_price), at=AT)
    act = BatchAct.objects.get(by=person)
    sealed = json.loads(batch.seals.get(kind="approval").content)["acts"]
    assert [act.kind, act.source, act.text, 20_000_000, person.pk] in [row[:5] for row in sealed]
    assert verify_payouts().difference == ""
    with without_guards():
        BatchAct.objects.filter(pk=act.pk).update(by=make_user())
    assert "sealed the acts" in verify_payouts().difference


@pytest.mark.thorough
@pytest.mark.any_database
def test_page_lists_the_acts_of_a_draft_and_of_a_signed_batch(client, sign_in, house, person):
    batch = submit_october(house, person, withdraw_a_price)
    sign_in("Auditors")
    signed = client.get(url_of(batch)).text
    steps.return_batch(batch=batch, by=make_user(), reason="Look again at Tech")
    for page in (signed, client.get(url_of(batch)).text):
        assert "Withdrew the price of Tech from 1 Oct 2026" in page
        assert "+€20.00" in page


@pytest.mark.thorough
@pytest.mark.any_database
def test_dialog_says_which_act_bars(client, house, person):
    batch = submit_october(house, person, import_a_log)
    client.force_login(person)
    assert "Imported the log access.log" in client.get(url_of(batch, "approve")).text
    assert "Imported the log access.log" in press(client, batch, "approve").text
    batch.refresh_from_db()
    assert batch.status == "submitted"


# What is no act


def describe_acts(month):
    return [act.text for act in find_acts(PayoutBatch.objects.get(month=month))]


@pytest.mark.any_database
def test_price_of_another_category_or_of_a_later_month_is_no_act(house, person):
    house.approve_september()
    for category, day in ((house.dearer, OCTOBER), (house.category, dt.date(2026, 11, 1))):
        price = CategoryPrice(category=category, effective_from=day, price_per_1000=1)
        save_price(price=price, by=person)
    read(house.blog, 10)
    steps.build_batch(month=OCTOBER, at=AT)
    assert describe_acts(OCTOBER) == []


@pytest.mark.thorough
@pytest.mark.any_database
def test_note_alone_is_no_act(house, person):
    house.approve_september()
    price = CategoryPrice(category=house.category, effective_from=OCTOBER, price_per_1000=9)
    save_price(price=price, by=make_user())
    price.note = "Spelled right"
    save_price(price=price, by=person)
    read(house.blog, 10)
    batch, _ = steps.build_batch(month=OCTOBER, at=AT)
    assert [act.by_id == person.pk for act in find_acts(batch)] == [False]


@pytest.mark.thorough
@pytest.mark.any_database
def test_act_after_the_submission_does_not_bar(house, person):
    house.approve_september()
    read(house.blog, 10)
    batch, _ = steps.build_batch(month=OCTOBER, at=AT)
    batch = steps.submit_batch(batch=batch, by=make_user(), at=AT)
    move_the_blog(house, person)
    add_an_exception(house, person)
    assert approve(batch, by=person, at=AT).status == "approved"


@pytest.mark.thorough
@pytest.mark.any_database
def test_acts_of_a_batch_that_is_submitted_again_are_noted_once(house, person):
    batch = submit_october(house, person, withdraw_a_price)
    steps.return_batch(batch=batch, by=make_user(), reason="Look again at Tech")
    steps.submit_batch(batch=batch, by=make_user(), answer="Done", at=AT)
    assert BatchAct.objects.filter(by=person).count() == 1
    assert Payment.objects.filter(batch=batch).exists()
