"""An author asks on the own statement, finance answers on the page of the dispute."""

import pytest
from django.urls import reverse

from billing.models import Adjustment, Dispute, DisputeAnswer
from billing.payouts import steps
from billing.payouts.disputes import ask_about_line
from tests.billing.batches import AT, OCTOBER
from tests.billing.pages import url_of
from tests.factories import approve, make_blog, make_category, make_count, make_price, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.any_database, pytest.mark.slow]


@pytest.fixture
def payment(groups):
    category = make_category("Tech")
    make_price(category, "10")
    author = make_user(first_name="Ada", groups=["Authors"])
    make_count(make_blog(category=category, author=author, title="Kernel <b>diary</b>"), 1000)
    batch, _ = steps.build_batch(month=OCTOBER, at=AT)
    return batch.payments.get()


@pytest.fixture
def dispute(payment):
    return ask_about_line(
        line=payment.lines.get(), author=payment.author, text="Only 1,000 <i>views</i>?", at=AT
    )


def page_of(payment):
    return reverse("admin:billing_statement_page", args=[payment.pk])


def ask(client, payment, **data):
    return client.post(page_of(payment), {"line": payment.lines.get().pk} | data)


def answer(client, dispute, verb, **data):
    url = reverse(f"admin:billing_dispute_{verb}", args=[dispute.pk])
    return client.post(url, {"_form_submitted": "True"} | data)


def test_page_of_a_draft_says_first_that_a_line_is_in_dispute(client, sign_in, dispute):
    sign_in("Finance")
    page = client.get(url_of(dispute.batch)).text
    assert "In dispute since this batch was built: “Kernel &lt;b&gt;diary&lt;/b&gt;” of Ada" in page
    assert "Fix the problems that are listed under Checks. Then submit the batch." in page
    assert "/admin/billing/dispute/?state=open" in page


def test_author_asks_about_a_line_on_the_own_statement(client, payment):
    client.force_login(payment.author)
    line = payment.lines.get()
    page = client.get(page_of(payment))
    assert f'href="?ask={line.pk}#ask"' in page.text
    form = client.get(page_of(payment), {"ask": line.pk})
    assert "Ask about “Kernel &lt;b&gt;diary&lt;/b&gt;”" in form.text
    answer = ask(client, payment, text="Only 1,000 views?")
    assert answer.status_code == 302
    dispute = Dispute.objects.get()
    assert (dispute.author, dispute.question) == (payment.author, "Only 1,000 views?")
    page = client.get(page_of(payment)).text
    assert "Your question about “Kernel &lt;b&gt;diary&lt;/b&gt;” is open" in page
    assert "it pays the rest: this line waits." in page


@pytest.mark.parametrize("text", ["", ".", "x" * 1001])
def test_question_that_says_nothing_is_refused_and_kept(client, payment, text):
    client.force_login(payment.author)
    page = ask(client, payment, text=text)
    assert page.status_code == 200
    assert "Ask about" in page.text
    assert not Dispute.objects.exists()


def test_asking_is_for_the_author_alone(client, payment):
    for person, status in ((make_user(groups=["Authors"]), 404), (make_user(), 403)):
        client.force_login(person)
        assert ask(client, payment, text="Why so many?").status_code == status
    client.force_login(make_user(groups=["Finance"]))
    page = ask(client, payment, text="Why so many?")
    assert "?ask=" not in page.text
    assert not Dispute.objects.exists()


def test_line_of_another_payment_is_not_found(client, payment):
    client.force_login(payment.author)
    for line in ("0", "x", str(10**30)):
        assert ask(client, payment, line=line, text="Why?").status_code == 404


@pytest.mark.thorough
def test_author_takes_a_question_back(client, payment, dispute):
    client.force_login(payment.author)
    assert client.post(page_of(payment), {"dispute": dispute.pk, "text": "."}).status_code == 200
    assert not DisputeAnswer.objects.exists()
    client.post(page_of(payment), {"dispute": dispute.pk, "text": "I was wrong"})
    assert DisputeAnswer.objects.get().outcome == "withdrawn"
    assert "Taken back: I was wrong" in client.get(page_of(payment)).text


@pytest.mark.thorough
def test_finance_sees_the_question_and_rejects_it(client, payment, dispute):
    client.force_login(make_user(groups=["Finance"]))
    assert "1 dispute waits for an answer" in client.get(reverse("admin:index")).text
    page = client.get(reverse("admin:billing_dispute_change", args=[dispute.pk])).text
    assert "Only 1,000 &lt;i&gt;views&lt;/i&gt;?" in page
    assert "Taken out when the draft is rebuilt" in page
    answer(client, dispute, "reject", reason="The counts are right.")
    given = DisputeAnswer.objects.get()
    assert (given.outcome, given.text) == ("rejected", "The counts are right.")
    client.force_login(payment.author)
    assert "Rejected: The counts are right." in client.get(page_of(payment)).text


def test_finance_accepts_with_an_adjustment(client, payment, dispute):
    client.force_login(make_user(groups=["Finance"]))
    answer(client, dispute, "accept", reason="Two days were missing.", amount="12.5")
    adjustment = Adjustment.objects.get()
    assert (adjustment.author, adjustment.amount) == (payment.author, 12.5)
    assert DisputeAnswer.objects.get().adjustment == adjustment
    page = client.get(reverse("admin:billing_dispute_change", args=[dispute.pk])).text
    assert reverse("admin:billing_adjustment_change", args=[adjustment.pk]) in page


@pytest.mark.thorough
def test_pages_say_that_the_payment_waits_for_the_answer_and_nobody_else(client, payment):
    batch = steps.submit_batch(batch=payment.batch, by=make_user(), at=AT)
    client.force_login(payment.author)
    form = client.get(page_of(payment), {"ask": payment.lines.get().pk}).text
    assert "Your payment waits for the answer. You can take the question back." in form
    ask(client, payment, text="Only 1,000 views?")
    batch = approve(batch, at=AT)
    waits = "Approved; it is paid once your question about a line is answered"
    assert waits in client.get(page_of(payment)).text
    client.force_login(make_user(groups=["Finance"]))
    payments = reverse("admin:billing_payment_change", args=[payment.pk])
    for url in (url_of(batch), url_of(batch, "export"), payments):
        page = client.get(url).text
        assert "asked about a line:" in page
        assert "?state=open" in page
    assert "1 payment of €10.00 waits for an answer." in client.get(url_of(batch)).text
    answer(client, Dispute.objects.get(), "reject", reason="The counts are right.")
    page = client.get(url_of(batch)).text
    assert "The next file to the bank takes the payment." in page
    assert "asked about a line" not in page


@pytest.mark.thorough
def test_queries_of_the_list_do_not_grow(client, payment, dispute, django_assert_max_num_queries):
    client.force_login(make_user(groups=["Finance"]))
    url = reverse("admin:billing_dispute_changelist")
    client.get(url)
    with django_assert_max_num_queries(22):
        assert "Kernel" in client.get(url).text
    assert "Kernel" not in client.get(url, {"state": "answered"}).text


def test_question_outlives_its_statement_in_the_list(client, payment, dispute):
    """A draft without its only line has no statement for the author any more."""
    steps.rebuild_batch(batch=payment.batch, by=make_user(), at=AT)
    client.force_login(payment.author)
    url = reverse("admin:billing_statement_changelist")
    assert client.get(page_of(payment)).status_code == 404
    assert "Only 1,000 &lt;i&gt;views&lt;/i&gt;?" in client.get(url).text
    client.post(url, {"dispute": dispute.pk, "text": "."})
    client.post(url, {"text": "I was wrong"})
    assert not DisputeAnswer.objects.exists()
    client.post(url, {"dispute": dispute.pk, "text": "I was wrong"})
    assert "Taken back by the author: I was wrong" in client.get(url).text


def test_views_explained_says_what_of_the_waiting_views_is_in_dispute(client, payment, dispute):
    steps.rebuild_batch(batch=payment.batch, by=make_user(), at=AT)
    client.force_login(make_user(groups=["Finance"]))
    page = client.get("/admin/views-explained/", {"month": "2026-10"})
    assert page.context["disputed"] == 1000
    assert ">1,000 of them</a> in dispute, until their author has an answer" in page.text


def test_nobody_takes_back_the_question_of_another(client, payment, dispute):
    client.force_login(make_user(groups=["Authors"]))
    data = {"dispute": dispute.pk, "text": "I was wrong"}
    assert client.post(reverse("admin:billing_statement_changelist"), data).status_code == 404
    assert not DisputeAnswer.objects.exists()


def test_question_and_answer_stand_in_the_audit_trail(client, payment, dispute):
    client.force_login(make_user(groups=["Finance"]))
    answer(client, dispute, "reject", reason="The counts are right.")
    client.force_login(make_user(is_superuser=True))
    url = "/admin/audit-trail/"
    asked = client.get(url, {"kind": "billing.dispute"}).text
    assert "Asked about a line" in asked
    assert "Only 1,000 &lt;i&gt;views&lt;/i&gt;?" in asked
    answered = client.get(url, {"kind": "billing.dispute_answer"}).text
    assert "The counts are right." in answered


@pytest.mark.thorough
@pytest.mark.parametrize("name", ["billing_statement_page", "billing_statement_changelist"])
def test_refused_reason_to_take_a_question_back_stays_where_it_was_typed(client, dispute, name):
    client.force_login(dispute.author)
    payment = dispute.batch.payments.get()
    url = reverse(f"admin:{name}", args=[payment.pk] if name.endswith("page") else [])
    page = client.post(url, {"dispute": dispute.pk, "text": "12 & 34"})
    assert "“12 &amp; 34” says nothing. Say why: it is kept with your question." in page.text
    assert 'class="bl-text">12 &amp; 34</textarea>' in page.text
    assert '<details class="bl-digest" open>' in page.text
    assert not DisputeAnswer.objects.exists()
