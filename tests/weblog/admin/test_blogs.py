import datetime as dt
import json

import pytest
from django.contrib import admin
from django.contrib.auth.models import Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from tests.factories import make_blog, make_category, make_user
from weblog.addresses import change_slug
from weblog.models import Blog

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

CHANGELIST = "/admin/weblog/blog/"
ADD = "/admin/weblog/blog/add/"


def change_url(blog):
    return reverse("admin:weblog_blog_change", args=[blog.pk])


def history_url(blog):
    return reverse("admin:weblog_blog_history", args=[blog.pk])


def version_url(blog):
    version = blog.history.latest().history_id
    return reverse("admin:weblog_blog_simple_history", args=[blog.pk, version])


def form_values(blog, **values):
    return {
        "title": blog.title,
        "slug": blog.slug,
        "category": blog.category_id,
        "author": blog.author_id,
        "summary": blog.summary,
        "body": blog.body,
        "version": blog.updated_at.isoformat(),
    } | values


def posted(client, url, values):
    response = client.post(url, values)
    assert response.status_code == 302, response.context["adminform"].form.errors
    return response


@pytest.fixture
def own(author):
    return make_blog(author=author, title="Own draft", status=Blog.Status.DRAFT)


@pytest.fixture
def foreign():
    return make_blog(title="Foreign draft", status=Blog.Status.DRAFT)


# An author sees and touches nothing of another's


def test_author_lists_own_blogs_alone(client, author, own, foreign):
    client.force_login(author)
    page = client.get(CHANGELIST).content.decode()
    assert own.title in page
    assert foreign.title not in page
    assert foreign.title not in client.get(CHANGELIST, {"q": "Foreign"}).content.decode()


def test_author_cannot_filter_by_others(client, author, own, foreign):
    client.force_login(author)
    page = client.get(CHANGELIST, {"author__id__exact": foreign.author_id}).content.decode()
    assert foreign.title not in page
    assert foreign.author.username not in page


@pytest.mark.parametrize("url", [history_url, version_url])
def test_author_cannot_open_the_history_of_another(client, author, own, foreign, url):
    client.force_login(author)
    assert client.get(url(own)).status_code == 200
    assert client.get(url(foreign)).status_code == 404


def test_author_cannot_open_or_change_the_blog_of_another(client, author, foreign):
    client.force_login(author)
    for response in (
        client.get(change_url(foreign)),
        client.post(change_url(foreign), form_values(foreign, title="Taken")),
    ):
        assert response.status_code == 404
    foreign.refresh_from_db()
    assert foreign.title == "Foreign draft"


def test_author_is_not_offered_the_blogs_of_others(rf, author, own, foreign):
    """What an autocomplete of another app would ask."""
    request = rf.get("/")
    request.user = author
    assert list(admin.site.get_model_admin(Blog).get_queryset(request)) == [own]


def test_author_cannot_export(client, author, own):
    client.force_login(author)
    export = reverse("admin:weblog_blog_export")
    assert client.get(export).status_code == 403
    assert client.post(export, {"format": 0}).status_code == 403
    assert export not in client.get(CHANGELIST).content.decode()


@pytest.mark.filterwarnings("ignore:The 'get_valid_export_item_pks:DeprecationWarning")
def test_export_is_scoped_like_the_list(client, author, own, foreign):
    author.user_permissions.add(Permission.objects.get(codename="export_blog"))
    client.force_login(author)
    response = client.post(
        reverse("admin:weblog_blog_export"),
        {"format": 0, "export_items": [own.pk, foreign.pk]},
    )
    assert "Own draft" in response.content.decode()
    assert "Foreign draft" not in response.content.decode()


# What authors may do with their own


def test_author_writes_own_blogs(client, author):
    client.force_login(author)
    other = make_user()
    values = {
        "title": "A first line",
        "slug": "a-first-line",
        "category": make_category().pk,
        "author": other.pk,
        "status": "published",
        "publish_at": "2020-01-01",
        "summary": "",
        "body": "<p>Text</p><script>x()</script>",
    }
    posted(client, ADD, values)
    blog = Blog.objects.get()
    assert (blog.author, blog.status, blog.body) == (author, "draft", "<p>Text</p>")
    assert timezone.now() - blog.publish_at < dt.timedelta(minutes=5)


def test_author_changes_an_own_draft_but_not_its_author(client, author, own):
    client.force_login(author)
    posted(client, change_url(own), form_values(own, title="Better", author=make_user().pk))
    own.refresh_from_db()
    assert (own.title, own.author) == ("Better", author)
    assert own.history.latest().history_user == author


@pytest.mark.parametrize("status", ["in_review", "published", "archived"])
def test_author_only_reads_what_was_submitted(client, author, own, status):
    own.status, own.body = status, "<p>Read <em>me</em></p>"
    own.save()
    client.force_login(author)
    page = client.get(change_url(own)).content.decode()
    assert "<p>Read <em>me</em></p>" in page
    assert 'name="title"' not in page
    assert client.post(change_url(own), form_values(own, title="Late")).status_code == 403


# What editors may do


def test_editor_changes_every_blog(client, editor, foreign):
    client.force_login(editor)
    other = make_user(first_name="Ada", last_name="Lindqvist", groups=["Authors"])
    page = client.get(change_url(foreign)).content.decode()
    assert ">Ada Lindqvist</option>" in page
    posted(client, change_url(foreign), form_values(foreign, title="Edited", author=other.pk))
    foreign.refresh_from_db()
    assert (foreign.title, foreign.author) == ("Edited", other)


def test_only_people_who_write_are_offered_as_authors(client, editor, foreign, auditor):
    make_user("clerk")
    gone = make_user("gone", is_active=False, groups=["Authors"])
    left = make_blog(author=make_user("left", is_active=False)).author
    client.force_login(editor)
    fields = client.get(change_url(foreign)).context["adminform"].form.fields
    offered = {*fields["author"].queryset}
    assert offered == {*fields["co_authors"].queryset}
    assert {editor, left, foreign.author} == offered
    assert not {gone, auditor} & offered


def test_editor_names_the_author_of_a_new_blog(client, editor):
    client.force_login(editor)
    author = make_user(groups=["Authors"])
    blog = Blog(title="New", slug="new", category=make_category(), author=author)
    values = {name: getattr(blog, name) for name in ("title", "slug", "summary", "body")}
    posted(client, ADD, values | {"category": blog.category_id, "author": blog.author_id})
    assert Blog.objects.get().author == blog.author


def test_form_moves_no_status(client, editor, foreign):
    client.force_login(editor)
    values = form_values(foreign, status="published", publish_at="2020-01-01", publish_at_0="2020")
    posted(client, change_url(foreign), values)
    before = foreign.publish_at
    foreign.refresh_from_db()
    assert (foreign.status, foreign.publish_at) == ("draft", before)


def test_new_address_of_a_published_blog_leaves_the_old_one_leading_there(client, editor):
    blog = make_blog(slug="known")
    client.force_login(editor)
    posted(client, change_url(blog), form_values(blog, slug="renamed", title="Retitled"))
    blog.refresh_from_db()
    assert (blog.slug, blog.title) == ("renamed", "Retitled")
    assert [address.slug for address in blog.old_addresses.all()] == ["known"]
    assert client.get("/blogs/known/").url.endswith("/blogs/renamed/")


def test_address_that_leads_to_another_blog_gets_a_number_and_says_so(client, editor):
    moved, blog = make_blog(slug="first"), make_blog(slug="second")
    make_blog(slug="first-2")
    change_slug(blog=moved, slug="moved", by=editor)
    client.force_login(editor)
    response = client.post(change_url(blog), form_values(blog, slug="first"), follow=True)
    html = response.content.decode()
    assert "The address first leads to another blog, so this one is at first-3." in html
    blog.refresh_from_db()
    assert blog.slug == "first-3"


def test_editor_exports_blogs(client, editor):
    make_blog(title="=cmd()", author=make_user("demo.ada"), category=make_category("Tech"))
    client.force_login(editor)
    export = reverse("admin:weblog_blog_export")
    assert export in client.get(CHANGELIST).content.decode()
    header, row = client.post(export, {"format": 0}).content.decode().splitlines()
    assert header == (
        "id,slug,title,author,co_authors,category,status,publish_at,summary,body,"
        "created_at,updated_at"
    )
    assert row.split(",")[2:7] == ["'=cmd()", "demo.ada", "", "tech", "published"]


# What nobody, or only some, may do


@pytest.mark.thorough
def test_auditor_reads_all_and_changes_nothing(client, auditor, foreign):
    client.force_login(auditor)
    for url in (CHANGELIST, change_url(foreign), history_url(foreign), version_url(foreign)):
        assert client.get(url).status_code == 200
    assert client.get(ADD).status_code == 403
    assert client.post(change_url(foreign), form_values(foreign, title="X")).status_code == 403
    assert client.get(reverse("admin:weblog_blog_export")).status_code == 403


def test_no_blog_and_no_category_is_deleted(client, superuser, foreign):
    client.force_login(superuser)
    for name, pk in (("blog", foreign.pk), ("category", foreign.category_id)):
        url = reverse(f"admin:weblog_{name}_delete", args=[pk])
        assert client.post(url, {"post": "yes"}).status_code == 403
    action = {"action": "delete_selected", "_selected_action": [foreign.pk], "post": "yes"}
    client.post(CHANGELIST, action)
    assert Blog.objects.filter(pk=foreign.pk).exists()


@pytest.mark.thorough
@pytest.mark.parametrize("role", ["author", "editor", "auditor", "superuser"])
def test_every_page_opens_for_who_may_see_it(client, request, role):
    user = request.getfixturevalue(role)
    client.force_login(user)
    for status in Blog.Status:
        blog = make_blog(author=user, status=status)
        for url in (change_url(blog), history_url(blog), version_url(blog)):
            assert client.get(url).status_code == 200
    assert client.get(CHANGELIST).status_code == 200
    assert client.get(ADD).status_code == (403 if role == "auditor" else 200)


def test_visitor_without_a_role_gets_nothing(client, groups):
    blog = make_blog()
    client.force_login(make_user())
    for url in (CHANGELIST, ADD, change_url(blog)):
        assert client.get(url).status_code in (302, 403)


# Lists


@pytest.mark.thorough
@pytest.mark.parametrize("url", [CHANGELIST, "/admin/weblog/category/"])
def test_number_of_queries_does_not_grow(client, superuser, url):
    client.force_login(superuser)
    client.get(url)  # fills the cache of content types
    counts = []
    for rows in (2, 20):
        while Blog.objects.count() < rows:
            make_blog()
        with CaptureQueriesContext(connection) as queries:
            client.get(url)
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_list_shows_what_is_scheduled(client, superuser):
    make_blog(publish_at=timezone.now() + dt.timedelta(days=1))
    client.force_login(superuser)
    assert "Scheduled" in client.get(CHANGELIST).content.decode()


def test_live_blog_has_a_link_to_its_page(client, superuser):
    live, draft = make_blog(), make_blog(status=Blog.Status.DRAFT)
    client.force_login(superuser)
    assert f'href="{live.get_absolute_url()}"' in client.get(change_url(live)).content.decode()
    assert draft.get_absolute_url() not in client.get(change_url(draft)).content.decode()


def test_slug_follows_the_title_of_a_new_row_alone(client, superuser):
    blog = make_blog(status=Blog.Status.DRAFT)
    client.force_login(superuser)
    for model, pk in (("blog", blog.pk), ("category", blog.category_id)):
        add = client.get(reverse(f"admin:weblog_{model}_add")).content.decode()
        change = client.get(reverse(f"admin:weblog_{model}_change", args=[pk])).content.decode()
        assert "django-admin-prepopulated-fields-constants" in add
        assert "#id_slug" in add
        assert "#id_slug" not in change


def test_category_counts_its_blogs(client, superuser):
    category = make_category("Tech")
    make_blog(category=category)
    make_blog(category=category)
    client.force_login(superuser)
    page = client.get("/admin/weblog/category/").content.decode()
    assert f'href="{CHANGELIST}?category__id__exact={category.pk}">2</a>' in page


def test_category_is_found_while_typing(client, author):
    make_category("Tech")
    client.force_login(author)
    query = {"term": "te", "app_label": "weblog", "model_name": "blog", "field_name": "category"}
    response = client.get(reverse("admin:autocomplete", query=query))
    assert [row["text"] for row in json.loads(response.content)["results"]] == ["Tech"]
