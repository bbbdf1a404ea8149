"""A related row is a link for whoever may open it, and else its name."""

import pytest
from django.urls import reverse

from tests.factories import make_blog, make_category, make_count, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]


def read_page(client, user, row):
    client.force_login(user)
    meta = row._meta
    return client.get(reverse(f"admin:{meta.app_label}_{meta.model_name}_change", args=[row.pk]))


def test_related_row_is_a_link_for_whom_it_opens_and_a_name_for_others(client, make_clerk):
    blog = make_blog(title="Slow bread")
    count = make_count(blog, 3)
    link = f'href="/admin/weblog/blog/{blog.pk}/change/"'
    sees_counts = "billing.view_dailyviewcount"
    page = read_page(client, make_clerk(sees_counts), count)
    assert "Slow bread" in page.text
    assert link not in page.text
    own_only = make_clerk(sees_counts, "weblog.view_blog")  # and this is somebody else's
    assert link not in read_page(client, own_only, count).text
    all_blogs = make_clerk(sees_counts, "weblog.view_blog", "weblog.view_all_blogs")
    assert link in read_page(client, all_blogs, count).text


def test_author_of_a_blog_is_no_link_without_the_right_to_see_accounts(client, make_clerk):
    blog = make_blog()
    clerk = make_clerk("weblog.view_blog", "weblog.view_all_blogs")
    assert f"/admin/auth/user/{blog.author_id}/change/" not in read_page(client, clerk, blog).text


def test_number_of_blogs_leads_to_the_list_only_for_whom_it_opens(client, make_clerk):
    make_blog(category=make_category("Tech"))
    client.force_login(make_clerk("weblog.view_category"))
    assert "/admin/weblog/blog/" not in client.get("/admin/weblog/category/").text
    client.force_login(
        make_clerk("weblog.view_category", "weblog.view_blog", "weblog.view_all_blogs")
    )
    assert "/admin/weblog/blog/?category__id__exact=" in client.get("/admin/weblog/category/").text


def test_earlier_version_of_an_account_leads_to_its_password_page(client):
    admin, account = make_user(is_superuser=True), make_user()
    client.force_login(admin)
    version = account.history.first().history_id
    page = client.get(f"/admin/auth/user/{account.pk}/history/{version}/").text
    assert 'href="../password/"' not in page
    assert client.get(f"/admin/auth/user/{account.pk}/password/").status_code in (200, 302)
