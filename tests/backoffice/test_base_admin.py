import pytest
from django.urls import reverse

from tests.factories import make_blog, make_category

pytestmark = [pytest.mark.any_database, pytest.mark.slow]


@pytest.fixture
def category(db):
    category = make_category("Tech")
    category.name = "Technology"
    category.save()
    return category


def version_url(category, version=None):
    version = version or category.history.last().history_id
    return reverse("admin:weblog_category_simple_history", args=[category.pk, version])


@pytest.mark.parametrize(
    "values", [{}, {"is_superuser": True}], ids=["who may only view", "superuser"]
)
def test_posting_a_version_changes_nothing(client, make_clerk, category, values):
    client.force_login(make_clerk("weblog.view_category", **values))
    response = client.post(version_url(category), {"name": "HACKED", "slug": "hacked"})
    assert response.status_code == 403
    category.refresh_from_db()
    assert (category.name, category.history.count()) == ("Technology", 2)


def test_posting_a_version_brings_no_deleted_row_back(client, make_clerk, category):
    client.force_login(make_clerk(is_superuser=True))
    url = version_url(category)
    category.delete()
    assert client.post(url, {"name": "Tech", "slug": "tech"}).status_code == 403
    assert not type(category).objects.exists()


def test_version_can_be_read(client, make_clerk, category):
    client.force_login(make_clerk("weblog.view_category"))
    response = client.get(version_url(category))
    assert response.status_code == 200
    assert b"Nothing can be changed here" in response.content
    assert b'name="_save"' not in response.content


def test_version_is_told_in_words_not_in_the_fields_of_a_form(client, make_clerk, category):
    client.force_login(make_clerk(is_superuser=True))
    page = client.get(version_url(category)).text
    assert "<dt>Name</dt>" in page
    assert f"<dd>{category.history.last().name}</dd>" in page
    assert 'name="name"' not in page


def test_version_that_is_not_there_is_not_found(client, make_clerk, category):
    client.force_login(make_clerk(is_superuser=True))
    other = make_category("Sports")
    assert client.get(version_url(category, "zz")).status_code == 404
    assert client.get(version_url(category, 999_999)).status_code == 404
    assert client.get(version_url(category, other.history.get().history_id)).status_code == 404
    url = version_url(category)
    category.delete()
    assert client.get(url).status_code == 404


def test_history_needs_the_permission_to_view(client, make_clerk, category):
    url = reverse("admin:weblog_category_history", args=[category.pk])
    client.force_login(make_clerk())
    assert client.get(url).status_code == 403
    client.force_login(make_clerk("weblog.view_category"))
    assert client.get(url).status_code == 200
    category.delete()
    assert client.get(url).status_code == 404


def test_history_tells_what_changed_and_that_nobody_is_the_system(client, make_clerk):
    client.force_login(make_clerk(is_superuser=True))
    blog = make_blog(status="draft")
    blog.status = "published"  # no form can edit it
    blog._change_reason = "Fits the week"
    blog.save()
    page = client.get(reverse("admin:weblog_blog_history", args=[blog.pk])).content.decode()
    assert '<del class="bo-diff-old">Draft</del>' in page
    assert '<ins class="bo-diff-new">Published</ins>' in page
    assert "Fits the week" in page
    assert "system" in page
    assert "/admin/auth/user/None/" not in page


def test_history_of_what_was_never_recorded_says_so(client, make_clerk, category):
    client.force_login(make_clerk(is_superuser=True))
    category.history.all().delete()
    page = client.get(reverse("admin:weblog_category_history", args=[category.pk])).content
    assert b"No change was recorded yet" in page


def test_nothing_is_deleted(client, make_clerk, category):
    client.force_login(make_clerk(is_superuser=True))
    url = reverse("admin:weblog_category_delete", args=[category.pk])
    assert client.post(url, {"post": "yes"}).status_code == 403
