import html
import json
import re

import pytest

from tests.factories import make_blog, make_user
from tests.weblog.admin.blog_forms import change_url, values_of
from weblog.admin.forms import BlogForm
from weblog.models import Blog
from weblog.publishing.workflow import publish_blog

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


def test_second_of_two_editors_is_refused(client, editor):
    editor.first_name, editor.last_name = "Edith", "Hartmann"
    editor.save()
    blog = make_blog(title="As it was", status=Blog.Status.DRAFT)
    first, second = values_of(blog, title="First"), values_of(blog, title="Second")
    client.force_login(editor)
    assert client.post(change_url(blog), first).status_code == 302
    response = client.post(change_url(blog), second)
    assert "Edith Hartmann saved this blog at" in response.content.decode()
    blog.refresh_from_db()
    assert blog.title == "First"


def test_form_that_was_open_during_a_move_does_not_undo_it(client, editor):
    blog = make_blog(status=Blog.Status.IN_REVIEW)
    values = values_of(blog)
    publish_blog(blog=blog, by=make_user())
    client.force_login(editor)
    assert client.post(change_url(blog), values | {"title": "Mine"}).status_code == 200
    assert client.post(change_url(blog), values).status_code == 302  # it changes nothing
    blog.refresh_from_db()
    assert (blog.status, blog.history.count()) == (Blog.Status.PUBLISHED, 2)


@pytest.mark.parametrize("version", ["", "yesterday"])
def test_form_without_its_version_is_refused(client, editor, version):
    blog = make_blog(status=Blog.Status.DRAFT)
    client.force_login(editor)
    response = client.post(change_url(blog), values_of(blog, version=version))
    assert "Somebody else saved this blog at" in response.content.decode()


def test_second_editor_is_refused_where_no_history_was_kept(client, editor):
    blog = make_blog(status=Blog.Status.DRAFT)
    blog.history.all().delete()
    client.force_login(editor)
    response = client.post(change_url(blog), values_of(blog, version="yesterday"))
    assert "Somebody else saved this blog at" in response.content.decode()


def test_page_carries_the_version(client, editor):
    blog = make_blog(status=Blog.Status.DRAFT)
    client.force_login(editor)
    page = client.get(change_url(blog)).content.decode()
    assert f'name="version" value="{blog.updated_at.isoformat()}"' in page


def test_published_blog_cannot_become_ones_own(client, editor):
    """Otherwise an editor could publish under another name and then take the blog over."""
    blog = make_blog()
    client.force_login(editor)
    response = client.post(change_url(blog), values_of(blog, author=editor.pk))
    assert "You cannot make a published blog your own" in response.content.decode()


def test_draft_can_become_ones_own(client, editor):
    blog = make_blog(status=Blog.Status.DRAFT)
    client.force_login(editor)
    assert client.post(change_url(blog), values_of(blog, author=editor.pk)).status_code == 302
    blog.refresh_from_db()
    assert blog.author == editor


def test_editor_is_a_module_and_what_it_loads_is_served():
    """Its modules' paths are data, so that they carry their hashes."""
    field = BlogForm()["body"].as_widget()
    paths = json.loads(html.unescape(re.search('data-editor="([^"]*)"', field)[1]))
    assert [*paths] == ["prose", "schema", "toolbar", "links", "paste", "pictures"]
    assert all(path.startswith("/static/") and path.endswith(".js") for path in paths.values())
    assert re.search(r'<script src="[^"]*/start[^"]*js" type="module">', str(BlogForm().media))
