import datetime as dt
from decimal import Decimal

import pytest

from billing.bank.exports import export_payments
from billing.bank.results.recording import record_results
from billing.models import (
    Adjustment,
    DailyViewCount,
    Hold,
    Payment,
    PaymentExport,
    PaymentLine,
    PayoutBatch,
    Seal,
)
from billing.payouts import steps
from billing.statements.payments import list_days
from tests.billing.adjustments import make_adjustment
from tests.billing.bank_files import read_file
from tests.billing.batches import AT, OCTOBER, SEPTEMBER, make_batch
from tests.billing.pages import count_queries, make_october
from tests.billing.tampering import change
from tests.factories import approve, make_blog, make_category, make_count, make_price, make_user
from tests.pages import shown

pytestmark = [pytest.mark.django_db, pytest.mark.any_database, pytest.mark.slow]

Status = PayoutBatch.Status
LIST = "/admin/billing/payment/"
EXPORTS = "/admin/billing/paymentexport/"


def page_of(payment, page="change"):
    return f"{LIST}{payment.pk}/{page}/"


def make_carried(adjustment=None):
    """A payment of September that was carried, and the one of October that took it in."""
    blog = make_blog()
    make_price(blog.category, "4")
    make_count(blog, 1, dt.date(2026, 9, 10))
    september, _ = steps.build_batch(month=SEPTEMBER, at=AT)
    approve(steps.submit_batch(batch=september, by=make_user(), at=AT), at=AT)
    if adjustment:
        make_adjustment(adjustment, author=blog.author)
    make_count(blog, 1000)
    october, _ = steps.build_batch(month=OCTOBER, at=AT)
    return september.payments.get(), october.payments.get()


def test_list_shows_author_batch_reference_and_amount(client, sign_in):
    payment = make_batch().payments.get()
    sign_in("Finance")
    text = client.get(LIST).text
    for part in (payment.author_name, "October 2026", payment.reference, "€10.00", "To be paid"):
        assert part in text


def test_empty_list_has_no_totals(client, sign_in):
    sign_in("Finance")
    page = client.get("/admin/billing/payment/")
    assert page.status_code == 200
    assert "bo-totals" not in page.text


@pytest.mark.thorough
def test_list_is_searched_by_author_and_reference_and_filtered_by_month(client, sign_in):
    blog = make_blog(author=make_user(first_name="Ada", last_name="Example"))
    make_price(blog.category, "10")
    make_count(blog, 1000)
    batch, _ = steps.build_batch(month=OCTOBER, at=AT)
    payment = batch.payments.get()
    sign_in("Finance")
    for query, found in [
        ({"q": "Ada Exa"}, 1),
        ({"q": payment.reference}, 1),
        ({"q": "Bruno"}, 0),
        ({"month": "2026-10"}, 1),
        ({"month": "2026-09"}, 0),
        ({"month": "nonsense"}, 0),
    ]:
        assert client.get(LIST, query).context["cl"].result_count == found, query


@pytest.mark.thorough
def test_list_costs_the_same_for_2_and_20_payments(client, sign_in):
    sign_in("Finance")
    batch = make_october(authors=2)
    client.get(LIST)
    queries = count_queries(client, LIST)
    payment = batch.payments.first()
    for number in range(20):
        payment.pk, payment.reference, payment.author = None, f"r{number}", make_user()
        payment.save()
    assert count_queries(client, LIST) == queries


def test_page_shows_how_the_amount_comes_about(client, sign_in):
    payment = make_october(authors=1).payments.get()
    sign_in("Finance")
    text = client.get(f"{LIST}{payment.pk}/change/").text
    for part in ("Blog 0", "€12.345", "€24.81345", "-€0.00345", "€24.81", "late views"):
        assert part in text


def test_line_shows_the_days_of_its_views_as_they_were_paid(client, sign_in):
    blog = make_blog()
    make_price(blog.category, "12.345")
    make_count(blog, 12, dt.date(2026, 10, 1))
    make_count(blog, 1234, dt.date(2026, 10, 31))
    batch, _ = steps.build_batch(month=OCTOBER, at=AT)
    change(DailyViewCount.objects.all(), views=99)
    sign_in("Finance")
    payment = batch.payments.get()
    response = client.get(page_of(payment))
    (line,) = response.context["page"]
    assert list_days(line) == [
        (dt.date(2026, 10, 1), 12, Decimal("0.14814")),
        (dt.date(2026, 10, 31), 1234, Decimal("15.23373")),
    ]
    for part in ("2 days", "1 Oct", "12 views", "€0.14814", "31 Oct", "1,234 views", "€15.23373"):
        assert part in response.text


@pytest.mark.thorough
def test_line_leads_to_the_counts_of_its_days(client, sign_in):
    payment = make_october(authors=1).payments.get()
    line = payment.lines.get(month=OCTOBER)
    make_count(line.blog, 7, dt.date(2026, 11, 1))
    sign_in("Auditors")
    url = (
        f"/admin/billing/dailyviewcount/?blog__id__exact={line.blog_id}"
        f"&author__id__exact={payment.author_id}&category__id__exact={line.category_id}"
        f"&month=2026-10"
    )
    assert url.replace("&", "&amp;") in client.get(page_of(payment)).text
    rows = client.get(url).context["cl"].result_list
    assert sum(row.views for row in rows) == line.views


@pytest.mark.thorough
def test_lines_stand_by_kind_and_lead_to_where_they_come_from(client, sign_in):
    carried, payment = make_carried(adjustment="5")
    sign_in("Auditors")
    text = client.get(page_of(payment)).text
    for part in (
        "Adjustment: 1 line",
        "Carried forward: 1 line",
        "Views: 1 line",
        "+€5.00",
        "+€0.004",
        "There is nothing above zero to pay.",
        f'href="{page_of(carried)}"',
        f"/admin/billing/adjustment/{Adjustment.objects.get().pk}/change/",
    ):
        assert part in text


@pytest.mark.thorough
def test_adjustment_without_a_reason_says_so(client, sign_in):
    blog = make_blog()
    make_price(blog.category, "10")
    make_count(blog, 1000)
    make_adjustment(author=blog.author, reason="")
    batch, _ = steps.build_batch(month=OCTOBER, at=AT)
    sign_in("Finance")
    assert "No reason yet" in client.get(page_of(batch.payments.get())).text


# What was not paid


@pytest.mark.thorough
def test_what_is_carried_says_why_and_where_it_came_to(client, sign_in):
    carried, payment = make_carried()
    sign_in("Approvers")
    text = client.get(page_of(carried)).text
    assert "There is nothing above zero to pay." in text
    assert f'€0.004 came into <a href="{page_of(payment)}">' in text


@pytest.mark.thorough
def test_what_waits_says_so(client, sign_in):
    blog = make_blog()
    make_price(blog.category, "4")
    make_count(blog, 1)
    batch, _ = steps.build_batch(month=OCTOBER, at=AT)
    sign_in("Finance")
    url = page_of(batch.payments.get())
    assert "will wait for the batch after this one" in client.get(url).text
    approve(steps.submit_batch(batch=batch, by=make_user(), at=AT), at=AT)
    assert "have waited since 1 Nov 2026" in client.get(url).text
    assert "€0.004" in client.get(LIST).text


@pytest.mark.thorough
def test_results_of_the_bank_are_shown_the_latest_first(client, sign_in):
    batch = make_batch(Status.APPROVED)
    payment = batch.payments.get()
    export_payments(batch=batch, at=AT)
    by = make_user(first_name="Finn", last_name="Finance")
    record_results(batch=batch, results={payment.pk: ("failed", "No such account")}, by=by, at=AT)
    sign_in("Auditors")
    text = client.get(page_of(payment)).text
    for part in (
        "Failed",
        "No such account",
        "Finn Finance",
        "€10.00</strong> have waited since 1 Nov 2026",
    ):
        assert part in text
    assert f"/admin/billing/seal/{Seal.objects.last().pk}/change/" in text
    corrected = {payment.pk: ("paid", "The bank found it again.")}
    record_results(batch=batch, results=corrected, by=make_user(), at=AT)
    response = client.get(page_of(payment))
    assert [result.outcome for result in response.context["payslip"].results] == ["paid", "failed"]
    assert "have waited" not in response.text


@pytest.mark.thorough
def test_page_costs_the_same_for_2_and_20_lines(client, sign_in):
    author, category = make_user(), make_category()
    make_price(category, "10")
    sign_in("Finance")

    def count(blogs):
        for _ in range(blogs):
            make_count(make_blog(author=author, category=category), 1000)
        batch, _ = steps.build_batch(month=OCTOBER, at=AT)
        steps.rebuild_batch(batch=batch, by=make_user(), at=AT)
        url = page_of(batch.payments.get())
        client.get(url)
        return count_queries(client, url)

    assert count(2) == count(18)


# Hold, release, pay out in full


def act(client, payment, button, reason="Asked by the author"):
    data = {"reason": reason, "_form_submitted": "on"}
    return client.post(page_of(payment, button), data)


def buttons_of(client, payment):
    text = client.get(page_of(payment)).text
    return {
        button
        for button in ("hold", "release", "pay_out", "end_pay_out")
        if page_of(payment, button) in text
    }


@pytest.mark.thorough
def test_payment_is_held_and_released_with_a_reason(client, sign_in):
    payment = make_batch().payments.get()
    user = sign_in("Finance", first_name="Finn", last_name="Finance")
    assert buttons_of(client, payment) == {"hold"}
    assert "€10.00" in client.get(page_of(payment, "hold")).text
    assert act(client, payment, "hold")["HX-Redirect"] == page_of(payment)
    payment.refresh_from_db()
    assert (payment.status, payment.amount, payment.carried_amount) == ("held", 0, 10)
    text = client.get(page_of(payment)).text
    assert "this author’s payments are on hold</strong>, by Finn Finance: Asked by the" in text
    assert buttons_of(client, payment) == {"release", "pay_out"}
    act(client, payment, "release", "Solved")
    payment.refresh_from_db()
    assert (payment.status, payment.amount, payment.carried_amount) == ("payable", 10, 0)
    hold = Hold.objects.get()
    assert (hold.created_by, hold.ended_by) == (user, user)
    assert (hold.reason, hold.end_reason) == ("Asked by the author", "Solved")


@pytest.mark.thorough
def test_payment_of_who_left_is_paid_out_in_full_and_that_is_taken_back(client, sign_in):
    blog = make_blog(author=make_user(is_active=False))
    make_price(blog.category, "10")
    make_count(blog, 1000)
    batch, _ = steps.build_batch(month=OCTOBER, at=AT)
    payment = batch.payments.get()
    sign_in("Finance")
    assert payment.status == "held"
    assert buttons_of(client, payment) == {"hold", "pay_out"}
    act(client, payment, "pay_out", "Leaves the house")
    payment.refresh_from_db()
    assert (payment.status, payment.amount) == ("payable", 10)
    assert "Paid out in full: Leaves the house" in client.get(page_of(payment)).text
    assert buttons_of(client, payment) == {"hold", "end_pay_out"}
    act(client, payment, "end_pay_out", "Came back")
    payment.refresh_from_db()
    assert payment.status == "held"


@pytest.mark.parametrize("button", ["hold", "release", "pay_out", "end_pay_out"])
def test_button_without_a_reason_or_by_looking_does_nothing(client, sign_in, button):
    payment = make_batch().payments.get()
    sign_in("Finance")
    assert "Say why" in act(client, payment, button, " ").text
    assert client.get(page_of(payment, button)).status_code == 200
    assert client.get(f"{LIST}0/{button}/").status_code == 404
    assert not Hold.objects.exists()


@pytest.mark.thorough
@pytest.mark.parametrize("status", [Status.SUBMITTED, Status.APPROVED])
@pytest.mark.parametrize("button", ["hold", "release", "pay_out", "end_pay_out"])
def test_signed_payment_is_out_of_reach_even_for_a_superuser(client, sign_in, status, button):
    payment = make_batch(status).payments.get()
    sign_in("Superusers")
    assert buttons_of(client, payment) == set()
    assert "only a batch that is draft" in shown(act(client, payment, button))[0]
    assert not Hold.objects.exists()


def test_nobody_holds_a_payment_of_their_own(client, sign_in):
    user = sign_in("Superusers")
    blog = make_blog(author=user)
    make_price(blog.category, "10")
    make_count(blog, 1000)
    batch, _ = steps.build_batch(month=OCTOBER, at=AT)
    assert "payment of your own" in shown(act(client, batch.payments.get(), "hold"))[0]


@pytest.mark.thorough
@pytest.mark.parametrize("role", ["Approvers", "Auditors"])
@pytest.mark.parametrize("button", ["hold", "release", "pay_out", "end_pay_out"])
def test_payments_are_held_by_finance_alone(client, sign_in, role, button):
    payment = make_batch().payments.get()
    sign_in(role)
    assert buttons_of(client, payment) == set()
    assert act(client, payment, button).status_code == 403


def test_names_in_a_payment_are_escaped(client, sign_in):
    payment = make_batch().payments.get()
    payment.lines.update(blog_title="<script>alert(1)</script>")
    Payment.objects.update(author_name="<b>Ada</b>")
    sign_in("Finance")
    text = client.get(f"{LIST}{payment.pk}/change/").text
    assert "<script>alert(1)</script>" not in text
    assert "<b>Ada</b>" not in text


def test_empty_lists_say_where_the_rows_come_from(client, sign_in):
    sign_in("Auditors")
    assert "payout batch of a month" in client.get(LIST).text
    assert "Each file to the bank stands here" in client.get(EXPORTS).text
    sign_in("Finance")
    assert "Open an approved payout batch" in client.get(EXPORTS).text


@pytest.mark.thorough
@pytest.mark.parametrize("path", ["add/", "{pk}/change/", "{pk}/delete/"])
@pytest.mark.parametrize("model", ["payment", "paymentexport"])
def test_not_even_a_superuser_changes_a_payment_or_an_export(client, sign_in, model, path):
    batch = make_batch(Status.APPROVED)
    export_payments(batch=batch, at=AT)
    sign_in("Superusers")
    before = list(Payment.objects.values()), list(PaymentExport.objects.values())
    pk = {"payment": batch.payments.get().pk, "paymentexport": batch.exports.get().pk}[model]
    url = f"/admin/billing/{model}/{path.format(pk=pk)}"
    assert client.post(url, {"amount": "1000000", "post": "yes"}).status_code == 403
    assert (list(Payment.objects.values()), list(PaymentExport.objects.values())) == before


def test_lines_and_salts_have_no_pages_of_their_own(client, sign_in):
    make_batch()
    sign_in("Superusers")
    assert PaymentLine.objects.exists()
    for model in ("paymentline", "readersalt"):
        assert client.get(f"/admin/billing/{model}/").status_code == 404


@pytest.mark.parametrize("role", ["Authors", "Editors"])
@pytest.mark.parametrize("url", [LIST, EXPORTS])
def test_payments_are_hidden_from_who_writes_and_edits(client, sign_in, role, url):
    make_batch()
    sign_in(role)
    assert client.get(url).status_code == 403


# Files


def make_export():
    return export_payments(batch=make_batch(Status.APPROVED), at=AT)


@pytest.mark.thorough
@pytest.mark.parametrize("role", ["Finance", "Approvers", "Auditors"])
def test_download_gives_the_same_bytes_each_time_and_changes_nothing(client, sign_in, role):
    export = make_export()
    sign_in(role)
    before = list(PaymentExport.objects.values())
    first, second = (client.post(f"{EXPORTS}{export.pk}/download/") for _ in range(2))
    assert first.getvalue() == second.getvalue() == read_file(export)
    assert first["Content-Disposition"] == 'attachment; filename="payments-2026-10.csv"'
    assert first["X-Content-Type-Options"] == "nosniff"
    assert list(PaymentExport.objects.values()) == before


@pytest.mark.thorough
@pytest.mark.parametrize("role", ["Authors", "Editors"])
def test_download_is_refused_without_permission(client, sign_in, role):
    export = make_export()
    sign_in(role)
    assert client.post(f"{EXPORTS}{export.pk}/download/").status_code == 403


def test_download_of_nothing_is_not_found(client, sign_in):
    sign_in("Finance")
    assert client.get(f"{EXPORTS}0/download/").status_code == 404


@pytest.mark.thorough
def test_download_needs_an_account(client):
    export = make_export()
    assert client.get(f"{EXPORTS}{export.pk}/download/")["Location"].startswith("/admin/login/")


@pytest.mark.thorough
def test_pages_of_a_file_name_it_and_never_show_what_is_in_it(client, sign_in):
    export = make_export()
    sign_in("Auditors")
    for url in (EXPORTS, f"{EXPORTS}{export.pk}/change/"):
        text = client.get(url).text
        assert "payments-2026-10.csv" in text
        assert "command line" in text
        assert read_file(export).decode() not in text
        assert "reference,author" not in text
