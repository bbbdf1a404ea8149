"""Every list that is empty says what belongs there and, to whoever may begin, how."""

import pytest
from django.contrib import admin
from django.contrib.auth.models import Permission
from django.urls import reverse
from django.utils.html import escape

from tests.factories import make_blog, make_user
from weblog.models import Blog, Category

pytestmark = [pytest.mark.django_db, pytest.mark.slow, pytest.mark.any_database]

CATEGORIES = reverse("admin:weblog_category_changelist")
BLOGS = reverse("admin:weblog_blog_changelist")
FILTERS = {
    "billing.RetiredViewTotal": {"month": "2019-10"},
    "billing.Verification": {"status__exact": "failed"},
}
OF_THE_THEME = ["No results found", "yielded", "Reset filters"]


def url_of(model):
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")


@pytest.fixture
def superuser(client):
    client.force_login(make_user(is_superuser=True))


def list_admins():
    return list(admin.site._registry.items())


def narrow(model_admin):
    """Return a query that finds nothing: of a search, or of a filter where there is no search."""
    is_searched = model_admin.search_fields or getattr(model_admin, "searched_rows", None)
    return {"q": "zebra"} if is_searched else FILTERS.get(model_admin.opts.label)


def test_every_list_has_words_for_being_empty():
    assert len(list_admins()) > 8
    wordless = [
        model._meta.label
        for model, model_admin in list_admins()
        if not (model_admin.empty_list_text.endswith(".") and len(model_admin.empty_list_text) > 20)
    ]
    assert wordless == []


def test_every_list_that_is_searched_says_by_what():
    searched = [
        (model._meta.label, model_admin.search_help_text)
        for model, model_admin in list_admins()
        if model_admin.search_fields
    ]
    assert len(searched) > 8
    assert [label for label, help_text in searched if not help_text] == []


@pytest.mark.thorough
def test_every_empty_list_says_them_and_how_to_begin(client, superuser):
    found = {}
    for model, model_admin in list_admins():
        if not model.objects.exists():
            page = client.get(url_of(model)).text
            words = [model_admin.empty_list_text, model_admin.empty_list_step, "Nothing here yet"]
            found[model] = [word for word in words if escape(word) not in page]
            found[model] += [word for word in OF_THE_THEME if word in page]
    assert {Blog, Category} <= found.keys()
    assert {model: words for model, words in found.items() if words} == {}


@pytest.mark.thorough
def test_every_list_that_finds_nothing_leads_back_to_all(client, superuser):
    unsearched = set()
    for model, model_admin in list_admins():
        query = narrow(model_admin)
        if not query:
            unsearched.add(model._meta.label)
            continue
        page = client.get(url_of(model), query).text
        assert "Nothing found" in page, model
        assert f'href="?">Show all {model._meta.verbose_name_plural}</a>' in page, model
        assert [word for word in OF_THE_THEME if word in page] == [], model
    assert unsearched <= {"billing.PaymentExport"}  # which has neither


@pytest.mark.thorough
def test_nobody_is_told_to_begin_what_they_may_not(client):
    reader = make_user()
    reader.user_permissions.set(Permission.objects.filter(codename__startswith="view_"))
    client.force_login(reader)
    told, read = [], 0
    for model, model_admin in list_admins():
        response = client.get(url_of(model))
        if response.status_code == 200 and not model.objects.exists():
            read += 1
            assert escape(model_admin.empty_list_text) in response.text
            step = model_admin.empty_list_step
            if (step and escape(step) in response.text) or "“Add " in response.text:
                told.append(model)
    assert read > 6
    assert told == []


def test_order_alone_is_no_filter(client, superuser):
    assert "There is no category yet." in client.get(CATEGORIES, {"o": "1"}).text


def test_popup_stays_one(client, superuser):
    page = client.get(CATEGORIES, {"_popup": "1", "q": "zebra"}).text
    assert 'href="?_popup=1">Show all categories' in page
    assert "There is no category yet." in client.get(CATEGORIES, {"_popup": "1"}).text


def test_search_with_a_filter_can_go_on_without_it(client, superuser):
    make_blog(title="Of zebras", status="published")
    page = client.get(BLOGS, {"q": "zebras", "status__exact": "draft"}).text
    assert "fits the search “<bdi>zebras</bdi>” and the filter." in " ".join(page.split())
    assert 'href="?q=zebras">Search all of them</a>' in page
    assert "Of zebras" in client.get(BLOGS, {"q": "zebras"}).text


def test_what_was_searched_for_is_escaped(client, superuser):
    page = client.get(CATEGORIES, {"q": "<script>alert(1)</script>"}).text
    assert "<script>alert(1)" not in page
