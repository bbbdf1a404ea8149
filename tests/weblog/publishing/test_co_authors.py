"""A co-author reads the blog, and can take no step with it in any way."""

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.db.models import Value
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from tests.factories import make_blog, make_user
from weblog.hooks import BlogColumn, add_blog_column, remove_blog_column
from weblog.models import Blog, NewText
from weblog.resources import BlogResource

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

FILLED = {"_form_submitted": "True", "comment": "Shorten it.", "reason": "Outdated"}
CHANGELIST = reverse("admin:weblog_blog_changelist")


@pytest.fixture
def ada():
    return make_user(first_name="Ada", last_name="Lindqvist")


@pytest.fixture
def blog(ada, author):
    blog = make_blog(title="Paper", slug="paper", author=ada, status="draft", body="<p>Words.</p>")
    blog.co_authors.add(author, make_user())
    return blog


@pytest.fixture
def reader(client, author):
    client.force_login(author)
    return client


def url(subject, page="change"):
    return reverse(f"admin:weblog_{subject._meta.model_name}_{page}", args=[subject.pk])


def make_text(blog, **values):
    blog.status = "published"
    blog.save()
    values = {"title": "New paper", "created_by": blog.author} | values
    return NewText.objects.create(blog=blog, body="<p>n</p>", **values)


def give(reader, user, *codenames):
    """Give the user rights, which ends their session, and sign in again."""
    user.user_permissions.add(*Permission.objects.filter(codename__in=codenames))
    reader.force_login(user)


def test_co_author_finds_the_blog_once_beside_their_own(reader, author, blog):
    mine = make_blog(author=author, title="Mine")
    mine.co_authors.add(author)
    make_blog(title="Another")
    page = reader.get(CHANGELIST)
    assert sorted(row.title for row in page.context["cl"].result_list) == ["Mine", "Paper"]
    assert page.text.count("you co-write it") == 1


@pytest.mark.thorough
@pytest.mark.parametrize("status", Blog.Status)
def test_co_author_reads_and_has_no_button(reader, blog, status):
    blog.status = status
    blog.save()
    page = reader.get(url(blog)).text
    assert "You co-write this blog." in page
    assert "Ada Lindqvist changes it and submits it for review." in page
    assert 'name="title"' not in page
    assert [name for name in actions_of("blog") if url(blog, name) in page] == []
    for name in ("preview", "history"):
        assert reader.get(url(blog, name)).status_code == 200
    version = [blog.pk, blog.history.latest().history_id]
    assert reader.get(reverse("admin:weblog_blog_simple_history", args=version)).status_code == 200


@pytest.mark.parametrize("status", ["draft", "in_review", "published", "withdrawn"])
def test_co_author_reads_the_new_text_and_has_no_button(reader, author, blog, status):
    text = make_text(blog, status=status, created_by=author)
    page = reader.get(url(text)).text
    assert "You co-write this blog." in page
    assert 'name="title"' not in page
    assert [name for name in actions_of("newtext") if url(text, name) in page] == []
    for name in ("preview", "history"):
        assert reader.get(url(text, name)).status_code == 200
    list_page = reader.get(reverse("admin:weblog_newtext_changelist"))
    assert [row.pk for row in list_page.context["cl"].result_list] == [text.pk]


def actions_of(model):
    names = ["submit", "publish", "return_to_author", "withdraw"]
    if model == "blog":
        names = [*names[:3], "unpublish", "archive", "restore", "write_new_text"]
    return [*names, "publish_now"] if model == "newtext" else names


@pytest.mark.parametrize("status", Blog.Status)
def test_no_step_with_the_blog_is_taken_by_its_address(reader, author, blog, status):
    blog.status = status
    blog.save()
    give(reader, author, "publish_blog", "restore_blog")
    values = {"title": "Taken", "slug": "paper", "category": blog.category_id}
    for address in (url(blog), *(url(blog, name) for name in actions_of("blog"))):
        assert reader.post(address, FILLED | values).status_code == 403, address
    blog.refresh_from_db()
    assert (blog.title, blog.status, blog.new_texts.count()) == ("Paper", status, 0)


@pytest.mark.parametrize("status", ["draft", "in_review"])
def test_no_step_with_a_new_text_is_taken_by_its_address(reader, author, blog, status):
    text = make_text(blog, status=status, created_by=author)
    give(reader, author, "publish_blog")
    for address in (url(text), *(url(text, name) for name in actions_of("newtext"))):
        assert reader.post(address, FILLED | {"title": "Taken"}).status_code == 403, address
    text.refresh_from_db()
    assert (text.title, text.status) == ("New paper", status)


def test_no_step_is_taken_with_several_blogs(reader, author, blog):
    give(reader, author, "publish_blog")
    data = {"action": "publish_chosen", "_selected_action": [blog.pk], "answered": "1"}
    reader.post(CHANGELIST, data)
    blog.refresh_from_db()
    assert blog.status == "draft"


def test_import_does_not_reach_the_blog(author, blog):
    assert list(BlogResource(user=author).get_queryset()) == []
    assert list(BlogResource(user=blog.author).get_queryset()) == [blog]


def test_export_has_what_can_be_read(reader, author, blog):
    give(reader, author, "export_blog")
    make_blog(title="Another")
    data = {"format": "0", "resource": "0"}
    rows = reader.post(reverse("admin:weblog_blog_export"), data).text.splitlines()
    assert [row.split(",")[2] for row in rows] == ["title", "Paper"]


def test_search_finds_it(reader, blog):
    assert url(blog) in reader.get(reverse("admin:search"), {"s": "Paper"}).text
    assert url(blog) in reader.get(CHANGELIST, {"q": "Paper"}).text


def test_figures_of_the_blog_are_its_authors(reader, author, blog):
    make_blog(author=author)
    add_blog_column(BlogColumn("answer", "Answers so far", lambda: Value(4200)))
    try:
        assert reader.get(CHANGELIST).text.count("4,200") == 1
    finally:
        remove_blog_column("answer")


def test_other_roles_get_nothing_by_it(client, groups, blog):
    person = make_user()
    blog.co_authors.add(person)
    client.force_login(person)
    assert client.get(CHANGELIST).status_code == 403
    assert client.get(url(blog)).status_code == 403


def test_editor_who_co_writes_goes_on_as_an_editor(client, editor, blog):
    blog.co_authors.add(editor)
    client.force_login(editor)
    page = client.get(url(blog)).text
    assert "You co-write this blog." not in page
    assert url(blog, "submit") in page


def test_blog_is_no_longer_shown_once_the_co_author_is_taken_off(reader, author, blog):
    blog.co_authors.remove(author)
    assert "Paper" not in reader.get(CHANGELIST).text
    assert reader.get(url(blog)).status_code == 404


@pytest.mark.thorough
def test_number_of_queries_does_not_grow(reader, author):
    counts = []
    for rows in (2, 2, 20):
        while Blog.objects.count() < rows:
            make_blog().co_authors.add(author, make_user())
        with CaptureQueriesContext(connection) as queries:
            assert reader.get(CHANGELIST).status_code == 200
        counts.append(len(queries))
    assert counts[1] == counts[2]
