import datetime as dt
from decimal import Decimal

import pytest
from django.db import connection

from billing.models import Adjustment, CategoryPrice, Hold
from billing.payouts.adjustments import save_adjustment, withdraw_adjustment
from billing.payouts.holds import end_hold, hold_payment
from billing.payouts.price_withdrawal import withdraw_price
from billing.payouts.steps import build_batch
from billing.prices.rules import save_price
from billing.proof.traces import seal_traces
from billing.verification import verify_payouts
from tests.billing.tampering import change, without_guards
from tests.factories import make_blog, make_category, make_count, make_price, make_user
from weblog.models import Blog, ImportedAuthor

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

AT = dt.datetime(2026, 11, 5, 9, tzinfo=dt.UTC)
OCTOBER = dt.date(2026, 10, 1)


def execute(sql, *params):
    with connection.cursor() as cursor:
        cursor.execute(sql, params)


@pytest.fixture
def people():
    return make_user("finn"), make_user("fay")


@pytest.fixture
def entered(people):
    """A price, an adjustment and an ended hold, all made and changed by the application."""
    finn, fay = people
    blog = make_blog(category=make_category("Tech"))
    price = make_price(blog.category, "15", by=finn)
    price.note = "Agreed"
    save_price(price=price, by=fay)
    withdrawn = make_price(blog.category, "16", dt.date(2027, 1, 1), by=finn)
    withdraw_price(price=withdrawn, by=fay, reason="A mistake", at=AT)
    adjustment = Adjustment(author=blog.author, amount=Decimal(5), reason="A prize")
    save_adjustment(adjustment=adjustment, by=finn, at=AT)
    adjustment.amount = Decimal(6)
    save_adjustment(adjustment=adjustment, by=fay, at=AT)
    make_count(blog, 1000)
    batch, _ = build_batch(month=OCTOBER, at=AT)
    hold = hold_payment(payment=batch.payments.get(), by=finn, reason="Waits", at=AT)
    end_hold(hold=hold, by=fay, reason="Signed", at=AT)
    withdraw_adjustment(adjustment=adjustment, by=finn, reason="Twice", at=AT)
    return price, adjustment, hold


def history_check():
    difference = verify_payouts().difference
    # The counts of these tests have no views, and verification says so once histories are right.
    return difference if "histor" in difference or "names" in difference else ""


def test_what_people_enter_change_and_take_back_has_its_history(entered):
    assert history_check() == ""


COPIES = {
    CategoryPrice: "effective_from = '2026-10-01', price_per_1000 = 99000000",
    Adjustment: "amount = 99000000",
    Hold: "reason = 'Forged'",
}


@pytest.mark.thorough
@pytest.mark.parametrize("model", COPIES, ids=lambda model: model.__name__)
def test_row_that_came_by_sql_is_named(entered, model):
    """Each passes the guards and the constraints: nothing but its history is missing."""
    table = model._meta.db_table
    columns = [f.column for f in model._meta.concrete_fields if f.column != "id"]
    changes = dict(part.split(" = ") for part in COPIES[model].split(", "))
    values = ", ".join(changes.get(column, column) for column in columns)
    execute(
        f"INSERT INTO {table} (id, {', '.join(columns)}) "  # noqa: S608
        f"SELECT 4711, {values} FROM {table} LIMIT 1"
    )
    assert f"({table} 4711) has no history of its making" in history_check()


@pytest.mark.thorough
def test_rows_of_bulk_create_are_named(entered):
    price = entered[0]
    new = CategoryPrice(category=price.category, effective_from=OCTOBER, price_per_1000=9)
    CategoryPrice.objects.bulk_create([new])
    assert f"(billing_categoryprice {new.pk}) has no history of its making" in history_check()


def test_price_that_nobody_made_is_named(entered):
    CategoryPrice.objects.create(
        category=entered[0].category, effective_from=OCTOBER, price_per_1000=9
    )
    assert "names nobody who did it, but a person enters and changes each price" in history_check()


HISTORY = {
    CategoryPrice: "billing_historicalcategoryprice",
    Adjustment: "billing_historicaladjustment",
    Hold: "billing_historicalhold",
}


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("model", "change", "says"),
    [
        (CategoryPrice, "DELETE FROM {history} WHERE history_type = '+'", "history of its making"),
        (CategoryPrice, "UPDATE {history} SET history_type = '+'", "says that it was made"),
        (CategoryPrice, "UPDATE {history} SET history_user_id = NULL", "names nobody who did it"),
        (CategoryPrice, "UPDATE billing_categoryprice SET note = 'x'", "its history ends with"),
        (
            Hold,
            "DELETE FROM billing_hold",
            "gone without a withdrawal",
        ),
        (
            CategoryPrice,
            "UPDATE {history} SET history_type = '-' WHERE history_type = '~'",
            "says that it was withdrawn",
        ),
        (Adjustment, "UPDATE {history} SET created_by_id = {fay}", "as created by"),
        (
            Adjustment,
            "UPDATE {history} SET withdrawn_by_id = {fay} WHERE withdrawn_by_id IS NOT NULL",
            "as withdrawn by",
        ),
        (
            Adjustment,
            "UPDATE {history} SET created_at = '2020-01-01 00:00:00+00' WHERE history_type = '+'",
            "has another created at",
        ),
        (
            Hold,
            "UPDATE {history} SET reason = 'Another' WHERE history_type = '+'",
            "has another reason",
        ),
        (
            Hold,
            "UPDATE {history} SET history_user_id = {finn} WHERE ended_by_id IS NOT NULL",
            "as ended by",
        ),
    ],
)
def test_history_that_the_application_would_not_write_is_named(
    entered, people, model, change, says
):
    keys = {person.username: person.pk for person in people}
    with without_guards():
        execute(change.format(history=HISTORY[model], **keys))
    assert says in history_check()


@pytest.mark.parametrize("field", ["author", "category"])
def test_blog_that_changed_hands_without_a_record_is_named(field):
    blog, other = make_blog(), make_blog()
    Blog.objects.filter(pk=blog.pk).update(**{field: getattr(other, field)})
    difference = verify_payouts().difference
    assert f"(weblog_blog {blog.pk}) has the {field}" in difference
    assert "its history ends with" in difference


def test_blog_that_moved_by_the_application_is_as_its_history_ends():
    blog = make_blog()
    blog.author, blog.category = make_user("next"), make_category("Next")
    blog.save()
    assert verify_payouts().difference == ""


@pytest.mark.thorough
def test_imported_author_whom_sql_confirmed_or_erased_is_named(people):
    finn, _ = people
    account = make_user("imported")
    author = ImportedAuthor.objects.create(account=account, name="Ada", imported_at=AT)
    seal_traces(at=AT)
    assert verify_payouts().difference == ""
    rows = ImportedAuthor.objects.filter(pk=author.pk)
    change(rows, confirmed_by=finn, confirmed_at=AT, confirmation="x")
    named = f"(weblog_importedauthor {author.pk}) has the confirmed by"
    assert named in verify_payouts().difference
    with without_guards():
        execute("DELETE FROM weblog_importedauthor")
    assert "its row is gone without a withdrawal" in verify_payouts().difference
    with without_guards():
        execute("DELETE FROM weblog_historicalimportedauthor")
    assert "the application wrote it" in verify_payouts().difference
