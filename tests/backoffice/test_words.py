"""Each page has one name: in the sidebar, above its list, and in the link back to it."""

import re

import pytest
from django.apps import apps
from django.contrib import admin
from django.test import RequestFactory
from django.utils.text import capfirst
from django.utils.translation import override

from backoffice import navigation
from tests.factories import make_user

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]


@pytest.fixture
def superuser(client):
    user = make_user(is_superuser=True)
    client.force_login(user)
    return user


def list_links(user):
    request = RequestFactory().get("/admin/")
    request.user = user
    for section in navigation.build_navigation(request)[1:]:
        yield from section["items"]


@pytest.mark.thorough
def test_list_is_headed_as_its_link_says(client, superuser, subtests):
    for link in list_links(superuser):
        with subtests.test(link["title"]):
            page = client.get(link["link"]).content.decode()
            title = re.search(r"<title>\s*([^|<]*?)\s*\|", page)
            assert title[1] == link["title"]


def test_way_back_to_a_list_names_it_as_its_link_does(superuser):
    names = {
        f"/admin/{model._meta.app_label}/{model._meta.model_name}/": model._meta.verbose_name_plural
        for model in admin.site._registry
    }
    links = {link["link"]: link["title"] for link in list_links(superuser)}
    with override("en-gb"):
        named = {url: capfirst(str(names[url])) for url in links if url in names}
    assert named
    assert named == {url: links[url] for url in named}


def test_apps_have_names_of_ours_in_the_way_back():
    labels = {model._meta.app_label for model in admin.site._registry}
    names = {label: str(apps.get_app_config(label).verbose_name) for label in labels}
    assert names["auth"] == "Administration"
    assert not any("authori" in name.lower() for name in names.values())
