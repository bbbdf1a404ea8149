"""The list of blogs: its columns, its number of queries, and actions on several blogs."""

import datetime as dt

import pytest
from django.contrib.messages import get_messages
from django.db import connection
from django.db.models import Value
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from tests.factories import make_blog, make_category, make_user
from weblog import hooks
from weblog.admin.bulk import MOST_AT_ONCE
from weblog.models import Blog

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

CHANGELIST = reverse("admin:weblog_blog_changelist")
Status = Blog.Status


def ask(client, action, blogs, **values):
    chosen = {"action": action, "_selected_action": [blog.pk for blog in blogs]}
    return client.post(CHANGELIST, chosen | values)


def answer(client, action, blogs, **values):
    """Take the action to its end, and return the messages to the editor."""
    response = ask(client, action, blogs, answered="yes", **values)
    assert response.status_code == 302
    return [str(message) for message in get_messages(response.wsgi_request)]


def statuses(*blogs):
    return [Blog.objects.get(pk=blog.pk).status for blog in blogs]


# One question before


@pytest.mark.parametrize("action", ["publish_chosen", "archive_chosen", "change_category"])
def test_action_asks_before_it_changes_anything(client, editor, action):
    blogs = [make_blog(title="One", status=Status.DRAFT), make_blog(title="Two & more")]
    client.force_login(editor)
    page = ask(client, action, blogs).content.decode()
    assert all(text in page for text in ("One", "Two &amp; more", 'name="answered"'))
    assert all(text in page for text in ("Draft", "Published", "2\xa0words, 1\xa0min"))
    assert statuses(*blogs) == ["draft", "published"]
    assert all(blog.history.count() == 1 for blog in blogs)


def test_question_says_which_are_skipped_and_why(client, editor):
    draft, waits = make_blog(title="Unfinished", status=Status.DRAFT), make_blog(status="in_review")
    empty = make_blog(title="Empty", status="in_review", body="")
    own = make_blog(title="Mine", author=editor, status="in_review")
    client.force_login(editor)
    response = ask(client, "publish_chosen", [draft, waits, empty, own])
    skipped = {row.blog.title: row.skipped for row in response.context["rows"] if row.skipped}
    assert skipped == {
        "Unfinished": "“Unfinished” is a draft that does not wait for review. Its author may still "
        "be writing it: open it, to publish it all the same.",
        "Empty": "“Empty” can’t go on yet. It has no text yet: write something first.",
        "Mine": "You wrote “Mine”. Somebody else has to publish it.",
    }
    assert "3 of 4 are skipped" in response.content.decode()
    assert statuses(draft, waits, empty, own) == ["draft", *["in_review"] * 3]
    assert waits.history.count() == 1


def test_question_without_anything_to_do_has_no_button(client, editor):
    client.force_login(editor)
    response = ask(client, "publish_chosen", [make_blog(status=Status.DRAFT)])
    assert response.context["left"] == 0
    question = response.content.decode().partition('class="wl-buttons"')[2]
    assert "submit" not in question.partition("</form>")[0]


def test_too_many_at_once_are_refused(client, editor, monkeypatch):
    monkeypatch.setattr("weblog.admin.bulk.MOST_AT_ONCE", 2)
    blogs = [make_blog() for _ in range(3)]
    client.force_login(editor)
    messages = answer(client, "archive_chosen", blogs)
    assert messages == ["Choose 2 blogs at most, and repeat this for the others."]
    assert statuses(*blogs) == ["published"] * 3
    assert MOST_AT_ONCE == 200


# Each blog by itself


def test_blogs_are_published_and_the_rest_is_named_with_its_reason(client, editor):
    draft, waits = make_blog(title="New", status=Status.DRAFT), make_blog(status=Status.IN_REVIEW)
    own = make_blog(title="Mine", author=editor, status=Status.IN_REVIEW)
    live, archived = make_blog(title="Out already"), make_blog(status=Status.ARCHIVED)
    later = make_blog(title="To come", publish_at=timezone.now() + dt.timedelta(days=3))
    client.force_login(editor)
    done, skipped = answer(client, "publish_chosen", [draft, waits, own, live, archived, later])
    assert done == "2 blogs were published."
    assert skipped == (
        "4 were skipped:<br>You wrote “Mine”. Somebody else has to publish it."
        "<br>“New” is a draft that does not wait for review. Its author may still be writing it: "
        "open it, to publish it all the same."
        "<br>“Out already” is published already."
        "<br>“To come” is scheduled already."
    )
    assert statuses(draft, own, live) == ["draft", "in_review", "published"]
    assert statuses(waits, archived) == ["published"] * 2
    assert waits.history.latest().history_user == editor


def test_blogs_are_archived_with_a_reason(client, editor):
    live, draft = make_blog(), make_blog(status=Status.DRAFT)
    client.force_login(editor)
    done, skipped = answer(client, "archive_chosen", [live, draft], reason="Out of date")
    assert done == "1 blog was archived."
    assert skipped.startswith("1 blog was skipped:")
    assert statuses(live, draft) == ["archived", "draft"]
    assert live.history.latest().history_change_reason == "Archived: Out of date"


def test_blogs_change_their_category(client, editor):
    tech, sports = make_category("Tech"), make_category("Sports")
    one, two = make_blog(category=tech), make_blog(category=sports, title="There")
    client.force_login(editor)
    done, skipped = answer(
        client,
        "change_category",
        [one, two],
        category=sports.pk,
        reason="Too broad.",
        seen=sports.pk,
    )
    assert (done, skipped) == (
        "1 blog was moved.",
        "1 blog was skipped:<br>“There” is in Sports already.",
    )
    one.refresh_from_db()
    assert one.category == sports
    latest = one.history.latest()
    assert (latest.history_user, latest.history_change_reason) == (
        editor,
        "Moved to Sports: Too broad.",
    )


@pytest.mark.thorough
def test_published_blogs_move_once_what_follows_was_seen_and_with_a_reason(client, editor):
    tech, sports = make_category("Tech"), make_category("Sports")
    blog, draft = make_blog(category=tech), make_blog(title="Draft", category=tech, status="draft")
    client.force_login(editor)
    sent = {"answered": "yes", "category": sports.pk, "reason": "Too broad."}
    response = ask(client, "change_category", [blog, draft], **sent)
    effects = {row.blog: row.effects for row in response.context["rows"]}
    assert effects[blog][0] == "Views so far stay with Tech. Views from now on go to Sports."
    assert effects[draft] == []
    seen = response.context["form"]["seen"].value()
    sent |= {"seen": seen, "reason": "."}
    assert "says nothing" in ask(client, "change_category", [blog], **sent).content.decode()
    blog.refresh_from_db()
    assert blog.category == tech
    answer(client, "change_category", [blog, draft], category=sports.pk, reason="So", seen=seen)
    blog.refresh_from_db()
    assert blog.category == sports


def test_question_about_a_category_says_that_past_views_stay(client, editor):
    client.force_login(editor)
    page = ask(client, "change_category", [make_blog()]).content.decode()
    assert "Views so far stay with the category that the blog had then." in page


def test_category_has_to_be_chosen(client, editor):
    blog = make_blog()
    client.force_login(editor)
    response = ask(client, "change_category", [blog], answered="yes", category="")
    assert "This field is required." in response.content.decode()


def test_titles_are_escaped_in_what_the_editor_is_told(client, editor):
    blog = make_blog(title="<script>alert(1)</script>", status=Status.DRAFT)
    client.force_login(editor)
    (message,) = answer(client, "archive_chosen", [blog])
    assert "<script" not in message
    assert "<script>alert" not in ask(client, "archive_chosen", [blog]).content.decode()


def test_blog_that_a_filter_no_longer_shows_is_still_told_of(client, editor):
    blog = make_blog(title="Out")
    client.force_login(editor)
    values = {"action": "publish_chosen", "_selected_action": [blog.pk], "answered": "yes"}
    response = client.post(f"{CHANGELIST}?status__exact=draft", values)
    (message,) = [str(message) for message in get_messages(response.wsgi_request)]
    assert "“Out” is published" in message


@pytest.mark.parametrize("action", ["publish_chosen", "archive_chosen", "change_category"])
@pytest.mark.parametrize("role", ["author", "auditor"])
def test_action_is_for_editors_alone(client, request, role, action):
    user = request.getfixturevalue(role)
    blog = make_blog(author=user, status=Status.DRAFT)
    client.force_login(user)
    assert action not in client.get(CHANGELIST).content.decode()
    ask(client, action, [blog], answered="yes", category=make_category().pk)
    assert blog.history.count() == 1


@pytest.mark.parametrize("action", ["publish_chosen", "archive_chosen", "change_category"])
def test_get_changes_nothing(client, editor, action):
    blog = make_blog(status=Status.DRAFT)
    client.force_login(editor)
    client.get(CHANGELIST, {"action": action, "_selected_action": blog.pk, "answered": "yes"})
    assert blog.history.count() == 1


# Columns that other apps offer


@pytest.fixture
def column():
    hooks.add_blog_column(
        hooks.BlogColumn("stars", "Stars", lambda: Value(1234), lambda user: not user.is_superuser)
    )
    yield
    hooks.remove_blog_column("stars")


def test_offered_column_is_shown_and_sorts(client, editor, column):
    make_blog()
    client.force_login(editor)
    page = client.get(CHANGELIST).content.decode()
    assert "Stars" in page
    assert "1,234" in page
    count = len(client.get(CHANGELIST).context["cl"].list_display)
    assert client.get(CHANGELIST, {"o": str(count)}).status_code == 200


def test_offered_column_is_hidden_from_whom_it_is_not_for(client, superuser, column):
    make_blog()
    client.force_login(superuser)
    assert "Stars" not in client.get(CHANGELIST).content.decode()


def test_column_is_absent_where_no_app_offers_it(client, editor, monkeypatch):
    monkeypatch.setattr(hooks, "_columns", {})
    make_blog()
    client.force_login(editor)
    response = client.get(CHANGELIST)
    assert "Views so far" not in response.content.decode()


# Length, links, and what a move means for the views


def test_list_and_form_show_the_length(client, editor):
    blog = make_blog(body="<p>One two</p><p>three</p>" + "<p>word</p>" * 600)
    client.force_login(editor)
    for url in (CHANGELIST, reverse("admin:weblog_blog_change", args=[blog.pk])):
        assert "603\xa0words, 3\xa0min" in client.get(url).content.decode()


def test_form_leads_to_the_page_or_to_its_preview(client, editor):
    client.force_login(editor)
    live, draft = make_blog(), make_blog(status=Status.DRAFT)
    url = reverse("admin:weblog_blog_change", args=[live.pk])
    assert f'href="{live.get_absolute_url()}"' in client.get(url).content.decode()
    url = reverse("admin:weblog_blog_change", args=[draft.pk])
    preview = reverse("admin:weblog_blog_preview", args=[draft.pk])
    assert f'href="{preview}"' in client.get(url).content.decode()


def change(client, blog, **values):
    names = ("title", "slug", "summary", "body")
    form = {name: getattr(blog, name) for name in names} | {
        "category": blog.category_id,
        "author": blog.author_id,
        "version": blog.updated_at.isoformat(),
    }
    url = reverse("admin:weblog_blog_change", args=[blog.pk])
    response = client.post(url, form | values)
    assert response.status_code == 302, response.context["adminform"].form.errors
    return " ".join(str(message) for message in get_messages(response.wsgi_request))


def test_editor_is_told_that_past_views_stay(client, editor):
    ada = make_user(first_name="Ada", last_name="Lindqvist")
    bruno = make_user(first_name="Bruno", last_name="Ferraro", groups=["Authors"])
    blog = make_blog(author=ada, category=make_category("Tech"))
    client.force_login(editor)
    told = change(
        client,
        blog,
        author=bruno.pk,
        category=make_category("Sports").pk,
        move_reason="Bruno wrote it.",
    )
    assert "Views so far stay with Ada Lindqvist. Views from now on go to Bruno Ferraro." in told
    assert "Views so far stay with Tech. Views from now on go to Sports." in told


@pytest.mark.parametrize("status", [Status.DRAFT, Status.PUBLISHED])
def test_editor_is_told_nothing_where_no_views_stay(client, editor, status):
    blog = make_blog(status=status)
    client.force_login(editor)
    values = (
        {"title": "New"}
        if status == Status.PUBLISHED
        else {"author": make_user(groups=["Authors"]).pk}
    )
    assert "Views so far" not in change(client, blog, **values)


def test_co_authors_are_named_by_the_editor(client, editor):
    blog, other = make_blog(status=Status.DRAFT), make_user(groups=["Authors"])
    client.force_login(editor)
    change(client, blog, co_authors=[other.pk])
    assert list(blog.co_authors.all()) == [other]


def test_author_who_left_stays_the_author(client, editor):
    gone = make_user(is_staff=False, is_active=False)
    blog = make_blog(author=gone)
    client.force_login(editor)
    change(client, blog, title="Still hers")
    blog.refresh_from_db()
    assert (blog.author, blog.title) == (gone, "Still hers")


# Speed


def make_many(count):
    """Blogs without a history: the database makes 35,000 in a second, of one in each status."""
    values = {"author": make_user(), "category": make_category(), "body": "<p>Some words.</p>"}
    first, *_ = (make_blog(status=status, **values).pk for status in list(Status)[:4])
    changed = {"title": "'Title ' || n", "slug": "'one-of-many-' || n"}
    columns = [field.column for field in Blog._meta.concrete_fields if not field.primary_key]
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            WITH RECURSIVE numbers(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n < %s)
            INSERT INTO weblog_blog ({", ".join(columns)})
            SELECT {", ".join(changed.get(column, column) for column in columns)}
            FROM numbers JOIN weblog_blog ON id = %s + n %% 4
            """,  # noqa: S608
            [count - 1, first],
        )


def count_queries(client, **values):
    with CaptureQueriesContext(connection) as queries:
        assert client.get(CHANGELIST, values).status_code == 200
    return len(queries)


@pytest.mark.thorough
def test_first_page_of_35000_blogs_takes_few_queries(client, editor):
    make_blog()
    client.force_login(editor)
    client.get(CHANGELIST)  # fills the cache of content types
    few = count_queries(client)
    make_many(35_000)
    assert count_queries(client) == few <= 10  # one of them for the reader’s saved filters
    assert count_queries(client, p=900) == few
    assert count_queries(client, q="Title 34999") <= few + 1


def test_order_of_the_list_has_an_index(client, editor):
    make_many(2000)
    client.force_login(editor)
    queryset = client.get(CHANGELIST).context["cl"].queryset[:25]
    plan = queryset.explain()
    assert "weblog_blog_updated" in plan or connection.vendor == "postgresql"


@pytest.mark.thorough
def test_made_up_keys_are_no_blogs(client, editor):
    client.force_login(editor)
    sent = {"action": "publish_chosen", "answered": "yes"}
    for key in ("x", "", "9" * 40, "-1", "²"):
        response = client.post(CHANGELIST, sent | {"_selected_action": [key]}, follow=True)
        assert "This list has no such row." in response.content.decode()
