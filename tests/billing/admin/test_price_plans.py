import datetime as dt
import re
from decimal import Decimal
from html import unescape

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from openpyxl import Workbook

from billing.models import CategoryPrice, PayoutBatch
from billing.prices import price_plans
from tests.billing.batches import make_batch
from tests.factories import make_blog, make_category, make_count, make_price, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.any_database, pytest.mark.slow]

PLAN = "/admin/billing/categoryprice/plan/"
IMPORT = "/admin/billing/categoryprice/import/"
AT = "2026-11-22 12:00"
JANUARY = dt.date(2027, 1, 1)


@pytest.fixture(autouse=True)
def november(time_machine):
    time_machine.move_to(AT, tick=False)


def make_categories():
    """Make Sports at 10 and Tech at 15, with 1,000 and 2,000 views of October."""
    sports, tech = make_category("Sports"), make_category("Tech")
    for category, price, views in ((sports, "10", 1000), (tech, "15", 2000)):
        make_price(category, price)
        make_count(make_blog(category=category), views)
    return sports, tech


def post(client, step, prices, **data):
    fields = {f"price_{category.pk}": price for category, price in prices.items()}
    form = {"step": step, "day": "2027-01-01", "note": "The contract of 2027"}
    return client.post(PLAN, form | fields | data)


def save(client, prices, **data):
    """Look at the effect, and save what was shown."""
    shown_first = post(client, "show", prices, **data)
    return post(client, "save", prices, seen=shown_first.context["form"].seen, **data)


def prices_from(day=JANUARY):
    rows = CategoryPrice.objects.filter(effective_from=day).order_by("category__name")
    return [(price.category.name, price.price_per_1000, price.note) for price in rows]


def test_effect_of_all_prices_is_shown_in_total_by_category_and_by_author(client, sign_in):
    sports, tech = make_categories()
    sign_in("Finance")
    response = post(client, "show", {sports: "12", tech: "15.5"})
    october = response.context["forecast"].supposed[0]
    assert (october.total.before, october.total.after) == (Decimal(40), Decimal(43))
    assert [(row.name, row.before, row.after) for row in october.categories] == [
        ("Sports", Decimal(10), Decimal(12)),
        ("Tech", Decimal(30), Decimal(31)),
    ]
    assert [(row.before, row.after) for row in october.authors] == [
        (Decimal("10.00"), Decimal("12.00")),
        (Decimal("30.00"), Decimal("31.00")),
    ]
    assert "+€3.00" in response.text
    assert "Save 2 prices" in response.text
    assert prices_from() == []


def test_prices_that_hold_already_counted_days_say_what_changes(client, sign_in):
    sports, tech = make_categories()
    sign_in("Finance")
    response = post(client, "show", {sports: "12", tech: "14"}, day="2026-10-10")
    october = response.context["forecast"].real[0]
    assert (october.total.before, october.total.after) == (Decimal(40), Decimal(40))
    assert "views counted already get another price" in response.text


@pytest.mark.thorough
def test_one_post_saves_all_with_one_reason(client, sign_in):
    sports, tech = make_categories()
    finance = sign_in("Finance")
    response = save(client, {sports: "12", tech: "15.5"})
    assert response.status_code == 302
    reason = "The contract of 2027"
    assert prices_from() == [("Sports", Decimal(12), reason), ("Tech", Decimal("15.5"), reason)]
    for price in CategoryPrice.objects.filter(effective_from=JANUARY):
        record = price.history.get()
        assert (record.history_user, record.history_change_reason) == (finance, reason)


@pytest.mark.thorough
def test_nothing_is_saved_that_was_not_looked_at(client, sign_in):
    sports, _ = make_categories()
    sign_in("Finance")
    response = post(client, "save", {sports: "12"})
    assert "look at the effect below, then save" in response.text
    seen = response.context["form"].seen
    other = post(client, "save", {sports: "13"}, seen=seen)
    assert other.status_code == 200
    make_price(sports, "11", dt.date(2026, 12, 1), note="Somebody else")
    overtaken = post(client, "save", {sports: "12"}, seen=seen)
    assert overtaken.status_code == 200
    assert prices_from() == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("twelve", "Enter the price as a number, such as 12.50."),
        ("1.2345", "A price has at most three decimals."),
        ("-1", "A price is zero or more."),
        ("1e20", "This price is too large."),
        ("NaN", "Enter the price as a number, such as 12.50."),
    ],
)
def test_wrong_row_is_marked_and_nothing_typed_is_lost(client, sign_in, text, message):
    sports, tech = make_categories()
    sign_in("Finance")
    response = post(client, "save", {sports: text, tech: "16"})
    form = response.context["form"]
    assert form.errors == {f"price_{sports.pk}": [message]}
    assert form[f"price_{tech.pk}"].value() == "16"
    assert form["note"].value() == "The contract of 2027"
    assert form[f"price_{sports.pk}"].value() == text
    assert prices_from() == []


@pytest.mark.thorough
def test_row_of_paid_days_stops_all(client, sign_in):
    batch = make_batch(PayoutBatch.Status.APPROVED)
    paid = batch.payments.get().lines.get().category
    other = make_category("Other")
    make_price(other, "5")
    sign_in("Finance")
    response = post(client, "show", {paid: "12", other: "6"}, day="2026-10-01")
    assert "is paid up to 15 Oct 2026 already" in str(response.context["form"].errors)
    assert list(response.context["form"].errors) == [f"price_{paid.pk}"]
    assert prices_from(dt.date(2026, 10, 1)) == []


def test_own_category_is_refused_in_its_row(client, sign_in):
    sports, tech = make_categories()
    finance = sign_in("Finance")
    make_blog(author=finance, category=tech)
    response = post(client, "show", {sports: "12", tech: "16"})
    assert list(response.context["form"].errors) == [f"price_{tech.pk}"]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"note": ""}, "Say why"),
        ({"note": "."}, "says nothing"),
        ({"day": ""}, "Say from which day on."),
        ({"day": "1.1.2027"}, "Write the day as 2026-12-31."),
    ],
)
def test_day_and_reason_are_asked_for(client, sign_in, data, message):
    sports, _ = make_categories()
    sign_in("Finance")
    response = post(client, "save", {sports: "12"}, **data)
    assert message in unescape(response.text)
    assert response.context["form"][f"price_{sports.pk}"].value() == "12"
    assert prices_from() == []


@pytest.mark.thorough
def test_price_that_stays_is_no_new_row_and_a_planned_one_is_changed(client, sign_in):
    sports, tech = make_categories()
    make_price(tech, "16", JANUARY, note="First plan")
    sign_in("Finance")
    response = post(client, "show", {sports: "10", tech: "17"})
    assert "as it is: nothing to save" in response.text
    save(client, {sports: "10", tech: "17"})
    assert prices_from() == [("Tech", Decimal(17), "The contract of 2027")]
    only_same = post(client, "show", {sports: "10"})
    assert "No price would change" in only_same.text


def test_empty_table_is_told_what_to_enter(client, sign_in):
    make_categories()
    sign_in("Finance")
    assert "the new price of one category at least" in post(client, "show", {}).text


def test_last_year_is_copied_into_empty_fields_alone_and_saves_nothing(client, sign_in):
    sports, tech = make_categories()
    make_price(tech, "18", dt.date(2026, 6, 1))
    before = CategoryPrice.objects.count()
    sign_in("Finance")
    form = post(client, "copy", {sports: "12", tech: ""}, note="x").context["form"]
    assert form[f"price_{sports.pk}"].value() == "12"
    assert form[f"price_{tech.pk}"].value() == "15"
    assert form["note"].value() == "x"
    refused = post(client, "copy", {sports: "12"}, day="soon")
    assert "Say first from which day on" in refused.text
    assert refused.context["form"][f"price_{sports.pk}"].value() == "12"
    assert CategoryPrice.objects.count() == before


def test_leap_day_copies_from_the_day_before_march(client, sign_in):
    sports, _ = make_categories()
    sign_in("Finance")
    form = post(client, "copy", {sports: ""}, day="2028-02-29").context["form"]
    assert form[f"price_{sports.pk}"].value() == "10"


@pytest.mark.parametrize("role", ["Approvers", "Auditors", "Editors", "Authors"])
def test_table_and_import_are_for_finance_alone(client, sign_in, role):
    sports, _ = make_categories()
    sign_in(role)
    for url in (PLAN, IMPORT):
        assert client.get(url).status_code == 403
        assert client.post(url, {"step": "save", f"price_{sports.pk}": "1"}).status_code == 403
    assert prices_from() == []


def upload(client, text, name="prices.csv"):
    content = text if isinstance(text, bytes) else text.encode()
    return client.post(IMPORT, {"step": "preview", "file": SimpleUploadedFile(name, content)})


def confirm(client, response):
    return client.post(IMPORT, {"step": "confirm", "name": response.context["waiting"]["name"]})


FILE = """category,effective_from,price_per_1000,note
Sports,2027-01-01,12,Contract
tech,2027-01-01,15.5,
"""


@pytest.mark.thorough
def test_import_shows_what_changes_before_it_saves_all(client, sign_in):
    make_categories()
    sign_in("Finance")
    response = upload(client, FILE)
    assert "+€3.00" in response.text
    assert prices_from() == []
    assert confirm(client, response).status_code == 302
    assert prices_from() == [
        ("Sports", Decimal(12), "Contract"),
        ("Tech", Decimal("15.5"), "Imported from prices.csv"),
    ]
    assert "Everything in this file is here already" in upload(client, FILE).text


@pytest.mark.thorough
def test_workbook_is_read_as_well(client, sign_in, tmp_path):
    make_categories()
    sign_in("Finance")
    book = Workbook()
    book.active.append(["category", "effective_from", "price_per_1000"])
    book.active.append(["Tech", dt.datetime(2027, 1, 1), 15.5])
    book.save(tmp_path / "prices.xlsx")
    response = upload(client, (tmp_path / "prices.xlsx").read_bytes(), "prices.xlsx")
    confirm(client, response)
    assert prices_from() == [("Tech", Decimal("15.5"), "Imported from prices.xlsx")]


@pytest.mark.parametrize(
    ("row", "where", "what"),
    [
        ("Travel,2027-01-01,12,", "Row 3, category", "There is no category “Travel”."),
        (",2027-01-01,12,", "Row 3, category", "Name the category."),
        ("Tech,1.1.2027,12,", "Row 3, effective_from", "“1.1.2027” is no day."),
        ('Tech,2027-01-01,"12,50",', "Row 3, price_per_1000", "“12,50” is no price."),
        ("Tech,2027-01-01,1.2345,", "Row 3, price_per_1000", "at most three decimals"),
        ("Tech,2027-01-01,-1,", "Row 3, price_per_1000", "A price is zero or more"),
        ("Tech,2027-01-01,NaN,", "Row 3, price_per_1000", "A price is zero or more"),
        ("Tech,2027-01-01,1e30,", "Row 3, price_per_1000", "less than 1,000,000,000"),
        ("Tech,2027-01-01,12,.", "Row 3", "says nothing"),
        ("Sports,2027-01-01,13,", "Row 3", "two prices from that day"),
    ],
)
def test_each_wrong_row_is_named_and_nothing_is_saved(client, sign_in, row, where, what):
    make_categories()
    sign_in("Finance")
    head = "category,effective_from,price_per_1000,note\nSports,2027-01-01,12,\n"
    response = upload(client, f"{head}{row}\n")
    problems = response.context["problems"]
    assert [place for place, _ in problems] == [where]
    assert what in problems[0][1]
    assert prices_from() == []


def test_file_without_its_columns_is_refused(client, sign_in):
    make_categories()
    sign_in("Finance")
    response = upload(client, "category,price_per_1000\nTech,12\n")
    assert "a column is missing: effective_from" in response.text


@pytest.mark.thorough
def test_price_signed_between_preview_and_confirmation_saves_none(client, sign_in):
    _, tech = make_categories()
    finance = sign_in("Finance")
    response = upload(client, FILE)
    make_blog(author=finance, category=tech)
    answer = confirm(client, response)
    assert answer.status_code == 302
    assert "Nothing was imported. Row 3:" in client.get(IMPORT).text
    assert prices_from() == []


def test_preview_tells_what_was_in_its_own_currency(client, sign_in, settings):
    make_categories()
    settings.CURRENCY = "USD"
    sign_in("Finance")
    page = upload(client, FILE).text
    assert '<span class="bo-diff-old">€15.00</span>' in page
    assert '<span class="bo-diff-new">$15.50</span>' in page


@pytest.mark.thorough
def test_file_takes_back_no_price_that_somebody_set_after_the_preview(client, sign_in):
    sports, _ = make_categories()
    sign_in("Finance")
    response = upload(client, FILE)
    make_price(sports, "99", JANUARY, note="Agreed by telephone")
    assert confirm(client, response).status_code == 302
    assert "Somebody changed a price after you looked" in client.get(IMPORT).text
    assert prices_from() == [("Sports", Decimal(99), "Agreed by telephone")]
    confirm(client, upload(client, FILE))
    assert [amount for _, amount, _ in prices_from()] == [Decimal(12), Decimal("15.5")]


def test_plan_is_overtaken_up_to_the_moment_it_is_saved(client, sign_in, monkeypatch):
    sports, tech = make_categories()
    sign_in("Finance")
    lock, others = price_plans.hold_lock, [tech]

    def hold_lock(name):  # they were there first, while this one waited
        if others:
            make_price(others.pop(), "99", JANUARY, note="Agreed by telephone")
        lock(name)

    monkeypatch.setattr(price_plans, "hold_lock", hold_lock)
    response = save(client, {sports: "12", tech: "16"})
    assert "Somebody changed a price after you looked" in response.text
    assert prices_from() == []  # theirs stands in the transaction that is taken back here


def test_timeline_shows_views_and_prices_by_month_with_numbers_and_a_label(client, sign_in):
    _, tech = make_categories()
    make_price(tech, "18", dt.date(2026, 10, 20))
    sign_in("Auditors")
    response = client.get(f"/admin/billing/categoryprice/timeline/{tech.pk}/")
    text = re.sub(r"<[^>]+>", " ", unescape(response.text))
    assert "2,000 views in 12 months; price per 1,000: €15.00 → €18.00." in text
    assert "October 2026 2,000 €15.00 → €18.00" in " ".join(text.split())
    months = response.context["chart_months"]
    assert (len(months), months[0].month, months[-1].month) == (
        12, dt.date(2025, 12, 1), dt.date(2026, 11, 1),
    )  # fmt: skip


@pytest.mark.thorough
def test_table_costs_the_same_for_2_and_12_categories(
    client, sign_in, django_assert_max_num_queries
):
    make_categories()
    for number in range(10):
        make_price(make_category(f"Room {number}"), "5", by=make_user())
    sign_in("Finance")
    with django_assert_max_num_queries(25):
        assert client.get(PLAN).status_code == 200
