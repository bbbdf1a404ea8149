"""Two duties that one person may not combine: refused everywhere, to superusers too."""

import datetime as dt
from decimal import Decimal
from functools import partial

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, connection, transaction
from django.urls import reverse

from billing.errors import FourEyesViolation
from billing.models import Adjustment, CategoryPrice, Hold, PaymentLine
from billing.payouts import steps
from billing.payouts.adjustments import save_adjustment, withdraw_adjustment
from billing.payouts.four_eyes import find_known_objections, find_objections
from billing.payouts.holds import hold_payment, pay_out_payment, release_payment
from billing.prices.rules import save_price
from tests.billing.batches import AT, make_batch
from tests.billing.pages import press, url_of
from tests.factories import approve, make_blog, make_count, make_user
from tests.pages import shown

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

TO_AN_AUTHOR = {"author": "", "amount": "5", "reason": "A prize", "version": ""}


@pytest.fixture
def person():
    return make_user("person", is_superuser=True)


def make_adjustment(draft, by):
    author = draft.payments.get().author
    adjustment = Adjustment(author=author, amount=Decimal(5), reason="A prize")
    return save_adjustment(adjustment=adjustment, by=by, at=AT)


# Of each duty: how the person takes it on before a draft is submitted, and what the refusal says,
# by the application and by the database.


def edit_price(draft, person):
    price = PaymentLine.objects.get(payment__batch=draft).price
    price.price_per_1000 += 1
    save_price(price=price, by=person)


def edit_adjustment(draft, person):
    adjustment = make_adjustment(draft, make_user())
    adjustment.amount += 1
    save_adjustment(adjustment=adjustment, by=person, at=AT)


def hold(draft, person):
    hold_payment(payment=draft.payments.get(), by=person, reason="Asked for", at=AT)


def release(draft, person):
    hold_payment(payment=draft.payments.get(), by=make_user(), reason="Asked for", at=AT)
    release_payment(payment=draft.payments.get(), by=person, reason="Asked again", at=AT)


def pay_out(draft, person):
    pay_out_payment(payment=draft.payments.get(), by=person, reason="Leaves", at=AT)


def be_paid(draft, person):
    category = PaymentLine.objects.get(payment__batch=draft).category
    make_count(make_blog(author=person, category=category), 1000, dt.date(2026, 10, 20))


def nothing(draft, person):
    """The duty itself comes with submitting or approving."""


ACT = "|an act of theirs"  # the database may ask that rule first
PRICE = "You were the last to change a price", f"price they were the last to change{ACT}"
ADJUSTMENT = "You made or changed an adjustment", f"an adjustment that they made or changed{ACT}"
HOLD = "You held, released or paid out in full", f"they held, released or paid out{ACT}"
DUTIES = {
    "submitter": (nothing, "You submitted this batch", "_eyes"),
    "first approver": (nothing, "You have approved this batch already", "six_eyes"),
    "editor of a price": (edit_price, *PRICE),
    "maker of an adjustment": (make_adjustment, *ADJUSTMENT),
    "editor of an adjustment": (edit_adjustment, *ADJUSTMENT),
    "holder": (hold, *HOLD),
    "releaser": (release, *HOLD),
    "who paid out in full": (pay_out, *HOLD),
    "payee": (be_paid, "This batch pays you", "a batch that pays them"),
}


# The doors to an approval


def by_shell(client, batch, person, rule, guard):
    with pytest.raises(FourEyesViolation, match=rule):
        approve(batch, by=person, at=AT)


def by_button(client, batch, person, rule, guard):
    client.force_login(person)
    assert rule in press(client, batch, "approve").text


def by_page(client, batch, person, rule, guard):
    client.force_login(person)
    assert "omebody else has to approve it." in client.get(url_of(batch)).text
    assert rule in client.get(url_of(batch, "approve")).text


def by_sql(client, batch, person, rule, guard):
    column = "second_approved" if batch.approved_by else "approved"
    statement = (
        f"UPDATE billing_payoutbatch SET status = 'approved', {column}_by_id = %s, "  # noqa: S608
        f"{column}_at = %s WHERE id = %s"
    )
    with (
        pytest.raises(IntegrityError, match=guard),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement, [person.pk, AT, batch.pk])


APPROVALS = [
    (duty, position)
    for duty in DUTIES
    for position in ("only", "second")
    if (duty, position) != ("first approver", "only")
]

# What no database guards is tried on one.
DOORS = [by_sql] if connection.vendor == "postgresql" else [by_shell, by_button, by_page, by_sql]


@pytest.mark.thorough
@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Asia/Tokyo"])
@pytest.mark.parametrize("hours", [-15, -5, -1, 1, 5, 15])
def test_end_of_a_hold_about_the_beginning_of_the_month_bars_alike_in_both(
    settings, person, zone, hours
):
    """Whatever the database would refuse, the application refuses in words before."""
    settings.TIME_ZONE = zone
    draft = make_batch()
    ended_at = dt.datetime(2026, 10, 1, tzinfo=dt.UTC) + dt.timedelta(hours=hours)
    Hold.objects.create(
        author=draft.payments.get().author, kind="hold", reason="A dispute", created_by=make_user(),
        created_at=ended_at - dt.timedelta(days=9), ended_at=ended_at, ended_by=person,
        end_reason="Settled",
    )  # fmt: skip
    batch = steps.submit_batch(batch=draft, by=make_user(), at=AT)
    is_barred = any(HOLD[0] in text for text in find_objections(batch=batch, by=person, at=AT))
    assert is_barred == (hours > 0)
    if is_barred:
        by_sql(None, batch, person, *HOLD)


@pytest.mark.thorough
@pytest.mark.parametrize(("duty", "position"), APPROVALS)
def test_nobody_approves_a_batch_that_they_took_part_in(
    client, settings, subtests, person, duty, position
):
    take_on, rule, guard = DUTIES[duty]
    settings.SECOND_APPROVAL_ABOVE = -1 if position == "second" else Decimal("Infinity")
    draft = make_batch()
    take_on(draft, person)
    draft = steps.rebuild_batch(batch=draft, by=make_user(), at=AT)
    submitter = person if duty == "submitter" else make_user()
    batch = steps.submit_batch(batch=draft, by=submitter, at=AT)
    if position == "second":
        first = person if duty == "first approver" else make_user()
        batch = approve(batch, by=first, at=AT)

    signed = batch.approved_by, "submitted"
    for door in DOORS:
        with subtests.test(door.__name__):
            door(client, batch, person, rule, guard)
            batch.refresh_from_db()
            assert (batch.approved_by, batch.status) == signed
            assert batch.second_approved_by is None
    assert approve(batch, at=AT).status == "approved" or not batch.payments.payable().exists()


@pytest.mark.thorough
def test_maker_of_an_adjustment_is_known_without_a_history(person):
    draft = make_batch()
    Adjustment.objects.create(
        author=draft.payments.get().author,
        amount=1,
        reason="Wrong",
        created_by=person,
        created_at=AT,
    )
    steps.rebuild_batch(batch=draft, by=make_user(), at=AT)
    batch = steps.submit_batch(batch=draft, by=make_user(), at=AT)
    by_shell(None, batch, person, ADJUSTMENT[0], "")


# Payments of one's own


@pytest.fixture
def own(person):
    """Make a payment of the person's own, on a draft, with somebody else's adjustment."""
    draft = make_batch()
    be_paid(draft, person)
    adjustment = Adjustment(author=person, amount=Decimal(5), reason="A prize")
    save_adjustment(adjustment=adjustment, by=make_user(), at=AT)
    draft = steps.rebuild_batch(batch=draft, by=make_user(), at=AT)
    return draft.payments.get(author=person)


def facts():
    models = (Adjustment, Hold)
    return [list(model.objects.values()) for model in models]


@pytest.mark.any_database
@pytest.mark.parametrize("act", ["make", "edit", "hand over", "withdraw"])
@pytest.mark.parametrize("door", ["shell", "form"])
def test_nobody_adjusts_a_payment_of_their_own(client, person, own, act, door):
    stored, before = Adjustment.objects.get(), facts()
    changed = Adjustment(author=person, amount=9, reason="Wrong") if act == "make" else stored
    if act == "hand over":
        changed.author = make_blog().author
    if door == "shell":
        change = save_adjustment
        if act == "withdraw":
            change = partial(withdraw_adjustment, reason="Wrong")
        with pytest.raises(FourEyesViolation, match="adjusts a payment of their own"):
            change(adjustment=changed, by=person, at=AT)
    else:
        client.force_login(person)
        page = {"make": "add", "withdraw": "withdraw"}.get(act, "change")
        key = [] if act == "make" else [stored.pk]
        url = reverse(f"admin:billing_adjustment_{page}", args=key)
        form = client.get(url).context.get("adminform")
        data = TO_AN_AUTHOR | {"author": changed.author_id, "_form_submitted": "True"}
        if form and "version" in form.form.initial:
            data["version"] = form.form.initial["version"]
        response = client.post(url, data)
        told = " ".join([response.text, *shown(response)])
        assert "adjusts a payment of their own" in told
    assert facts() == before


@pytest.mark.any_database
@pytest.mark.parametrize("act", [hold_payment, pay_out_payment, release_payment])
@pytest.mark.parametrize("door", ["shell", "button"])
def test_nobody_decides_about_a_payment_of_their_own(client, person, own, act, door):
    if act is release_payment:
        hold_payment(payment=own, by=make_user(), reason="Asked for", at=AT)
    before = facts()
    if door == "shell":
        with pytest.raises(FourEyesViolation, match="a payment of your own"):
            act(payment=own, by=person, reason="Wrong", at=AT)
    else:
        client.force_login(person)
        button = act.__name__.removesuffix("_payment")
        url = reverse("admin:billing_payment_change", args=[own.pk]).replace("change", button)
        response = client.post(url, {"_form_submitted": "True", "reason": "Wrong"})
        assert "a payment of your own" in shown(response)[0]
    assert facts() == before


@pytest.mark.thorough
@pytest.mark.parametrize("model", [Adjustment, Hold])
def test_database_refuses_what_is_made_for_oneself(person, own, model):
    values = {"reason": "Wrong", "created_by": person, "created_at": AT, "author": person}
    values |= {"amount": 1} if model is Adjustment else {"kind": "hold"}
    with pytest.raises(IntegrityError, match="not_ones_own"), transaction.atomic():
        model.objects.create(**values)


# Files


@pytest.mark.any_database
@pytest.mark.parametrize("model", ["payoutbatch", "payment", "adjustment", "hold"])
def test_no_file_brings_money_in(client, person, model):
    client.force_login(person)
    url = reverse(f"admin:billing_{model}_changelist")
    for page in ("import/", "process_import/"):
        assert client.post(f"{url}{page}", {"import_file": "x"}).status_code in (403, 404, 405, 302)


def upload_price(client, category):
    """Upload a price from 10 October, and confirm it if the page lets one."""
    rows = f"category,effective_from,price_per_1000\n{category.name},2026-10-10,12\n"
    url = reverse("admin:billing_categoryprice_import")
    file = SimpleUploadedFile("prices.csv", rows.encode())
    response = client.post(url, {"step": "preview", "file": file})
    waiting = response.context.get("waiting")
    if response.context.get("may_import"):
        client.post(url, {"step": "confirm", "name": waiting["name"]})
    return response


@pytest.mark.any_database
def test_file_of_prices_prices_nothing_of_ones_own(client, person):
    category = make_batch().payments.get().lines.get().category
    make_blog(author=person, category=category)
    client.force_login(person)
    response = upload_price(client, category)
    assert [where for where, _ in response.context["problems"]] == ["Row 2"]
    assert "nobody sets a price that pays them" in response.context["problems"][0][1]
    assert CategoryPrice.objects.count() == 1


@pytest.mark.thorough
@pytest.mark.any_database
def test_whoever_imported_a_price_does_not_approve_what_it_pays(client, person):
    batch = make_batch()
    client.force_login(person)
    upload_price(client, batch.payments.get().lines.get().category)
    batch = steps.rebuild_batch(batch=batch, by=make_user(), at=AT)
    assert batch.payments.get().amount == Decimal("12.00")
    batch = steps.submit_batch(batch=batch, by=make_user(), at=AT)
    for find in (find_objections, find_known_objections):
        assert find(batch=batch, by=person, at=AT)
        assert not find(batch=batch, by=make_user(), at=AT)
