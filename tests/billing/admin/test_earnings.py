"""The page of an author's earnings: who sees it, and what it shows."""

import pytest
from django.urls import reverse

from billing.payouts import steps
from tests.billing.batches import AT, OCTOBER
from tests.factories import make_blog, make_category, make_count, make_price, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.any_database, pytest.mark.slow]


def open_page(client, name="changelist", *args, **query):
    return client.get(reverse(f"admin:billing_earnings_{name}", args=args, query=query))


@pytest.fixture
def blogs(groups):
    """A draft October of two authors, Ada and Bruno."""
    category = make_category("Tech")
    make_price(category, "10")
    blogs = []
    for name in ("Ada", "Bruno"):
        author = make_user(first_name=name, last_name="Example", groups=["Authors"])
        blogs.append(make_blog(category=category, author=author, title=f"<b>{name}</b>"))
        make_count(blogs[-1], 1234)
    steps.build_batch(month=OCTOBER, at=AT)
    return blogs


def test_author_sees_own_earnings_alone(client, blogs):
    ada, bruno = blogs
    client.force_login(ada.author)
    page = open_page(client)
    assert "€12.34" in page.text
    assert "&lt;b&gt;Ada&lt;/b&gt;" in page.text
    assert "Bruno" not in page.text
    assert open_page(client, author=ada.author_id).status_code == 200
    assert open_page(client, author=bruno.author_id).status_code == 403
    assert open_page(client, "blog", ada.pk).status_code == 200
    assert open_page(client, "blog", bruno.pk).status_code == 404
    assert open_page(client, "blog", 10**30).status_code == 404


@pytest.mark.thorough
def test_finance_sees_the_earnings_of_each_author(client, blogs):
    ada, _ = blogs
    client.force_login(make_user(groups=["Finance"]))
    page = open_page(client, author=ada.author_id)
    assert "Earnings of Ada Example" in page.text
    assert "€12.34" in page.text
    for key in ("0", "x", str(10**30)):
        assert open_page(client, author=key).status_code == 404
    assert open_page(client).status_code == 200


@pytest.mark.parametrize(
    "query",
    [
        *({"month": text} for text in ("x", "2026-13", "9999-12", "0001-01", "2026-1\0")),
        *({"p": text} for text in ("0", "x")),
    ],
)
def test_what_an_address_asks_for_is_no_month(client, blogs, query):
    client.force_login(blogs[0].author)
    for page in (open_page(client, **query), open_page(client, "blog", blogs[0].pk, **query)):
        assert page.status_code == 200


def test_page_of_a_month_says_what_its_statement_says(client, blogs):
    client.force_login(blogs[0].author)
    page = open_page(client, month="2026-10")
    payment = blogs[0].author.payments.get()
    statement = client.get(reverse("admin:billing_statement_page", args=[payment.pk]))
    assert page.context["sheet"] == statement.context["sheet"]


def test_blog_has_its_views_per_day(client, blogs):
    client.force_login(blogs[0].author)
    page = open_page(client, "blog", blogs[0].pk)
    assert page.context["chart"]["title"] == "Views per day, October 2026"
    assert sum(row["number"] for row in page.context["chart"]["days"]) == 1234
    assert len(page.context["chart"]["days"]) == 31


@pytest.mark.thorough
def test_number_of_queries_does_not_grow_with_months(client, blogs, django_assert_max_num_queries):
    ada = blogs[0]
    client.force_login(ada.author)
    open_page(client)
    for month in range(1, 10):
        make_count(ada, 10, day=OCTOBER.replace(month=month))
    with django_assert_max_num_queries(60):
        assert open_page(client).text.count("In no payout yet") == 9


@pytest.mark.parametrize("method", ["post", "put", "delete"])
def test_pages_of_earnings_only_read(client, blogs, method):
    client.force_login(blogs[0].author)
    for url in ("changelist", "blog"):
        args = [blogs[0].pk] if url == "blog" else []
        answer = getattr(client, method)(reverse(f"admin:billing_earnings_{url}", args=args))
        assert answer.status_code == 405
