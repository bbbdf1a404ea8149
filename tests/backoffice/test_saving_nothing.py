"""Save without a change says so."""

import pytest
from django.contrib.messages import get_messages
from django.urls import reverse

from tests.factories import make_blog, make_category, make_count, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]


@pytest.fixture
def admin(client):
    client.force_login(make_user(is_superuser=True))
    return client


def said(response):
    return [str(message) for message in get_messages(response.wsgi_request)]


@pytest.mark.parametrize("button", ["_save", "_continue"])
def test_saving_nothing_says_that_nothing_was_changed(admin, button):
    category = make_category("Tech")
    url = reverse("admin:weblog_category_change", args=[category.pk])
    typed = {"name": "Tech", "slug": category.slug, button: "1"}
    response = admin.post(url, typed)
    assert said(response) == ["Nothing was changed: “Tech” is as it was."]
    changelist = reverse("admin:weblog_category_changelist")
    assert response.url == (url if button == "_continue" else changelist)
    assert category.history.count() == 1

    response = admin.post(url, typed | {"name": "Technology"})
    assert any("was changed successfully" in words for words in said(response))
    assert category.history.count() == 2


def test_saving_a_blog_as_it_is_says_that_nothing_was_changed(admin):
    blog = make_blog(title="Small screens")
    url = reverse("admin:weblog_blog_change", args=[blog.pk])
    form = admin.get(url).context["adminform"].form
    typed = {name: form[name].value() for name in form.fields if form[name].value() is not None}
    response = admin.post(url, typed | {"_save": "1"})
    assert said(response) == ["Nothing was changed: “Small screens” is as it was."]


@pytest.mark.thorough
def test_what_a_form_shows_leads_only_those_there_who_may_open_it(client):
    pytest.importorskip("billing.models")
    count = make_count(make_blog(title="Small screens"), 10)
    url = reverse("admin:billing_dailyviewcount_change", args=[count.pk])
    blog_url = reverse("admin:weblog_blog_change", args=[count.blog_id])
    from django.core.management import call_command

    call_command("loaddata", "10_groups", "30_billing_groups", verbosity=0)
    for role, leads in [("Finance", False), ("Auditors", True)]:
        client.force_login(make_user(groups=[role]))
        response = client.get(url)
        assert "Small screens" in response.content.decode()
        assert (f'href="{blog_url}"' in response.content.decode()) is leads, role
