"""Real exports of sites, from the folder beside the repository."""

import io
from collections import Counter

import pytest
from django.contrib.auth.models import User

from tests.weblog.marginal_revolution import read_posts, write_wxr
from weblog.errors import ImportRefused
from weblog.importing.formats import open_path, open_source
from weblog.importing.imports import import_posts
from weblog.importing.plans import Choices
from weblog.models import Blog

pytestmark = [pytest.mark.django_db, pytest.mark.any_database, pytest.mark.slow]

WORDPRESS = {
    "namespace-edge-cases": "wp:post_id, wp:base_blog_url: one is missing",
    "invalid-version-tag": "names WXR version abc",
    "large-authors": "holds no post, so there is nothing to import. 300 authors",
    "malformed": "no well-formed XML: mismatched tag, line 90",
    "missing-version-tag": "names no WXR version",
    "post-content-blank-lines": 1,
    "slashes": 1,
    "small-export": 6,
    "term-formats": "holds no post",
    "valid-wxr-1.0": 3,
    "valid-wxr-1.1": 1,
    "wxr-utf-8-challenges": 1,
}


def bring_in(path):
    choices = Choices(categories={"Foo (foo)": "Foo"})  # two categories of small-export
    with open_path(path) as source:
        return import_posts(source=source, choices=choices)


def folder_of(shared_data, name):
    if not (shared_data / name).is_dir():
        pytest.skip(f"No {name} in {shared_data}.")
    return shared_data / name


def assert_second_run_changes_nothing(path, posts):
    history = Blog.history.count()
    plan = bring_in(path)
    assert (plan.new, plan.already_here) == (0, posts)
    assert (Blog.history.count(), Blog.objects.count()) == (history, posts)


@pytest.mark.cases(3)
@pytest.mark.parametrize("name", WORDPRESS)
def test_every_wordpress_export_comes_in_or_is_refused(shared_data, name):
    path = folder_of(shared_data, "content-wxr") / f"{name}.xml"
    expected = WORDPRESS[name]
    if isinstance(expected, str):
        with pytest.raises(ImportRefused, match=expected):
            bring_in(path)
        assert not Blog.objects.exists()
        return
    assert bring_in(path).new == expected
    assert_second_run_changes_nothing(path, expected)


def test_there_is_no_wordpress_export_without_an_expectation(shared_data):
    found = folder_of(shared_data, "content-wxr").glob("*.xml")
    assert {path.stem for path in found} == set(WORDPRESS)


def test_ghost_export_comes_in(shared_data):
    path = next(folder_of(shared_data, "content-ghost").glob("*.json"))
    assert bring_in(path).new == 19
    assert_second_run_changes_nothing(path, 19)


@pytest.mark.thorough
def test_18f_blog_comes_in_with_all_its_authors(shared_data):
    path = folder_of(shared_data, "content-18f-blog") / "posts"
    bring_in(path)
    assert (Blog.objects.count(), User.objects.count()) == (509, 273)
    debt = Blog.objects.get(slug__startswith="content-debt")
    assert (debt.title[:12], debt.author.username) == ("Content debt", "melody")
    assert Blog.objects.filter(co_authors__isnull=False).distinct().count() == 232
    assert not Blog.objects.filter(body__contains="<script").exists()
    assert_second_run_changes_nothing(path, 509)


@pytest.mark.thorough
def test_real_titles_and_double_addresses_of_marginal_revolution(shared_data):
    folder = folder_of(shared_data, "content-marginal-revolution")
    posts = list(read_posts(folder))
    last_parts = Counter(post["path"] for post in posts)
    chosen = [
        post for post in posts if post["title"][0] in "+@" or last_parts[post["path"]] > 1
    ] + posts[:100]
    file = io.BytesIO()
    write_wxr(file, chosen)
    file.seek(0)
    import_posts(source=open_source(file, "site.xml"))
    assert Blog.objects.count() == len(chosen) == 100 + 4 + 20
    assert Blog.objects.get(title__startswith="+1 For the Veil").slug.startswith("1-for-the-veil")
