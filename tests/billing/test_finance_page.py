"""docs/finance.md is true: its worked month is built here and compared, figure by figure."""

import datetime as dt
import re
from decimal import Decimal

import pytest
from django.conf import settings
from django.contrib.auth.models import User

from billing.bank.exports import export_payments
from billing.bank.results.recording import record_results
from billing.books.journal import month_window, sum_entries
from billing.models import Adjustment, CategoryPrice, Hold, PaymentResult, PayoutBatch
from billing.money import format_amount, to_millionths
from billing.payouts.adjustments import save_adjustment
from billing.payouts.batch_checks import find_flags
from billing.payouts.holds import end_hold, hold_payment, pay_out_payment
from billing.payouts.steps import approve_batch, build_batch, rebuild_batch, submit_batch
from billing.prices.rules import save_price
from tests.factories import make_blog, make_category, make_count, make_price, make_user
from weblog.models import Blog

PAGE = (settings.BASE_DIR / "docs" / "finance.md").read_text()
WORKED = PAGE[PAGE.index("## October, worked out") : PAGE.index("\n## Prices")]
LATE = PAGE[PAGE.index("### Views without a price") : PAGE.index("\n## What stands in the way")]
BOOKS = PAGE[PAGE.index("## Books") : PAGE.index("\n## Another currency")]
SEPTEMBER, OCTOBER, NOVEMBER = (dt.date(2026, month, 1) for month in (9, 10, 11))
IN_NOVEMBER = dt.datetime(2026, 11, 5, 12, tzinfo=dt.UTC)
IN_DECEMBER = dt.datetime(2026, 12, 5, 12, tzinfo=dt.UTC)

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


def read_tables(text: str) -> list[list[dict]]:
    """Return the tables of a worked example, each a list of {column: cell}."""
    tables = []
    for block in re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE):
        header, _, *rows = (
            [cell.strip() for cell in line.strip("|").split("|")] for line in block.splitlines()
        )
        tables.append([dict(zip(header, row, strict=True)) for row in rows])
    return tables


PRICES, VIEWS, DECISIONS, LINES, PAYMENTS, NEXT_PAYMENTS = read_tables(WORKED)
LATE_PRICES, LATE_VIEWS, LATE_LINES = read_tables(LATE)
_, JOURNAL = read_tables(BOOKS)


@pytest.fixture
def house(settings):
    """The authors, the prices, and whoever may sign."""
    settings.MINIMUM_PAYOUT = Decimal(10)
    for row in PRICES:
        start = dt.date.fromisoformat(row["In force from"])
        make_price(make_category(row["Category"]), row["Price"], start)
    for name in {row["Author"] for row in VIEWS}:
        make_user(name.lower(), first_name=name)
    return {"finance": make_user("finance"), "approver": make_user("approver")}


def count(row):
    author = make_author(row["Author"])
    blog = Blog.objects.filter(title=row["Blog"]).first() or make_blog(
        title=row["Blog"], author=author, category=make_category(row["Category"])
    )
    make_count(blog, int(row["Views"]), dt.date.fromisoformat(row["Day"]))


def make_author(name):
    return User.objects.get(username=name.lower())


def sign(batch, house, at):
    submit_batch(batch=batch, by=house["finance"], at=at)
    texts = {flag.code: "Looked at." for flag in find_flags(batch)}
    return approve_batch(batch=batch, by=house["approver"], acknowledgements=texts, at=at)


def pay_september(house):
    for row in VIEWS:
        if row["Day"] < "2026-09-21":
            count(row)
    batch, _ = build_batch(month=SEPTEMBER, at=IN_NOVEMBER)
    sign(batch, house, IN_NOVEMBER)


def build_october(house):
    for row in VIEWS:
        if row["Day"] >= "2026-09-21":
            count(row)
    batch, _ = build_batch(month=OCTOBER, at=IN_NOVEMBER)
    for row in DECISIONS:
        payment = batch.payments.get(author__username=row["Author"].lower())
        if row["What"] == "Adjustment":
            adjustment = Adjustment(
                author=payment.author, amount=Decimal(row["Amount"]), reason=row["Reason"]
            )
            save_adjustment(adjustment=adjustment, by=house["finance"])
            continue
        decide = {"Hold": hold_payment, "Pay out in full": pay_out_payment}[row["What"]]
        decide(payment=payment, by=house["finance"], reason=row["Reason"])
    return rebuild_batch(batch=batch, by=house["finance"], at=IN_NOVEMBER)


def describe(batch):
    return [
        {
            "Author": payment.author.first_name,
            "Sum of the lines": payment.exact_amount,
            "Becomes": payment.get_status_display().capitalize(),
            "Paid": payment.amount,
            "Rounding": payment.rounding,
            "Waits": payment.carried_amount,
        }
        for payment in batch.payments.select_related("author").order_by("author__first_name")
    ]


def as_numbers(rows):
    words = ("Author", "Becomes")
    return [
        {name: cell if name in words else Decimal(cell) for name, cell in row.items()}
        for row in rows
    ]


def test_october_is_as_the_page_works_it_out(house):
    pay_september(house)
    batch = build_october(house)

    lines = [
        (
            line.payment.author.first_name,
            line.blog_title or {"carried_in": "Carried forward"}.get(line.kind, line.note),
            f"{line.month:%Y-%m}",
            line.views or "",
            line.price_per_1000 if line.price_id else "",
            line.amount,
        )
        for payment in batch.payments.all()
        for line in payment.lines.select_related("payment__author", "price")
    ]
    told = [
        (
            row["Author"],
            row["Line"],
            row["Month"],
            int(row["Views"]) if row["Views"] else "",
            Decimal(row["Price"]) if row["Price"] else "",
            Decimal(row["Amount"]),
        )
        for row in LINES
    ]
    assert sorted(lines, key=str) == sorted(told, key=str)
    assert describe(batch) == as_numbers(PAYMENTS)
    paid = sum(payment.amount for payment in batch.payments.all())
    waits = sum(payment.carried_amount for payment in batch.payments.all())
    waits = format_amount(waits, currency="EUR", exact=True)
    assert f"pays {format_amount(paid, currency='EUR')}. Its {waits} on hold and carried" in WORKED


@pytest.mark.thorough
def test_november_is_as_the_page_works_it_out(house):
    pay_september(house)
    batch = sign(build_october(house), house, IN_NOVEMBER)
    results = {
        payment.pk: (PaymentResult.Outcome.PAID, "")
        if payment.author.first_name != "Ada"
        else (PaymentResult.Outcome.FAILED, "The account was closed.")
        for payment in batch.payments.payable().select_related("author")
    }
    export_payments(batch=batch, at=IN_NOVEMBER)
    record_results(batch=batch, results=results, by=house["finance"], at=IN_NOVEMBER)
    hold = Hold.objects.get(author=make_author("Chiara"))
    end_hold(hold=hold, by=house["finance"], reason="The account is right.")
    make_count(Blog.objects.get(title="Autumn coats"), 1000, NOVEMBER)

    batch, _ = build_batch(month=NOVEMBER, at=IN_DECEMBER)

    assert describe(batch) == as_numbers(NEXT_PAYMENTS)


@pytest.mark.thorough
def test_november_in_the_books_is_as_the_page_posts_it(house):
    pay_september(house)
    batch = sign(build_october(house), house, IN_NOVEMBER)
    ada, dora = (batch.payments.get(author__first_name=name) for name in ("Ada", "Dora"))
    export_payments(batch=batch, at=IN_NOVEMBER)
    results = {ada.pk: ("failed", "The account was closed."), dora.pk: ("paid", "")}
    record_results(batch=batch, results=results, by=house["finance"], at=IN_NOVEMBER)
    months = dict(PayoutBatch.objects.values_list("pk", "month"))
    posted = [
        (f"{months[entry.batch]:%B}", entry.label.capitalize(), entry.exact, entry.coins)
        for entry in sum_entries(month_window(NOVEMBER, "EUR"))
    ]
    assert sorted(posted) == sorted(
        (
            row["Batch"],
            row["What"],
            to_millionths(Decimal(row["Amount"])),
            to_millionths(Decimal(row["In the ledger"])),
        )
        for row in JOURNAL
    )


@pytest.mark.thorough
def test_late_views_without_a_price_are_as_the_page_works_them_out(house):
    make_user("elsa", first_name="Elsa")
    (price,) = LATE_PRICES
    start = dt.date.fromisoformat(price["In force from"])
    make_price(make_category(price["Category"]), price["Price"], start)
    at = dt.datetime(2026, 12, 5, 12, tzinfo=dt.UTC)
    in_time, late, october, november = LATE_VIEWS
    batches = []
    for month, views in ((SEPTEMBER, [in_time]), (OCTOBER, [late, october])):
        for row in views:
            count(row)
        batches.append(sign(build_batch(month=month, at=at)[0], house, at))
    assert batches[1].payments.get().amount == Decimal("12.00")
    assert "October's batch pays €12.00, and the 40 views wait." in LATE
    early = CategoryPrice(
        category=make_category("Travel"), effective_from=SEPTEMBER, price_per_1000=Decimal(15)
    )
    save_price(price=early, by=house["finance"])
    count(november)
    batches.append(sign(build_batch(month=NOVEMBER, at=at)[0], house, at))
    lines = [
        (
            f"{batch.month:%Y-%m}",
            f"{line.month:%Y-%m}",
            line.views,
            line.price_per_1000,
            line.amount,
        )
        for batch in batches
        for payment in batch.payments.all()
        for line in payment.lines.filter(kind="views").order_by("month")
    ]
    assert lines == [
        (
            row["Batch"],
            row["Month"],
            int(row["Views"]),
            Decimal(row["Price"]),
            Decimal(row["Amount"]),
        )
        for row in LATE_LINES
    ]


@pytest.mark.any_database
def test_page_names_every_setting_that_paying_reads():
    for name in (
        "CURRENCY",
        "PAYOUT_GRACE_DAYS",
        "MINIMUM_PAYOUT",
        "SECOND_APPROVAL_ABOVE",
        "OUTSTANDING_ALARM_DAYS",
    ):
        assert f"| `{name}` |" in PAGE
    assert "| `OUTSTANDING_ALARM_DAYS` |" in PAGE
