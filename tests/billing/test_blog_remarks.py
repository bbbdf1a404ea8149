import datetime as dt

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from billing.blog_remarks import describe_move, find_missing_price
from tests.factories import make_blog, make_category, make_count, make_price, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]

NOW = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)


@pytest.fixture(autouse=True)
def today(time_machine):
    time_machine.move_to(NOW, tick=False)


@pytest.fixture
def blog():
    ada = make_user(first_name="Ada", last_name="Example")
    return make_blog(author=ada, category=make_category("Tech"))


def test_category_without_a_price_today_is_named_and_stops_nothing(blog):
    make_price(blog.category, "2.5", dt.date(2026, 12, 1))
    (remark,) = find_missing_price(blog)
    assert remark.text.startswith("Tech has no price today")
    assert not remark.is_blocking


def test_category_with_a_price_is_not_mentioned(blog):
    make_price(blog.category, "2.5", dt.date(2026, 11, 20))
    assert list(find_missing_price(blog)) == []


def test_move_says_what_stays_and_what_views_are_paid_from_now_on(blog):
    make_price(blog.category, "2.5")
    travel = make_category("Travel")
    make_price(travel, "3.125")
    make_count(blog, 1234, dt.date(2026, 11, 3))
    make_count(blog, 70, dt.date(2026, 10, 3))
    bo = make_user(first_name="Bo", last_name="Sample")
    assert list(describe_move(blog=blog, author=bo, category=travel)) == [
        "Counted in November 2026 so far: 1,234 views, paid to Ada Example at the price of Tech, "
        "today €2.50 per 1,000 views.",
        "Views from now on are paid to Bo Sample at the price of Travel, today €3.125 per 1,000 "
        "views.",
    ]


def test_move_to_a_category_without_a_price_says_so(blog):
    make_price(blog.category, "2.5")
    effects = describe_move(blog=blog, author=blog.author, category=make_category("Travel"))
    assert list(effects)[1] == (
        "Views from now on are paid to Ada Example at a price that Finance has yet to enter for "
        "Travel."
    )


def test_import_of_a_table_says_who_is_paid_and_at_which_price(
    client, blog, groups, settings, tmp_path
):
    settings.UPLOAD_DIR = tmp_path / "uploads"
    make_price(blog.category, "2.5")
    make_price(make_category("Travel"), "3.125")
    make_count(blog, 1234, dt.date(2026, 11, 3))
    client.force_login(make_user("emma", groups=["Editors"]))
    file = SimpleUploadedFile("blogs.csv", f"slug,category\n{blog.slug},travel\n".encode())
    page = client.post("/admin/weblog/blog/import/", {"step": "preview", "file": file})
    assert (
        "Counted in November 2026 so far: 1,234 views, paid to Ada Example at the price of Tech, "
        "today €2.50 per 1,000 views."
    ) in page.text
    assert (
        "Views from now on are paid to Ada Example at the price of Travel, today €3.125"
        in page.text
    )
