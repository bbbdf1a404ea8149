"""Nobody decides about their own money: each rule, with its refusal in words."""

import datetime as dt
import io
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from billing.bank.exports import export_payments
from billing.bank.results.recording import record_results
from billing.counting.access_logs.importing import import_access_log
from billing.counting.access_logs.patterns import OWN_PAGES
from billing.counting.robot_exceptions import save_robot_exception
from billing.errors import OwnMoney
from billing.findings.decisions import accept_finding, exclude_views, reopen_finding
from billing.models import (
    AccessLogImport,
    BlogView,
    CategoryPrice,
    Finding,
    PaymentResult,
    RobotException,
)
from billing.payouts.price_withdrawal import withdraw_price
from billing.prices.rules import save_price
from tests.billing.batches import AT, OCTOBER, make_batch
from tests.factories import make_blog, make_count, make_line, make_price, make_user
from weblog.models import OldAddress

pytestmark = [pytest.mark.django_db, pytest.mark.any_database, pytest.mark.slow]


@pytest.fixture
def payee():
    return make_user("payee", is_superuser=True)


def make_own(payee, relation):
    """A blog that is the person's own, in one of the ways in which a blog can be."""
    blog = make_blog(author=payee if relation.removeprefix("former ") == "author" else make_user())
    if relation in ("co-author", "former co-author"):
        blog.co_authors.add(payee)
    if relation == "former author":
        blog.author = make_user()
        blog.save()
    if relation == "former co-author":
        blog.co_authors.clear()
    return blog


RELATIONS = ["author", "co-author", "former author", "former co-author"]
of_each_relation = pytest.mark.parametrize("relation", RELATIONS)


# Results


@pytest.mark.parametrize("outcome", ["paid", "failed"])
def test_nobody_records_results_of_their_own_payments(outcome):
    batch = make_batch("approved")
    export_payments(batch=batch, at=AT)
    payment = batch.payments.get()
    results = {payment.pk: (outcome, "Account closed")}
    with pytest.raises(OwnMoney, match=f"{payment.reference} pays you") as refusal:
        record_results(batch=batch, results=results, by=payment.author, at=AT)
    assert "Somebody else has to record" in str(refusal.value)
    assert not PaymentResult.objects.exists()


@pytest.mark.thorough
def test_form_of_results_keeps_what_was_typed(client, sign_in):
    batch = make_batch("approved")
    export_payments(batch=batch, at=AT)
    payment = batch.payments.get()
    user = sign_in("Finance")
    with transaction.atomic():
        make_batch_pay(batch, user)
    row = f"row-{payment.pk}"
    data = {"row": payment.pk, f"{row}-outcome": "failed", f"{row}-reason": "Account closed"}
    url = reverse("admin:billing_payoutbatch_results", args=[batch.pk])
    page = client.post(url, data).text
    assert "pays you" in page
    assert "Account closed" in page


def make_batch_pay(batch, user):
    from tests.billing.tampering import without_guards

    with without_guards():
        batch.payments.update(author=user)


# Findings


def make_finding(blog, status="open", **values):
    return Finding.objects.create(
        kind="busy_reader", month=OCTOBER, blog=blog, author=blog.author, day=OCTOBER,
        reader_key=b"k" * 16, fingerprint=f"{blog.pk}", views=5, found_at=AT, status=status,
        numbers={"clicks": 5, "share": 50, "month_views": 10}, **values,
    )  # fmt: skip


@of_each_relation
@pytest.mark.parametrize("decide", [accept_finding, exclude_views])
def test_nobody_decides_findings_on_their_own_blogs(payee, relation, decide):
    finding = make_finding(make_own(payee, relation))
    with pytest.raises(OwnMoney, match="a blog of your own"):
        decide(finding=finding, by=payee, reason="They are all people", at=AT)
    finding.refresh_from_db()
    assert finding.status == "open"


@of_each_relation
def test_nobody_reopens_findings_on_their_own_blogs(payee, relation):
    decided = {"reason": "No people", "decided_by": make_user(), "decided_at": AT}
    finding = make_finding(make_own(payee, relation), "excluded", **decided)
    with pytest.raises(OwnMoney, match="a blog of your own"):
        reopen_finding(finding=finding, by=payee, reason="They are people", at=AT)
    finding.refresh_from_db()
    assert finding.status == "excluded"


def test_dialog_of_a_finding_says_so_and_keeps_the_reason(client, payee):
    finding = make_finding(make_blog(author=payee))
    client.force_login(payee)
    url = reverse("admin:billing_finding_accept", args=[finding.pk])
    page = client.post(url, {"_form_submitted": "True", "reason": "They are all people"}).text
    assert "a blog of your own" in page
    assert "They are all people" in page


def test_database_refuses_a_decision_on_views_of_ones_own(payee):
    finding = make_finding(make_blog(author=payee))
    with pytest.raises(IntegrityError, match="decides about their own views"), transaction.atomic():
        Finding.objects.filter(pk=finding.pk).update(
            status="accepted", reason="They are people", decided_by=payee, decided_at=AT
        )


# Prices


@of_each_relation
def test_nobody_sets_a_price_for_a_category_of_their_own_blogs(payee, relation):
    category = make_own(payee, relation).category
    price = CategoryPrice(category=category, effective_from=OCTOBER, price_per_1000=Decimal(99))
    with pytest.raises(OwnMoney, match=f"a blog, or counted views, in {category}"):
        save_price(price=price, by=payee)
    assert not CategoryPrice.objects.exists()


def test_price_of_views_counted_before_the_blog_moved_is_ones_own(payee):
    blog = make_blog(author=payee)
    category = blog.category
    make_count(blog, 100, dt.date(2026, 10, 15))
    blog.category = make_blog().category
    blog.save()
    price = CategoryPrice(category=category, effective_from=OCTOBER, price_per_1000=Decimal(99))
    with pytest.raises(OwnMoney):
        save_price(price=price, by=payee)
    price.effective_from = dt.date(2026, 10, 16)
    save_price(price=price, by=payee)
    assert CategoryPrice.objects.get().effective_from == dt.date(2026, 10, 16)


def test_nobody_changes_moves_or_withdraws_the_price_of_their_own_views(payee):
    blog = make_blog(author=payee)
    price = make_price(blog.category, "10", OCTOBER)
    price.price_per_1000 = Decimal(99)
    with pytest.raises(OwnMoney):
        save_price(price=price, by=payee)
    price.category = make_blog().category
    with pytest.raises(OwnMoney):
        save_price(price=price, by=payee)
    with pytest.raises(OwnMoney):
        withdraw_price(price=price, by=payee, reason="Entered by mistake", at=AT)
    assert CategoryPrice.objects.get().price_per_1000 == 10


def test_form_of_a_price_says_so_and_keeps_what_was_typed(client, payee):
    blog = make_blog(author=payee)
    client.force_login(payee)
    data = {
        "category": blog.category_id, "effective_from": "2026-12-01", "price_per_1000": "99",
        "note": "Agreed with them",
    }  # fmt: skip
    page = client.post(reverse("admin:billing_categoryprice_add"), data).text
    assert "nobody sets a price that pays them" in page
    assert "Agreed with them" in page
    assert not CategoryPrice.objects.exists()


def test_dialog_of_a_withdrawal_says_so(client, payee):
    price = make_price(make_blog(author=payee).category, "10", OCTOBER)
    client.force_login(payee)
    page = client.get(reverse("admin:billing_categoryprice_withdraw", args=[price.pk])).text
    assert "nobody sets a price that pays them" in page


# Logs


def import_log(by, *slugs):
    lines = [make_line(f"GET /blogs/{slug}/ HTTP/1.1") for slug in slugs]
    return import_access_log(
        file=io.BytesIO(b"\n".join(lines)), file_name="access.log", path_pattern=OWN_PAGES, at=AT,
        by=by, trusted_proxies=0,
    )  # fmt: skip


@of_each_relation
def test_nobody_imports_lines_for_their_own_blogs(payee, relation):
    own, other = make_own(payee, relation), make_blog()
    with pytest.raises(OwnMoney, match="2 lines of this log are for a blog of your own") as refusal:
        import_log(payee, own.slug, other.slug, own.slug)
    assert own.slug in str(refusal.value)
    assert not AccessLogImport.objects.exists()
    assert not BlogView.objects.exists()


def test_former_address_of_a_blog_is_ones_own(payee):
    own = make_blog(author=payee)
    OldAddress.objects.create(slug="the-old-one", blog=own)
    with pytest.raises(OwnMoney, match="1 line of this log is for a blog of your own"):
        import_log(payee, "the-old-one")


@pytest.mark.thorough
def test_lines_of_other_blogs_are_imported(payee):
    make_blog(author=payee)
    report = import_log(payee, make_blog().slug)
    assert report.log_import.views.count() == 1


# Exceptions to the robot lists


def test_nobody_with_a_blog_enters_exceptions_to_the_robot_lists(client, payee):
    exception = RobotException(text="CUBOT", reason="A telephone of theirs")
    save_robot_exception(exception=exception, by=payee)
    make_blog(author=payee)
    exception.is_active = False
    with pytest.raises(OwnMoney, match="which of its views count"):
        save_robot_exception(exception=exception, by=payee)
    client.force_login(payee)
    data = {"text": "GTmetrix", "reason": "These are people", "is_active": "on"}
    page = client.post(reverse("admin:billing_robotexception_add"), data).text
    assert "which of its views count" in page
    assert "These are people" in page
    assert RobotException.objects.get().is_active
