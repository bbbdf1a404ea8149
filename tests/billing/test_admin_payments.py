import datetime as dt

import pytest

from billing import payouts
from billing.exports import export_payments
from billing.models import Payment, PaymentExport, PaymentLine, PayoutBatch
from tests.billing.pages import count_queries, make_october
from tests.billing.test_payouts import AT, OCTOBER, make_batch
from tests.factories import make_blog, make_count, make_price, make_user

pytestmark = pytest.mark.django_db

Status = PayoutBatch.Status
LIST = "/admin/billing/payment/"
EXPORTS = "/admin/billing/paymentexport/"


def test_list_shows_author_batch_reference_and_amount(client, sign_in):
    payment = make_batch().payments.get()
    sign_in("Finance")
    text = client.get(LIST).text
    for part in (payment.author_name, "October 2026", payment.reference, "€10.00", "Payable"):
        assert part in text


def test_list_is_searched_by_author_and_reference_and_filtered_by_month(client, sign_in):
    blog = make_blog(author=make_user(first_name="Ada", last_name="Example"))
    make_price(blog.category, "10")
    make_count(blog, 1000)
    batch, _ = payouts.build_batch(month=OCTOBER, at=AT)
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


def test_each_line_leads_to_the_days_of_its_views(client, sign_in):
    payment = make_october(authors=1).payments.get()
    line = payment.lines.get(month=OCTOBER)
    make_count(line.blog, 7, dt.date(2026, 11, 1))
    sign_in("Auditors")
    url = (
        f"/admin/billing/dailyviewcount/?blog__id__exact={line.blog_id}"
        f"&author__id__exact={payment.author_id}&category__id__exact={line.category_id}"
        f"&month=2026-10"
    )
    assert url.replace("&", "&amp;") in client.get(f"{LIST}{payment.pk}/change/").text
    rows = client.get(url).context["cl"].result_list
    assert sum(row.views for row in rows) == line.views


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
    assert "approved payout batch" in client.get(EXPORTS).text


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


@pytest.mark.parametrize("role", ["Finance", "Approvers", "Auditors"])
def test_download_gives_the_same_bytes_each_time_and_changes_nothing(client, sign_in, role):
    export = make_export()
    sign_in(role)
    before = list(PaymentExport.objects.values())
    first, second = (client.get(f"{EXPORTS}{export.pk}/download/") for _ in range(2))
    assert first.content == second.content == bytes(export.content)
    assert first["Content-Disposition"] == 'attachment; filename="payments-2026-10.csv"'
    assert first["X-Content-Type-Options"] == "nosniff"
    assert list(PaymentExport.objects.values()) == before


@pytest.mark.parametrize("role", ["Authors", "Editors"])
def test_download_is_refused_without_permission(client, sign_in, role):
    export = make_export()
    sign_in(role)
    assert client.get(f"{EXPORTS}{export.pk}/download/").status_code == 403


def test_download_of_nothing_is_not_found(client, sign_in):
    sign_in("Finance")
    assert client.get(f"{EXPORTS}0/download/").status_code == 404


def test_download_needs_an_account(client):
    export = make_export()
    assert client.get(f"{EXPORTS}{export.pk}/download/")["Location"].startswith("/admin/login/")


def test_pages_of_a_file_name_it_and_never_show_what_is_in_it(client, sign_in):
    export = make_export()
    sign_in("Auditors")
    for url in (EXPORTS, f"{EXPORTS}{export.pk}/change/"):
        text = client.get(url).text
        assert "payments-2026-10.csv" in text
        assert "command line" in text
        assert bytes(export.content).decode() not in text
        assert "reference,author" not in text
