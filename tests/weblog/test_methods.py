"""Every method at every public address: read, told what is allowed, or refused."""

import pytest
from django.test import Client
from django.urls import reverse

from tests.factories import make_blog
from weblog.models import Blog
from weblog.signals import blog_viewed
from weblog.urls import urlpatterns

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]

ALLOWED = "GET, HEAD, OPTIONS"
OTHERS = ["POST", "PUT", "PATCH", "DELETE", "TRACE", "CONNECT", "PROPFIND", "BREW", "a-b!"]


def list_addresses(blog):
    values = {
        "blog_detail": {"slug": blog.slug},
        "category_blogs": {"slug": blog.category.slug},
        "author_blogs": {"pk": blog.author_id},
        "sitemap_section": {"section": "blogs"},
        "picture": {"name": "pictures/2026/01/none.jpg"},
    }
    return [
        reverse(f"weblog:{each.name}", kwargs=values.get(each.name, {})) for each in urlpatterns
    ]


@pytest.fixture
def strict():
    """A client that is held to the check against forged forms, as everybody is but tests."""
    return Client(enforce_csrf_checks=True)


@pytest.mark.parametrize("method", OTHERS)
def test_method_that_reads_nothing_is_refused_at_every_public_address(strict, method):
    for address in list_addresses(make_blog()):
        answer = strict.generic(method, address, b"a=b", "application/x-www-form-urlencoded")
        assert (address, answer.status_code, answer["Allow"]) == (address, 405, ALLOWED)


def test_options_are_told_at_every_public_address(strict):
    for address in list_addresses(make_blog()):
        answer = strict.options(address)
        assert (address, answer.status_code, answer["Allow"]) == (address, 200, ALLOWED)
        assert answer.content == b""


def test_head_answers_as_get_does_at_every_public_address(strict):
    for address in list_addresses(make_blog()):
        got, headed = strict.get(address), strict.head(address)
        assert headed.status_code == got.status_code
        assert headed.headers["Content-Type"] == got.headers["Content-Type"]


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", *OTHERS])
def test_only_get_is_a_view(strict, method):
    heard = []
    blog = make_blog()

    def hear(sender, blog, **facts):
        heard.append(blog)

    blog_viewed.connect(hear, sender=Blog)
    try:
        strict.generic(method, blog.get_absolute_url())
        assert heard == []
        strict.get(blog.get_absolute_url())
        assert heard == [blog]
    finally:
        blog_viewed.disconnect(hear, sender=Blog)
